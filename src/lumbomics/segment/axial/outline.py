"""Closed outlines about a point: the cheapest path through a polar picture of costs, and its inside as pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_STEPS = 3


def rays(angles: int, radii: int, step_mm: float) -> tuple[FloatArray, FloatArray]:
    """Local coordinates x, y (angles, radii) of a polar raster; the first ray points to the front, then to the right.

    Radii are those of rings 0, step, 2 step …
    """
    turn = 2 * np.pi * np.arange(angles) / angles
    radius = step_mm * np.arange(radii)
    return np.sin(turn)[:, None] * radius, np.cos(turn)[:, None] * radius


def closed_path(cost: FloatArray, *, stiffness: float) -> NDArray[np.intp]:
    """Return the closed path of least cost: one radius for each angle.

    Viterbi's dynamic programming around the circle; the path may change by at most three rings from one ray to the
    next, at ``stiffness`` x change². Half a circle is walked before and after, so that the ends do not matter.

    Parameters
    ----------
    cost
        (..., angles, radii), finite; the cost of the outline lying at that radius.
    stiffness
        Cost of a change by one ring.

    Returns
    -------
    (..., angles) ring of the path.
    """
    angles, radii = cost.shape[-2:]
    # the two sides of the picture are treated alike: half of the circle is walked before the picture begins
    laps = np.concatenate([cost[..., angles // 2 :, :], cost, cost[..., : angles // 2, :]], axis=-2)
    bend = stiffness * np.arange(-_STEPS, _STEPS + 1)[:, None] ** 2
    # rings that do not exist cost without limit; the windows, outer ones first, are a view of what is written here
    rims = np.full((*cost.shape[:-2], radii + 2 * _STEPS), np.inf)
    best = rims[..., _STEPS:-_STEPS]
    shifted = np.lib.stride_tricks.sliding_window_view(rims, radii, axis=-1)[..., ::-1, :]
    best[...] = laps[..., 0, :]
    came = np.zeros(laps.shape, dtype=np.int8)
    for at in range(1, laps.shape[-2]):
        tried = shifted + bend
        came[..., at, :] = tried.argmin(axis=-2) - _STEPS
        np.add(tried.min(axis=-2), laps[..., at, :], out=best)
    path = np.zeros(laps.shape[:-1], dtype=np.intp)
    path[..., -1] = best.argmin(axis=-1)
    for at in range(laps.shape[-2] - 1, 0, -1):
        step = np.take_along_axis(came[..., at, :], path[..., at, None], axis=-1)[..., 0]
        path[..., at - 1] = path[..., at] - step
    start = angles - angles // 2
    return path[..., start : start + angles]


def inside_path(path_mm: FloatArray, x: FloatArray, y: FloatArray) -> NDArray[np.bool_]:
    """Pixels inside an outline given by its radius (angles,) on the rays of :func:`rays`."""
    return np.asarray(np.hypot(x, y) < radius_at(path_mm, x, y))


def radius_at(path_mm: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    """Radius (...) of an outline in the direction of local coordinates."""
    angles = len(path_mm)
    turn = np.mod(np.arctan2(x, y), 2 * np.pi) / (2 * np.pi) * angles
    low = np.floor(turn).astype(np.intp) % angles
    share = turn - np.floor(turn)
    return np.asarray(path_mm[low] * (1 - share) + path_mm[(low + 1) % angles] * share)
