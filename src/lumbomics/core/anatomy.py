"""Levels, sides and how sure the numbering is.

Instance numbers follow VerSe / TPTBox: C1-C7 1-7, T1-T12 8-19, T13 28, L1-L6 20-25, S1 (sacrum) 26,
coccyx 27, S2-S6 29-33; a disc is 100 + the number of the vertebra above it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from lumbomics.core.errors import InputError

DISC_OFFSET = 100
ENDPLATE_OFFSET = 200
CORD = 60
CANAL = 61

_NAMES: dict[int, str] = {
    **{n: f"C{n}" for n in range(1, 8)},
    **{n + 7: f"T{n}" for n in range(1, 13)},
    28: "T13",
    **{n + 19: f"L{n}" for n in range(1, 7)},
    26: "S1",
    **{n + 27: f"S{n}" for n in range(2, 7)},
    27: "Cocc",
}
VERTEBRA_NAMES = MappingProxyType(_NAMES)
"""Instance number -> vertebra name."""
VERTEBRA_NUMBERS = MappingProxyType({name: number for number, name in _NAMES.items()})
"""Vertebra name -> instance number."""
SACRUM = VERTEBRA_NUMBERS["S1"]
"""Instance number of the sacrum where it is one, of S1 where its parts are told apart."""
CRANIOCAUDAL: tuple[int, ...] = (*range(1, 20), 28, *range(20, 26), 26, *range(29, 34), 27)
"""Instance numbers of all vertebrae from head to tail."""
_RANK: dict[int, int] = {number: rank for rank, number in enumerate(CRANIOCAUDAL)}


class Side(StrEnum):
    """The patient's side."""

    LEFT = "left"
    RIGHT = "right"
    MIDLINE = "midline"


class NumberingSource(StrEnum):
    """What the level numbers rest on."""

    C2_COUNT = "c2_count"
    RIB = "rib"
    ILIOLUMBAR_LIGAMENT = "iliolumbar_ligament"
    SACRUM_ASSUMPTION = "sacrum_assumption"
    OPERATOR = "operator"
    LABEL_FILE = "label_file"
    PHANTOM = "phantom"
    UNKNOWN = "unknown"


class Transition(StrEnum):
    """Transitional anatomy at the lumbosacral or thoracolumbar junction."""

    NONE = "none"
    SACRALISED_L5 = "sacralised_l5"
    LUMBARISED_S1 = "lumbarised_s1"
    T13 = "t13"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Numbering:
    """How the levels were numbered and how sure that is.

    Parameters
    ----------
    source
        What the numbers rest on.
    confidence
        Probability in [0, 1] that the numbers are right; ``None`` where nobody stated it.
    alternative
        Shift in levels of the runner-up reading (+1: every level one lower), or ``None``.
    transition
        Transitional anatomy seen or stated.
    """

    source: NumberingSource = NumberingSource.UNKNOWN
    confidence: float | None = None
    alternative: int | None = None
    transition: Transition = Transition.UNKNOWN

    def __post_init__(self) -> None:
        if self.confidence is not None and not 0 <= self.confidence <= 1:
            raise InputError("numbering confidence out of range", expected="0 to 1", got=str(self.confidence))


def rank(number: int) -> int:
    """Position of a vertebra from head (0) to tail; InputError if ``number`` is no vertebra."""
    if number not in _RANK:
        raise InputError("not a vertebra's instance number", expected="1-33", got=str(number))
    return _RANK[number]


def sort_craniocaudal(numbers: Iterable[int]) -> list[int]:
    """Vertebra instance numbers from head to tail."""
    return sorted(numbers, key=rank)


def below(number: int, present: Iterable[int]) -> int | None:
    """Find the next vertebra towards the tail that can touch ``number`` among the vertebrae ``present``.

    Numbers that a spine may lack (T12, T13, L5, L6) are skipped when absent; any other gap gives ``None``.
    """
    optional = {19, 28, 24, 25}
    there = set(present)
    for candidate in CRANIOCAUDAL[rank(number) + 1 :]:
        if candidate in there:
            return candidate
        if candidate not in optional:
            return None
    return None


def vertebra_number(level: str) -> int:
    """Instance number of a vertebra name such as ``L4``; InputError if unknown."""
    if level not in VERTEBRA_NUMBERS:
        raise InputError("unknown vertebra", expected="C1-C7, T1-T13, L1-L6, S1-S6, Cocc", got=repr(level))
    return VERTEBRA_NUMBERS[level]


def disc_level(above: int, below_number: int) -> str:
    """Name of the level between two vertebrae: ``disc_level(23, 24) == "L4-L5"``."""
    return f"{VERTEBRA_NAMES[above]}-{VERTEBRA_NAMES[below_number]}"


def disc_levels(present: Iterable[int]) -> list[tuple[int, int, str]]:
    """Adjacent vertebra pairs among ``present``, head to tail, as (above, below, name); ends at S1."""
    there = set(present)
    pairs = [(above, below(above, there)) for above in sort_craniocaudal(there) if rank(above) < rank(26)]
    return [(above, under, disc_level(above, under)) for above, under in pairs if under is not None]
