"""How much of each structure the network expects to lie outside what was drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.labels import Labels
from lumbomics.core.prediction import SemanticMap, Tissue

REACH_MM = 2.0
"""How far outside a structure its missed voxels are looked for (engineering default)."""
_DOUBTFUL = 0.02
"""Voxels whose background is surer than this add nothing."""


def drawn_share(spine: Labels, semantic: SemanticMap) -> dict[int, float]:
    """Estimate the share of each structure that its label covers.

    With calibrated probabilities a structure's expected hits are the sum of p over its voxels, and what it misses is
    the sum of 1 - p over the background voxels around it; the share is hits / (hits + missed). Doubtful voxels go to
    the nearest structure along a storage axis within ``REACH_MM``; voxels further away are missed by no structure here.

    Parameters
    ----------
    spine
        Spine map made from ``semantic``, same grid.
    semantic
        Classes and their probabilities.

    Returns
    -------
    Value in the spine map -> share in [0, 1], for every value present.
    """
    size = max(spine.present, default=0) + 1
    hits = np.bincount(spine.array.ravel(), weights=semantic.probability.ravel().astype(np.float32), minlength=size)
    doubtful = (semantic.labels == Tissue.BACKGROUND) & (spine.array == 0)
    doubtful &= semantic.probability < 1 - _DOUBTFUL
    where = np.flatnonzero(doubtful)
    missing = 1 - semantic.probability.ravel()[where].astype(np.float32)
    missed = np.bincount(_nearest_label(spine, where), weights=missing, minlength=size)
    return {v: float(hits[v] / (hits[v] + missed[v])) if hits[v] > 0 else 0.0 for v in spine.present}


def _nearest_label(spine: Labels, where: NDArray[np.intp]) -> NDArray[np.intp]:
    """Value of the closest labelled voxel within reach along an axis of each flat index, 0 where there is none."""
    shape, values = spine.grid.shape, spine.array.ravel()
    place, strides = np.unravel_index(where, shape), (shape[1] * shape[2], shape[2], 1)
    owner = np.zeros(len(where), dtype=np.intp)
    for axis, step in _steps(spine.grid.spacing_mm):
        reached = place[axis] + step
        open_ = np.flatnonzero((owner == 0) & (reached >= 0) & (reached < shape[axis]))
        owner[open_] = values[where[open_] + step * strides[axis]]
    return owner


def _steps(spacing_mm: NDArray[np.float64]) -> list[tuple[int, int]]:
    """List the steps along single axes within reach, the shortest first."""
    found = [
        (count * float(mm), axis, sign * count)
        for axis, mm in enumerate(spacing_mm)
        for count in range(1, int(REACH_MM / mm) + 1)
        for sign in (-1, 1)
    ]
    return [(axis, step) for _, axis, step in sorted(found)]
