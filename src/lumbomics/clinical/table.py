"""A table as it stands in its file: header, rows with their numbers, cells not yet understood."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType

from lumbomics.clinical.delimited import read_delimited
from lumbomics.clinical.notes import Notes
from lumbomics.clinical.score import Place
from lumbomics.clinical.sidecar import read_sidecar
from lumbomics.clinical.workbook import read_workbook
from lumbomics.core.errors import ReadError

Cell = str | float | datetime | date | None
"""Text as written, or what a workbook stores: number, date. ``None``: empty."""
EMPTY_WORDS = frozenset({"", "n/a", "na", "nan", "null", "none given", ".", "#n/a"})
"""Texts that every table may use for an empty cell, in lower case."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row; ``number`` counts as a spreadsheet does, the header being row 1."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """A table of text, numbers and dates.

    Parameters
    ----------
    name
        File name (and sheet), without its folder.
    stem
        File name without extension, which may name the instrument.
    header
        Column names, cleaned of invisible characters; all different.
    rows
        Rows that hold anything, each as long as the header.
    comma_separated
        Whether the columns are parted by commas, so that a decimal comma is unlikely.
    serial_dates
        Day that a workbook counts from; ``None`` for text files.
    units, levels
        Of columns, where a BIDS sidecar states them.
    """

    name: str
    stem: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    comma_separated: bool = False
    serial_dates: datetime | None = None
    units: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def place(self, row: int | None = None, column: str | None = None) -> Place:
        """Name a place in this table."""
        return Place(file=self.name, row=row, column=column)

    def column(self, index: int) -> list[tuple[int, Cell]]:
        """Row numbers and cells of one column, empty cells left out."""
        return [(row.number, row.cells[index]) for row in self.rows if row.cells[index] is not None]


def read_table(path: Path | str, notes: Notes, *, sheet: str | None = None, missing: Iterable[str] = ()) -> Table:
    """Read a CSV, TSV or Excel table without understanding it yet.

    Parameters
    ----------
    path
        ``.csv``, ``.tsv``, ``.txt``, ``.xlsx`` or ``.xlsm``.
    notes
        Takes every fault and remark.
    sheet
        Sheet of a workbook; needed where several hold data.
    missing
        Codes that stand for a missing answer, such as ``-99``.

    Raises
    ------
    ReadError
        If the file cannot be read at all.
    """
    place = Path(path)
    if not place.is_file():
        raise ReadError("no such file", got=place.name, where=place.name)
    workbook = place.suffix.lower() in {".xlsx", ".xlsm"}
    raw = read_workbook(place, notes, sheet=sheet) if workbook else read_delimited(place, notes)
    empty = EMPTY_WORDS | {code.strip().lower() for code in missing}
    header = [tidy(str(cell)) if cell is not None else "" for cell in raw.header]
    rows = [(number, [_emptied(cell, empty) for cell in cells]) for number, cells in raw.rows]
    kept = _columns(place.name, header, rows, notes)
    units, levels = read_sidecar(place.with_suffix(".json"), notes) if place.suffix.lower() == ".tsv" else ({}, {})
    return Table(
        name=raw.name,
        stem=place.stem,
        header=tuple(header[index] for index in kept),
        rows=tuple(
            Row(number=number, cells=tuple(cells[index] for index in kept))
            for number, cells in rows
            if any(cell is not None for cell in cells)
        ),
        comma_separated=raw.separator == ",",
        serial_dates=raw.serial_dates,
        units=MappingProxyType(units),
        levels=MappingProxyType(levels),
    )


def tidy(text: str) -> str:
    """Text without invisible characters, odd spaces and lookalike forms (NFKC), as column names are compared."""
    plain = unicodedata.normalize("NFKC", text)
    return " ".join("".join(letter for letter in plain if unicodedata.category(letter) != "Cf").split())


def _emptied(cell: Cell, empty: frozenset[str]) -> Cell:
    if isinstance(cell, str):
        text = cell.strip().strip("\u00a0\ufeff")
        return None if text.lower() in empty else text
    if isinstance(cell, float) and f"{cell:g}" in empty:
        return None
    return cell


def _columns(file: str, header: Sequence[str], rows: Sequence[tuple[int, list[Cell]]], notes: Notes) -> list[int]:
    """Columns to keep: empty ones go, nameless ones with content and repeated names are faults."""
    kept: list[int] = []
    for index, name in enumerate(header):
        if not name:
            if any(cells[index] is not None for _, cells in rows):
                notes.fault(Place(file=file, row=1), "a column has content and no name", got=f"column {index + 1}")
        elif name in [header[other] for other in kept]:
            notes.fault(Place(file=file, row=1, column=name), "two columns have the same name", hint="rename one")
        else:
            kept.append(index)
    if not kept or not rows:
        notes.fault(Place(file=file), "the table is empty", expected="a header and at least one row")
    return kept
