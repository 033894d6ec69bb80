"""What the report holds and says, read from YAML and checked."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field

from lumbomics.core.measurement import Measurement, Reason

Key = tuple[str, str]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Panel(_Record):
    """One picture of a row: the quantities (biomarker, method or ``*``) whose lines it carries; none: the labels.

    ``terse`` leaves the quantities' names out of the margin, where the level alone tells them apart.
    """

    title: str = ""
    quantities: tuple[Key, ...] = ()
    terse: bool = False

    def holds(self, measurement: Measurement) -> bool:
        """Whether the picture shows this measurement."""
        return any(b == measurement.biomarker and m in ("*", measurement.method) for b, m in self.quantities)


class Picture(Panel):
    """A figure with its words; ``{…}`` in them is filled in."""

    caption: str
    alt: str
    panels: tuple[Panel, ...] = ()


class Table(_Record):
    """A table of one row a level: columns are (biomarker, method, heading).

    ``subject`` completes a heading where it stands outside its table: ``Foramen: area``; ``note`` stands below.
    """

    title: str
    subject: str | None = None
    note: str | None = None
    columns: Annotated[tuple[tuple[str, str, str], ...], Field(min_length=1)]


class Composition(_Record):
    """The whole report.

    ``most_listed`` values without a table stand open; more are folded up.
    """

    title: str
    notice: str
    legend: str
    range_note: str
    cautions: Annotated[tuple[str, ...], Field(min_length=1)]
    no_labels: str
    labels_elsewhere: str
    no_values: str
    no_image: str
    check_complete: str
    check_incomplete: str
    check_note: str
    pictures: dict[str, Picture]
    axial_planes: dict[str, str]
    tables: tuple[Table, ...]
    whole_spine: Table
    further_title: str
    most_listed: int
    reasons: dict[Reason, str]

    def heading(self, biomarker: str, method: str) -> str | None:
        """Short heading of a quantity, ``None`` where no table has a column for it."""
        return next((heading for _, heading in self._headings(biomarker, method)), None)

    def full_heading(self, biomarker: str, method: str) -> str | None:
        """Heading of a quantity with its subject, for use outside its table."""
        return next((f"{t.subject}: {h}" if t.subject else h for t, h in self._headings(biomarker, method)), None)

    def _headings(self, biomarker: str, method: str) -> Iterator[tuple[Table, str]]:
        for table in (self.whole_spine, *self.tables):
            for b, m, heading in table.columns:
                if (b, m) == (biomarker, method):
                    yield table, heading


@cache
def load_composition() -> Composition:
    """Read the shipped composition, once per process."""
    text = files("lumbomics.report").joinpath("composition.yaml").read_text(encoding="utf-8")
    return Composition.model_validate(yaml.safe_load(text))
