"""Scores and facts as tidy tables with BIDS sidecars, and scores read back; no file is written here."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lumbomics.catalogue import Instrument, load_instruments
from lumbomics.clinical.scheme import Scale, load_schemes
from lumbomics.clinical.score import NoScore, Score, ScoreStatus
from lumbomics.clinical.sessions import SessionFacts
from lumbomics.clinical.treatment import Treatment
from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError, ReadError

EMPTY = "n/a"
SCORE_COLUMNS: dict[str, dict[str, Any]] = {
    "participant_id": {"Description": "Label of the participant"},
    "session_id": {"Description": "Label of the session"},
    "instrument": {"Description": "Instrument by its id in the catalogue"},
    "subscale": {"Description": "Score of the instrument; total is its main score"},
    "side": {
        "Description": "Side of the patient the score was asked for",
        "Levels": {"left": "left", "right": "right"},
    },
    "value": {"Description": "Score in its unit"},
    "category": {"Description": "Published band of the value, or the answer in words"},
    "unit": {"Description": "UCUM unit of the value"},
    "status": {
        "Description": "How the score came about",
        "Levels": {
            "ok": "from all items",
            "prorated": "items were missing, within the instrument's rule",
            "entered": "the source table held the score itself; only its range was checked",
            "absent": "no score, see reason",
        },
    },
    "reason": {
        "Description": "Why a score is absent",
        "Levels": {
            "missing_items": "more items missing than the rule allows",
            "not_answered": "nothing was answered",
            "no_value_set": "EQ-5D utility needs a country's value set",
            "no_baseline": "no score at the session before",
            "undefined": "the score before leaves nothing to gain",
        },
    },
    "items_answered": {"Description": "Number of items answered"},
    "items": {"Description": "Number of items of the score"},
    "missing_items": {"Description": "Items not answered, parted by semicolons"},
    "higher_is_worse": {"Description": "Direction of the score"},
    "detail": {"Description": "What must be known before the value is used"},
}
_FACTS: dict[str, dict[str, Any]] = {
    "participant_id": {"Description": "Label of the participant"},
    "session_id": {"Description": "Label of the session"},
    "age_years": {"Description": "Age in completed years at the session", "Units": "year"},
    "sex": {"Description": "Sex as recorded", "Levels": {"male": "male", "female": "female", "other": "other"}},
    "bmi": {"Description": "Body mass index", "Units": "kg/m2"},
    "site": {"Description": "Site as recorded"},
    "months_since_surgery": {"Description": "Since the last spinal operation before the session", "Units": "month"},
    "months_since_first_surgery": {"Description": "Since the first spinal operation", "Units": "month"},
    "surgeries": {"Description": "Number of spinal operations before the session"},
    "operated_levels": {"Description": "Levels operated on before the session, parted by semicolons"},
    "months_with_stimulator": {"Description": "Since the implantation of the stimulator in place", "Units": "month"},
    "exposure_missing": {"Description": "Why nothing is known of operations and treatments"},
    **{f"{kind}_count": {"Description": f"{kind.value} events before the session, as logged"} for kind in Treatment},
}
_OPERATIONS: dict[str, dict[str, Any]] = {
    "participant_id": {"Description": "Label of the participant"},
    "session_id": {"Description": "Label of the session that looks back"},
    "level": {"Description": "Operated level"},
    "side": {"Description": "Operated side of the patient"},
    "procedure": {"Description": "Operation as written in the log"},
    "months_ago": {"Description": "Months between the operation and the session", "Units": "month"},
}


@dataclass(frozen=True, kw_only=True)
class PhenotypeTable:
    """One table of the ``phenotype`` folder.

    Parameters
    ----------
    name
        File name without extension.
    header, rows
        Cells as text, ``n/a`` where empty.
    sidecar
        Description of the instrument and of every column.
    """

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sidecar: dict[str, Any]

    @property
    def text(self) -> str:
        """The table as TSV."""
        return "\n".join("\t".join(row) for row in (self.header, *self.rows)) + "\n"


def score_tables(scores: Iterable[Score]) -> tuple[PhenotypeTable, ...]:
    """One tidy table for each instrument that occurs: one row a score, absent ones included."""
    by_instrument: dict[str, list[Score]] = {}
    for one in scores:
        by_instrument.setdefault(one.instrument, []).append(one)
    return tuple(
        PhenotypeTable(
            name=name,
            header=tuple(SCORE_COLUMNS),
            rows=tuple(_score_row(one) for one in own),
            sidecar={"MeasurementToolMetadata": describe_instrument(name), **SCORE_COLUMNS},
        )
        for name, own in by_instrument.items()
    )


def fact_tables(sessions: Sequence[SessionFacts]) -> tuple[PhenotypeTable, ...]:
    """Tables ``covariates`` (one row a session) and ``operations`` (one row an operated level and side)."""
    facts = tuple(_fact_row(one) for one in sessions)
    operations = tuple(
        _cells(
            _identity(one.participant, one.session),
            (operation.level, operation.side, operation.procedure, operation.months_ago),
        )
        for one in sessions
        if one.exposure
        for operation in one.exposure.operations
    )
    about = {"Description": "Age, sex, body mass and exposure at each session; holds no dates"}
    tables = [PhenotypeTable(name="covariates", header=tuple(_FACTS), rows=facts, sidecar=_with(about, _FACTS))]
    if operations:
        about = {"Description": "Spinal operations before each session"}
        tables.append(
            PhenotypeTable(
                name="operations", header=tuple(_OPERATIONS), rows=operations, sidecar=_with(about, _OPERATIONS)
            )
        )
    return tuple(tables)


def describe_instrument(instrument: str) -> dict[str, Any]:
    """Instrument, its scales with ranges, rules and sources, and its important changes with theirs."""
    record, scheme = load_instruments()[instrument], load_schemes()[instrument]
    return {
        "Description": record.name,
        "Response": record.response,
        "Licence": record.licence,
        "Caveats": list(record.caveats),
        "Scales": {scale.id: _describe_scale(scale) for scale in scheme.scales},
        "ImportantChange": _important_changes(record),
        "Sources": list(record.sources),
    }


def _describe_scale(scale: Scale) -> dict[str, Any]:
    return {
        "Rule": scale.rule,
        "Items": list(scale.of),
        "ItemsNeeded": scale.least or len(scale.of),
        "MissingItems": scale.missing,
        "Range": [scale.low, scale.high],
        "Unit": scale.unit,
        "Bands": [{"Label": label, "From": start} for label, start in scale.bands],
        "Source": scale.source,
    }


def _important_changes(record: Instrument) -> list[dict[str, Any]] | str:
    changes = [
        {
            "From": one.low,
            "To": one.high,
            "Unit": one.unit,
            "Context": one.context,
            "Source": one.source,
            "SourceChecked": not one.is_unverified,
        }
        for one in record.important_change
    ]
    return changes or (record.important_change_note or "not known")


def read_scores(path: Path | str) -> tuple[Score, ...]:
    """Read a table of scores as written from ``score_tables``.

    Raises
    ------
    ReadError
        If the file is missing, lacks a column, or holds a row that is no score; the message names the row.
    """
    place = Path(path)
    try:
        text = place.read_text(encoding="utf-8")
    except OSError as error:
        raise ReadError("table cannot be read", got=error.strerror, where=place.name) from error
    rows = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    lacking = [name for name in SCORE_COLUMNS if name not in (rows.fieldnames or ())]
    if lacking:
        raise ReadError("no table of scores", expected="all columns", got=f"lacks {lacking}", where=place.name)
    return tuple(_parsed(row, f"{place.name}, row {number}") for number, row in enumerate(rows, start=2))


def _parsed(row: dict[str, str], where: str) -> Score:
    cell = {name: None if text == EMPTY else text for name, text in row.items()}
    try:
        return Score(
            participant=row["participant_id"].removeprefix("sub-"),
            session=row["session_id"].removeprefix("ses-"),
            instrument=row["instrument"],
            subscale=row["subscale"],
            side=Side(cell["side"]) if cell["side"] else None,
            value=float(cell["value"]) if cell["value"] else None,
            category=cell["category"],
            unit=row["unit"],
            status=ScoreStatus(row["status"]),
            reason=NoScore(cell["reason"]) if cell["reason"] else None,
            answered=int(cell["items_answered"]) if cell["items_answered"] else None,
            items=int(cell["items"]) if cell["items"] else None,
            missing_items=tuple(cell["missing_items"].split(";")) if cell["missing_items"] else (),
            detail=cell["detail"],
            higher_is_worse={"true": True, "false": False}.get(row["higher_is_worse"]),
        )
    except (InputError, ValueError, AttributeError) as error:
        raise ReadError("row is no score", got=str(error), where=where) from error


def _score_row(one: Score) -> tuple[str, ...]:
    return _cells(
        _identity(one.participant, one.session),
        (one.instrument, one.subscale, one.side, one.value, one.category, one.unit, one.status, one.reason),
        (one.answered, one.items, ";".join(one.missing_items) or None, one.higher_is_worse, one.detail),
    )


def _fact_row(one: SessionFacts) -> tuple[str, ...]:
    person = (one.age_years, one.sex, one.bmi, one.site)
    seen = one.exposure
    if seen is None:
        empty = (None,) * (5 + len(Treatment))
        return _cells(_identity(one.participant, one.session), person, empty[:5], (one.exposure_missing,), empty[5:])
    levels = ";".join(dict.fromkeys(operation.level for operation in seen.operations if operation.level))
    surgery = (seen.months_since_surgery, seen.months_since_first_surgery, seen.surgeries, levels or None)
    counts = tuple(seen.treatments.get(kind, (0, 0.0))[0] for kind in Treatment)
    return _cells(_identity(one.participant, one.session), person, surgery, (seen.months_with_stimulator, None), counts)


def _identity(participant: str, session: str | None) -> tuple[str, str | None]:
    return f"sub-{participant}", None if session is None else f"ses-{session}"


def _with(about: dict[str, Any], columns: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {"MeasurementToolMetadata": about, **columns}


def _cells(*groups: Sequence[object]) -> tuple[str, ...]:
    return tuple(_cell(content) for group in groups for content in group)


def _cell(content: object) -> str:
    if content is None:
        return EMPTY
    if isinstance(content, bool):
        return str(content).lower()
    if isinstance(content, float):
        return repr(content)
    return " ".join(str(content).split()) or EMPTY
