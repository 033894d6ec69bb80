"""A predicted label map on the grid of its reference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.errors import GridMismatchError
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels
from lumbomics.core.sampling import sample_nearest

_SAME_MM = 0.1
_SLAB_VOXELS = 1 << 20


def onto_grid(labels: Labels, grid: Grid, *, resample: bool = False, where: str | None = None) -> Labels:
    """Bring a label map onto another grid, without interpolation unless that is asked for.

    A map whose voxels are those of ``grid`` in another storage order, a part of them, or all of them and more, is
    rearranged; voxels that it does not cover are background. Any other map needs ``resample``: each voxel of ``grid``
    then takes the label of the nearest voxel, which moves boundaries by up to half a voxel of either grid.

    Raises
    ------
    GridMismatchError
        If the grids differ and ``resample`` is not set, or if nothing of the labels lies on ``grid``.
    FrameMismatchError
        If the frames of reference are known and differ.
    """
    grid.require_same_frame(labels.grid, where=where)
    if grid.same_place(labels.grid, tolerance_mm=_SAME_MM):
        return replace(labels, grid=grid)
    if not (resample or grid.shares_lattice(labels.grid) or labels.grid.shares_lattice(grid)):
        raise GridMismatchError(
            "prediction and reference do not share a grid",
            expected=grid.describe(),
            got=labels.grid.describe(),
            where=where,
            hint="evaluate on the image's own grid, or accept nearest-neighbour resampling (--resample)",
        )
    moved = replace(labels, array=_sampled(labels, grid), grid=grid)
    if labels.present and not moved.present:
        raise GridMismatchError(
            "nothing of the prediction lies on the reference's grid",
            expected=grid.describe(),
            got=labels.grid.describe(),
            where=where,
            hint="check that both belong to the same image",
        )
    return moved


def _sampled(labels: Labels, grid: Grid) -> NDArray[Any]:
    """Nearest labels, slab by slab: the points of a whole grid would fill the memory."""
    array = np.empty(grid.shape, dtype=labels.array.dtype)
    _, second, third = grid.shape
    step = max(1, _SLAB_VOXELS // (second * third))
    for first in range(0, grid.shape[0], step):
        part = array[first : first + step]
        index = np.moveaxis(np.indices(part.shape), 0, -1) + np.array([first, 0, 0])
        part[...] = sample_nearest(labels.array, labels.grid, grid.to_world(index))
    return array
