"""Where straight rays first meet a structure, below the size of a voxel."""

from __future__ import annotations

import numpy as np

from lumbomics.core.grid import Grid
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.surface import Solid

_STEP_MM = 0.4


def voxel_extent_mm(grid: Grid, direction: FloatArray) -> float:
    """Spacing of a lattice along a direction (3,): its axes weighted by how far they run that way.

    A surface met along the direction is placed at random between two readings this far apart, so its rounding error has
    a standard deviation of the extent / √12.
    """
    share = (grid.axes.T @ direction) ** 2
    return float(np.linalg.norm(share * grid.spacing_mm))


def entries(solid: Solid, starts_mm: FloatArray, direction: FloatArray, *, reach_mm: float = 30.0) -> FloatArray:
    """Distance (n,) mm along each ray to the structure's surface, from outside.

    Parameters
    ----------
    starts_mm
        (n, 3) RAS+ mm.
    direction
        Unit vector, (3,) shared by all rays or (n, 3).
    reach_mm
        Longest distance looked at.

    Returns
    -------
    Distance to where the mask, interpolated between voxel centres, reaches one half; NaN where the start lies inside or
    nothing is met.
    """
    travel = np.arange(0.0, reach_mm + _STEP_MM, _STEP_MM)
    filled = solid.value_at(starts_mm[:, None] + travel[:, None] * np.atleast_2d(direction)[:, None])
    inside = filled >= 0.5
    first = np.argmax(inside, axis=1)
    met = inside.any(axis=1) & (first > 0)
    rows, before = np.arange(len(first)), np.maximum(first - 1, 0)
    low, high = filled[rows, before], filled[rows, first]
    share = (0.5 - low) / np.where(met, high - low, 1.0)
    return np.where(met, travel[before] + share * _STEP_MM, np.nan)
