"""Two masks of one structure against each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.errors import GridError
from lumbomics.core.grid import Grid
from lumbomics.evaluate.scores import Metric, Missing, Structure, StructureScores, Values
from lumbomics.evaluate.surface import surface_distances

Mask = NDArray[np.bool_]

OVERLAP_METRICS: tuple[Metric, ...] = (
    Metric.DICE,
    Metric.SURFACE_DICE_1MM,
    Metric.SURFACE_DICE_2MM,
    Metric.HAUSDORFF_95_MM,
    Metric.MEAN_SURFACE_DISTANCE_MM,
    Metric.VOLUME_ERROR_ML,
    Metric.VOLUME_ERROR_PERCENT,
)
"""What two masks are compared by."""


def compare_masks(prediction: Mask, reference: Mask, grid: Grid) -> Values:
    """Overlap, surface distance and volume error of two masks.

    Where both are empty, nothing exists. Where one is empty, Dice and surface Dice are 0 and distances do not exist;
    the volume error in per cent does not exist where the reference is empty.

    Parameters
    ----------
    prediction, reference
        (i, j, k) bool on ``grid``.

    Raises
    ------
    GridError
        If a mask has not the grid's shape.
    """
    for name, mask in (("prediction", prediction), ("reference", reference)):
        if mask.shape != grid.shape:
            raise GridError(f"{name} and grid differ in shape", expected=str(grid.shape), got=str(mask.shape))
    found = int(np.count_nonzero(prediction)), int(np.count_nonzero(reference))
    if not any(found):
        return dict.fromkeys(OVERLAP_METRICS, Missing.BOTH_EMPTY)
    volumes = _volume_errors(*found, voxel_ml=grid.voxel_volume_mm3 / 1000)
    if not all(found):
        return _one_empty(Missing.REFERENCE_EMPTY if found[0] else Missing.PREDICTION_EMPTY) | volumes
    distances = surface_distances(prediction, reference, grid)
    return {
        Metric.DICE: 2 * int(np.count_nonzero(prediction & reference)) / sum(found),
        Metric.SURFACE_DICE_1MM: distances.dice(1.0),
        Metric.SURFACE_DICE_2MM: distances.dice(2.0),
        Metric.HAUSDORFF_95_MM: distances.hausdorff_mm(0.95),
        Metric.MEAN_SURFACE_DISTANCE_MM: distances.mean_mm,
    } | volumes


def score_masks(
    prediction: Mask, reference: Mask, grid: Grid, *, structure: Structure, level: str | None = None
) -> StructureScores:
    """Compare two masks as ``compare_masks`` does and say which structure they are."""
    voxel_ml = grid.voxel_volume_mm3 / 1000
    return StructureScores(
        structure=structure,
        level=level,
        prediction_ml=float(np.count_nonzero(prediction) * voxel_ml),
        reference_ml=float(np.count_nonzero(reference) * voxel_ml),
        values=compare_masks(prediction, reference, grid),
    )


def _one_empty(reason: Missing) -> dict[Metric, float | Missing]:
    zeros = dict.fromkeys((Metric.DICE, Metric.SURFACE_DICE_1MM, Metric.SURFACE_DICE_2MM), 0.0)
    return {**zeros, Metric.HAUSDORFF_95_MM: reason, Metric.MEAN_SURFACE_DISTANCE_MM: reason}


def _volume_errors(prediction: int, reference: int, *, voxel_ml: float) -> dict[Metric, float | Missing]:
    share = 100 * (prediction - reference) / reference if reference else Missing.REFERENCE_EMPTY
    return {Metric.VOLUME_ERROR_ML: (prediction - reference) * voxel_ml, Metric.VOLUME_ERROR_PERCENT: share}
