"""Pseudonyms and sessions as BIDS labels, without showing what may be a person's name."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lumbomics.clinical.notes import Notes
from lumbomics.clinical.redcap import shorten_events
from lumbomics.clinical.score import Place
from lumbomics.clinical.table import Cell, Table

_LABEL = re.compile(r"[A-Za-z0-9]+")
_PARTED = re.compile(r"[A-Za-z0-9]+([-_ ./][A-Za-z0-9]+)*")


def participant_labels(table: Table, index: int, notes: Notes) -> dict[int, str]:
    """Label of each row's participant; a cell that may be a name is a fault and is not quoted."""
    column = table.header[index]
    found: dict[int, str] = {}
    changed: dict[str, str] = {}
    for row in table.rows:
        text = _text(row.cells[index]).removeprefix("sub-")
        label = "".join(re.findall(r"[A-Za-z0-9]+", text))
        place = table.place(row.number, column)
        if not text:
            notes.fault(place, "row names no participant", hint="give the pseudonym on every row")
        elif not _PARTED.fullmatch(text) or not (_LABEL.fullmatch(text) or any(c.isdigit() for c in text)):
            notes.fault(
                place,
                "no pseudonym; it may be a person's name",
                expected="letters A-Z and digits",
                got="a cell that is not shown",
                hint="replace names by pseudonyms before you go on",
            )
        else:
            found[row.number] = label
            changed |= {text: label} if text != label else {}
    _tell_changes(table, column, changed, notes)
    if found and all(label.isalpha() and len(label) > 2 for label in found.values()):
        notes.remark(table.place(column=column), "identifiers are letters alone; make sure they are no names")
    return found


def session_labels(table: Table, index: int, notes: Notes) -> dict[int, str]:
    """Label of each row's session: ``ses-`` and an only arm are dropped, what is no letter or digit too, and told."""
    column = table.header[index]
    texts = {row.number: _text(row.cells[index]).removeprefix("ses-") for row in table.rows}
    short = shorten_events(frozenset(text for text in texts.values() if text))
    found: dict[int, str] = {}
    changed: dict[str, str] = {}
    for number, text in texts.items():
        label = "".join(re.findall(r"[A-Za-z0-9]+", short.get(text, "")))
        if not label:
            notes.fault(
                table.place(number, column), "row names no session", expected="letters and digits", got=repr(text)
            )
            continue
        found[number] = label
        changed |= {text: label} if text != label else {}
    _tell_changes(table, column, changed, notes)
    return found


def tell_likeness(labels: Iterable[str], what: str, notes: Notes) -> None:
    """Fault for labels that differ in case or leading zeros alone, as after a round through a spreadsheet."""
    alike: dict[str, set[str]] = {}
    for label in labels:
        alike.setdefault(label.casefold().lstrip("0"), set()).add(label)
    for same in (group for group in alike.values() if len(group) > 1):
        notes.fault(
            Place(file="all tables"),
            f"labels of {what} differ in case or leading zeros alone",
            got=", ".join(sorted(same)),
            hint="format the column as text, and write them alike everywhere",
        )


def _tell_changes(table: Table, column: str, changed: dict[str, str], notes: Notes) -> None:
    merged = sorted({label for label in changed.values() if list(changed.values()).count(label) > 1})
    if merged:
        notes.fault(table.place(column=column), "different labels would become one", got=", ".join(merged))
    elif changed:
        pairs = ", ".join(f"{old} -> {new}" for old, new in list(changed.items())[:6])
        notes.remark(table.place(column=column), f"labels written as BIDS has them: {pairs}")


def _text(cell: Cell) -> str:
    if isinstance(cell, float) and cell == round(cell):
        return f"{cell:.0f}"
    return "" if cell is None else str(cell).strip()
