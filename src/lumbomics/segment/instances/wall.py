"""Where the column ends and the canal begins: the back of bodies and discs, told along the middle line."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from lumbomics.core.grid import FloatArray
from lumbomics.segment.instances.curve import Places

_BIN_MM = 3.0
_LEAST_VOXELS = 4
_COLUMN_HALF_DEPTH_MM = 17.0
_REACH_MM = 12.0
"""Where canal and discs tell nothing for longer than this, the last known wall is carried on."""


@dataclass(frozen=True, eq=False)
class Wall:
    """Offset from the middle line (mm, forward) of the canal's front wall, by height.

    Parameters
    ----------
    height, front
        (n,) mm, heights ascending.
    """

    height: FloatArray = field(repr=False)
    front: FloatArray = field(repr=False)

    def at(self, height: FloatArray) -> FloatArray:
        """Offset of the wall at heights (n,)."""
        return np.asarray(np.interp(height, self.height, self.front))

    def in_front(self, places: Places) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Tell which places belong to the column of bodies and discs."""
        return np.asarray(places.front > self.at(places.height))


def find_wall(canal: Places, discs: Places) -> Wall:
    """Take the wall from the canal's front (95 % of its voxels), where it is drawn, else from the discs' backs.

    The canal's class is drawn close to the dural sac; half a millimetre is added for the epidural space.
    """
    height, front = _margin(canal, 95.0, 0.5)
    disc_height, disc_front = _margin(discs, 5.0, 0.0)
    if len(height):
        lonely = np.array([np.abs(height - h).min() > _REACH_MM for h in disc_height], dtype=bool)
        disc_height, disc_front = disc_height[lonely], disc_front[lonely]
        front = ndimage.median_filter(front, size=5, mode="nearest")
    height, front = np.concatenate([height, disc_height]), np.concatenate([front, disc_front])
    if not len(height):
        return Wall(np.array([0.0]), np.array([-_COLUMN_HALF_DEPTH_MM]))
    order = np.argsort(height)
    return Wall(height[order], front[order])


def _margin(places: Places, percentile: float, beyond_mm: float) -> tuple[FloatArray, FloatArray]:
    near = np.abs(places.front) < 45
    height, front = places.height[near], places.front[near]
    which = np.floor(height / _BIN_MM).astype(np.intp)
    bins = [b for b in np.unique(which) if (which == b).sum() >= _LEAST_VOXELS]
    middle = np.array([(b + 0.5) * _BIN_MM for b in bins])
    edge = np.array([np.percentile(front[which == b], percentile) + beyond_mm for b in bins])
    return middle, edge
