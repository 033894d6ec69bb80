"""Every biomarker against every score by partial regression, without one fit a pair.

Frisch-Waugh: the slope of x in y ~ x + C is that of the residuals of y on C against the residuals of x on C. One QR
of the covariates serves all pairs. Where values are missing each pair has its own rows; what the missing rows took
away from the orthonormal basis Q is a p x p matrix a pair, G = Q'WQ, gathered for all pairs by matrix products.

Frisch R, Waugh FV. Partial time regressions as compared with individual trends. Econometrica 1933;1:387-401.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lumbomics.analyse.association.choices import Obstacle

Array = NDArray[np.float64]

_CHUNK_VALUES = 4_000_000
_ROUNDING = 1e-13
_SINGULAR = 1e-10
_NOTHING_LEFT = 1e-10
_NO_SPREAD = 1e-12
_ALMOST_EXACT = 1e-6
_EXACT = 1e-13


@dataclass(frozen=True, kw_only=True, eq=False)
class Slopes:
    """Results of all pairs, each (biomarkers, scores); NaN where ``obstacle`` names why.

    Parameters
    ----------
    n, df
        Rows used, and n - p - 1.
    beta, se
        Slope and standard error in score units per biomarker unit.
    partial_r
        Partial correlation.
    sd_biomarker, sd_score
        Standard deviations in the rows used.
    obstacle
        ``Obstacle`` or ``None``.
    """

    n: Array
    df: Array
    beta: Array
    se: Array
    partial_r: Array
    sd_biomarker: Array
    sd_score: Array
    obstacle: NDArray[np.object_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """Columns centred, scaled and freed from what the covariates explain; 0 where missing.

    ``values`` (n, k) residuals, ``raw`` (n, k) before the covariates were taken out, ``seen`` (n, k) 1 where a value
    is, ``scale`` (k,) the unit of both.
    """

    values: Array
    raw: Array
    seen: Array
    scale: Array

    def part(self, columns: slice | NDArray[np.intp]) -> Prepared:
        """Return the same for some columns; itself, uncopied, where these are all."""
        if not isinstance(columns, slice) and len(columns) == self.values.shape[1]:
            return self
        return Prepared(
            values=self.values[:, columns],
            raw=self.raw[:, columns],
            seen=self.seen[:, columns],
            scale=self.scale[columns],
        )


def orthonormal(covariates: Array) -> Array:
    """Orthonormal basis, (n, p), of covariates (n, p) of full rank."""
    return np.asarray(np.linalg.qr(covariates / np.linalg.norm(covariates, axis=0))[0])


def prepare(columns: Array, basis: Array) -> Prepared:
    """Centre and scale columns (n, k), and take out the part in the span of ``basis`` (n, p)."""
    seen = np.isfinite(columns)
    count, gaps = np.maximum(seen.sum(axis=0), 1), not seen.all()
    centre = np.where(seen, columns, 0).sum(axis=0) / count if gaps else columns.mean(axis=0)
    raw = columns - centre
    if gaps:
        raw[~seen] = 0
    spread = np.sqrt(np.einsum("ij,ij->j", raw, raw) / np.maximum(count - 1, 1))
    # What rounding alone leaves of a constant column is no spread.
    scale = np.where(spread > _ROUNDING * np.abs(centre), spread, 0)
    raw *= np.where(scale > 0, 1 / np.where(scale > 0, scale, 1), 0)
    values = raw.copy()
    for _ in range(2):  # once more: the second pass removes what rounding left of the first
        values -= basis @ (basis.T @ values)
        if gaps:
            values[~seen] = 0
    return Prepared(values=values, raw=raw, seen=seen.astype(np.float64), scale=scale)


def chunks(x: Prepared) -> Iterator[slice]:
    """Column ranges small enough for the working arrays."""
    step = max(1, _CHUNK_VALUES // max(1, x.values.shape[0]))
    return (slice(i, i + step) for i in range(0, x.values.shape[1], step))


def inverses(gram: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Inverse of each matrix of (k, p, p), and which are singular (there the inverse is only finite)."""
    values, vectors = np.linalg.eigh(gram)
    kept = np.maximum(values, _SINGULAR)
    return np.asarray((vectors / kept[:, None, :]) @ vectors.transpose(0, 2, 1)), np.asarray(values[:, 0] < _SINGULAR)


def row_squares(basis: Array) -> Array:
    """Outer product of each row of (n, p) with itself, (n, p * p)."""
    return (basis[:, :, None] * basis[:, None, :]).reshape(len(basis), -1)


def slopes(x: Array, y: Array, covariates: Array) -> Slopes:
    """Regress each column of y (n, s) on each column of x (n, b) and the covariates (n, p, the constant among them).

    Rows with a gap in x or y are left out of that pair. Equal to ordinary least squares on these rows.
    """
    basis = orthonormal(covariates)
    left, right = prepare(x, basis), prepare(y, basis)
    sums = np.concatenate([_sums(left.part(c), right, basis) for c in chunks(left)], axis=1)
    return _finish(sums, left, right, covariates, x, y)


def _sums(x: Prepared, y: Prepared, basis: Array) -> Array:
    """n, sxx, syy, sxy, varx, vary, singular: (7, b, s)."""
    out = np.empty((7, x.values.shape[1], y.values.shape[1]))
    whole_x, whole_y = np.flatnonzero(x.seen.all(axis=0)), np.flatnonzero(y.seen.all(axis=0))
    holed_x, holed_y = np.flatnonzero(~x.seen.all(axis=0)), np.flatnonzero(~y.seen.all(axis=0))
    every_y = np.arange(y.values.shape[1])
    for columns, scores in ((whole_x, whole_y), (holed_x, every_y), (whole_x, holed_y)):
        if len(columns) and len(scores):
            kernel = _sums_of_whole_columns if columns is whole_x and scores is whole_y else _sums_with_gaps
            out[:, columns[:, None], scores[None, :]] = kernel(x.part(columns), y.part(scores), basis)
    return out


def _sums_of_whole_columns(x: Prepared, y: Prepared, basis: Array) -> Array:
    out = np.ones((7, x.values.shape[1], y.values.shape[1]))
    out[0] = len(basis)
    out[1] = np.einsum("ij,ij->j", x.values, x.values)[:, None]
    out[2] = np.einsum("ij,ij->j", y.values, y.values)[None, :]
    out[3] = x.values.T @ y.values
    out[6] = 0
    return out


def _sums_with_gaps(x: Prepared, y: Prepared, basis: Array) -> Array:
    p, shape = basis.shape[1], (x.values.shape[1], y.values.shape[1])
    gram = _weighted(x.seen, y.seen, row_squares(basis)).reshape(-1, p, p)
    inverse, singular = inverses(gram)
    along_x = _weighted(x.values, y.seen, basis).reshape(-1, p)
    along_y = _weighted(x.seen, y.values, basis).reshape(-1, p)
    ready_x, ready_y = (np.matmul(inverse, along[..., None])[..., 0] for along in (along_x, along_y))
    n = x.seen.T @ y.seen
    sxx = (x.values**2).T @ y.seen - (along_x * ready_x).sum(axis=1).reshape(shape)
    syy = x.seen.T @ y.values**2 - (along_y * ready_y).sum(axis=1).reshape(shape)
    sxy = x.values.T @ y.values - (along_y * ready_x).sum(axis=1).reshape(shape)
    spread_x = _variance(x.raw.T @ y.seen, (x.raw**2).T @ y.seen, n)
    spread_y = _variance(x.seen.T @ y.raw, x.seen.T @ y.raw**2, n)
    return np.stack([n, sxx, syy, sxy, spread_x, spread_y, singular.reshape(shape).astype(np.float64)])


def _weighted(left: Array, right: Array, middle: Array) -> Array:
    """Sum over rows of left (n, b) x right (n, s) x middle (n, q), as (b, s * q), by one matrix product."""
    return np.asarray(left.T @ (right[:, :, None] * middle[:, None, :]).reshape(len(middle), -1))


def _variance(total: Array, squares: Array, n: Array) -> Array:
    return np.maximum(squares - total**2 / np.maximum(n, 1), 0) / np.maximum(n - 1, 1)


def _finish(sums: Array, left: Prepared, right: Prepared, covariates: Array, x: Array, y: Array) -> Slopes:
    n, sxx, syy, sxy, var_x, var_y, singular = sums
    df = n - covariates.shape[1] - 1
    obstacle = _obstacles(n, df, sxx, syy, var_x, var_y, singular, left, right)
    bad = obstacle != None  # noqa: E711 - element by element
    with np.errstate(divide="ignore", invalid="ignore"):
        r = np.where(bad, np.nan, sxy / np.sqrt(sxx * syy))
        unexplained = 1 - r**2
        unit = right.scale[None, :] / left.scale[:, None]
        beta = np.where(bad, np.nan, sxy / sxx * unit)
        for i, j in np.argwhere(unexplained < _ALMOST_EXACT):
            # The difference of nearly equal sums has lost its digits: fit this pair itself.
            unexplained[i, j] = _unexplained(x[:, i], y[:, j], covariates)
        exact = unexplained < _EXACT
        obstacle[exact] = Obstacle.EXACT_FIT
        se = np.sqrt(np.where(exact, np.nan, unexplained) * syy / df / sxx) * unit
    beta, r = np.where(exact, np.nan, beta), np.where(exact, np.nan, r)
    spread = {"sd_biomarker": np.sqrt(var_x) * left.scale[:, None], "sd_score": np.sqrt(var_y) * right.scale[None, :]}
    return Slopes(n=n, df=df, beta=beta, se=se, partial_r=r, obstacle=obstacle, **spread)


def _unexplained(x: Array, y: Array, covariates: Array) -> float:
    """Share of what the covariates leave of y that x leaves too, from residuals and not from differences."""
    rows = np.isfinite(x) & np.isfinite(y)
    basis = orthonormal(covariates[rows])
    both = prepare(np.column_stack([x, y])[rows], basis).values
    own, other = both[:, 0] / np.linalg.norm(both[:, 0]), both[:, 1]
    rest = other - own * (own @ other)
    return float((rest @ rest) / (other @ other))


def _obstacles(
    n: Array,
    df: Array,
    sxx: Array,
    syy: Array,
    var_x: Array,
    var_y: Array,
    singular: Array,
    left: Prepared,
    right: Prepared,
) -> NDArray[np.object_]:
    """Name the first obstacle of each pair; later lines win."""
    out = np.full(n.shape, None, dtype=object)
    out[syy <= _NOTHING_LEFT * np.maximum(n - 1, 1) * var_y] = Obstacle.EXACT_FIT
    out[sxx <= _NOTHING_LEFT * np.maximum(n - 1, 1) * var_x] = Obstacle.EXPLAINED
    out[singular > 0] = Obstacle.COVARIATES_COLLINEAR
    out[(var_y < _NO_SPREAD) | (right.scale == 0)[None, :]] = Obstacle.SCORE_CONSTANT
    out[(var_x < _NO_SPREAD) | (left.scale == 0)[:, None]] = Obstacle.CONSTANT
    out[df < 1] = Obstacle.TOO_FEW_ROWS
    out[:, ~right.seen.any(axis=0)] = Obstacle.SCORE_ALL_MISSING
    out[~left.seen.any(axis=0), :] = Obstacle.ALL_MISSING
    return out
