"""How many participants the development of a prediction model needs, by the criteria of Riley and others."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from scipy import stats

from lumbomics.analyse.power.plan import StudyPlan, check, plan
from lumbomics.core.errors import InputError

_SOURCE: Final = (
    "Riley et al., BMJ 2020;368:m441; Statistics in Medicine 2019;38:1262-1275 (continuous) and 1276-1296 (binary); "
    "van Smeden et al., Statistical Methods in Medical Research 2019;28:2455-2474 (mean error)"
)
_OPTIMISM: Final = 0.05
"""Largest difference between apparent and adjusted (Nagelkerke) R² that Riley et al. accept."""
_LARGEST_N: Final = 10**8


def plan_binary_prediction(
    *,
    parameters: int,
    prevalence: float,
    r2_cox_snell: float | None = None,
    r2_nagelkerke: float | None = None,
    shrinkage: float = 0.9,
    risk_margin: float = 0.05,
    mean_error: float = 0.05,
    dropout: float = 0.0,
) -> StudyPlan:
    """Participants needed to develop a model for a binary outcome (responder or not).

    Four criteria, the largest decides: (1) the overall risk within ± ``risk_margin``, n = (1.96/δ)² φ (1-φ);
    (2) mean absolute error of the predicted risks at most ``mean_error``,
    n = exp((-0.508 + 0.259 ln φ + 0.504 ln P - ln MAPE) / 0.544); (3) shrinkage at least S,
    n = P / ((S-1) ln(1 - R²/S)); (4) optimism of Nagelkerke's R² at most 0.05, the same with
    S = R² / (R² + 0.05 max R²).

    Parameters
    ----------
    parameters
        Candidate parameters P: a number counts one, a factor of g groups g - 1, a spline its terms; all that are looked
        at, also those dropped on the way.
    prevalence
        Share φ with the outcome.
    r2_cox_snell, r2_nagelkerke
        Expected R² of the model, exactly one of them. Where nothing is known, Riley et al. advise a Nagelkerke R² of
        0.15.
    shrinkage
        Smallest acceptable uniform shrinkage S.
    risk_margin
        Half width δ of the interval of the overall risk.
    mean_error
        Mean absolute error of predicted risks. The formula was found by simulation for P <= 30; beyond, a note says so.
    dropout
        Share of participants expected without the outcome.

    Raises
    ------
    FaultsError, InputError
        If arguments are out of range, or the R² exceeds what the prevalence allows or the shrinkage.
    """
    check(
        prevalence=(prevalence, 0.0, 1.0),
        shrinkage=(shrinkage, 0.0, 1.0),
        risk_margin=(risk_margin, 0.0, 0.5),
        mean_error=(mean_error, 0.0, 0.5),
        dropout=(dropout, -1e-12, 0.95),
        parameters=(parameters, 0, math.inf),
    )
    largest = _largest_r2(prevalence)
    r2 = _r2_cox_snell(r2_cox_snell, r2_nagelkerke, largest)
    if r2 >= shrinkage:
        raise InputError("R² is not below the shrinkage", expected=f"below {shrinkage:g}", got=f"{r2:g}")
    # The formula holds for the rarer outcome: predicting an event or its absence is the same task.
    rarer = min(prevalence, 1 - prevalence)
    z = float(stats.norm.ppf(0.975))
    criteria = {
        f"overall risk within {risk_margin:g}": math.ceil((z / risk_margin) ** 2 * prevalence * (1 - prevalence)),
        f"mean error of risks {mean_error:g}": math.ceil(_mean_error_n(rarer, parameters, mean_error)),
        f"shrinkage {shrinkage:g}": _shrinkage_n(parameters, r2, shrinkage),
        f"optimism of R² {_OPTIMISM:g}": _shrinkage_n(parameters, r2, r2 / (r2 + _OPTIMISM * largest)),
    }
    return plan(
        "prediction of a binary outcome",
        criteria,
        assumptions={"parameters": parameters, "prevalence": prevalence, "r2_cox_snell": r2, "r2_largest": largest},
        source=_SOURCE,
        dropout=dropout,
        notes=() if parameters <= 30 else ("the criterion of the mean error was studied up to 30 parameters",),
    )


def plan_continuous_prediction(
    *,
    parameters: int,
    r2_adjusted: float,
    mean: float,
    sd: float,
    shrinkage: float = 0.9,
    margin: float = 1.1,
    dropout: float = 0.0,
) -> StudyPlan:
    """Participants needed to develop a model for a continuous outcome (a pain or disability score).

    Four criteria, the largest decides: (1) the mean outcome within a factor ``margin``; (2) the residual standard
    deviation within 10 %, n = 234 + P; (3) shrinkage at least S, with
    S = 1 + (P-2) / (n ln(1 - (R²(n-P-1) + P) / (n-1))); (4) optimism of R² at most 0.05, n = 1 + P (1-R²) / 0.05.

    Parameters
    ----------
    parameters
        Candidate parameters P, counted as in plan_binary_prediction.
    r2_adjusted
        Expected adjusted R² of the model.
    mean, sd
        Of the outcome in the population, its unit; ``mean`` is not 0, because criterion 1 is relative to it.
    shrinkage
        Smallest acceptable uniform shrinkage S.
    margin
        Largest factor between the ends of the mean's interval and the mean.
    dropout
        Share of participants expected without the outcome.

    Raises
    ------
    FaultsError, InputError
        If arguments are out of range.
    """
    check(
        r2_adjusted=(r2_adjusted, 0.0, 1.0),
        sd=(sd, 0.0, math.inf),
        mean=(abs(mean), 0.0, math.inf),
        shrinkage=(shrinkage, 0.0, 1.0),
        margin=(margin, 1.0, math.inf),
        dropout=(dropout, -1e-12, 0.95),
        parameters=(parameters, 0, math.inf),
    )
    criteria = {
        f"mean outcome within factor {margin:g}": _mean_n(parameters, r2_adjusted, abs(mean), sd, margin),
        "residual standard deviation within 10 %": 234 + parameters,
        f"shrinkage {shrinkage:g}": _linear_shrinkage_n(parameters, r2_adjusted, shrinkage),
        f"optimism of R² {_OPTIMISM:g}": math.ceil(1 + parameters * (1 - r2_adjusted) / _OPTIMISM),
    }
    return plan(
        "prediction of a continuous outcome",
        criteria,
        assumptions={"parameters": parameters, "r2_adjusted": r2_adjusted, "mean": mean, "sd": sd},
        source=_SOURCE,
        dropout=dropout,
    )


def _largest_r2(prevalence: float) -> float:
    """Largest Cox-Snell R² at a prevalence: 1 - (φ^φ (1-φ)^(1-φ))²."""
    return 1 - math.exp(2 * (prevalence * math.log(prevalence) + (1 - prevalence) * math.log(1 - prevalence)))


def _r2_cox_snell(cox_snell: float | None, nagelkerke: float | None, largest: float) -> float:
    if (cox_snell is None) == (nagelkerke is None):
        raise InputError("state one R²", expected="r2_cox_snell or r2_nagelkerke", got="both" if cox_snell else "none")
    r2 = cox_snell if cox_snell is not None else (nagelkerke or 0.0) * largest
    if not 0 < r2 < largest:
        raise InputError(
            "R² out of range at this prevalence", expected=f"Cox-Snell above 0 and below {largest:.3f}", got=f"{r2:g}"
        )
    return r2


def _shrinkage_n(parameters: int, r2: float, shrinkage: float) -> int:
    return math.ceil(parameters / ((shrinkage - 1) * math.log(1 - r2 / shrinkage)))


def _mean_error_n(prevalence: float, parameters: int, mean_error: float) -> float:
    logs = -0.508 + 0.259 * math.log(prevalence) + 0.504 * math.log(parameters) - math.log(mean_error)
    return math.exp(logs / 0.544)


def _linear_shrinkage_n(parameters: int, r2: float, shrinkage: float) -> int:
    def reached(n: int) -> bool:
        explained = (r2 * (n - parameters - 1) + parameters) / (n - 1)
        return 1 + (parameters - 2) / (n * math.log(1 - explained)) >= shrinkage

    return _smallest(reached, parameters + 2)


def _mean_n(parameters: int, r2: float, mean: float, sd: float, margin: float) -> int:
    def reached(n: int) -> bool:
        half = float(stats.t.ppf(0.975, n - parameters - 1)) * sd * math.sqrt((1 - r2) / n)
        return (mean + half) / mean <= margin

    return _smallest(reached, parameters + 2)


def _smallest(reached: Callable[[int], bool], start: int) -> int:
    """Smallest n from ``start`` on that reaches a goal that more participants never lose."""
    low, high = start - 1, start
    while not reached(high):
        low, high = high, 2 * high
        if high > _LARGEST_N:
            raise InputError("no study is large enough for this goal", got=f"more than {_LARGEST_N} participants")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high
