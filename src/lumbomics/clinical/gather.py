"""Files to clinical data: everything read, everything checked, every fault told at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType

import yaml

from lumbomics.clinical.answers import LOG, Understood, merge_answers, read_answers
from lumbomics.clinical.cells import DateOrder
from lumbomics.clinical.columns import Meaning, Role, implied_instrument, meaning, plain_name, stated_meaning
from lumbomics.clinical.identity import participant_labels, session_labels, tell_likeness
from lumbomics.clinical.notes import Notes
from lumbomics.clinical.redcap import Codebook
from lumbomics.clinical.scheme import load_schemes
from lumbomics.clinical.score import Answers, Place, ScoreStatus
from lumbomics.clinical.scoring import score
from lumbomics.clinical.sessions import Calendar, SessionFacts, check_births, read_calendar, session_facts
from lumbomics.clinical.table import Table, read_table
from lumbomics.clinical.treatment import Event, operated_on, read_events, stimulated_since
from lumbomics.core.errors import InputError, ReadError

ONLY_SESSION = "01"
"""Session of a table that names none."""
_ANSWERS = frozenset({Role.ITEM, Role.SCALE})
_FEW = 5
"""Rows from which a column with one answer alone is remarked on."""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """How tables shall be read.

    Parameters
    ----------
    columns
        The user's own names: column -> meaning.
    missing
        Codes of missing answers.
    date_order
        Order of day and month in dates with slashes.
    sheet
        Sheet of workbooks.
    codebook
        Of REDCap exports.
    today
        Later dates are faults.
    """

    columns: Mapping[str, Meaning] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    date_order: DateOrder | None = None
    sheet: str | None = None
    codebook: Codebook = field(default_factory=Codebook)
    today: date


@dataclass(frozen=True, kw_only=True, eq=False)
class ClinicalData:
    """What all tables together say; holds no birth date and no day.

    Parameters
    ----------
    answers
        One filled instrument for each participant and session.
    sessions
        Age, sex, body mass and exposure at each session.
    before_stimulator
        (participant, session with a stimulator) -> last session before the implantation.
    before_surgery
        The same for the last operation.
    notes
        Faults and remarks.
    """

    answers: tuple[Answers, ...]
    sessions: tuple[SessionFacts, ...]
    before_stimulator: Mapping[tuple[str, str], str]
    before_surgery: Mapping[tuple[str, str], str]
    notes: Notes


def read_columns(path: Path | str) -> dict[str, Meaning]:
    """Read the user's own column names, YAML ``column: odi.1`` (or ``session``, ``ignore`` …).

    Raises
    ------
    ReadError
        If the file is no such mapping.
    FaultsError
        Every target that does not exist.
    """
    place = Path(path)
    try:
        plain = yaml.safe_load(place.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ReadError("mapping of columns cannot be read", got=str(error), where=place.name) from error
    if not isinstance(plain, dict) or not plain:
        raise ReadError("no mapping of columns", expected="column: odi.1", got=type(plain).__name__, where=place.name)
    notes, found = Notes(), {}
    for column, target in plain.items():
        one = stated_meaning(str(target))
        if one is None:
            notes.fault(
                Place(file=place.name, column=str(column)),
                "no such meaning",
                expected="instrument.item, instrument.item.left, participant, session, date, age, ignore …",
                got=repr(target),
            )
        else:
            found[plain_name(str(column))] = one
    notes.raise_faults()
    return found


def gather(paths: Sequence[Path | str], reader: Reader) -> ClinicalData:
    """Read and check all tables; nothing is raised for what stands in them, see ``notes``.

    Raises
    ------
    InputError
        If no file is given.
    """
    if not paths:
        raise InputError("no table given", expected="at least one CSV, TSV or Excel file")
    notes = Notes()
    sources = [one for path in paths if (one := _understood(path, reader, notes)) is not None]
    _tell_unused(reader, sources, notes)
    answers = merge_answers((one for source in sources for one in read_answers(source, notes)), notes)
    order, today = reader.date_order, reader.today
    events = [one for source in sources for one in read_events(source, notes, order=order, today=today)]
    calendar = read_calendar(sources, notes, order=order, today=today)
    check_births(calendar, events, notes)
    if sources:
        tell_likeness({one for source in sources for one in source.participants.values()}, "participants", notes)
        tell_likeness(_session_labels(sources), "sessions", notes)
    _check_entered(answers, notes)
    has_log = any(one.instrument == LOG for source in sources for one in source.meanings)
    extra = [(one.participant, one.session) for one in answers]
    sessions = session_facts(calendar, events, extra, notes, has_log=has_log)
    return ClinicalData(
        answers=answers,
        sessions=sessions,
        before_stimulator=_before(calendar, events, stimulated_since),
        before_surgery=_before(calendar, events, operated_on),
        notes=notes,
    )


def _understood(path: Path | str, reader: Reader, notes: Notes) -> Understood | None:
    try:
        table = read_table(path, notes, sheet=reader.sheet, missing=reader.missing)
    except ReadError as error:
        notes.fault(Place(file=Path(path).name), error.problem, expected=error.expected, got=error.got, hint=error.hint)
        return None
    if not table.rows:
        return None
    meanings = _meanings(table, reader, notes)
    who = [index for index, one in enumerate(meanings) if one.role is Role.PARTICIPANT]
    if len(who) != 1:
        notes.fault(
            table.place(row=1),
            "no column names the participant" if not who else "several columns name the participant",
            expected="participant_id",
            got=", ".join(table.header[index] for index in who) or ", ".join(table.header[:6]),
            hint="name one of them in a mapping (--columns)",
        )
        return None
    participants = participant_labels(table, who[0], notes)
    source = Understood(
        table=table,
        meanings=meanings,
        participants=participants,
        sessions=_sessions(table, meanings, participants, notes),
        codebook=reader.codebook,
        missing=reader.missing,
    )
    _tell_single_level(source, notes)
    return source


def _meanings(table: Table, reader: Reader, notes: Notes) -> tuple[Meaning, ...]:
    others = frozenset(plain_name(name) for name in table.header)
    implicit = implied_instrument(table.stem)
    found = [
        reader.columns.get(plain_name(name)) or meaning(name, implicit=implicit, others=others) for name in table.header
    ]
    known = {one.instrument for one in found if one.instrument}
    for name, one in zip(table.header, found, strict=True):
        place = table.place(column=name)
        if one.role is Role.IDENTIFYING:
            notes.remark(place, "column may identify a person: not read", hint="leave it out of research tables")
        elif one.role is Role.UNKNOWN:
            hint = f"did you mean {one.nearest}?" if one.nearest else "map it (--columns) if it holds answers"
            belongs = any(plain_name(name).startswith(f"{instrument}_") for instrument in known)
            tell = notes.fault if belongs else notes.remark
            tell(place, "column is not understood" + ("" if belongs else ": not read"), hint=hint)
    _tell_repeated(table, found, notes)
    return tuple(found)


def _tell_repeated(table: Table, found: Sequence[Meaning], notes: Notes) -> None:
    """Two columns that mean the same item would silently overwrite each other."""
    held: dict[tuple[str | None, ...], str] = {}
    for name, one in zip(table.header, found, strict=True):
        key = (one.role, one.instrument, one.part, one.side, one.session)
        if one.role in {Role.ITEM, Role.SCALE, Role.SESSION, Role.DATE, Role.SEX, Role.AGE, Role.BIRTH_DATE}:
            if key in held:
                notes.fault(
                    table.place(column=name), f"column means the same as {held[key]}", hint="leave one of them out"
                )
            held[key] = name


def _sessions(
    table: Table, meanings: Sequence[Meaning], participants: Mapping[int, str], notes: Notes
) -> dict[int, str]:
    columns = [index for index, one in enumerate(meanings) if one.role is Role.SESSION]
    if columns:
        return session_labels(table, columns[0], notes)
    needed = any(
        one.session is None and (one.role is Role.DATE or (one.role in _ANSWERS and one.instrument != LOG))
        for one in meanings
    )
    if not needed:
        return {}
    notes.remark(table.place(), f"table names no session: all rows are taken as session {ONLY_SESSION}")
    return dict.fromkeys(participants, ONLY_SESSION)


def _session_labels(sources: Iterable[Understood]) -> set[str]:
    stated = {label for source in sources for label in source.sessions.values()}
    return stated | {one.session for source in sources for one in source.meanings if one.session}


def _tell_unused(reader: Reader, sources: Iterable[Understood], notes: Notes) -> None:
    present = {plain_name(name) for source in sources for name in source.table.header}
    for name in reader.columns:
        if name not in present:
            notes.fault(Place(file="mapping of columns", column=name), "no table has this column")


def _tell_single_level(source: Understood, notes: Notes) -> None:
    for index, one in source.columns(Role.ITEM, Role.SEX, Role.SITE):
        cells = source.table.column(index)
        if one.role is Role.ITEM and one.instrument and one.part:
            item = load_schemes()[one.instrument].item(one.part)
            if item.text or not (item.choices or (item.low, item.high) == (0, 1)):
                continue
        if len(cells) >= _FEW and len({str(cell) for _, cell in cells}) == 1:
            place = source.table.place(column=source.table.header[index])
            notes.remark(place, f"all {len(cells)} rows give the same answer: the column cannot explain anything")


def _check_entered(answers: Iterable[Answers], notes: Notes) -> None:
    """Scores that the table holds beside the items must agree with them, up to rounding."""
    for one in answers:
        if not one.entered or not one.values:
            continue
        made = {(score.subscale, score.side): score for score in score(one)}
        for key, entered in one.entered.items():
            computed = made.get(key)
            if computed is None or computed.value is None or computed.status is ScoreStatus.ENTERED:
                continue
            scale = load_schemes()[one.instrument].scale(key[0])
            slack = 0.51 if (scale.high or 100) - (scale.low or 0) > 10 else 0.051
            if abs(entered - computed.value) > slack:
                notes.fault(
                    one.place,
                    f"{one.instrument} {key[0]} in the table disagrees with its items",
                    expected=f"{computed.value:g}",
                    got=f"{entered:g}",
                )


def _before(
    calendar: Calendar, events: Sequence[Event], event_day: Callable[[date, Sequence[Event]], date | None]
) -> Mapping[tuple[str, str], str]:
    """Of each session after an event, the last session of the participant before it."""
    visits: dict[str, list[tuple[date, str]]] = {}
    for (participant, session), day in calendar.days.items():
        visits.setdefault(participant, []).append((day, session))
    found: dict[tuple[str, str], str] = {}
    for participant, own in visits.items():
        past = [one for one in events if one.participant == participant]
        for day, session in own if past else ():
            then = event_day(day, past)
            earlier = [visit for visit in own if then is not None and visit[0] <= then]
            if earlier:
                found[participant, session] = max(earlier)[1]
    return MappingProxyType(found)
