"""How many participants an association between a biomarker and a score needs."""

from __future__ import annotations

import math
from typing import Final

from scipy import stats

from lumbomics.analyse.power.plan import StudyPlan, check, check_common, plan
from lumbomics.core.errors import InputError

_SOURCE: Final = (
    "Fisher 1921; Cohen, Statistical Power Analysis for the Behavioral Sciences, 2nd edition, 1988, chapter 3"
)


def plan_correlation(
    r: float,
    *,
    covariates: int = 0,
    power: float = 0.8,
    alpha: float = 0.05,
    tests: int = 1,
    dropout: float = 0.0,
) -> StudyPlan:
    """Participants needed to find a (partial) correlation, by Fisher's z, two-sided.

    n = ((z_(1 - α/2m) + z_power) / artanh |r|)² + 3 + c, for m tests and c covariates.

    Parameters
    ----------
    r
        Correlation that matters, without sign; partial correlation given the covariates where there are any.
    covariates
        Numbers that are adjusted for (a factor of g groups counts g - 1).
    power, alpha
        Wanted power and two-sided error rate.
    tests
        Tests that share ``alpha`` (Bonferroni); 2,000 biomarkers on 10 scores are 20,000.
    dropout
        Share of participants expected without complete data.

    Raises
    ------
    FaultsError, InputError
        If an argument is out of range.

    Notes
    -----
    For participants, one value each, near bivariate normal. Levels of one spine are no participants.
    """
    check_common(alpha=alpha, power=power, dropout=dropout)
    check(r=(abs(r), 0.0, 1.0))
    if covariates < 0 or tests < 1:
        raise InputError("counts out of range", expected="covariates >= 0, tests >= 1", got=f"{covariates}, {tests}")
    z = float(stats.norm.ppf(1 - alpha / (2 * tests)) + stats.norm.ppf(power))
    n = math.ceil((z / math.atanh(abs(r))) ** 2 + 3 + covariates)
    return plan(
        "association (partial correlation)" if covariates else "association (correlation)",
        {f"power {power:g} at two-sided alpha {alpha:g} / {tests}": n},
        assumptions={"r": r, "covariates": covariates, "power": power, "alpha": alpha, "tests": tests},
        source=_SOURCE,
        dropout=dropout,
    )


def power_of_correlation(r: float, *, n: int, covariates: int = 0, alpha: float = 0.05, tests: int = 1) -> float:
    """Power of the two-sided test of a (partial) correlation with ``n`` participants, as in plan_correlation."""
    check(r=(abs(r), -1e-12, 1.0), alpha=(alpha, 0.0, 0.5))
    if n <= 3 + covariates:
        raise InputError("too few participants", expected=f"more than {3 + covariates}", got=str(n))
    shift = math.atanh(abs(r)) * math.sqrt(n - 3 - covariates)
    critical = float(stats.norm.ppf(1 - alpha / (2 * tests)))
    return float(stats.norm.sf(critical - shift) + stats.norm.cdf(-critical - shift))
