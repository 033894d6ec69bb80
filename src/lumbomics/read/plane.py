"""Plane of a volume, from its geometry."""

from __future__ import annotations

import numpy as np

from lumbomics.core.grid import Grid
from lumbomics.core.visit import Plane

_ALMOST_CUBIC = 1.25
_SLICES_OF_A_VOLUME = 16
_CLEARLY_NEAREST = 1.15
_PLANE_OF_NORMAL = (Plane.SAGITTAL, Plane.CORONAL, Plane.AXIAL)


def plane_of(grid: Grid, *, slice_axis: int | None = None) -> Plane:
    """Plane in which the slices lie.

    Isotropic where the largest spacing is at most 1.25 times the smallest and every axis holds 16 voxels or more.
    Otherwise the anatomical plane whose normal is nearest the slices' normal; oblique where two are about as near
    (within 15 %, that is beyond about 41 degrees).

    Parameters
    ----------
    grid
        The volume's grid.
    slice_axis
        Storage axis along which slices follow each other; ``None``: a lone axis of length 1, else that of the
        largest spacing.
    """
    spacing = grid.spacing_mm
    if spacing.max() <= _ALMOST_CUBIC * spacing.min() and min(grid.shape) >= _SLICES_OF_A_VOLUME:
        return Plane.ISOTROPIC
    axis = _slice_axis(grid) if slice_axis is None else slice_axis
    first, second = (grid.axes[:, other] for other in range(3) if other != axis)
    nearness = np.abs(np.cross(first, second))
    order = np.argsort(nearness)
    if nearness[order[2]] < _CLEARLY_NEAREST * nearness[order[1]]:
        return Plane.OBLIQUE
    return _PLANE_OF_NORMAL[int(order[2])]


def _slice_axis(grid: Grid) -> int:
    lone = [axis for axis, size in enumerate(grid.shape) if size == 1]
    return lone[0] if len(lone) == 1 else int(np.argmax(grid.spacing_mm))
