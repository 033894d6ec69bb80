"""Lay one sagittal image over another by the discs and vertebrae drawn in both."""

from __future__ import annotations

import numpy as np

from lumbomics.core.anatomy import CANAL, CORD, SACRUM
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels
from lumbomics.core.measurement import Reason
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError

_LEAST_STRUCTURES = 4
_LARGEST_RESIDUAL_MM = 4.0
_SCALES = 0.7, 1.45


def aligned_by_levels(moving: Labels, fixed: Labels) -> Grid:
    """Grid of ``moving`` laid over ``fixed`` so that the structures of the same number coincide.

    Shift, turn and scale within the sagittal plane come from the centres of all discs and vertebrae (least squares,
    Umeyama 1991); the middle slices are laid over each other. Scale is free because files exist that state the voxel
    size of another series. Meant for single slices of one patient whose stated places cannot be trusted; volumes
    are registered by their signal.

    Raises
    ------
    NotMeasurableError
        If fewer than four structures are shared, or their centres stay more than 4 mm apart (root mean square).
    """
    shared = [v for v in moving.present if v in fixed.boxes and v not in (CANAL, CORD, SACRUM)]
    if len(shared) < _LEAST_STRUCTURES:
        raise NotMeasurableError(
            Reason.STRUCTURE_NOT_LABELLED, f"only {len(shared)} structures are drawn in both series"
        )
    start = np.array([_centre(moving, value) for value in shared])[:, 1:]
    target = np.array([_centre(fixed, value) for value in shared])[:, 1:]
    turn, shift = _similarity(start, target)
    residual = float(np.sqrt(((start @ turn.T + shift - target) ** 2).sum(axis=1).mean()))
    scale = float(np.sqrt(np.linalg.det(turn)))
    if residual > _LARGEST_RESIDUAL_MM or not _SCALES[0] <= scale <= _SCALES[1]:
        detail = f"the levels of both series stay {residual:.1f} mm apart at scale {scale:.2f}"
        raise NotMeasurableError(Reason.GEOMETRY_FAILED, detail)
    return _moved(moving.grid, turn, shift, fixed.grid)


def _centre(labels: Labels, value: int) -> FloatArray:
    """Median point of a structure: posterior elements, which lie apart, weigh little."""
    return np.asarray(np.median(labels.points_mm(value), axis=0), dtype=np.float64)


def _similarity(start: FloatArray, target: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Scaled rotation (2 x 2) and shift (2,) that bring ``start`` to ``target`` in the least squares."""
    middle, goal = start.mean(axis=0), target.mean(axis=0)
    a, b = start - middle, target - goal
    spread = float((a**2).sum())
    along = float((a * b).sum()) / spread
    across = float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / spread
    turn = np.array([[along, -across], [across, along]])
    return turn, goal - turn @ middle


def _moved(grid: Grid, turn: FloatArray, shift: FloatArray, onto: Grid) -> Grid:
    change = np.eye(4)
    change[1:3, 1:3], change[1:3, 3] = turn, shift
    change[0, 3] = onto.centre_mm[0] - grid.centre_mm[0]
    return Grid(grid.shape, change @ grid.affine, onto.frame)
