"""How well the borders of tissues in two images run along each other: what tells one body from two that look alike.

Mutual information is high wherever two spines lie roughly over each other, whosever they are. The direction of borders
is not: discs of two patients never all lie at the same heights and tilts.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from lumbomics.prepare.pyramid import Layer
from lumbomics.prepare.rigid import moved

FloatArray = NDArray[np.float64]

_BESIDE_MM = 5.0
_LEAST_POINTS = 200
_TINY = 1e-20


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
        index = self._moving.grid.to_index(moved(motion, self._points_mm))
        inside = ((index >= -0.5) & (index <= np.array(self._moving.grid.shape) - 0.5)).all(axis=1)
        if inside.sum() < _LEAST_POINTS:
            return 0.0
        # motion's rotation turns a direction of the fixed image into the moving one's space
        turned = self._fixed[inside] @ motion[:3, :3].T
        return float(((turned * _looked_up(self._field, index[inside])).sum(axis=1) ** 2).mean())

    def about(self, motion: FloatArray) -> tuple[float, float]:
        """Agreement at a motion, and its mean over 14 motions 5 mm beside this one."""
        found = []
        for way in product((-1.0, 0.0, 1.0), repeat=3):
            if sum(map(abs, way)) in {1, 3}:
                aside = motion.copy()
                aside[:3, 3] += _BESIDE_MM * np.array(way) / np.linalg.norm(way)
                found.append(self.at(aside))
        return self.at(motion), float(np.mean(found))


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


def _looked_up(field: NDArray[np.float32], index: FloatArray) -> NDArray[np.float32]:
    return np.stack([map_coordinates(one, index.T, order=1, mode="nearest") for one in field], axis=1)
