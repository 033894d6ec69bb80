"""The levels of a phantom spine and what may lie at them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from lumbomics.core.anatomy import Side, Transition


class Zone(StrEnum):
    """Where a herniation lies in the axial plane, from the midline outwards."""

    CENTRAL = "central"
    SUBARTICULAR = "subarticular"
    FORAMINAL = "foraminal"
    EXTRAFORAMINAL = "extraforaminal"


@dataclass(frozen=True, kw_only=True)
class Herniation:
    """Disc material beyond the disc space.

    Parameters
    ----------
    level
        Disc, such as ``L4-L5``.
    zone
        Axial zone.
    side
        Left or right; midline for a central one.
    size_mm
        How far it reaches behind (or, further out, beside) the disc's edge.
    migration_mm
        Shift along the spine, positive to the head.
    """

    level: str
    zone: Zone = Zone.CENTRAL
    side: Side = Side.MIDLINE
    size_mm: float = 5.0
    migration_mm: float = 0.0


def vertebrae_of(transition: Transition) -> tuple[str, ...]:
    """Name the vertebrae of a phantom from T10 to S1."""
    extra_thoracic = ("T13",) if transition is Transition.T13 else ()
    extra_lumbar = ("L6",) if transition is Transition.LUMBARISED_S1 else ()
    return ("T10", "T11", "T12", *extra_thoracic, "L1", "L2", "L3", "L4", "L5", *extra_lumbar, "S1")


def discs_of(transition: Transition) -> tuple[str, ...]:
    """Name the discs of a phantom from T10-T11 to the sacrum."""
    names = vertebrae_of(transition)
    return tuple(f"{upper}-{lower}" for upper, lower in pairwise(names))
