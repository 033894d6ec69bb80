"""Two anisotropic images brought to one sharpness, coarse to fine, before they are compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from lumbomics.core.grid import Grid

_FWHM_OF_SD = 2.3548
_SAMPLES_A_WIDTH = 2.0
_NEGLIGIBLE_VOXELS = 0.3


@dataclass(frozen=True, eq=False)
class Layer:
    """An image at one sharpness, thinned out accordingly; values are square roots of signals above the lowest."""

    array: NDArray[np.float32] = field(repr=False)
    grid: Grid


def layer(array: NDArray[Any], grid: Grid, other: Grid, width_mm: float) -> Layer:
    """Blur an image to the sharpness it shares with another, at least ``width_mm``, and thin it out.

    A thick-slice image blurs along its slices' normal what the other shows sharply. Each is therefore blurred along
    its own sharp axes by as much as the other's slices are thick in that direction; then one tissue border looks the
    same in both, and a shift along either normal leaves no false optimum.

    Parameters
    ----------
    array
        (i, j, k) on ``grid``.
    other
        Grid of the image it will be compared with.
    width_mm
        Full width at half maximum of the blur wherever the other image asks for less.
    """
    thick = int(np.argmax(other.spacing_mm))
    normal, thickness_mm = other.axes[:, thick], float(other.spacing_mm[thick])
    blurred = np.asarray(array, dtype=np.float32)
    first, step = np.zeros(3), np.ones(3, dtype=int)
    for axis in range(3):
        spacing = float(grid.spacing_mm[axis])
        wanted = max(width_mm, abs(float(grid.axes[:, axis] @ normal)) * thickness_mm)
        sd = np.sqrt(max((wanted / _FWHM_OF_SD) ** 2 - spacing**2 / 12, 0)) / spacing
        if sd > _NEGLIGIBLE_VOXELS:
            blurred = gaussian_filter1d(blurred, sd, axis=axis, mode="nearest", truncate=3.0)
        step[axis] = max(1, min(int(width_mm / _SAMPLES_A_WIDTH / spacing), grid.shape[axis]))
        first[axis] = step[axis] // 2 if grid.shape[axis] > step[axis] else 0
    thinned = blurred[tuple(slice(int(a), None, int(s)) for a, s in zip(first, step, strict=True))]
    # fluid outshines all else where fat is dark: even bins over its range would hold every other tissue in two or three
    thinned = np.sqrt(thinned - thinned.min())
    affine = grid.affine.copy()
    affine[:3, :3] *= step
    affine[:3, 3] = grid.to_world(first)
    return Layer(thinned, Grid((thinned.shape[0], thinned.shape[1], thinned.shape[2]), affine))
