"""How many participants a paired comparison (before and after) needs."""

from __future__ import annotations

import math
from typing import Final

from lumbomics.analyse.power.plan import StudyPlan, check, check_common, plan
from lumbomics.core.errors import FaultsError, InputError

_SOURCE: Final = "paired t test with the non-central t distribution; Cohen 1988, chapter 2"


def plan_paired_change(
    change: float,
    *,
    sd: float,
    correlation: float,
    measurement_error: float = 0.0,
    power: float = 0.8,
    alpha: float = 0.05,
    dropout: float = 0.0,
) -> StudyPlan:
    """Participants needed to find a mean change between two visits by a two-sided paired t test.

    The standard deviation of the change is sqrt(2 sd² (1 - r) + 2 e²).

    Parameters
    ----------
    change
        Mean change that matters (an MCID, say), in the unit of the measurement.
    sd
        Standard deviation between participants at one visit, without measurement error, same unit.
    correlation
        Correlation r of both visits' true values.
    measurement_error
        Standard error of measurement e of one visit, same unit; 0 where ``sd`` and ``correlation`` come from measured
        data, which hold it already.
    power, alpha
        Wanted power and two-sided error rate.
    dropout
        Share of participants expected without the second visit.

    Raises
    ------
    FaultsError
        If arguments are out of range.
    """
    check_common(alpha=alpha, power=power, dropout=dropout)
    check(
        change=(abs(change), 0.0, math.inf),
        sd=(sd, 0.0, math.inf),
        correlation=(correlation, -1.0, 1.0),
        measurement_error=(measurement_error, -1e-12, math.inf),
    )
    sd_change = math.sqrt(2 * sd**2 * (1 - correlation) + 2 * measurement_error**2)
    n = _paired_n(abs(change) / sd_change, power, alpha)
    return plan(
        "paired change",
        {f"power {power:g} at two-sided alpha {alpha:g}": n},
        assumptions={
            "change": change,
            "sd": sd,
            "correlation": correlation,
            "measurement_error": measurement_error,
            "sd_change": sd_change,
            "power": power,
            "alpha": alpha,
        },
        source=_SOURCE,
        dropout=dropout,
    )


def power_of_paired_change(change: float, *, n: int, sd_change: float, alpha: float = 0.05) -> float:
    """Power of the two-sided paired t test with ``n`` pairs and standard deviation ``sd_change`` of the change."""
    check(sd_change=(sd_change, 0.0, math.inf), alpha=(alpha, 0.0, 0.5))
    if n < 2:
        raise FaultsError([InputError("too few pairs", expected="2 or more", got=str(n))])
    return _power(abs(change) / sd_change, n, alpha)


def _power(effect: float, n: int, alpha: float) -> float:
    from statsmodels.stats.power import TTestPower  # noqa: PLC0415 - slow to import

    return float(TTestPower().power(effect_size=effect, nobs=n, alpha=alpha))


def _paired_n(effect: float, power: float, alpha: float) -> int:
    """Smallest n with the power: doubled until enough, then halved down to it."""
    high = 2
    while _power(effect, high, alpha) < power:
        high *= 2
        if high > 10**8:
            raise InputError("no study is large enough for so small a change", got=f"{effect:g} standard deviations")
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _power(effect, middle, alpha) < power else (low, middle)
    return high
