"""Operated levels and sides as people write them."""

from __future__ import annotations

import re

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError

_ORDER = (*(f"C{n}" for n in range(1, 8)), *(f"T{n}" for n in range(1, 13)), *(f"L{n}" for n in range(1, 6)), "S1")
_RARE = frozenset({"T13", "L6"})
_SINGLE = re.compile(r"([CTLS])(\d{1,2})", re.IGNORECASE)
_PAIR = re.compile(r"([CTLS])(\d{1,2})\s*[-/\u2013]\s*([CTLS]?)(\d{1,2})", re.IGNORECASE)
_SIDES: dict[str, tuple[Side, ...]] = {
    **dict.fromkeys(("left", "l"), (Side.LEFT,)),
    **dict.fromkeys(("right", "r"), (Side.RIGHT,)),
    **dict.fromkeys(("both", "bilateral", "b", "left and right"), (Side.LEFT, Side.RIGHT)),
    **dict.fromkeys(("midline", "central"), (Side.MIDLINE,)),
}


def parse_levels(text: str) -> tuple[str, ...]:
    """Levels in one cell, cranial to caudal as written: ``L4/5; L5-S1`` gives ``L4-L5``, ``L5-S1``.

    A span such as ``L3-S1`` gives each disc level in it; a vertebra alone stays a vertebra.

    Raises
    ------
    InputError
        If a part is no level.
    """
    parts = [part.strip() for part in re.split(r"[;,+&]|\band\b", text) if part.strip()]
    levels = [level for part in parts for level in _levels(part)]
    if not levels:
        raise InputError("no level", expected="L4-L5, L5-S1 …", got=repr(text))
    return tuple(dict.fromkeys(levels))


def parse_sides(text: str) -> tuple[Side, ...]:
    """Sides in one cell, the patient's; ``both`` gives left and right. InputError if it is none."""
    word = " ".join(text.lower().split())
    if word not in _SIDES:
        raise InputError("no side", expected="left, right, both or midline", got=repr(text))
    return _SIDES[word]


def _levels(part: str) -> list[str]:
    single = _SINGLE.fullmatch(part)
    if single is not None:
        return [_vertebra(single[1], single[2], part)]
    pair = _PAIR.fullmatch(part)
    if pair is None:
        raise InputError("no level", expected="L4-L5, L4/5, L4 …", got=repr(part))
    above = _vertebra(pair[1], pair[2], part)
    below = _vertebra(pair[3] or pair[1], pair[4], part)
    if {above, below} & _RARE:
        return [f"{above}-{below}"]
    first, last = _ORDER.index(above), _ORDER.index(below)
    if first >= last:
        raise InputError("levels run from head to tail", expected="the upper vertebra first", got=repr(part))
    return [f"{_ORDER[place]}-{_ORDER[place + 1]}" for place in range(first, last)]


def _vertebra(letter: str, number: str, part: str) -> str:
    name = f"{letter.upper()}{int(number)}"
    if name not in _ORDER and name not in _RARE:
        raise InputError("no such vertebra", expected="C1-C7, T1-T13, L1-L6, S1", got=repr(part))
    return name
