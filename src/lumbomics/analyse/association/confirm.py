"""How many patients a new study needs to confirm what a search has found."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from lumbomics.core.errors import InputError


def patients_for_partial_correlation(
    partial_r: ArrayLike, *, covariates: int, power: float = 0.8, alpha: float = 0.05
) -> NDArray[np.float64]:
    """Patients needed to find a partial correlation again, two-sided.

    n = ((z(1 - alpha/2) + z(power)) / atanh r)^2 + 3 + k, rounded up, for k covariates besides the biomarker.
    Infinite for r = 0, NaN for NaN. An estimate that was picked because it was large is too large: plan with the limit
    of its interval nearer to zero.

    Fisher RA. On the probable error of a coefficient of correlation. Metron 1921;1:3-32.

    Raises
    ------
    InputError
        For |r| >= 1, or power or alpha outside (0, 1).
    """
    r = np.asarray(partial_r, dtype=np.float64)
    if (np.abs(r) >= 1).any():
        raise InputError("no correlation", expected="-1 < r < 1", got=f"{np.nanmax(np.abs(r)):g}")
    if covariates < 0:
        raise InputError("covariates cannot be negative", got=str(covariates))
    with np.errstate(divide="ignore"):
        return np.asarray(np.ceil((_distance(power, alpha) / np.arctanh(r)) ** 2 + 3 + covariates))


def patients_for_statistic(
    statistic: ArrayLike, patients: ArrayLike, *, power: float = 0.8, alpha: float = 0.05
) -> NDArray[np.float64]:
    """Patients needed to see the same effect again, from the statistic that ``patients`` gave, two-sided.

    n = patients ((z(1 - alpha/2) + z(power)) / statistic)^2, rounded up: a standard error shrinks with the square root
    of the sample. For models without a partial correlation.
    """
    with np.errstate(divide="ignore"):
        share = _distance(power, alpha) / np.asarray(statistic, dtype=np.float64)
    return np.asarray(np.ceil(np.asarray(patients, dtype=np.float64) * share**2))


def _distance(power: float, alpha: float) -> float:
    for name, value in (("power", power), ("alpha", alpha)):
        if not 0 < value < 1:
            raise InputError(f"{name} out of range", expected="between 0 and 1", got=str(value))
    return float(stats.norm.isf(alpha / 2) + stats.norm.ppf(power))
