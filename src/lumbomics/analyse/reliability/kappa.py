"""Cohen's kappa of two raters, plain or weighted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from lumbomics.analyse.reliability.estimate import (
    Estimate,
    FloatArray,
    checked_confidence,
    cluster_codes,
    draws,
    percentile_interval,
    sums_by_cluster,
)
from lumbomics.analyse.reliability.grades import Weighting, agreement_weights, graded
from lumbomics.core.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Kappa:
    """Agreement of two raters beyond chance.

    Parameters
    ----------
    kappa
        At most 1; 0 at chance.
    se
        Large-sample standard error of Fleiss, Cohen and Everitt.
    observed
        Weighted share of agreement.
    table
        (q, q) counts, first rater in rows.
    categories
        Grades in the order of the table.
    weighting
        How near misses count.
    n, dropped
        Pairs, and units with one rating or none.
    interval
        ``large sample`` or ``cluster bootstrap``.
    """

    kappa: Estimate
    se: float
    observed: float
    table: tuple[tuple[int, ...], ...]
    categories: tuple[Any, ...]
    weighting: Weighting
    n: int
    dropped: int
    interval: str

    def to_frame(self) -> pd.DataFrame:
        """One row."""
        cells = {**self.kappa.columns("kappa"), "se": self.se, "observed": self.observed}
        rest = {"weighting": str(self.weighting), "n": self.n, "dropped": self.dropped, "interval": self.interval}
        return pd.DataFrame([{**cells, **rest}])


def weighted_kappa(
    first: ArrayLike,
    second: ArrayLike,
    *,
    categories: Sequence[Any] | None = None,
    weighting: Weighting | str = Weighting.QUADRATIC,
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Kappa:
    """Cohen's kappa of two raters' grades.

    kappa = (p_o - p_e) / (1 - p_e), with p_o the weighted share of agreement and p_e what the raters' own marginal
    shares give by chance.

    Parameters
    ----------
    first, second
        (units,) grades, NaN or None where missing. Only units with both grades enter.
    categories
        All possible grades from least to most; ``None`` takes those that occur.
    weighting
        ``unweighted``, ``linear`` or ``quadratic``; quadratic kappa is close to the intraclass correlation.
    clusters
        (units,) whom a unit belongs to; gives intervals by a bootstrap over clusters.
    confidence, resamples, seed
        Of the interval.

    Raises
    ------
    InputError
        If fewer than 3 pairs are left, or both raters give one single grade (kappa is then undefined).

    Notes
    -----
    Kappa falls where one grade is common (the prevalence paradox); report ``gwet_ac`` beside it.

    References
    ----------
    Cohen, Psychological Bulletin 1968;70:213-220. Fleiss, Cohen and Everitt, Psychological Bulletin 1969;72:323-327.
    """
    checked_confidence(confidence)
    one, two = np.asarray(first, dtype=object), np.asarray(second, dtype=object)
    if one.shape != two.shape or one.ndim != 1:
        raise InputError(
            "both raters need one grade a unit", expected="two equal (n,)", got=f"{one.shape}, {two.shape}"
        )
    coded, listed = graded(np.column_stack([one, two]), categories)
    pairs = (coded >= 0).all(axis=1)
    codes = np.unique(cluster_codes(clusters, len(coded))[pairs], return_inverse=True)[1]
    if np.unique(codes).size < 3:
        raise InputError("too few pairs", expected="3 or more", got=str(np.unique(codes).size))
    weights = agreement_weights(len(listed), weighting)
    cells = _one_hot(coded[pairs], len(listed))
    value, se, observed = _large_sample(cells.sum(axis=0), weights)
    clustered = clusters is not None and np.unique(codes).size < len(cells)
    if clustered:
        by_cluster = sums_by_cluster(cells, codes)
        low, high = percentile_interval(
            _kappas(draws(len(by_cluster), resamples, seed) @ by_cluster, weights), confidence
        )
    else:
        half = float(stats.norm.ppf((1 + confidence) / 2)) * se
        low, high = value - half, min(value + half, 1.0)
    return Kappa(
        kappa=Estimate(value=value, ci_low=low, ci_high=high),
        se=se,
        observed=observed,
        table=tuple(tuple(int(n) for n in row) for row in cells.sum(axis=0).reshape(len(listed), -1)),
        categories=listed,
        weighting=Weighting(weighting),
        n=int(pairs.sum()),
        dropped=int((~pairs).sum()),
        interval="cluster bootstrap" if clustered else "large sample",
    )


def _one_hot(coded: NDArray[np.int64], q: int) -> FloatArray:
    """Each pair as one cell of the flattened table, (pairs, q²)."""
    return np.asarray(np.eye(q * q)[coded[:, 0] * q + coded[:, 1]], dtype=np.float64)


def _large_sample(cells: FloatArray, weights: FloatArray) -> tuple[float, float, float]:
    from statsmodels.stats.inter_rater import cohens_kappa  # noqa: PLC0415 - slow to import

    q = len(weights)
    if np.isnan(_kappas(cells[None], weights)[0]):
        raise InputError("both raters gave one single grade", expected="two grades or more", hint="report the share")
    # Its weights count disagreement.
    fit = cohens_kappa(cells.reshape(q, q), weights=1 - weights)
    return float(fit.kappa), float(fit.std_kappa), float((weights.ravel() * cells).sum() / cells.sum())


def _kappas(cells: FloatArray, weights: FloatArray) -> FloatArray:
    """Kappa of many flattened tables at once, (samples, q²) -> (samples,); NaN where undefined."""
    q = len(weights)
    shares = (cells / cells.sum(axis=1, keepdims=True)).reshape(-1, q, q)
    rows, columns = shares.sum(axis=2), shares.sum(axis=1)
    observed = (shares * weights).sum(axis=(1, 2))
    expected = np.einsum("si,ij,sj->s", rows, weights, columns)
    with np.errstate(divide="ignore", invalid="ignore"):
        kappa = np.where(expected < 1 - 1e-12, (observed - expected) / (1 - expected), np.nan)
    return np.asarray(kappa, dtype=np.float64)
