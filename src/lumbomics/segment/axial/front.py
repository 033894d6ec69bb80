"""The smooth hind edge of disc or body, by the carried labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lumbomics.segment.axial.patch import Patch

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]

_DISC_SIDE_MM, _BODY_SIDE_MM = 22.0, 10.0
_DEEPEST_MM, _FRONT_MM = -8.0, 26.0
_OUTLIER_MM = 0.8
_ROUNDS = 12
_LEAST_COLUMNS = 6


def hind_edge(patch: Patch) -> FloatArray | None:
    """Front coordinate y (rows, columns) of the smooth hind edge of disc or body; ``None`` where too little is seen.

    The edge is a parabola fitted to the hindmost labelled pixels so that what stands out behind does not pull it.
    """
    ahead = (patch.y > _DEEPEST_MM) & (patch.y < _FRONT_MM)
    disc, body = (patch.disc > 0.5) & ahead, (patch.bone > 0.5) & ahead
    at_disc = disc.sum() > body[np.abs(patch.x) < _BODY_SIDE_MM].sum()
    edge = _hind_edge(patch, disc, _DISC_SIDE_MM) if at_disc else _hind_edge(patch, body, _BODY_SIDE_MM)
    if edge is None:
        return None
    return np.asarray(np.polyval(_fit(*edge), np.clip(patch.x, edge[0].min(), edge[0].max())))


def _hind_edge(patch: Patch, mask: Mask, side_mm: float) -> tuple[FloatArray, FloatArray] | None:
    """Columns 1 mm apart and the hindmost pixel of a mask in each; ``None`` where too few hold any."""
    columns = np.arange(-side_mm, side_mm + 0.1, 1.0)
    nearest = np.rint(patch.x - columns[0]).astype(int)
    inside = mask & (nearest >= 0) & (nearest < len(columns))
    edge = np.full(len(columns), np.inf)
    np.minimum.at(edge, nearest[inside], patch.y[inside])
    known = np.isfinite(edge)
    if known.sum() < _LEAST_COLUMNS:
        return None
    return columns[known], edge[known]


def _fit(x: FloatArray, y: FloatArray) -> FloatArray:
    """Parabola through the front part of the points: weights fall for those behind it."""
    weight = np.ones(len(x))
    coefficients = np.zeros(3)
    for _ in range(_ROUNDS):
        coefficients = np.polyfit(x, y, 2, w=weight)
        residual = y - np.polyval(coefficients, x)
        weight = 1 / np.maximum(np.where(residual < 0, 3 * np.abs(residual), np.abs(residual)) / _OUTLIER_MM, 1.0)
    return np.asarray(coefficients)
