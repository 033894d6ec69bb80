"""The fat cleft between multifidus and erector spinae."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from lumbomics.segment.axial.patch import Patch

FloatArray = NDArray[np.float64]

_FRONT_MM, _BACK_MM, _STEP_MM = -4.0, -82.0, 0.8
_ACROSS_MM = (12.0, 46.0)
_SD_MM = 6.0
_STIFFNESS = 0.25
_FAT_WEIGHT = 1.0
_USUAL_MM = {"L5-S1": 33.0, "L4-L5": 32.0, "L3-L4": 29.0, "L2-L3": 26.0, "L1-L2": 22.0}
_HIGH_MM = 19.0


def find_cleft(patch: Patch, share: FloatArray, sign: float) -> FloatArray:
    """Distance from the middle line (rows, columns) at which the cleft runs at each pixel's depth, mm.

    The path from deep to shallow along which least muscle lies, near where the cleft is usual at the level.

    Parameters
    ----------
    patch
        One slice.
    share
        Share of muscle in every pixel.
    sign
        +1 for the patient's right, -1 for the left.
    """
    depth = np.arange(_FRONT_MM, _BACK_MM, -_STEP_MM)
    across = np.arange(*_ACROSS_MM, _STEP_MM)
    x, y = np.broadcast_arrays(sign * across[None, :], depth[:, None])
    usual = _USUAL_MM.get(patch.place.level, _HIGH_MM)
    cost = _FAT_WEIGHT * patch.at(share, np.array(x), np.array(y)) + 0.5 * ((across - usual) / _SD_MM) ** 2 * 0.1
    path = across[_open_path(cost)]
    smooth = gaussian_filter1d(path, 2.0, mode="nearest")
    return np.interp(-patch.y, -depth, smooth)


def _open_path(cost: FloatArray) -> NDArray[np.intp]:
    """Column of the cheapest path in every row, a step aside at most two columns."""
    rows, columns = cost.shape
    best, came = cost[0].copy(), np.zeros(cost.shape, dtype=np.intp)
    shifts = np.array([-2, -1, 0, 1, 2])
    for row in range(1, rows):
        padded = np.pad(best, 2, constant_values=np.inf)
        tried = np.stack([padded[2 - s : 2 - s + columns] + _STIFFNESS * s**2 for s in shifts])
        choice = tried.argmin(axis=0)
        came[row] = shifts[choice]
        best = tried[choice, np.arange(columns)] + cost[row]
    path = np.zeros(rows, dtype=np.intp)
    path[-1] = int(best.argmin())
    for row in range(rows - 1, 0, -1):
        path[row - 1] = path[row] - came[row, path[row]]
    return path
