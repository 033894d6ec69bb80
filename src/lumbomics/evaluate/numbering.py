"""Whether matched instances carry the right level, and by how much they are shifted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from lumbomics.core.anatomy import CRANIOCAUDAL, DISC_OFFSET, VERTEBRA_NAMES
from lumbomics.evaluate.anatomy import OPTIONAL_VERTEBRAE
from lumbomics.evaluate.instances import Detection


def level_accuracy(detection: Detection) -> float | None:
    """Share of the matched instances whose number is the reference's; ``None`` where nothing was matched."""
    if not detection.matches:
        return None
    return sum(match.prediction == match.reference for match in detection.matches) / len(detection.matches)


def level_shifts(detection: Detection) -> Mapping[int, int]:
    """Shift in levels -> how many matched instances have it; + is too far towards the tail.

    T13 and L6 count as a level where one of the maps holds them: between T12 and L1 lies one step in most spines.
    """
    seen = {_vertebra(v) for match in detection.matches for v in (match.prediction, match.reference)}
    seen |= {_vertebra(v) for v in (*detection.extra, *detection.missed)}
    order = [n for n in CRANIOCAUDAL if n not in OPTIONAL_VERTEBRAE - seen]
    place = {number: at for at, number in enumerate(order)}
    shifts = [place[_vertebra(m.prediction)] - place[_vertebra(m.reference)] for m in detection.matches]
    return dict(sorted(Counter(shifts).items()))


def _vertebra(value: int) -> int:
    """Find the vertebra that a vertebra's or a disc's number names."""
    return value if value in VERTEBRA_NAMES else value - DISC_OFFSET
