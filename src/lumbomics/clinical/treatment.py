"""The surgery and treatment log: coded events, and what a patient had been exposed to at each session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from lumbomics.clinical.answers import LOG, Understood
from lumbomics.clinical.cells import DateOrder, read_dates
from lumbomics.clinical.columns import Role, plain_name
from lumbomics.clinical.levels import parse_levels, parse_sides
from lumbomics.clinical.notes import Notes
from lumbomics.clinical.score import Place
from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError

DAYS_A_MONTH = 30.4375


class Treatment(StrEnum):
    """Kinds of treatment, as the catalogue lists them."""

    SURGERY = "surgery"
    NEUROMODULATION = "neuromodulation"
    INTRATHECAL = "intrathecal"
    INTERVENTIONAL = "interventional"
    MEDICATION = "medication"
    PHYSICAL_THERAPY = "physical_therapy"
    REHABILITATION = "rehabilitation"
    PSYCHOLOGICAL = "psychological"
    EDUCATION = "education"
    EXPLANTATION = "explantation"
    """A stimulator or pump was taken out."""


_WORDS: Mapping[str, Treatment] = {
    **{str(kind): kind for kind in Treatment},
    **dict.fromkeys(("operation", "spine_surgery", "spinal_surgery", "redo_surgery", "op"), Treatment.SURGERY),
    **dict.fromkeys(
        ("scs", "spinal_cord_stimulation", "drg", "drg_stimulation", "scs_implantation"), Treatment.NEUROMODULATION
    ),
    **dict.fromkeys(("pump", "intrathecal_drug_delivery", "idd"), Treatment.INTRATHECAL),
    **dict.fromkeys(
        ("injection", "epidural_injection", "radiofrequency", "rf", "adhesiolysis", "nerve_block"),
        Treatment.INTERVENTIONAL,
    ),
    **dict.fromkeys(("drug", "drugs"), Treatment.MEDICATION),
    **dict.fromkeys(("physiotherapy", "physical"), Treatment.PHYSICAL_THERAPY),
    **dict.fromkeys(("rehab",), Treatment.REHABILITATION),
    **dict.fromkeys(("psychotherapy", "psychology", "cbt"), Treatment.PSYCHOLOGICAL),
    **dict.fromkeys(("explant", "removal"), Treatment.EXPLANTATION),
}


@dataclass(frozen=True, kw_only=True)
class Event:
    """One treatment of one participant; its day stays inside the room.

    Parameters
    ----------
    levels, sides
        Where; empty where not stated.
    procedure, device, dose
        As written in the log.
    """

    participant: str
    day: date
    kind: Treatment
    procedure: str | None = None
    levels: tuple[str, ...] = ()
    sides: tuple[Side, ...] = ()
    device: str | None = None
    dose: str | None = None
    place: Place


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operated level (and side) as seen from a session."""

    level: str | None
    side: Side | None
    procedure: str | None
    months_ago: float


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """What a participant had been exposed to at one session.

    Parameters
    ----------
    months_since_surgery, months_since_first_surgery
        Since the last and the first spinal operation before the session; ``None`` where there was none.
    surgeries
        Number of spinal operations before the session.
    operations
        Operated levels, latest operation first.
    treatments
        Kind -> (how many before the session, months since the last).
    months_with_stimulator
        Since the first implantation of the stimulator still in place; ``None`` without one.
    """

    months_since_surgery: float | None = None
    months_since_first_surgery: float | None = None
    surgeries: int = 0
    operations: tuple[Operation, ...] = ()
    treatments: Mapping[Treatment, tuple[int, float]] = field(default_factory=lambda: MappingProxyType({}))
    months_with_stimulator: float | None = None


def read_events(source: Understood, notes: Notes, *, order: DateOrder | None, today: date) -> list[Event]:
    """Events of one table; every row that is none is told with its faults."""
    columns = {one.part: index for index, one in source.columns(Role.ITEM) if one.instrument == LOG and one.part}
    if not columns:
        return []
    table = source.table
    lacking = [name for name in ("date", "type") if name not in columns]
    if lacking:
        hint = "a treatment log needs a day and a kind for each event"
        notes.fault(
            table.place(), "treatment log lacks a column", expected="date, type", got=", ".join(columns), hint=hint
        )
        return []
    days = read_dates(table, columns["date"], notes, order=order, today=today)
    found: list[Event] = []
    for row in table.rows:
        cells = {name: row.cells[index] for name, index in columns.items() if row.cells[index] is not None}
        if cells and row.number in source.participants:
            texts = {name: str(cell).strip() for name, cell in cells.items()}
            event = _event(source.participants[row.number], texts, days.get(row.number), table.place(row.number), notes)
            found += [event] if event else []
    return found


def _event(participant: str, texts: Mapping[str, str], day: date | None, place: Place, notes: Notes) -> Event | None:
    kind = _WORDS.get(plain_name(texts.get("type", "")))
    if "type" not in texts or kind is None:
        notes.fault(place, "unknown kind of treatment", expected=", ".join(Treatment), got=repr(texts.get("type", "")))
    if "date" not in texts:
        notes.fault(place, "event has no day", expected="YYYY-MM-DD")
    levels: tuple[str, ...] = ()
    sides: tuple[Side, ...] = ()
    try:
        levels = parse_levels(texts["levels"]) if "levels" in texts else ()
        sides = parse_sides(texts["side"]) if "side" in texts else ()
    except InputError as error:
        notes.fault(place, error.problem, expected=error.expected, got=error.got)
        return None
    if levels and "-" in texts["levels"] and len(levels) > 1 and len(texts["levels"]) < 7:
        notes.remark(place, f"{texts['levels']} read as the levels {', '.join(levels)}")
    if kind is None or day is None:
        return None
    texts = {name: text for name, text in texts.items() if name in {"procedure", "device", "dose"}}
    return Event(participant=participant, day=day, kind=kind, levels=levels, sides=sides, place=place, **texts)


def exposure_at(day: date, events: Sequence[Event]) -> Exposure:
    """Exposure of one participant on ``day``, from their own events; an event on the day itself does not count yet."""
    past = sorted((one for one in events if one.day < day), key=lambda one: one.day)
    surgeries = [one for one in past if one.kind is Treatment.SURGERY]
    ago = [_months(one.day, day) for one in surgeries]
    kinds = {kind: [one for one in past if one.kind is kind] for kind in Treatment}
    return Exposure(
        months_since_surgery=ago[-1] if ago else None,
        months_since_first_surgery=ago[0] if ago else None,
        surgeries=len(surgeries),
        operations=tuple(operation for one in reversed(surgeries) for operation in _operations(one, day)),
        treatments=MappingProxyType(
            {kind: (len(those), _months(those[-1].day, day)) for kind, those in kinds.items() if those}
        ),
        months_with_stimulator=None if (since := stimulated_since(day, events)) is None else _months(since, day),
    )


def operated_on(day: date, events: Sequence[Event]) -> date | None:
    """Day of the last spinal operation before ``day``."""
    return max((one.day for one in events if one.kind is Treatment.SURGERY and one.day < day), default=None)


def _operations(event: Event, day: date) -> list[Operation]:
    ago = _months(event.day, day)
    return [
        Operation(level=level, side=side, procedure=event.procedure, months_ago=ago)
        for level in event.levels or (None,)
        for side in event.sides or (None,)
    ]


def stimulated_since(day: date, events: Sequence[Event]) -> date | None:
    """Day of the implantation of the stimulator in place on ``day``; revisions do not count anew."""
    since: date | None = None
    for one in sorted((one for one in events if one.day < day), key=lambda one: one.day):
        if one.kind is Treatment.NEUROMODULATION:
            since = since or one.day
        elif one.kind is Treatment.EXPLANTATION:
            since = None
    return since


def _months(earlier: date, later: date) -> float:
    # Rounded to a third of a day: enough for any analysis.
    return round((later - earlier).days / DAYS_A_MONTH, 2)
