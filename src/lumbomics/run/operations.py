"""Which levels of which patient were operated, when and how: one table for a study."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType

from lumbomics.clinical.levels import parse_levels, parse_sides
from lumbomics.clinical.treatment import DAYS_A_MONTH
from lumbomics.core.anatomy import Side
from lumbomics.core.errors import FaultsError, InputError, LumbomicsError, ReadError, did_you_mean
from lumbomics.core.examination import Operation, Surgery
from lumbomics.core.visit import Visit

COLUMNS = ("participant_id", "session_id", "level", "side", "kind", "months", "date", "examination_date")
"""Columns that are read; ``participant_id`` and ``level`` must be there."""
_EMPTY = {"", "n/a", "na"}
_WORDS: tuple[tuple[str, Surgery], ...] = (
    (r"lamino|hemilam|interlam|foramino|fenestr", Surgery.LAMINOTOMY),
    (r"fus|lif\b|[apot]lif|spondylodes|arthrodes|screw|instrument|cage", Surgery.FUSION),
    (r"dis[ck]ect|nucleo|sequestr", Surgery.DISCECTOMY),
    (r"laminect|decompress", Surgery.LAMINECTOMY),
)


@dataclass(frozen=True, kw_only=True)
class OperatedLevels:
    """Operations of a study's patients.

    Parameters
    ----------
    rows
        (participant, session or ``None`` for every session) -> operations.
    """

    rows: Mapping[tuple[str, str | None], tuple[Operation, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, visit: Visit) -> tuple[Operation, ...]:
        """Operations before a visit: its own rows, and those that name no session."""
        own = self.rows.get((visit.participant, visit.session), ())
        return (*own, *self.rows.get((visit.participant, None), ()))


def read_operations(path: Path | str, *, every_row: bool = True) -> OperatedLevels:
    """Read a table of operated levels, CSV or TSV.

    One row an operation: ``participant_id``, ``level`` (``L4/5; L5-S1`` makes two), and where known ``session_id``,
    ``side`` (``left``, ``right``, ``both``, ``midline``), ``kind`` (``discectomy`` … or the surgeon's word) and
    ``months`` before the examination, or ``date`` of the operation with ``examination_date``. The table
    ``operations.tsv`` that ``lumbomics clinical score`` writes is read as it is.

    Parameters
    ----------
    path
        The table.
    every_row
        A row that names no disc level is a fault; else it is left out, as an operation elsewhere.

    Raises
    ------
    ReadError
        If the file cannot be read as a table with these columns.
    FaultsError
        All faults of all rows; no date is told.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ReadError("cannot read the table of operations", got=type(error).__name__, where=file.name) from error
    head, _, _ = text.partition("\n")
    rows = list(csv.DictReader(text.splitlines(), delimiter="\t" if "\t" in head else ";" if ";" in head else ","))
    names = {name.strip() for name in head.replace("\t", ",").replace(";", ",").split(",")}
    _require_columns(names, file.name)
    found: dict[tuple[str, str | None], list[Operation]] = {}
    faults: list[LumbomicsError] = []
    for number, row in enumerate(rows, start=2):
        cells = {_name(key): value.strip() for key, value in row.items() if key and isinstance(value, str)}
        if not every_row and "-" not in cells.get("level", ""):
            continue
        try:
            key, operations = _row(cells)
        except LumbomicsError as error:
            faults.append(_at_row(error, f"{file.name} row {number}"))
            continue
        found.setdefault(key, []).extend(operations)
    if faults:
        raise FaultsError(faults)
    return OperatedLevels(rows=MappingProxyType({key: tuple(values) for key, values in found.items()}))


def _name(column: str) -> str:
    return {"procedure": "kind", "months_ago": "months"}.get(column.strip(), column.strip())


def _require_columns(names: set[str], where: str) -> None:
    lacking = {"participant_id", "level"} - names
    if lacking:
        hint = next((h for name in sorted(lacking) if (h := did_you_mean(name, sorted(names)))), None)
        raise ReadError(
            "the table of operations lacks a column",
            expected="participant_id, level; where known session_id, side, kind, months",
            got=", ".join(sorted(names)),
            where=where,
            hint=hint,
        )


def _at_row(error: LumbomicsError, where: str) -> InputError:
    return InputError(error.problem, expected=error.expected, got=error.got, where=where, hint=error.hint)


def _row(cells: Mapping[str, str]) -> tuple[tuple[str, str | None], list[Operation]]:
    participant = cells.get("participant_id", "").removeprefix("sub-")
    if participant.lower() in _EMPTY:
        raise InputError("no participant", expected="the label in participant_id", got="nothing")
    session = cells.get("session_id", "").removeprefix("ses-")
    levels = parse_levels(cells.get("level", ""))
    single = [level for level in levels if "-" not in level]
    if single:
        raise InputError("an operated level is a disc level", expected="L4-L5, L5-S1 …", got=", ".join(single))
    kind, months = surgery_of(cells.get("kind", "")), _months(cells)
    operations = [
        Operation(level=level, kind=kind, side=side, months=months)
        for level in levels
        for side in _sides(cells.get("side", ""))
    ]
    return (participant, None if session.lower() in _EMPTY else session), operations


def surgery_of(words: str) -> Surgery:
    """Kind of operation from a surgeon's words; ``other`` where none is known."""
    folded = words.strip().lower()
    if folded in set(Surgery):
        return Surgery(folded)
    return next((kind for pattern, kind in _WORDS if re.search(pattern, folded)), Surgery.OTHER)


def _sides(word: str) -> tuple[Side | None, ...]:
    """Both sides, or none named, are one operation without a side."""
    sides = () if word.lower() in _EMPTY else parse_sides(word)
    return (sides[0],) if len(sides) == 1 else (None,)


def _months(cells: Mapping[str, str]) -> float | None:
    months, day = cells.get("months", ""), cells.get("date", "")
    if months.lower() not in _EMPTY:
        try:
            return float(months.replace(",", "."))
        except ValueError:
            raise InputError("months are no number", expected="such as 7.5", got=repr(months)) from None
    if day.lower() in _EMPTY:
        return None
    try:
        operated, examined = (date.fromisoformat(text) for text in (day, cells.get("examination_date", "")))
    except ValueError:
        raise InputError(
            "no time since the operation can be told",
            expected="date and examination_date as YYYY-MM-DD, or months",
            got="a date that cannot be read, or none",
        ) from None
    return (examined - operated).days / DAYS_A_MONTH
