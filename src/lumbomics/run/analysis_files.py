"""Tables that single analyses read, and the files they leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from pandas.api.types import is_numeric_dtype

from lumbomics.core.errors import InputError, ReadError
from lumbomics.report.cohort import png_of
from lumbomics.run.cohort_tables import read_cohort
from lumbomics.write import write_bytes_atomic, write_text_atomic

_EMPTY = ["n/a", ""]


@dataclass(frozen=True, kw_only=True, eq=False)
class Analysis:
    """A finished analysis.

    Parameters
    ----------
    tables
        Name -> rows; the first is the main one.
    methods
        One paragraph that says what was done.
    files
        What was written; empty where nothing was.
    """

    tables: Mapping[str, pd.DataFrame] = field(repr=False)
    methods: str
    files: tuple[Path, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """The main table."""
        return next(iter(self.tables.values()))


def read_table(table: Path | str) -> pd.DataFrame:
    """Read a table (.tsv, .csv, .parquet), or all measurements of a derivatives folder as one long table.

    Raises
    ------
    ReadError
        If the file is missing, of another kind or no table.
    """
    path = Path(table)
    if path.is_dir():
        return read_cohort(path).measurements
    try:
        match path.suffix:
            case ".parquet":
                return pd.read_parquet(path)
            case ".csv" | ".tsv":
                separator = "\t" if path.suffix == ".tsv" else ","
                return pd.read_csv(path, sep=separator, keep_default_na=False, na_values=_EMPTY, low_memory=False)
    except (OSError, ValueError) as error:
        raise ReadError("table cannot be read", got=str(error), where=str(path)) from error
    raise ReadError("no table", expected=".tsv, .csv, .parquet or a derivatives folder", got=path.name, where=str(path))


def columns_of_numbers(rows: pd.DataFrame, without: Sequence[str]) -> list[str]:
    """Columns of numbers but those in ``without``; InputError where none is left."""
    names = [str(name) for name in rows.columns if name not in without and is_numeric_dtype(rows[name])]
    if not names:
        raise InputError("no column of numbers is left", got=", ".join(map(str, rows.columns)), hint="name the columns")
    return names


def finished(
    tables: Mapping[str, pd.DataFrame], figures: Mapping[str, Figure], methods: str, out: Path | str | None
) -> Analysis:
    """Put an analysis together; with ``out``, write tables as CSV, pictures as PNG and the methods."""
    written: list[Path] = []
    if out is not None:
        folder = Path(out)
        for name, frame in tables.items():
            written.append(write_text_atomic(frame.to_csv(index=False, lineterminator="\n"), folder / f"{name}.csv"))
        for name, figure in figures.items():
            written.append(write_bytes_atomic(png_of(figure), folder / f"{name}.png"))
        written.append(write_text_atomic(methods + "\n", folder / "methods.md"))
    return Analysis(tables=dict(tables), methods=methods, files=tuple(written))
