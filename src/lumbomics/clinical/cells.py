"""Cells to numbers, words and dates; what is doubtful is a fault or is told, never coerced."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from lumbomics.clinical.notes import Notes
from lumbomics.clinical.table import Cell, Table

_POINT = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}(,[0-9]{3})+")
_WITH_UNIT = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?\s*(%|°|[A-Za-z]{1,5})")
_SEVERAL = re.compile(r"[0-9]+\s*[;/+&|]\s*[0-9]+")
_DATES = {
    re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]\d{2}:\d{2}.*)?"): "ymd",
    re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})"): "dmy",
    re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})"): "?",
}
YES, NO = (
    frozenset({"yes", "true", "y", "checked", "ja", "oui"}),
    frozenset({"no", "false", "n", "unchecked", "nein", "non"}),
)


class DateOrder(StrEnum):
    """Order of day and month in dates with slashes."""

    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A cell read as a number: the number, or what is wrong with it and what to do."""

    value: float | None = None
    comma: bool = False
    point: bool = False
    problem: str | None = None
    hint: str | None = None


def read_number(cell: Cell) -> Reading:
    """Read one cell as a number; a decimal comma is read and marked, so that the caller can tell it."""
    if isinstance(cell, (int, float)):
        return Reading(value=float(cell), point=float(cell) != round(float(cell)))
    if isinstance(cell, (datetime, date)) or cell is None:
        return Reading(
            problem="a date stands where a number is needed", hint="the spreadsheet may have changed 1-2 or 1.2"
        )
    if _POINT.fullmatch(cell):
        return Reading(value=float(cell), point="." in cell)
    if _THOUSANDS.fullmatch(cell):
        return Reading(problem="comma may part thousands or decimals", hint="write the number with a decimal point")
    if _COMMA.fullmatch(cell):
        return Reading(value=float(cell.replace(",", ".")), comma=True)
    if _WITH_UNIT.fullmatch(cell):
        return Reading(
            problem="a unit stands in the cell", hint="convert to the expected unit and write the number alone"
        )
    if _SEVERAL.fullmatch(cell):
        return Reading(
            problem="two answers stand in one cell", hint="where the instrument says so, enter the higher one"
        )
    return Reading(problem="no number", hint="declare codes for missing answers (--missing), or correct the cell")


def read_dates(
    table: Table, index: int, notes: Notes, *, order: DateOrder | None = None, today: date, told: bool = True
) -> dict[int, date]:
    """Dates of one column by row number; every cell that is none is a fault.

    Text dates are read as 2024-03-01, 01.03.2024 or, with slashes, in the stated order; where none is stated, a day
    above 12 in the same column decides, and the order is told. Workbook numbers are days since the workbook's epoch.

    Parameters
    ----------
    order
        Order of day and month in dates with slashes.
    today
        Later dates are faults.
    told
        Whether faults may quote the cell; false for birth dates.
    """
    column = table.header[index]
    cells = table.column(index)
    slashed = _slash_order(table, column, [str(cell) for _, cell in cells if isinstance(cell, str)], order, notes)
    found: dict[int, date] = {}
    serial = False
    for number, cell in cells:
        place = table.place(number, column)
        read = _date(cell, slashed, table.serial_dates)
        serial = serial or (isinstance(cell, float) and read is not None)
        got = str(cell) if told else "a cell that is not shown"
        if read is None:
            notes.fault(place, "no date", expected="YYYY-MM-DD", got=got)
        elif read > today:
            notes.fault(place, "date lies in the future", got=got)
        elif read.year < 1900:
            notes.fault(place, "date lies before 1900", got=got)
        else:
            found[number] = read
    if serial and table.serial_dates:
        notes.remark(
            table.place(column=column), f"numbers read as Excel dates, counted from {table.serial_dates.date()}"
        )
    return found


def _slash_order(
    table: Table, column: str, texts: Sequence[str], order: DateOrder | None, notes: Notes
) -> DateOrder | None:
    parts = [tuple(map(int, text.split("/")))[:2] for text in texts if re.fullmatch(r"\d{1,2}/\d{1,2}/\d{4}", text)]
    if not parts or order is not None:
        return order
    first, second = (any(pair[place] > 12 for pair in parts) for place in (0, 1))
    if first == second:
        notes.fault(
            table.place(column=column),
            "day and month cannot be told apart" if not first else "some dates begin with the day, some with the month",
            hint="state the order (--date-order dmy or mdy), or write 2024-03-01",
        )
        return None
    found = DateOrder.DAY_FIRST if first else DateOrder.MONTH_FIRST
    notes.remark(table.place(column=column), f"dates with slashes read with the {'day' if first else 'month'} first")
    return found


def _date(cell: Cell, slashed: DateOrder | None, epoch: datetime | None) -> date | None:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, (int, float)):
        return (epoch + timedelta(days=float(cell))).date() if epoch and 1 <= cell < 2_000_000 else None
    for form, kind in _DATES.items():
        match = form.fullmatch(cell or "")
        if match is not None:
            numbers = [int(part) for part in match.groups()]
            return _calendar_day(numbers, str(slashed) if kind == "?" else kind)
    return None


def _calendar_day(numbers: Sequence[int], kind: str) -> date | None:
    if kind not in {"ymd", "dmy", "mdy"}:
        return None
    year, month, day = (numbers[kind.index(letter)] for letter in "ymd")
    try:
        return date(year, month, day)
    except ValueError:
        return None
