"""A smooth random field on a grid: the boundary error of an imagined segmentation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.grid import Grid


def smooth_field(grid: Grid, *, sd: float, correlation_mm: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw a Gaussian random field on the voxels of ``grid``.

    White noise on a lattice along the grid's axes is smoothed by a product of Gaussians whose rows are scaled to unit
    power,
    so that every voxel has variance ``sd``² exactly and the correlation at distance d is exp(-d² / (2 correlation²)).
    """
    weights = [
        _weights(n, float(spacing), correlation_mm) for n, spacing in zip(grid.shape, grid.spacing_mm, strict=True)
    ]
    field = rng.standard_normal([w.shape[1] for w in weights], dtype=np.float32)
    for axis, weight in enumerate(weights):
        field = np.moveaxis(np.tensordot(weight, field, axes=(1, axis)), 0, axis)
    return np.asarray(field * np.float32(sd))


def _weights(voxels: int, spacing_mm: float, correlation_mm: float) -> NDArray[np.float32]:
    step = correlation_mm * 0.7
    nodes = np.arange(-3 * correlation_mm, voxels * spacing_mm + 3 * correlation_mm, step)
    distance = np.arange(voxels)[:, None] * spacing_mm - nodes[None, :]
    weight = np.exp(-((distance / correlation_mm) ** 2))
    return np.asarray(weight / np.sqrt((weight**2).sum(axis=1, keepdims=True)), dtype=np.float32)
