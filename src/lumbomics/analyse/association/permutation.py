"""How often chance alone gives a slope as steep: permutation of residuals.

The residuals of the score on the covariates are shuffled, freed again from the covariates and compared with the
biomarker (Freedman-Lane). The largest |t| of each shuffle over all pairs gives the familywise p. All pairs see the
same shuffle of the patients, so that their dependence stays.

Freedman D, Lane D. A nonstochastic interpretation of reported significance levels. J Bus Econ Stat 1983;1:292-298.
Westfall PH, Young SS. Resampling-based multiple testing. Wiley 1993. Winkler AM et al. NeuroImage 2014;92:381-397.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from lumbomics.analyse.association.partial import Array, orthonormal

_BATCH_VALUES = 2_000_000


def permutation_p(
    x: Array, y: Array, covariates: Array, made: NDArray[np.bool_], *, permutations: int, seed: int
) -> tuple[Array, Array]:
    """Pointwise and familywise two-sided p of each pair, (b, s) each; NaN where ``made`` (b, s) is False.

    p = (1 + shuffles as extreme) / (1 + shuffles). Rows are exchangeable under the null once the covariates are taken
    out: not so for repeated visits or matched pairs.
    """
    rng = np.random.default_rng(seed)
    orders = np.stack([rng.permutation(len(x)) for _ in range(permutations)])
    observed, beaten = np.full(made.shape, np.nan), np.zeros(made.shape)
    largest = np.zeros(permutations)
    for rows, columns, scores in _same_rows(np.isfinite(x), np.isfinite(y), made):
        place = np.ix_(columns, scores)
        use = made[place]
        data = x[rows][:, columns], y[rows][:, scores], covariates[rows]
        observed[place], beaten[place], largest_here = _shuffle(*data, _orders_of(orders, rows), use)
        largest = np.maximum(largest, largest_here)
    familywise = (1 + (largest[None, None, :] >= np.abs(observed)[..., None]).sum(axis=2)) / (1 + permutations)
    return np.where(made, (1 + beaten) / (1 + permutations), np.nan), np.where(made, familywise, np.nan)


def _same_rows(
    seen_x: NDArray[np.bool_], seen_y: NDArray[np.bool_], made: NDArray[np.bool_]
) -> list[tuple[NDArray[np.intp], list[int], list[int]]]:
    """Blocks of pairs that share their rows: (rows, biomarkers, scores)."""
    blocks = []
    for columns in _equal_columns(seen_x):
        for scores in _equal_columns(seen_y):
            if made[np.ix_(columns, scores)].any():
                rows = np.flatnonzero(seen_x[:, columns[0]] & seen_y[:, scores[0]])
                blocks.append((rows, columns, scores))
    return blocks


def _equal_columns(seen: NDArray[np.bool_]) -> list[list[int]]:
    groups: dict[bytes, list[int]] = defaultdict(list)
    for j in range(seen.shape[1]):
        groups[seen[:, j].tobytes()].append(j)
    return list(groups.values())


def _orders_of(orders: NDArray[np.intp], rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Shuffle of some rows that each shuffle of all rows induces, (permutations, len(rows))."""
    local = np.full(orders.shape[1], -1)
    local[rows] = np.arange(len(rows))
    moved = local[orders]
    return moved[moved >= 0].reshape(len(orders), len(rows))


def _shuffle(
    x: Array, y: Array, covariates: Array, orders: NDArray[np.intp], use: NDArray[np.bool_]
) -> tuple[Array, Array, Array]:
    """Observed t, shuffles as extreme, and each shuffle's largest |t| among the pairs of ``use``."""
    basis = orthonormal(covariates)
    df = len(x) - basis.shape[1] - 1
    own, score = _unit(_free(x, basis)), _free(y, basis)
    observed = _t(own.T @ _unit(score), df)
    beaten, largest = np.zeros(use.shape), np.zeros(len(orders))
    step = max(1, _BATCH_VALUES // max(1, y.size, use.size))
    for start in range(0, len(orders), step):
        some = orders[start : start + step]
        shuffled = score[some].transpose(1, 2, 0).reshape(len(x), -1)
        t = np.abs(_t(own.T @ _unit(_free(shuffled, basis)), df)).reshape(*use.shape, len(some))
        beaten += (t >= np.abs(observed)[..., None] * (1 - 1e-12)).sum(axis=2)
        largest[start : start + step] = np.where(use[..., None], t, 0).max(axis=(0, 1))
    return observed, beaten, largest


def _free(values: Array, basis: Array) -> Array:
    return np.asarray(values - basis @ (basis.T @ values))


def _unit(values: Array) -> Array:
    length = np.linalg.norm(values, axis=0)
    return np.asarray(values / np.where(length > 0, length, 1))


def _t(r: Array, df: int) -> Array:
    return np.asarray(r * np.sqrt(df / np.maximum(1 - r**2, 1e-15)))
