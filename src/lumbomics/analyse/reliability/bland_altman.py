"""Bland-Altman: bias and limits of agreement of two methods, and whether they depend on the size of the measurement."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from lumbomics.analyse.reliability.estimate import (
    Estimate,
    FloatArray,
    checked_confidence,
    checked_ratings,
    cluster_codes,
    draws,
    percentile_interval,
    sums_by_cluster,
)
from lumbomics.core.errors import InputError

_Z: Final = float(stats.norm.ppf(0.975))


@dataclass(frozen=True, kw_only=True)
class BlandAltman:
    """Agreement of two methods.

    Parameters
    ----------
    bias
        Mean of first minus second, in their unit.
    sd
        Standard deviation of the differences.
    lower, upper
        95 % limits of agreement, bias ± 1.96 sd.
    proportional_slope
        Change of the difference by one unit of the mean of both; 0 where the bias is the same for small and large.
    proportional_p
        Its p-value; ``None`` where the means do not vary.
    spread_slope
        Change of the absolute residual by one unit of the mean; 0 where the scatter is the same for small and large.
    spread_p
        Its p-value.
    n
        Pairs.
    dropped
        Units with one value or none.
    interval
        ``exact`` or ``cluster bootstrap``.
    """

    bias: Estimate
    sd: float
    lower: Estimate
    upper: Estimate
    proportional_slope: Estimate | None
    proportional_p: float | None
    spread_slope: float | None
    spread_p: float | None
    n: int
    dropped: int
    interval: str

    def to_frame(self) -> pd.DataFrame:
        """One row."""
        slope = self.proportional_slope
        cells = {
            **self.bias.columns("bias"),
            "sd": self.sd,
            **self.lower.columns("limit_lower"),
            **self.upper.columns("limit_upper"),
            **({} if slope is None else slope.columns("proportional_slope")),
            "proportional_p": self.proportional_p,
            "spread_slope": self.spread_slope,
            "spread_p": self.spread_p,
            "n": self.n,
            "dropped": self.dropped,
            "interval": self.interval,
        }
        return pd.DataFrame([cells])


def bland_altman(
    first: ArrayLike,
    second: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> BlandAltman:
    """Bias and 95 % limits of agreement of two measurements of the same units.

    Parameters
    ----------
    first, second
        (units,) in the same unit, NaN where missing. Only pairs enter; the rest is counted in ``dropped``.
    clusters
        (units,) whom a unit belongs to; ``None`` where each unit is another person. With clusters, intervals come from
        a bootstrap over clusters, slopes get cluster-robust errors.
    confidence
        Of the intervals around bias and limits; the limits themselves are always those of 95 %.
    resamples, seed
        Of the bootstrap.

    Raises
    ------
    InputError
        If fewer than 3 pairs are left.

    Notes
    -----
    Intervals of the limits are the exact ones for normal differences (non-central t), not the large-sample formula of
    1986. A slope of the difference on the mean also appears where the two methods scatter unequally without any bias.
    Agreement is no validity: two methods may share an error.

    References
    ----------
    Bland and Altman, Lancet 1986;327:307-310; Statistical Methods in Medical Research 1999;8:135-160 (slopes).
    Carkeet, Optometry and Vision Science 2015;92:e71-e80 (exact intervals).
    """
    checked_confidence(confidence)
    one, two = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != two.shape or one.ndim != 1:
        raise InputError(
            "both methods need one value a unit", expected="two equal (n,)", got=f"{one.shape}, {two.shape}"
        )
    table = checked_ratings(np.column_stack([one, two]))
    pairs = ~np.isnan(table).any(axis=1)
    codes = np.unique(cluster_codes(clusters, len(table))[pairs], return_inverse=True)[1]
    if np.unique(codes).size < 3:
        raise InputError("too few pairs", expected="3 or more", got=str(np.unique(codes).size))
    difference, mean = table[pairs, 0] - table[pairs, 1], table[pairs].mean(axis=1)
    clustered = clusters is not None and np.unique(codes).size < len(difference)
    bias, lower, upper = (
        _bootstrapped(difference, codes, confidence, resamples, seed) if clustered else _exact(difference, confidence)
    )
    slope, slope_p, spread, spread_p = _trends(difference, mean, codes if clustered else None, confidence)
    return BlandAltman(
        bias=bias,
        sd=float(difference.std(ddof=1)),
        lower=lower,
        upper=upper,
        proportional_slope=slope,
        proportional_p=slope_p,
        spread_slope=spread,
        spread_p=spread_p,
        n=int(pairs.sum()),
        dropped=int((~pairs).sum()),
        interval="cluster bootstrap" if clustered else "exact",
    )


def _exact(difference: FloatArray, confidence: float) -> tuple[Estimate, Estimate, Estimate]:
    n, bias, sd = len(difference), float(difference.mean()), float(difference.std(ddof=1))
    half = float(stats.t.ppf((1 + confidence) / 2, n - 1)) * sd / math.sqrt(n)
    # A limit bias + z sd lies at bias + t' sd / sqrt(n), where t' is non-central t with z sqrt(n) (Carkeet 2015).
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    inner, outer = (float(stats.nct.ppf(t, n - 1, _Z * math.sqrt(n))) * sd / math.sqrt(n) for t in tails)
    return (
        Estimate(value=bias, ci_low=bias - half, ci_high=bias + half),
        Estimate(value=bias - _Z * sd, ci_low=bias - outer, ci_high=bias - inner),
        Estimate(value=bias + _Z * sd, ci_low=bias + inner, ci_high=bias + outer),
    )


def _bootstrapped(
    difference: FloatArray, codes: np.ndarray, confidence: float, resamples: int, seed: int
) -> tuple[Estimate, Estimate, Estimate]:
    centre = float(difference.mean())
    moved = difference - centre
    sums = sums_by_cluster(np.column_stack([np.ones(len(moved)), moved, moved**2]), codes)
    drawn = draws(len(sums), resamples, seed) @ sums
    bias = drawn[:, 1] / drawn[:, 0]
    sd = np.sqrt(np.clip(drawn[:, 2] - drawn[:, 0] * bias**2, 0, None) / (drawn[:, 0] - 1))
    found = [centre, *(centre + sign * _Z * float(difference.std(ddof=1)) for sign in (-1, 1))]
    samples = [centre + bias, centre + bias - _Z * sd, centre + bias + _Z * sd]
    estimates = []
    for value, sample in zip(found, samples, strict=True):
        low, high = percentile_interval(sample, confidence)
        estimates.append(Estimate(value=value, ci_low=low, ci_high=high))
    return estimates[0], estimates[1], estimates[2]


def _trends(
    difference: FloatArray, mean: FloatArray, codes: np.ndarray | None, confidence: float
) -> tuple[Estimate | None, float | None, float | None, float | None]:
    if np.ptp(mean) == 0 or np.ptp(difference) == 0:
        return None, None, None, None
    slope, p, residual = _slope(difference, mean, codes, confidence)
    spread, spread_p, _ = _slope(np.abs(residual), mean, codes, confidence)
    return slope, p, spread.value, spread_p


def _slope(
    y: FloatArray, x: FloatArray, codes: np.ndarray | None, confidence: float
) -> tuple[Estimate, float, FloatArray]:
    from statsmodels.regression.linear_model import OLS  # noqa: PLC0415 - slow to import, and not always needed

    model = OLS(y, np.column_stack([np.ones(len(x)), x]))
    fit = model.fit() if codes is None else model.fit(cov_type="cluster", cov_kwds={"groups": codes}, use_t=True)
    low, high = fit.conf_int(alpha=1 - confidence)[1]
    slope = Estimate(value=float(fit.params[1]), ci_low=float(low), ci_high=float(high))
    return slope, float(fit.pvalues[1]), np.asarray(fit.resid)
