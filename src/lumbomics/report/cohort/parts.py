"""What a section of the page holds: sentences, pictures with the data behind them, tables."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from lumbomics.core.errors import InputError

_FINEST = 0.001


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """A figure with its words and the numbers it was drawn from.

    Parameters
    ----------
    title, caption, alt
        Heading, what is seen, what it says to someone who does not see it.
    png
        Bytes of the picture.
    data
        Rows it was drawn from.
    name
        Name of the download, without extension.
    """

    title: str
    caption: str
    alt: str
    png: bytes = field(repr=False)
    data: pd.DataFrame = field(repr=False)
    name: str

    @property
    def source(self) -> str:
        """``data:`` address of the picture."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")

    @property
    def table(self) -> Table:
        """The rows behind the picture."""
        return Table(title=f"Data of this figure: {self.title}", frame=self.data, name=self.name)


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """Rows with a heading; shown folded unless ``is_open``.

    Parameters
    ----------
    title
        Heading.
    frame
        Rows; column names are shown with blanks for underscores.
    name
        Name of the download, without extension.
    is_open
        Whether it is seen at once.
    note
        Sentence below.
    """

    title: str
    frame: pd.DataFrame = field(repr=False)
    name: str
    is_open: bool = False
    note: str = ""

    @property
    def csv_source(self) -> str:
        """``data:`` address of the whole table, all digits."""
        text = self.frame.to_csv(index=False, lineterminator="\n")
        return "data:text/csv;charset=utf-8;base64," + base64.b64encode(text.encode("utf-8")).decode("ascii")

    @property
    def header(self) -> list[str]:
        """Names of the columns, readable."""
        return [str(name).replace("_", " ") for name in self.frame.columns]

    def rows(self) -> list[list[str]]:
        """Cells as text: three significant digits, ``–`` where empty."""
        probabilities = [_is_probability(str(name)) for name in self.frame.columns]
        return [
            [_cell(value, p) for value, p in zip(row, probabilities, strict=True)]
            for row in self.frame.itertuples(index=False)
        ]


@dataclass(frozen=True, kw_only=True, eq=False)
class Section:
    """One part of the page.

    Parameters
    ----------
    key
        Anchor, one word.
    title
        Heading.
    lead
        What was found, in sentences that need no picture.
    pictures, tables
        In this order.
    methods
        What was done, in sentences.
    left_out
        Why there is nothing; then all else but key and title is empty.
    """

    key: str
    title: str
    lead: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    methods: str = ""
    left_out: str | None = None

    def __post_init__(self) -> None:
        if self.left_out is not None and (self.lead or self.pictures or self.tables or self.methods):
            raise InputError("a section is left out or it holds something", got="both", where=self.key)


def _is_probability(name: str) -> bool:
    return name == "p" or name.startswith("p_") or name.endswith("_p")


def _cell(value: object, probability: bool) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return "\N{EN DASH}"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        return _number(float(value), probability)
    return str(value)


def _number(value: float, probability: bool) -> str:
    if probability:
        return f"< {_FINEST:g}" if value < _FINEST else f"{value:.3f}"
    if not math.isfinite(value):
        return str(value)
    if value == round(value) and abs(value) < 1e6:
        return f"{value:.0f}".replace("-", "\N{MINUS SIGN}")
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:.{min(digits, 4)}f}" if abs(value) < 1e6 else f"{value:.3g}"
    return text.replace("-", "\N{MINUS SIGN}")
