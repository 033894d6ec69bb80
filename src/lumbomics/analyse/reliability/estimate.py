"""A number with its confidence interval, and the ratings it is drawn from."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from lumbomics.core.errors import InputError

FloatArray = NDArray[np.float64]
_LARGEST_DEGENERATE_SHARE = 0.1


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A point estimate with its confidence interval.

    Parameters
    ----------
    value
        The estimate.
    ci_low, ci_high
        Ends of the interval; ``None`` where the data do not carry one.
    """

    value: float
    ci_low: float | None = None
    ci_high: float | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise InputError("an estimate must be finite", got=str(self.value))
        if (self.ci_low is None) != (self.ci_high is None):
            raise InputError("an interval has two ends or none", got=f"{self.ci_low} to {self.ci_high}")

    def columns(self, name: str) -> dict[str, float | None]:
        """Cells of a table: ``name``, ``name_ci_low``, ``name_ci_high``."""
        return {name: self.value, f"{name}_ci_low": self.ci_low, f"{name}_ci_high": self.ci_high}


def checked_confidence(confidence: float) -> float:
    """``confidence``, if it lies between 0.5 and 1; InputError otherwise."""
    if not 0.5 <= confidence < 1:
        raise InputError("confidence out of range", expected="0.5 to below 1, such as 0.95", got=str(confidence))
    return confidence


def checked_ratings(ratings: ArrayLike, *, units: int = 2) -> FloatArray:
    """Ratings as float64 (units, raters), NaN where a rating is missing.

    Raises
    ------
    InputError
        If the array is not two-dimensional with two raters and ``units`` units at least, or holds infinite numbers.
    """
    values = np.asarray(ratings, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] < 2 or values.shape[0] < units:
        raise InputError(
            "ratings do not form a table", expected=f"(units >= {units}, raters >= 2)", got=str(values.shape)
        )
    if np.isinf(values).any():
        raise InputError("ratings hold infinite numbers", expected="finite numbers, NaN for a missing rating")
    return values


def cluster_codes(clusters: ArrayLike | None, n: int) -> NDArray[np.intp]:
    """Whom each unit belongs to, as 0 … m - 1; every unit its own where ``clusters`` is ``None``."""
    if clusters is None:
        return np.arange(n)
    names = np.asarray(clusters)
    if names.shape != (n,):
        raise InputError("clusters must name the owner of each unit", expected=f"({n},)", got=str(names.shape))
    return np.unique(names, return_inverse=True)[1]


def draws(n: int, resamples: int, seed: int) -> FloatArray:
    """How often each of ``n`` clusters is drawn in each bootstrap sample, (resamples, n)."""
    if resamples < 100:
        raise InputError("too few bootstrap samples for an interval", expected="100 or more", got=str(resamples))
    generator = np.random.default_rng(seed)
    return generator.multinomial(n, np.full(n, 1 / n), size=resamples).astype(np.float64)


def sums_by_cluster(values: FloatArray, codes: NDArray[np.intp]) -> FloatArray:
    """Add up the rows of ``values`` (n, s) that share a cluster: (m, s)."""
    total = np.zeros((int(codes.max()) + 1, values.shape[1]))
    np.add.at(total, codes, values)
    return total


def sd_estimate(variance: float, df: float, confidence: float) -> Estimate:
    """Give a standard deviation with its χ² interval, from a variance with ``df`` degrees of freedom."""
    high, low = (float(stats.chi2.ppf(tail, df)) for tail in ((1 - confidence) / 2, (1 + confidence) / 2))
    return Estimate(
        value=math.sqrt(variance), ci_low=math.sqrt(variance * df / low), ci_high=math.sqrt(variance * df / high)
    )


def scaled(estimate: Estimate, factor: float) -> Estimate:
    """Multiply an estimate and its interval by a positive constant."""
    low, high = estimate.ci_low, estimate.ci_high
    return Estimate(
        value=estimate.value * factor,
        ci_low=None if low is None else low * factor,
        ci_high=None if high is None else high * factor,
    )


def percentile_interval(samples: FloatArray, confidence: float) -> tuple[float | None, float | None]:
    """Percentile interval of bootstrap samples; none where more than a tenth of the samples have no value."""
    usable = samples[np.isfinite(samples)]
    if usable.size < (1 - _LARGEST_DEGENERATE_SHARE) * samples.size:
        return None, None
    low, high = np.quantile(usable, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
