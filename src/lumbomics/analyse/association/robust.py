"""Standard errors of all pairs that hold where the scatter is not the same everywhere (HC3).

var(b) = sum r_i^2 e_i^2 / (1 - h_i)^2 / (sum r_i^2)^2, with r the residual of the biomarker on the covariates, e the
residual of the full model and h its leverages.

MacKinnon JG, White H. Some heteroskedasticity-consistent covariance matrix estimators with improved finite sample
properties. J Econometrics 1985;29:305-325.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lumbomics.analyse.association.choices import Obstacle
from lumbomics.analyse.association.partial import (
    Array,
    Prepared,
    Slopes,
    chunks,
    inverses,
    orthonormal,
    prepare,
    row_squares,
    slopes,
)

_WHOLE_LEVERAGE = 1e-10


def linear(x: Array, y: Array, covariates: Array, *, robust: bool) -> Slopes:
    """``slopes``, with HC3 standard errors where ``robust``."""
    found = slopes(x, y, covariates)
    if not robust:
        return found
    se = np.where(np.isnan(found.se), np.nan, hc3_errors(x, y, covariates))
    obstacle = found.obstacle.copy()
    obstacle[np.isnan(se) & ~np.isnan(found.se)] = Obstacle.LEVERAGE
    return replace(found, se=se, obstacle=obstacle)


def hc3_errors(x: Array, y: Array, covariates: Array) -> Array:
    """HC3 standard errors, (b, s), of the slopes of y (n, s) on x (n, b) given covariates (n, p).

    NaN where one row has all the leverage; meaningless where ``slopes`` names an obstacle.
    """
    basis = orthonormal(covariates)
    left, right = prepare(x, basis), prepare(y, basis)
    squares = row_squares(basis)
    out = np.empty((x.shape[1], y.shape[1]))
    with np.errstate(divide="ignore", invalid="ignore"):
        for part in chunks(left):
            for j in range(y.shape[1]):
                out[part, j] = _errors(left.part(part), right.values[:, j], right.seen[:, j], basis, squares)
        return np.asarray(out * right.scale[None, :] / left.scale[:, None])


def _errors(x: Prepared, y: Array, y_seen: Array, basis: Array, squares: Array) -> Array:
    weights = x.seen * y_seen[:, None]
    inverse, _ = inverses((weights.T @ squares).reshape(-1, basis.shape[1], basis.shape[1]))
    values_x, values_y = x.values * weights, y[:, None] * weights
    own = values_x - weights * (basis @ np.einsum("kij,kj->ik", inverse, values_x.T @ basis))
    score = values_y - weights * (basis @ np.einsum("kij,kj->ik", inverse, values_y.T @ basis))
    length = (own**2).sum(axis=0)
    left = score - own * ((own * score).sum(axis=0) / length)
    rest = 1 - weights * (squares @ inverse.reshape(len(inverse), -1).T) - own**2 / length
    alone = (rest < _WHOLE_LEVERAGE).any(axis=0)
    meat = (own**2 * left**2 / np.maximum(rest, _WHOLE_LEVERAGE) ** 2).sum(axis=0)
    return np.where(alone, np.nan, np.sqrt(meat) / length)
