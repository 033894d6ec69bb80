"""Rows of understood tables to filled instruments; permitted answers only, duplicates told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from lumbomics.clinical.cells import NO, YES, Reading, read_number
from lumbomics.clinical.columns import Meaning, Role, instrument_of_form, plain_name
from lumbomics.clinical.notes import Notes
from lumbomics.clinical.redcap import COMPLETE, Codebook, checkbox_field
from lumbomics.clinical.scheme import Item, Scale, load_schemes
from lumbomics.clinical.score import Answers, Key, Place, Value
from lumbomics.clinical.scoring import is_permitted
from lumbomics.clinical.table import Cell, Table

_DIMENSIONS = ("mobility", "self_care", "usual_activities", "pain", "anxiety")
LOG = "treatment_log"


@dataclass(frozen=True, kw_only=True, eq=False)
class Understood:
    """A table with the meaning of its columns and the labels of its rows.

    Parameters
    ----------
    participants, sessions
        Row number -> label.
    missing
        Codes that the user declared to stand for a missing answer.
    """

    table: Table
    meanings: tuple[Meaning, ...]
    participants: Mapping[int, str]
    sessions: Mapping[int, str]
    codebook: Codebook = field(default_factory=Codebook)
    missing: frozenset[str] = frozenset()

    def session(self, row: int, column: Meaning) -> str | None:
        """Session of a cell: that of its column where the mapping states one, else that of its row."""
        return column.session or self.sessions.get(row)

    @cached_property
    def cells_of(self) -> Mapping[int, tuple[Cell, ...]]:
        """Cells by row number."""
        return {row.number: row.cells for row in self.table.rows}

    def columns(self, *roles: Role) -> list[tuple[int, Meaning]]:
        """Index and meaning of the columns of some roles."""
        return [(index, one) for index, one in enumerate(self.meanings) if one.role in roles]


def read_answers(source: Understood, notes: Notes) -> list[Answers]:
    """Fill the instruments of one table, one for each row and instrument; empty ones included."""
    parts = [(index, one) for index, one in source.columns(Role.ITEM, Role.SCALE) if one.instrument != LOG]
    cells = _numbers(source, parts, notes)
    values = {index: _column(source, index, one, cells.get(index, {}), notes) for index, one in parts}
    found: list[Answers] = []
    groups: dict[tuple[str, str | None], list[tuple[int, Meaning]]] = {}
    for index, one in parts:
        groups.setdefault((one.instrument or "", one.session), []).append((index, one))
    for row in source.table.rows:
        for (instrument, _), mine in groups.items():
            if row.number in source.participants and source.session(row.number, mine[0][1]):
                found.append(_filled(source, row.number, instrument, mine, values, notes))
    return found


def merge_answers(answers: Iterable[Answers], notes: Notes) -> tuple[Answers, ...]:
    """One filled instrument for each participant, session and instrument.

    Parts that stand in different rows or files are joined where none answers the same item; else both rows are named.
    Empty ones stay, as not answered, where anybody answered the instrument at that session.
    """
    merged: dict[tuple[str, str, str], Answers] = {}
    for one in answers:
        key = (one.participant, one.session, one.instrument)
        held = merged.get(key)
        merged[key] = one if held is None else _joined(held, one, notes)
    used = {(session, instrument) for (_, session, instrument), one in merged.items() if one.values or one.entered}
    return tuple(one for (_, session, instrument), one in merged.items() if (session, instrument) in used)


def _joined(held: Answers, new: Answers, notes: Notes) -> Answers:
    twice = (held.values.keys() & new.values.keys()) | (held.entered.keys() & new.entered.keys())
    if twice:
        same = held.values == new.values and held.entered == new.entered
        notes.fault(
            new.place,
            f"{new.instrument} of sub-{new.participant} ses-{new.session} stands twice"
            + (" with the same answers" if same else " with different answers"),
            got=f"first at {held.place}",
            hint="keep one of them; repeated fillings need sessions of their own",
        )
        return held
    return Answers(
        participant=new.participant,
        session=new.session,
        instrument=new.instrument,
        values=MappingProxyType({**held.values, **new.values}),
        entered=MappingProxyType({**held.entered, **new.entered}),
        asked=held.asked | new.asked,
        place=held.place if held.values or held.entered else new.place,
    )


def _filled(
    source: Understood,
    row: int,
    instrument: str,
    parts: Sequence[tuple[int, Meaning]],
    values: Mapping[int, Mapping[int, Value]],
    notes: Notes,
) -> Answers:
    place = source.table.place(row)
    given: dict[Key, Value] = {}
    entered: dict[Key, float] = {}
    for index, one in parts:
        value = values[index].get(row)
        if value is None or one.part is None:
            continue
        if one.role is Role.SCALE:
            entered[one.part, one.side] = float(value)
        else:
            given[one.part, one.side] = value
    if _untouched_boxes(source, row, instrument, parts, given, notes):
        given = {}
    asked = {(one.part, one.side) for _, one in parts if one.role is Role.ITEM and one.part}
    if instrument == "eq5d5l":
        given, asked = _spread_state(given, asked, place, notes)
    return Answers(
        participant=source.participants[row],
        session=source.session(row, parts[0][1]) or "",
        instrument=instrument,
        values=MappingProxyType(given),
        entered=MappingProxyType(entered),
        asked=frozenset(asked),
        place=place,
    )


def _spread_state(
    given: dict[Key, Value], asked: set[Key], place: Place, notes: Notes
) -> tuple[dict[Key, Value], set[Key]]:
    """EQ-5D state such as 21345 as its five dimensions."""
    rest = {key: value for key, value in given.items() if key != ("state", None)}
    asked = (asked - {("state", None)}) | ({(one, None) for one in _DIMENSIONS} if ("state", None) in asked else set())
    if ("state", None) in given:
        spread: dict[Key, Value] = {
            (one, None): float(level) for one, level in zip(_DIMENSIONS, str(given["state", None]), strict=True)
        }
        if any(rest.get(key, value) != value for key, value in spread.items()):
            notes.fault(place, "EQ-5D state and dimensions disagree", hint="keep one of them")
        rest = {**spread, **rest}
    return rest, asked


def _untouched_boxes(
    source: Understood,
    row: int,
    instrument: str,
    parts: Sequence[tuple[int, Meaning]],
    given: Mapping[Key, Value],
    notes: Notes,
) -> bool:
    """Whether all check boxes are unticked and the form is not marked complete: no answer, not a row of noes."""
    names = [source.table.header[index] for index, one in parts if one.role is Role.ITEM]
    if not given or any(given.values()) or not all(checkbox_field(name) for name in names):
        return False
    if _form_status(source, row, instrument, names) == COMPLETE:
        return False
    notes.remark(
        source.table.place(row),
        f"no box of {instrument} is ticked and its form is not marked complete: read as not answered",
    )
    return True


def _form_status(source: Understood, row: int, instrument: str, names: Sequence[str]) -> str | None:
    forms = {source.codebook.forms.get(checkbox_field(name) or "") for name in names}
    for index, _ in source.columns(Role.FORM_STATUS):
        form = plain_name(source.table.header[index]).removesuffix("_complete")
        if form in forms or instrument_of_form(form) == instrument:
            cell = source.cells_of[row][index]
            return f"{cell:.0f}" if isinstance(cell, float) else None if cell is None else str(cell)
    return None


def _expected(one: Meaning) -> Item | Scale:
    scheme = load_schemes()[one.instrument or ""]
    return scheme.item(one.part or "") if one.role is Role.ITEM else scheme.scale(one.part or "")


def _is_number(one: Meaning) -> bool:
    wanted = _expected(one)
    return isinstance(wanted, Scale) or wanted.is_number


def _numbers(
    source: Understood, parts: Sequence[tuple[int, Meaning]], notes: Notes
) -> dict[int, dict[int, tuple[Cell, Reading]]]:
    """Cells of the numeric columns read as numbers; decimal commas told, or refused where points occur too."""
    read: dict[int, dict[int, tuple[Cell, Reading]]] = {}
    for index, one in parts:
        if _is_number(one):
            coded = [(row, _coded(source, index, cell)) for row, cell in source.table.column(index)]
            read[index] = {row: (cell, read_number(cell)) for row, cell in coded}
    tell_commas(
        source.table, {index: {row: one for row, (_, one) in cells.items()} for index, cells in read.items()}, notes
    )
    return read


def tell_commas(table: Table, read: Mapping[int, Mapping[int, Reading]], notes: Notes) -> None:
    """Tell that decimal commas were read; where points occur too, each of the rarer kind is a fault."""
    commas = [(index, row) for index, cells in read.items() for row, one in cells.items() if one.comma]
    points = [(index, row) for index, cells in read.items() for row, one in cells.items() if one.point]
    if commas and points:
        for index, row in min(commas, points, key=len):
            place = table.place(row, table.header[index])
            notes.fault(place, "decimal commas and decimal points are mixed in the table", hint="use one of them")
    elif commas:
        names = ", ".join(dict.fromkeys(table.header[index] for index, _ in commas))
        notes.remark(table.place(), f"{len(commas)} decimal comma(s) read as decimal points in {names}")


def _coded(source: Understood, index: int, cell: Cell) -> Cell:
    """Code of a cell that holds a label of the codebook instead."""
    code = source.codebook.code_of(source.table.header[index], cell) if isinstance(cell, str) else None
    return cell if code is None else code


def _column(
    source: Understood, index: int, one: Meaning, numbers: Mapping[int, tuple[Cell, Reading]], notes: Notes
) -> dict[int, Value]:
    """Permitted answers of one column by row."""
    name, wanted = source.table.header[index], _expected(one)
    _check_unit(source, index, one, wanted, notes)
    if isinstance(wanted, Item):
        _check_codes(source, name, wanted, notes)
    if not _is_number(one) and isinstance(wanted, Item):
        return _word_column(source, index, wanted, notes)
    found: dict[int, Value] = {}
    words = 0
    for row, (cell, reading) in numbers.items():
        place, value = source.table.place(row, name), reading.value
        if value is None and isinstance(wanted, Item) and (wanted.low, wanted.high) == (0, 1):
            word = str(cell).casefold()
            value = 1.0 if word in YES else 0.0 if word in NO else None
            words += value is not None
        if value is None:
            notes.fault(
                place, reading.problem or "no number", expected=_range(wanted), got=repr(cell), hint=reading.hint
            )
        elif not _inside(wanted, value):
            notes.fault(place, "answer is out of range", expected=_range(wanted), got=f"{value:g}", hint=_why(one))
        else:
            found[row] = value
    if words:
        notes.remark(source.table.place(column=name), f"{words} word(s) such as yes and no read as 1 and 0")
    return found


def _word_column(source: Understood, index: int, item: Item, notes: Notes) -> dict[int, Value]:
    words = {plain_name(word): name for name, also in item.choices.items() for word in (name, *also)}
    found: dict[int, Value] = {}
    for row, cell in source.table.column(index):
        label = source.codebook.choices.get(source.table.header[index], {}).get(_plain(cell), _plain(cell))
        if item.pattern:
            value = label if len(label) == 5 and set(label) <= set("12345") else None
        else:
            value = words.get(plain_name(label))
        if value is None:
            place = source.table.place(row, source.table.header[index])
            notes.fault(place, "unknown answer", expected=item.permitted, got=repr(_plain(cell)))
        else:
            found[row] = value
    return found


def _plain(cell: Cell) -> str:
    return f"{cell:.0f}" if isinstance(cell, float) and cell == round(cell) else str(cell)


def _check_unit(source: Understood, index: int, one: Meaning, wanted: Item | Scale, notes: Notes) -> None:
    name = source.table.header[index]
    stated = one.unit or source.table.units.get(name)
    unit = wanted.unit or "1"
    if stated and unit != "1" and stated not in {unit, {"%": "percent", "deg": "degree"}.get(unit)}:
        notes.fault(
            source.table.place(column=name), "column has another unit", expected=unit, got=stated, hint="convert it"
        )


def _check_codes(source: Understood, name: str, item: Item, notes: Notes) -> None:
    """Codes that a sidecar or the codebook declares must be those of the instrument."""
    if checkbox_field(name) or not item.is_number:
        return
    stated = source.table.levels.get(name) or tuple(source.codebook.choices.get(name, ()))
    declared = [code for code in stated if code not in source.missing]
    readings = [read_number(code) for code in declared]
    alien = [
        code for code, one in zip(declared, readings, strict=True) if one.value is None or not _inside(item, one.value)
    ]
    if alien:
        notes.fault(
            source.table.place(column=name),
            "sidecar or codebook declares codes that the instrument does not have",
            expected=item.permitted,
            got=", ".join(declared),
            hint="recode the column; declare codes for missing answers (--missing)",
        )


def _inside(wanted: Item | Scale, value: float) -> bool:
    if isinstance(wanted, Item):
        return is_permitted(wanted, value)
    return (wanted.low is None or value >= wanted.low) and (wanted.high is None or value <= wanted.high)


def _range(wanted: Item | Scale) -> str:
    if isinstance(wanted, Item):
        return wanted.permitted
    return f"{'…' if wanted.low is None else f'{wanted.low:g}'} to {'…' if wanted.high is None else f'{wanted.high:g}'}"


def _why(one: Meaning) -> str:
    special = {
        ("sf36_pcs", Role.ITEM): "items of SF-36 version 2 have other codes and are not scored",
        ("odi", Role.ITEM): "sections count 0 to 5; subtract 1 where they were coded 1 to 6",
        ("hads", Role.ITEM): "enter the points printed beside the answer, 0 to 3",
        ("paindetect", Role.ITEM): "pattern is coded 1 to 4 as the pictures stand, radiation 0 or 1",
    }
    default = "correct the cell, or declare the code as missing (--missing)"
    return special.get((one.instrument or "", one.role), default)
