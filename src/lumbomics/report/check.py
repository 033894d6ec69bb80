"""A visit's series against what a question needs, as the report takes it."""

from __future__ import annotations

from dataclasses import dataclass

from lumbomics.core.errors import InputError


@dataclass(frozen=True, kw_only=True)
class SeriesCheck:
    """A table of what is needed and what became of it.

    Parameters
    ----------
    title
        The question in words.
    headings
        Of the columns.
    rows
        Plain text, as many cells as headings.
    complete
        Whether nothing is lacking.
    limits
        What its limits rest on, in a sentence; may be empty.
    """

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    complete: bool
    limits: str = ""

    def __post_init__(self) -> None:
        if any(len(row) != len(self.headings) for row in self.rows):
            raise InputError("a row of the check has another number of cells than there are headings", where=self.title)
