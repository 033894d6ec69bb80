"""Spread of repeated measurements of the same thing: within-subject standard deviation, repeatability coefficient."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from lumbomics.analyse.reliability.estimate import (
    Estimate,
    FloatArray,
    checked_confidence,
    checked_ratings,
    scaled,
    sd_estimate,
)
from lumbomics.core.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Repeatability:
    """Spread of repeats.

    Parameters
    ----------
    within_sd
        Within-subject standard deviation, unit of the measurements.
    coefficient
        Repeatability coefficient 1.96 √2 within_sd = 2.77 within_sd (also called MDC95, smallest detectable
        difference): two repeats differ by less in 95 % of cases.
    within_cv_percent
        Root mean square of the units' coefficients of variation, %; ``None`` where a unit's mean is not positive.
    n
        Units with two or more repeats.
    dropped
        Units with fewer: they carry no information on repeats.
    df
        Degrees of freedom, sum of (repeats - 1).
    """

    within_sd: Estimate
    coefficient: Estimate
    within_cv_percent: float | None
    n: int
    dropped: int
    df: int

    def to_frame(self) -> pd.DataFrame:
        """One row."""
        cells = {**self.within_sd.columns("within_sd"), **self.coefficient.columns("repeatability_coefficient")}
        rest = {"within_cv_percent": self.within_cv_percent, "n": self.n, "dropped": self.dropped, "df": self.df}
        return pd.DataFrame([{**cells, **rest}])


def repeatability(repeats: ArrayLike, *, confidence: float = 0.95) -> Repeatability:
    """Within-subject standard deviation and repeatability coefficient of repeated measurements.

    within_sd² = sum of squared deviations from each unit's own mean / sum of (repeats - 1), with the exact χ² interval.
    A shift between the first and the second repeat counts as error.

    Parameters
    ----------
    repeats
        (units, repeats), NaN where missing. Every unit with two repeats or more enters, whatever is missing elsewhere.
    confidence
        Of the intervals.

    Raises
    ------
    InputError
        If fewer than 3 units have two repeats.

    Notes
    -----
    The interval takes the units as independent and the spread as the same for all of them; ``precision_profile`` shows
    whether it is.

    References
    ----------
    Bland and Altman, BMJ 1996;312:1654. Raunig et al., Statistical Methods in Medical Research 2015;24:27-67 (QIBA).
    """
    checked_confidence(confidence)
    table = checked_ratings(repeats)
    mean, variance, df = unit_spread(table)
    if len(df) < 3:
        raise InputError("too few units with two repeats", expected="3 or more", got=str(len(df)))
    total = int(df.sum())
    pooled = float((variance * df).sum() / total)
    sd = sd_estimate(pooled, total, confidence)
    cv = 100 * math.sqrt(float((variance / mean**2 * df).sum() / total)) if (mean > 0).all() else None
    return Repeatability(
        within_sd=sd,
        coefficient=scaled(sd, float(stats.norm.ppf(0.975) * math.sqrt(2))),
        within_cv_percent=cv,
        n=len(df),
        dropped=len(table) - len(df),
        df=total,
    )


def unit_spread(table: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean, variance and degrees of freedom of each unit with two repeats or more, each (n,)."""
    count = (~np.isnan(table)).sum(axis=1)
    used = table[count >= 2]
    df = count[count >= 2].astype(np.float64) - 1
    return np.nanmean(used, axis=1), np.nanvar(used, axis=1, ddof=1), df
