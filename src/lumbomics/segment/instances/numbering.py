"""Level numbers from what anchors them, how sure they are, and the runner-up."""

from __future__ import annotations

from dataclasses import dataclass

from lumbomics.core.anatomy import DISC_OFFSET, SACRUM, VERTEBRA_NAMES, Numbering, NumberingSource, Transition
from lumbomics.core.provenance import Decision

USUAL_COUNT = 1 - 32 / 418
"""Share of people with the usual number of presacral vertebrae: 32 of 418 had one more (18) or one fewer (14)
without a transitional vertebra that would show (Tins and Balain, Insights Imaging 2016;7:199). Without ribs or the
whole spine in the image nothing tells these apart, so no numbering from the sacrum can be surer than this."""
OPEN_END = 0.98
"""Trust that a lowest disc with no vertebra under it is the lumbosacral one, an engineering default."""
UNSEEN_DISC = 0.5
"""Trust that the lowest vertebra is L5 where the column ends with bone and no disc or sacrum under it; as above."""
TRANSITIONAL = 0.6
"""Trust in the numbers where the junction looks transitional; as above."""
_FROM_L5_UP = (*range(24, 19, -1), *range(19, 0, -1))


@dataclass(frozen=True, kw_only=True)
class Junction:
    """What was seen at the column's lower end.

    Parameters
    ----------
    sacrum
        Whether a sacrum was drawn under the lowest vertebra or disc.
    ends_with_disc
        Whether the lowest structure of the presacral column is a disc.
    free_mm
        How far the image goes on under the column's end (at least 35 mm counts as open).
    sacral_discs
        Discs drawn inside the sacrum.
    slender_disc
        Whether the lowest disc is both flat and short against its neighbours, as a rudimentary one is.
    supposed
        Number of borders between bodies that were not seen as a disc.
    """

    sacrum: bool
    ends_with_disc: bool
    free_mm: float
    sacral_discs: int
    slender_disc: bool
    supposed: int


def vertebra_values(count: int, *, also_above: int = 0) -> list[int]:
    """Instance numbers, head to tail, of ``count`` vertebrae that end with L5, and of ``also_above`` more on top."""
    return list(_FROM_L5_UP[: count + also_above])[::-1]


def disc_values(vertebrae: list[int]) -> list[int]:
    """Numbers of the discs below vertebrae."""
    return [vertebra + DISC_OFFSET for vertebra in vertebrae]


def sacral_disc_values(count: int) -> list[int]:
    """Numbers of discs inside the sacrum, head to tail (S1-S2 first); 0 past the fifth."""
    return [*disc_values([SACRUM, 29, 30, 31, 32]), *([0] * count)][:count]


def judge(junction: Junction) -> tuple[Numbering, Decision]:
    """Choose source, confidence and runner-up of the numbering."""
    trust, because = _anchor(junction)
    if trust == 0:
        numbering = Numbering(source=NumberingSource.UNKNOWN, confidence=0.0)
        return numbering, Decision(
            what="level numbering",
            choice="abstained; the numbers only tell the instances apart",
            because=because,
            confidence=0.0,
        )
    transition, alternative = _transition(junction)
    confidence = USUAL_COUNT * trust
    if transition is not Transition.NONE:
        confidence = min(confidence, TRANSITIONAL)
        because += "; the junction looks transitional"
    if junction.supposed:
        confidence *= 0.85**junction.supposed
        because += f"; {junction.supposed} border(s) between bodies supposed from their length"
    numbering = Numbering(
        source=NumberingSource.SACRUM_ASSUMPTION,
        confidence=round(confidence, 3),
        alternative=alternative,
        transition=transition if transition is not Transition.NONE else Transition.UNKNOWN,
    )
    return numbering, Decision(
        what="level numbering",
        choice=f"lowest presacral vertebra is {VERTEBRA_NAMES[24]}",
        because=f"{because}; no ribs counted, so a sixth or a missing lumbar vertebra cannot be told",
        confidence=numbering.confidence,
    )


def _anchor(junction: Junction) -> tuple[float, str]:
    if junction.sacrum:
        return 1.0, "a sacrum is drawn under the lowest presacral level"
    if junction.free_mm < 35:
        return 0.0, "no sacrum is drawn and the image ends under the lowest level"
    if junction.ends_with_disc:
        return OPEN_END, "the lowest disc has no vertebra under it and the image goes on for 35 mm or more"
    return UNSEEN_DISC, "the column ends with a vertebra, with no disc or sacrum under it"


def _transition(junction: Junction) -> tuple[Transition, int]:
    """Name the transition that shows, and the shift of the runner-up reading.

    A disc drawn inside the sacrum may be a lumbarised S1's: the runner-up has every level one lower. A rudimentary
    lowest disc may lie between S1 and S2 instead: every level one higher. With neither, one vertebra more is the
    commonest other count (18 of 32).
    """
    if junction.sacral_discs:
        return Transition.LUMBARISED_S1, 1
    if junction.slender_disc:
        return Transition.SACRALISED_L5, -1
    return Transition.NONE, 1
