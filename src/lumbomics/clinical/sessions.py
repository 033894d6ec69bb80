"""Who came when: age, sex, body mass and exposure at each session. Days and birth dates stay in this room."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from lumbomics.clinical.answers import Understood, tell_commas
from lumbomics.clinical.cells import DateOrder, Reading, read_dates, read_number
from lumbomics.clinical.columns import Meaning, Role
from lumbomics.clinical.notes import Notes
from lumbomics.clinical.score import Place
from lumbomics.clinical.table import Cell
from lumbomics.clinical.treatment import Event, Exposure, exposure_at

_RANGES: Mapping[Role, tuple[float, float, str]] = {
    Role.AGE: (0, 120, "a"),
    Role.HEIGHT: (100, 230, "cm"),
    Role.WEIGHT: (25, 300, "kg"),
    Role.BMI: (10, 80, "kg/m2"),
}
_SEX = {"m": "male", "male": "male", "man": "male", "f": "female", "female": "female", "woman": "female", "w": "female",
        "o": "other", "other": "other", "d": "other"}  # fmt: skip
_DAYS_APART = 31
"""Two dates of one session that lie further apart are taken for an error."""


@dataclass(frozen=True, kw_only=True)
class SessionFacts:
    """One participant at one session.

    Parameters
    ----------
    session
        ``None`` where the tables know the participant but no session.
    age_years
        Completed years.
    sex
        ``male``, ``female`` or ``other``.
    bmi
        kg/m².
    site
        As written.
    exposure
        ``None`` where the log says nothing of the participant, or the session has no date.
    exposure_missing
        Why there is no exposure.
    """

    participant: str
    session: str | None
    age_years: int | None = None
    sex: str | None = None
    bmi: float | None = None
    site: str | None = None
    exposure: Exposure | None = None
    exposure_missing: str | None = None


@dataclass(eq=False)
class Calendar:
    """What the tables say about participants and sessions; holds days, so it never leaves the room."""

    days: dict[tuple[str, str], date] = field(default_factory=dict, repr=False)
    births: dict[str, date] = field(default_factory=dict, repr=False)
    facts: dict[tuple[str, str | None, Role], float | str] = field(default_factory=dict)
    seen: dict[tuple[str, str | None], Place] = field(default_factory=dict)


def read_calendar(sources: Iterable[Understood], notes: Notes, *, order: DateOrder | None, today: date) -> Calendar:
    """Dates and facts of all tables; contradictions between them are faults."""
    calendar = Calendar()
    for source in sources:
        for row, participant in source.participants.items():
            calendar.seen.setdefault((participant, source.sessions.get(row)), source.table.place(row))
        for index, _ in source.columns(Role.BIRTH_DATE):
            days = read_dates(source.table, index, notes, order=order, today=today, told=False)
            _keep_births(source, index, days, calendar, notes)
        for index, one in source.columns(Role.DATE):
            days = read_dates(source.table, index, notes, order=order, today=today)
            _keep_days(source, index, one, days, calendar, notes)
        _keep_facts(source, calendar, notes)
    return calendar


def check_births(calendar: Calendar, events: Sequence[Event], notes: Notes) -> None:
    """Fault for every session or event before its participant's birth; the days are not shown."""
    for (participant, session), day in calendar.days.items():
        if participant in calendar.births and day < calendar.births[participant]:
            place = calendar.seen.get((participant, session), Place(file="dates"))
            notes.fault(place, f"session {session} of sub-{participant} lies before the birth date")
    for event in events:
        if event.participant in calendar.births and event.day < calendar.births[event.participant]:
            notes.fault(event.place, f"{event.kind} of sub-{event.participant} lies before the birth date")


def session_facts(
    calendar: Calendar, events: Sequence[Event], extra: Iterable[tuple[str, str]], notes: Notes, *, has_log: bool
) -> tuple[SessionFacts, ...]:
    """One row for each participant and session, with age and exposure in place of days.

    Parameters
    ----------
    extra
        Participants and sessions known from elsewhere, such as the questionnaires.
    has_log
        Whether a treatment log was given at all.
    """
    by_participant: dict[str, list[Event]] = {}
    for event in events:
        by_participant.setdefault(event.participant, []).append(event)
    visits = dict.fromkeys([*calendar.seen, *extra, *calendar.days])
    with_session = {participant for participant, session in visits if session is not None}
    wanted = sorted(
        (key for key in visits if key[1] is not None or key[0] not in with_session),
        key=lambda key: (key[0], key[1] or ""),
    )
    return tuple(
        _facts(participant, session, calendar, by_participant.get(participant, []), has_log, notes)
        for participant, session in wanted
    )


def _facts(
    participant: str, session: str | None, calendar: Calendar, events: Sequence[Event], has_log: bool, notes: Notes
) -> SessionFacts:
    day = None if session is None else calendar.days.get((participant, session))

    def fact(role: Role) -> float | str | None:
        own = calendar.facts.get((participant, session, role))
        return own if own is not None else calendar.facts.get((participant, None, role))

    age = fact(Role.AGE)
    stated = None if age is None else int(float(age))
    born = calendar.births.get(participant)
    computed = _completed_years(born, day) if born and day and born <= day else None
    place = calendar.seen.get((participant, session), Place(file="tables"))
    if stated is not None and computed is not None and abs(stated - computed) > 1:
        notes.fault(
            place, f"age of sub-{participant} disagrees with the birth date", got=f"{stated} against {computed}"
        )
    missing = _unknown_exposure(day, events, has_log)
    site, sex = fact(Role.SITE), fact(Role.SEX)
    return SessionFacts(
        participant=participant,
        session=session,
        age_years=stated if computed is None else computed,
        sex=None if sex is None else str(sex),
        bmi=_bmi(fact(Role.BMI), fact(Role.HEIGHT), fact(Role.WEIGHT)),
        site=None if site is None else str(site),
        exposure=exposure_at(day, events) if day and missing is None else None,
        exposure_missing=missing,
    )


def _unknown_exposure(day: date | None, events: Sequence[Event], has_log: bool) -> str | None:
    if not has_log:
        return "no treatment log given"
    if not events:
        return "participant does not occur in the treatment log"
    return None if day else "session has no date"


def _bmi(bmi: float | str | None, height_cm: float | str | None, weight_kg: float | str | None) -> float | None:
    if bmi is not None:
        return float(bmi)
    if height_cm is None or weight_kg is None:
        return None
    return float(weight_kg) / (float(height_cm) / 100) ** 2


def _completed_years(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _keep_births(source: Understood, index: int, days: Mapping[int, date], calendar: Calendar, notes: Notes) -> None:
    for row, day in days.items():
        participant = source.participants.get(row)
        if participant is None:
            continue
        if calendar.births.setdefault(participant, day) != day:
            place = source.table.place(row, source.table.header[index])
            notes.fault(place, f"birth date of sub-{participant} differs from an earlier row", got="days are not shown")


def _keep_days(
    source: Understood, index: int, one: Meaning, days: Mapping[int, date], calendar: Calendar, notes: Notes
) -> None:
    for row, day in days.items():
        participant, session = source.participants.get(row), source.session(row, one)
        if participant is None or session is None:
            continue
        held = calendar.days.setdefault((participant, session), day)
        if held != day:
            apart = abs((held - day).days)
            place = source.table.place(row, source.table.header[index])
            words = f"session {session} of sub-{participant} has two dates, {apart} days apart"
            if apart > _DAYS_APART:
                notes.fault(
                    place, words, expected=f"at most {_DAYS_APART} days", hint="sessions may have been mixed up"
                )
            else:
                notes.remark(place, f"{words}; the first one read is used")


def _keep_facts(source: Understood, calendar: Calendar, notes: Notes) -> None:
    read: dict[int, dict[int, Reading]] = {}
    for index, one in source.columns(*_RANGES, Role.SEX, Role.SITE):
        name = source.table.header[index]
        for row, cell in source.table.column(index):
            participant = source.participants.get(row)
            if participant is None:
                continue
            place = source.table.place(row, name)
            value, reading = _fact(source, index, one, cell, place, notes)
            if reading is not None:
                read.setdefault(index, {})[row] = reading
            if value is None:
                continue
            key = (participant, source.session(row, one) if one.role is not Role.SEX else None, one.role)
            if calendar.facts.setdefault(key, value) != value:
                notes.fault(place, f"{one.role} of sub-{participant} differs from an earlier row", got=str(value))
    tell_commas(source.table, read, notes)


def _fact(
    source: Understood, index: int, one: Meaning, cell: Cell, place: Place, notes: Notes
) -> tuple[float | str | None, Reading | None]:
    if one.role is Role.SITE:
        return str(cell), None
    if one.role is Role.SEX:
        label = source.codebook.choices.get(source.table.header[index], {}).get(str(cell).removesuffix(".0"), str(cell))
        sex = _SEX.get(label.strip().lower())
        if sex is None:
            notes.fault(place, "unknown sex", expected="male, female, other (or m, f, o)", got=repr(label))
        return sex, None
    low, high, unit = _RANGES[one.role]
    reading = read_number(cell)
    if reading.value is None:
        notes.fault(
            place, reading.problem or "no number", expected=f"number in {unit}", got=repr(cell), hint=reading.hint
        )
    elif one.unit not in {None, unit} or not low <= reading.value <= high:
        got = f"{reading.value:g}" + (f" {one.unit}" if one.unit else "")
        notes.fault(
            place, f"{one.role} is out of range or in another unit", expected=f"{low} to {high} {unit}", got=got
        )
    else:
        return reading.value, reading
    return None, reading
