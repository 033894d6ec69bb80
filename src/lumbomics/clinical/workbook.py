"""Excel tables: one sheet, values as stored, dates as the workbook counts them."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from zipfile import BadZipFile

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.worksheet import Worksheet

from lumbomics.clinical.delimited import Raw
from lumbomics.clinical.notes import Notes
from lumbomics.clinical.score import Place
from lumbomics.core.errors import ReadError

_ERRORS = frozenset({"#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!"})
RawCell = str | float | datetime | date | None


def read_workbook(path: Path, notes: Notes, *, sheet: str | None = None) -> Raw:
    """Read one sheet; formulas give the value last computed by the spreadsheet program.

    Raises
    ------
    ReadError
        If the file is no workbook, the sheet is unknown, or several sheets hold data and none was named.
    """
    try:
        book = openpyxl.load_workbook(path, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError, OSError) as error:
        raise ReadError("no Excel workbook", expected=".xlsx", got=str(error), where=path.name) from error
    chosen = _sheet(path, {one.title: one for one in book.worksheets}, sheet)
    name = path.name if len(book.worksheets) == 1 else f"{path.name}, sheet {chosen.title}"
    lines = [(number, [*cells]) for number, cells in enumerate(chosen.iter_rows(values_only=True), start=1)]
    filled = [(number, cells) for number, cells in lines if any(cell is not None for cell in cells)]
    if not filled:
        raise ReadError("the sheet is empty", where=name)
    top, header = filled[0]
    if top != 1:
        notes.remark(Place(file=name, row=top), "rows above the header are empty")
    rows = [
        (number, [_cell(cell, Place(file=name, row=number), notes) for cell in cells]) for number, cells in filled[1:]
    ]
    return Raw(
        name=name, header=[None if one is None else str(one) for one in header], rows=rows, serial_dates=book.epoch
    )


def _sheet(path: Path, sheets: dict[str, Worksheet], wanted: str | None) -> Worksheet:
    if wanted is not None:
        if wanted not in sheets:
            raise ReadError("no such sheet", expected=", ".join(sheets), got=wanted, where=path.name)
        return sheets[wanted]
    filled = [one for one in sheets.values() if one.max_row > 1]
    if len(filled) > 1:
        names = ", ".join(one.title for one in filled)
        raise ReadError("several sheets hold data", got=names, where=path.name, hint="name one (--sheet)")
    return filled[0] if filled else next(iter(sheets.values()))


def _cell(cell: object, place: Place, notes: Notes) -> RawCell:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, (int, float)):
        return float(cell)
    if isinstance(cell, str) and cell in _ERRORS:
        notes.fault(place, "a formula ended in an error", got=cell, hint="repair the formula or clear the cell")
        return None
    if cell is None or isinstance(cell, (str, datetime, date)):
        return cell
    return str(cell)
