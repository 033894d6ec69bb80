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
    index = np.argwhere(doubtful)
    owner = _nearest_label(spine, index)
    missing = 1 - semantic.probability[tuple(index.T)].astype(np.float64)
    missed = np.bincount(owner, weights=missing, minlength=size)
    return {v: float(hits[v] / (hits[v] + missed[v])) if hits[v] > 0 else 0.0 for v in spine.present}


def _nearest_label(spine: Labels, index: NDArray[np.intp]) -> NDArray[np.intp]:
    """Value of the closest labelled voxel within reach along an axis, 0 where there is none."""
    owner = np.zeros(len(index), dtype=np.intp)
    for axis, step in _steps(spine.grid.spacing_mm):
        at = index.copy()
        at[:, axis] += step
        open_ = (owner == 0) & (at[:, axis] >= 0) & (at[:, axis] < spine.grid.shape[axis])
        owner[open_] = spine.array[tuple(at[open_].T)]
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
