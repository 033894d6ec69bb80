"""The dural sac drawn towards scar, or pushed away and flattened by a mass."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.errors import InputError
from lumbomics.phantom.anatomy import Anatomy
from lumbomics.phantom.canal import Canal
from lumbomics.phantom.cauda import Cauda
from lumbomics.phantom.extra import Extra
from lumbomics.phantom.postoperative.place import Place, bell, stations

FloatArray = NDArray[np.float64]

_LEAST_GAP_MM = 0.15


@dataclass(frozen=True, kw_only=True, eq=False)
class SacShift(Extra):
    """A shift of the dural sac about one level; roots move with it.

    Where the sac meets the wall of the canal it is flattened against it.

    Parameters
    ----------
    level
        Disc level.
    right_mm, front_mm
        Shift of the sac's middle at the level.
    flattening
        Share of the sac's depth lost to a mass behind or in front of it.
    half_length_mm
        Reach along the canal to either side.
    """

    level: str
    right_mm: float = 0.0
    front_mm: float = 0.0
    flattening: float = 0.0
    half_length_mm: float = 16.0

    def __post_init__(self) -> None:
        if not (np.hypot(self.right_mm, self.front_mm) <= 6 and 0 <= self.flattening <= 0.7):
            raise InputError("no such shift", expected="6 mm at most, flattening 0-0.7", got=str(self))
        if not 4 <= self.half_length_mm <= 60:
            raise InputError("no such length", expected="4-60 mm", got=str(self.half_length_mm))

    def build(self, anatomy: Anatomy) -> Anatomy:
        """Reshape the sac and take the roots along."""
        place, canal, s = Place.of(anatomy, self.level), anatomy.canal, stations(anatomy)
        share = bell(s, place.station, self.half_length_mm)
        aside = canal.sac_aside + self.right_mm * share
        front = canal.sac_shift + self.front_mm * share
        touched = share > 0
        width = np.where(touched, _fitted(canal.sac_half_width, canal.half_width, aside), canal.sac_half_width)
        depth = canal.sac_half_depth * (1 - self.flattening * share)
        depth = np.where(touched, _fitted(depth, canal.half_depth, front), depth)
        moved = replace(canal, sac_aside=aside, sac_shift=front, sac_half_width=width, sac_half_depth=depth)
        return replace(anatomy, canal=moved, cauda=_carried(anatomy.cauda, canal, moved))


def _fitted(half_mm: FloatArray, wall_mm: FloatArray, shift_mm: FloatArray) -> FloatArray:
    """Half-size that leaves the shifted sac inside the canal; never more than it was, never less than a third."""
    return np.asarray(np.clip(wall_mm - _LEAST_GAP_MM - np.abs(shift_mm), half_mm / 3, half_mm))


def _carried(cauda: Cauda, before: Canal, after: Canal) -> Cauda:
    """Keep every root's relative place in the sac."""
    across = after.sac_half_width / np.maximum(before.sac_half_width, 1e-6)
    along = after.sac_half_depth / np.maximum(before.sac_half_depth, 1e-6)
    roots = [
        replace(
            root,
            x=(root.x - before.sac_aside) * across + after.sac_aside,
            y=(root.y - before.sac_shift) * along + after.sac_shift,
        )
        for root in cauda.roots
    ]
    return Cauda(tuple(roots))
