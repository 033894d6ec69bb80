"""How well the borders of tissues in two images agree: what tells one body from two that look alike.

Mutual information is high wherever two spines lie roughly over each other, whosever they are. Borders are not so easily
alike: those of another patient's discs and canal run otherwise, and few of the small ones lie where one's own do.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from lumbomics.prepare.pyramid import Layer
from lumbomics.prepare.rigid import moved

FloatArray = NDArray[np.float64]

_BESIDE_MM = 5.0
_LEAST_POINTS = 200
_LEAST_AGREEMENT = 0.01
_TINY = 1e-20


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How borders agree at one motion.

    Parameters
    ----------
    direction
        Mean squared cosine between directions, see :class:`Borders`; 0 to 1, never quite 0.
    gain
        That over its mean at 14 motions 5 mm beside.
    place
        Correlation of the borders' strengths: whether borders lie in one place, whatever way they run.
    """

    direction: float
    gain: float
    place: float


class Borders:
    """Points of a fixed layer with the direction of the border each lies at, and the directions in a moving layer.

    A direction is the gradient over ``sqrt(|gradient|² + e²)``, ``e`` the layer's median ``|gradient|`` (normalised
    gradient field, Haber and Modersitzki 2006): strong borders count as one, whatever their contrast; noise as little.

    Parameters
    ----------
    fixed, moving
        Layers of one sharpness.
    points_mm
        (n, 3) where they are compared, in the fixed image's space.
    """

    def __init__(self, fixed: Layer, moving: Layer, points_mm: FloatArray) -> None:
        self._moving = moving
        self._points_mm = points_mm
        self._fixed = _looked_up(_directions(fixed), fixed.grid.to_index(points_mm))
        self._field = _directions(moving)

    def at(self, motion: FloatArray) -> float:
        """Mean squared cosine between the directions of both images, 0 to 1; 0 where too few points meet."""
        mine, other = self._met(motion)
        return float(((mine * other).sum(axis=1) ** 2).mean()) if len(mine) else 0.0

    def about(self, motion: FloatArray) -> Agreement:
        """Tell how borders agree at a motion, and how much less 5 mm beside it."""
        beside = []
        for way in product((-1.0, 0.0, 1.0), repeat=3):
            if sum(map(abs, way)) in {1, 3}:
                aside = motion.copy()
                aside[:3, 3] += _BESIDE_MM * np.array(way) / np.linalg.norm(way)
                beside.append(self.at(aside))
        here = max(self.at(motion), _LEAST_AGREEMENT)
        gain = here / max(float(np.mean(beside)), _LEAST_AGREEMENT)
        return Agreement(direction=here, gain=gain, place=self._place(motion))

    def _place(self, motion: FloatArray) -> float:
        mine, other = ((one**2).sum(axis=1) for one in self._met(motion))
        return float(np.corrcoef(mine, other)[0, 1]) if len(mine) and mine.std() * other.std() > 0 else 0.0

    def _met(self, motion: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Directions of both images, in the moving one's space, where points meet it; none where these are few."""
        index = self._moving.grid.to_index(moved(motion, self._points_mm))
        inside = ((index >= -0.5) & (index <= np.array(self._moving.grid.shape) - 0.5)).all(axis=1)
        if inside.sum() < _LEAST_POINTS:
            return np.zeros((0, 3)), np.zeros((0, 3))
        return self._fixed[inside] @ motion[:3, :3].T, _looked_up(self._field, index[inside])


def _directions(one: Layer) -> NDArray[np.float32]:
    """Directions of the borders of a layer in the world, (3, i, j, k)."""
    array = np.asarray(one.array, dtype=np.float32)
    along = [
        np.gradient(array, float(step), axis=axis) if array.shape[axis] > 1 else np.zeros_like(array)
        for axis, step in enumerate(one.grid.spacing_mm)
    ]
    steep = np.tensordot(one.grid.axes.astype(np.float32), np.stack(along), axes=1)
    squared = (steep**2).sum(axis=0)
    return np.asarray(steep / np.sqrt(squared + np.median(squared) + _TINY), dtype=np.float32)


def _looked_up(field: NDArray[np.float32], index: FloatArray) -> FloatArray:
    found = [map_coordinates(one, index.T, order=1, mode="nearest") for one in field]
    return np.stack(found, axis=1).astype(np.float64)
