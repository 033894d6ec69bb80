"""Gaps filled many times, each data set analysed, the results joined by Rubin's rules.

Each biomarker is imputed together with all scores, covariates and auxiliary columns by chained normal regressions: of
every column with gaps on all others, the coefficients and the scatter drawn from their posterior before each draw of
values. Right when values are missing at random given these columns, and roughly normal.

Rubin DB. Multiple imputation for nonresponse in surveys. Wiley 1987. van Buuren S. Flexible imputation of missing data.
CRC 2018. Barnard J, Rubin DB. Biometrika 1999;86:948-955 (degrees of freedom).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lumbomics.analyse.association.choices import Model, Obstacle, Plan
from lumbomics.analyse.association.inputs import Inputs
from lumbomics.analyse.association.partial import Array, Slopes
from lumbomics.analyse.association.robust import linear

SWEEPS = 10
_RIDGE = 1e-8


@dataclass(frozen=True, kw_only=True, eq=False)
class Pooled:
    """Results of m data sets joined; arrays of the shape of one result."""

    estimate: Array
    se: Array
    df: Array


def pool(estimates: Array, errors: Array, complete_df: Array | float) -> Pooled:
    """Join m estimates and standard errors, (m, ...) each, by Rubin's rules.

    T = W + (1 + 1/m) B with W the mean squared error and B the variance between the data sets; degrees of freedom
    by Barnard and Rubin.
    """
    m = len(estimates)
    within, between = (errors**2).mean(axis=0), estimates.var(axis=0, ddof=1)
    total = within + (1 + 1 / m) * between
    complete = np.asarray(complete_df, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (1 + 1 / m) * between / total
        old = (m - 1) / share**2
        observed = (1 - 2 / (complete + 3)) * complete * (1 - share)
        df = np.where(between > 0, 1 / (1 / old + 1 / observed), complete)
    return Pooled(estimate=estimates.mean(axis=0), se=np.sqrt(total), df=df)


def impute(block: Array, rng: np.random.Generator, *, sweeps: int = SWEEPS) -> Array:
    """Fill the gaps of ``block`` (n, k) once; a column needs more values than there are columns.

    Parameters
    ----------
    block
        NaN where missing; no column constant or empty.
    sweeps
        Rounds over the columns with gaps.
    """
    gaps = np.isnan(block)
    centre, scale = np.nanmean(block, axis=0), np.nanstd(block, axis=0)
    filled = (block - centre) / scale
    holed = np.flatnonzero(gaps.any(axis=0))
    for j in holed:
        filled[gaps[:, j], j] = rng.choice(filled[~gaps[:, j], j], gaps[:, j].sum())
    design = np.column_stack([np.ones(len(block)), filled])
    for _ in range(sweeps if len(holed) > 1 else 1):
        for j in holed:
            design[gaps[:, j], j + 1] = _draw(np.delete(design, j + 1, axis=1), design[:, j + 1], gaps[:, j], rng)
    return np.asarray(np.where(gaps, design[:, 1:] * scale + centre, block))


def _draw(others: Array, column: Array, gap: NDArray[np.bool_], rng: np.random.Generator) -> Array:
    """Draw the missing values of a column from the posterior predictive of its regression on the others."""
    known, count = others[~gap], int((~gap).sum())
    root = np.linalg.cholesky(known.T @ known + _RIDGE * count * np.eye(known.shape[1]))
    mean = np.linalg.solve(root.T, np.linalg.solve(root, known.T @ column[~gap]))
    rest = column[~gap] - known @ mean
    sigma = np.sqrt(rest @ rest / rng.chisquare(count - known.shape[1]))
    drawn = mean + sigma * np.linalg.solve(root.T, rng.standard_normal(len(mean)))
    return np.asarray(others[gap] @ drawn + sigma * rng.standard_normal(int(gap.sum())))


def imputed_slopes(inputs: Inputs, plan: Plan) -> Slopes:
    """Slopes of all pairs on imputed rows; obstacles are those of the observed values."""
    parts = [_one_biomarker(inputs, plan, i) for i in range(len(inputs.biomarkers))]
    names = ("n", "df", "beta", "se", "partial_r", "sd_biomarker", "sd_score", "obstacle")
    return Slopes(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _one_biomarker(inputs: Inputs, plan: Plan, number: int) -> Slopes:
    robust = plan.model is Model.OLS_HC3
    covariates, x = inputs.design.matrix, inputs.x[:, [number]]
    rows = inputs.design.complete
    seen = linear(x[rows], inputs.y[rows], covariates[rows], robust=robust)
    scores = np.flatnonzero(seen.obstacle[0] == None)  # noqa: E711 - element by element
    if len(scores) == 0:
        return seen
    block = np.column_stack([covariates[:, 1:], x, inputs.y[:, scores], _varied(inputs.extra)])
    obstacle = seen.obstacle.copy()
    if np.isfinite(block).sum(axis=0).min() < block.shape[1] + 2:
        obstacle[0, scores] = Obstacle.TOO_FEW_ROWS
        return _place(seen, None, scores, obstacle, len(block))
    p = covariates.shape[1]
    fits = []
    for k in range(plan.imputations):
        full = impute(block, np.random.default_rng([plan.seed, number, k]))
        terms = np.column_stack([np.ones(len(full)), full[:, : p - 1]])
        fits.append(linear(full[:, [p - 1]], full[:, p : p + len(scores)], terms, robust=robust))
    return _place(seen, fits, scores, obstacle, len(block))


def _varied(extra: Array) -> Array:
    """Auxiliary columns that have two values or more."""
    keep = [len(np.unique(column[np.isfinite(column)])) > 1 for column in extra.T]
    return extra[:, np.array(keep, dtype=bool)]


def _place(
    seen: Slopes, fits: list[Slopes] | None, scores: NDArray[np.intp], obstacle: NDArray[np.object_], rows: int
) -> Slopes:
    """Results in the shape of ``seen``, pooled where there are fits."""
    values = {name: np.full(seen.beta.shape, np.nan) for name in ("beta", "se", "partial_r", "df")}
    spread = {"sd_biomarker": seen.sd_biomarker.copy(), "sd_score": seen.sd_score.copy()}
    n = seen.n.copy()
    if fits is not None:
        pooled = pool(np.stack([f.beta for f in fits]), np.stack([f.se for f in fits]), fits[0].df)
        r = np.tanh(np.arctanh(np.stack([f.partial_r for f in fits])).mean(axis=0))
        found = {"beta": pooled.estimate, "se": pooled.se, "df": pooled.df, "partial_r": r}
        for name, array in found.items():
            values[name][:, scores] = array
        for name, array in spread.items():
            array[:, scores] = np.mean([getattr(f, name) for f in fits], axis=0)
        n[:, scores] = rows
    return Slopes(n=n, obstacle=obstacle, **values, **spread)
