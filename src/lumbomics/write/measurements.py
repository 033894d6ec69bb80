"""The measurement table: one row a result, absent ones included."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError, ReadError
from lumbomics.core.measurement import Absent, Context, Measurement, Posture, Reason, Result
from lumbomics.write.atomic import write_json_atomic, write_text_atomic
from lumbomics.write.definitions import describe_quantities

EMPTY = "n/a"
"""What BIDS writes where a table has no value."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MeasurementRow:
    """A result with the patient and date it belongs to; drawings do not pass through a table."""

    participant: str
    session: str
    result: Result


@cache
def column_descriptions() -> dict[str, dict[str, Any]]:
    """Columns of the table in their order, each with its BIDS sidecar entry."""
    record = files("lumbomics.write").joinpath("columns.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(record))


def write_measurements(
    results: Sequence[Result], path: Path | str, *, participant: str, session: str
) -> tuple[Path, Path]:
    """Write results as a table (``.tsv``) with a sidecar (``.json``) that explains columns and quantities.

    Numbers are written with all their digits, so that reading gives them back exactly.

    Parameters
    ----------
    results
        Measurements and absences, written in the order given.
    path
        ``….tsv``; the sidecar takes the same stem.
    participant, session
        BIDS labels without ``sub-`` and ``ses-``.

    Returns
    -------
    tuple of Path
        Sidecar and table.

    Raises
    ------
    OutputError
        As in ``atomic_path``.
    """
    target = Path(path)
    sidecar = target.with_suffix(".json")
    write_json_atomic({**column_descriptions(), "Quantities": describe_quantities(results)}, sidecar)
    rows = [_row(result, participant, session) for result in results]
    write_text_atomic(_table(rows), target)
    return sidecar, target


def read_measurements(path: Path | str) -> tuple[MeasurementRow, ...]:
    """Read a table that ``write_measurements`` wrote.

    Raises
    ------
    ReadError
        If the file is missing, lacks a column, or holds a row that is no result; the message names the line.
    """
    place = Path(path)
    try:
        text = place.read_text(encoding="utf-8")
    except OSError as error:
        raise ReadError("table cannot be read", got=error.strerror, where=str(place)) from error
    reader = csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
    missing = [name for name in column_descriptions() if name not in (reader.fieldnames or ())]
    if missing:
        raise ReadError("no measurement table", expected="all columns", got=f"lacks {missing}", where=str(place))
    return tuple(_parsed(row, f"{place}, line {number}") for number, row in enumerate(reader, start=2))


def _table(rows: Iterable[dict[str, str]]) -> str:
    columns = tuple(column_descriptions())
    lines = ["\t".join(columns), *("\t".join(row[name] for name in columns) for row in rows)]
    return "\n".join(lines) + "\n"


def _row(result: Result, participant: str, session: str) -> dict[str, str]:
    context = result.context
    shared = {
        "participant_id": f"sub-{participant}",
        "session_id": f"ses-{session}",
        "biomarker": result.biomarker,
        "level": result.level,
        "side": result.side,
        "method": result.method,
        "posture": context.posture,
        "series": context.series,
        "label_source": context.label_source,
        "rater": context.rater,
        "definition_version": result.definition_version,
        "months_since_surgery": context.months_since_surgery,
        "research_only": result.research_only,
    }
    own = _absence(result) if isinstance(result, Absent) else _value(result)
    filled: dict[str, object] = dict.fromkeys(column_descriptions()) | shared | own
    return {name: _cell(content) for name, content in filled.items()}


def _value(result: Measurement) -> dict[str, object]:
    low, high = result.interval or (None, None)
    return {
        "value": result.value,
        "category": result.category,
        "unit": result.unit,
        "se": result.se,
        "ci_low": low,
        "ci_high": high,
        "status": "ok",
        "detail": result.caution,
    }


def _absence(result: Absent) -> dict[str, object]:
    return {"status": "absent", "reason": result.reason, "detail": result.detail}


def _cell(content: object) -> str:
    if content is None:
        return EMPTY
    if isinstance(content, bool):
        return str(content).lower()
    if isinstance(content, float):
        return repr(float(content))
    return " ".join(str(content).split()) or EMPTY


def _parsed(row: dict[str, str | None], where: str) -> MeasurementRow:
    if None in row or None in row.values():
        raise ReadError("row is cut short or too long", expected=f"{len(column_descriptions())} cells", where=where)
    cells = {name: None if text == EMPTY else text for name, text in row.items()}
    try:
        return MeasurementRow(
            participant=_unprefixed(cells["participant_id"], "sub-"),
            session=_unprefixed(cells["session_id"], "ses-"),
            result=_result(cells),
        )
    except ValueError as error:
        raise ReadError("row is no result", got=str(error), where=where) from error


def _unprefixed(text: str | None, prefix: str) -> str:
    if text is None or not text.startswith(prefix):
        raise InputError("identifier lacks its prefix", expected=prefix, got=repr(text))
    return text.removeprefix(prefix)


def _result(cells: dict[str, str | None]) -> Result:
    side = cells["side"]
    shared: dict[str, Any] = {
        "biomarker": _needed(cells, "biomarker"),
        "level": cells["level"],
        "side": None if side is None else Side(side),
        "definition_version": _needed(cells, "definition_version"),
        "research_only": cells["research_only"] != "false",
        "context": _context(cells),
    }
    if cells["status"] == "absent":
        reason, detail = Reason(_needed(cells, "reason")), cells["detail"] or ""
        return Absent(reason=reason, detail=detail, method=cells["method"], **shared)
    return Measurement(
        method=_needed(cells, "method"),
        unit=_needed(cells, "unit"),
        value=_number(cells["value"]),
        category=cells["category"],
        se=_number(cells["se"]),
        caution=cells["detail"],
        **shared,
    )


def _context(cells: dict[str, str | None]) -> Context:
    return Context(
        posture=Posture(cells["posture"] or Posture.UNKNOWN),
        series=cells["series"],
        label_source=cells["label_source"],
        rater=cells["rater"],
        months_since_surgery=_number(cells["months_since_surgery"]),
    )


def _needed(cells: dict[str, str | None], name: str) -> str:
    text = cells[name]
    if text is None:
        raise InputError(f"{name} is empty")
    return text


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)
