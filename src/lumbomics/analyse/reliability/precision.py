"""Precision profile: how the spread of repeats depends on the size of what is measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from lumbomics.analyse.reliability.estimate import (
    Estimate,
    FloatArray,
    checked_confidence,
    checked_ratings,
    sd_estimate,
)
from lumbomics.analyse.reliability.repeatability import unit_spread
from lumbomics.core.errors import InputError


@dataclass(frozen=True, kw_only=True)
class PrecisionGroup:
    """Units of similar size.

    Parameters
    ----------
    low, high
        Smallest and largest unit mean.
    mean
        Mean of the unit means.
    sd
        Within-subject standard deviation with its exact interval.
    n
        Units.
    """

    low: float
    high: float
    mean: float
    sd: Estimate
    n: int


@dataclass(frozen=True, kw_only=True)
class PrecisionProfile:
    """Within-subject standard deviation as a function of the level of measurement.

    Parameters
    ----------
    groups
        Units in groups of equal number, from small to large.
    intercept, slope
        Line sd(x) = intercept + slope · x through the units' own standard deviations.
    slope_p
        Robust (HC3) p-value of the slope.
    low, high
        Smallest and largest unit mean: the line says nothing outside.
    n, dropped
        Units with two repeats or more, and the rest.
    """

    groups: tuple[PrecisionGroup, ...]
    intercept: float
    slope: Estimate
    slope_p: float
    low: float
    high: float
    n: int
    dropped: int

    def sd_at(self, level: float) -> float:
        """Give the standard deviation of one measurement at ``level``; InputError outside the range that was seen."""
        if not self.low <= level <= self.high:
            raise InputError("outside the range of the profile", expected=f"{self.low} to {self.high}", got=str(level))
        return max(0.0, self.intercept + self.slope.value * level)

    def to_frame(self) -> pd.DataFrame:
        """One row a group, with the line's value at the group's mean."""
        rows = [
            {
                "low": g.low,
                "high": g.high,
                "mean": g.mean,
                **g.sd.columns("sd"),
                "n": g.n,
                "sd_line": self.sd_at(g.mean),
            }
            for g in self.groups
        ]
        return pd.DataFrame(rows)


def precision_profile(repeats: ArrayLike, *, groups: int = 4, confidence: float = 0.95) -> PrecisionProfile:
    """Within-subject standard deviation in groups by size, and as a line over size.

    The line is fitted to each unit's standard deviation, divided by its expectation c4 for normal errors, with the
    degrees of freedom as weights (Bland and Altman regress absolute differences, which is the same for two repeats).

    Parameters
    ----------
    repeats
        (units, repeats), NaN where missing; units with two repeats or more enter.
    groups
        Number of groups.
    confidence
        Of the intervals.

    Raises
    ------
    InputError
        If there are fewer than 5 units a group, or all unit means are equal.

    References
    ----------
    Bland and Altman, Statistical Methods in Medical Research 1999;8:135-160, section 3.2.
    """
    checked_confidence(confidence)
    table = checked_ratings(repeats)
    mean, variance, df = unit_spread(table)
    if groups < 1 or len(mean) < 5 * groups:
        raise InputError("too few units for the groups", expected=f"{5 * max(groups, 1)} or more", got=str(len(mean)))
    if np.ptp(mean) == 0:
        raise InputError("all units have the same mean", expected="units of different size")
    order = np.argsort(mean, kind="stable")
    intercept, slope, p = _line(mean, variance, df, confidence)
    return PrecisionProfile(
        groups=tuple(
            _group(mean[part], variance[part], df[part], confidence) for part in np.array_split(order, groups)
        ),
        intercept=intercept,
        slope=slope,
        slope_p=p,
        low=float(mean.min()),
        high=float(mean.max()),
        n=len(mean),
        dropped=len(table) - len(mean),
    )


def _group(mean: FloatArray, variance: FloatArray, df: FloatArray, confidence: float) -> PrecisionGroup:
    total = float(df.sum())
    pooled = float((variance * df).sum() / total)
    sd = sd_estimate(pooled, total, confidence)
    return PrecisionGroup(low=float(mean.min()), high=float(mean.max()), mean=float(mean.mean()), sd=sd, n=len(mean))


def _line(mean: FloatArray, variance: FloatArray, df: FloatArray, confidence: float) -> tuple[float, Estimate, float]:
    from statsmodels.regression.linear_model import WLS  # noqa: PLC0415 - slow to import, and not always needed

    c4 = np.sqrt(2 / df) * np.exp(special.gammaln((df + 1) / 2) - special.gammaln(df / 2))
    fit = WLS(np.sqrt(variance) / c4, np.column_stack([np.ones(len(mean)), mean]), weights=df).fit(cov_type="HC3")
    low, high = fit.conf_int(alpha=1 - confidence)[1]
    slope = Estimate(value=float(fit.params[1]), ci_low=float(low), ci_high=float(high))
    return float(fit.params[0]), slope, float(fit.pvalues[1])
