"""A vertebra with its place, and where its posterior elements are expected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lumbomics.core.grid import FloatArray
from lumbomics.segment.instances.posterior import Ray, make_ray


@dataclass(frozen=True, eq=False)
class Level:
    """A vertebra with its place.

    Parameters
    ----------
    value
        Instance number.
    middle
        (3,) RAS+ mm, the body's middle.
    up, front, right
        (3,) unit vectors of the body.
    depth_mm
        From the middle back to the canal's front wall.
    canal_depth_mm, canal_half_width_mm
        Size of the canal beside it.
    height_mm
        Between the discs' middle planes, or what is seen of it.
    """

    value: int
    middle: FloatArray
    up: FloatArray
    front: FloatArray
    right: FloatArray
    depth_mm: float
    canal_depth_mm: float
    canal_half_width_mm: float
    height_mm: float

    def local(self, points: FloatArray) -> FloatArray:
        """Coordinates (n, 3) mm to the right, front and head from the body's middle, of points (n, 3) RAS+ mm."""
        return np.asarray((points - self.middle) @ np.stack([self.right, self.front, self.up], axis=1))

    def world(self, local: FloatArray) -> FloatArray:
        """Points RAS+ mm of local coordinates (..., 3)."""
        return np.asarray(self.middle + local @ np.stack([self.right, self.front, self.up]))


def rays_of(levels: list[Level]) -> list[Ray]:
    """Lines of the laminae and spinous processes; each follows its body's tilt half and its neighbours' half.

    Processes fan out less than the bodies of a lordotic spine do.
    """
    rays = []
    for number, level in enumerate(levels):
        above, below = levels[max(number - 1, 0)], levels[min(number + 1, len(levels) - 1)]
        neighbours = (above.up + below.up) / 2 if level is not levels[-1] else above.up
        up = level.up + neighbours
        up = up / np.linalg.norm(up)
        back = level.depth_mm + level.canal_depth_mm
        rays.append(make_ray(level.middle, (up, level.front), back, level.height_mm, level.value))
    return rays
