"""Mutual information of two images at a motion, and a search over motions that are far from the truth."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from lumbomics.prepare.pyramid import Layer
from lumbomics.prepare.rigid import moved

FloatArray = NDArray[np.float64]

_BINS = 24
_LEAST_INSIDE = 200
_LEAST_SHARE = 0.2


class Sampled:
    """Points of a fixed layer with their values, against which motions of a moving layer are judged.

    Parameters
    ----------
    fixed, moving
        Layers of one sharpness.
    samples
        Number of points, drawn from a fixed seed.
    """

    def __init__(self, fixed: Layer, moving: Layer, *, samples: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        index = rng.uniform(0, np.array(fixed.grid.shape) - 1, (samples, 3))
        self.points_mm = fixed.grid.to_world(index)
        self._fixed = _ranked(map_coordinates(fixed.array, index.T, order=1, mode="nearest"))
        self._moving = moving
        self._edges = np.quantile(moving.array, np.linspace(0, 1, _BINS + 1)[1:-1])

    def at(self, fixed_to_moving: FloatArray) -> float:
        """Mutual information, nats; 0 where too few points meet the moving image.

        ``sum p(a, b) log(p(a, b) / (p(a) p(b)))`` over the joint histogram of rank-binned values, less its expected
        bias ``(bins - 1)² / (2 n)`` (Miller 1955).
        """
        index = self._moving.grid.to_index(moved(fixed_to_moving, self.points_mm))
        inside = self._inside(index)
        if inside.sum() < max(_LEAST_INSIDE, _LEAST_SHARE * len(inside)):
            return 0.0
        values = map_coordinates(self._moving.array, index[inside].T, order=1, mode="nearest")
        pair = self._fixed[inside] * _BINS + np.searchsorted(self._edges, values)
        joint = np.bincount(pair, minlength=_BINS * _BINS).reshape(_BINS, _BINS) / len(values)
        alone = np.outer(joint.sum(axis=1), joint.sum(axis=0))
        filled = joint > 0
        information = float((joint[filled] * np.log(joint[filled] / alone[filled])).sum())
        return information - (_BINS - 1) ** 2 / (2 * len(values))

    def _inside(self, index: FloatArray) -> NDArray[np.bool_]:
        top = np.array(self._moving.grid.shape) - 1
        return np.asarray(((index >= -0.5) & (index <= top + 0.5)).all(axis=1))


def best_shifts(
    told: Callable[[FloatArray], float], start: FloatArray, *, reach_mm: FloatArray, step_mm: float, keep: int
) -> FloatArray:
    """Try shifts about a motion on a lattice; return the ``keep`` that tell most, no two neighbours, (keep, 4, 4)."""
    ways = [np.arange(-(reach // step_mm), reach // step_mm + 1) * step_mm for reach in reach_mm]
    shifts = np.array(list(product(*ways)))
    motions = np.repeat(start[None], len(shifts), axis=0)
    motions[:, :3, 3] += shifts
    order = np.argsort([told(motion) for motion in motions])[::-1]
    found: list[int] = []
    for place in order:
        if len(found) < keep and all(np.abs(shifts[place] - shifts[one]).max() > step_mm for one in found):
            found.append(place)
    return np.asarray(motions[found])


def _ranked(values: FloatArray) -> NDArray[np.intp]:
    edges = np.quantile(values, np.linspace(0, 1, _BINS + 1)[1:-1])
    return np.searchsorted(edges, values)
