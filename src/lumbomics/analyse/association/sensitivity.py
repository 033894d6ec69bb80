"""How strong an unmeasured confounder would have to be: the E-value.

VanderWeele TJ, Ding P. Sensitivity analysis in observational research: introducing the E-value. Ann Intern Med
2017;167:268-274. Conversions to a risk ratio: standardised difference d by exp(0.91 d) (Chinn S, Stat Med
2000;19:3127-3131), odds ratio of a common outcome by its square root (VanderWeele TJ, Epidemiology 2017;28:e58).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumbomics.core.errors import InputError

RARE = 0.15
"""An outcome below this prevalence is rare: its odds ratio is taken as the risk ratio."""
_LOG_RATIO_PER_SD = 0.91


def e_value(risk_ratio: ArrayLike) -> NDArray[np.float64]:
    """Smallest risk ratio that a confounder needs with both sides to explain ``risk_ratio`` away; 1 is nothing.

    E = RR + sqrt(RR (RR - 1)), with 1 / RR for ratios below 1. NaN stays NaN. InputError for ratios that are not
    positive. Not a proof: it says nothing about whether such a confounder exists.
    """
    ratio = np.asarray(risk_ratio, dtype=np.float64)
    if (ratio <= 0).any():
        raise InputError("a risk ratio is not positive", expected="> 0", got=f"{np.nanmin(ratio):g}")
    away = np.maximum(ratio, 1 / ratio)
    return np.asarray(away + np.sqrt(away * (away - 1)))


def nearer_limit(low: ArrayLike, high: ArrayLike, *, null: float) -> NDArray[np.float64]:
    """Limit of the interval nearer to ``null``; ``null`` itself where the interval holds it."""
    lower, upper = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    return np.asarray(np.where(lower > null, lower, np.where(upper < null, upper, null + 0 * lower)))


def ratio_of_difference(difference_sd: ArrayLike) -> NDArray[np.float64]:
    """Risk ratio that a difference in standard deviations of the score stands for: exp(0.91 d)."""
    return np.asarray(np.exp(_LOG_RATIO_PER_SD * np.asarray(difference_sd, dtype=np.float64)))


def ratio_of_odds(odds_ratio: ArrayLike, prevalence: ArrayLike) -> NDArray[np.float64]:
    """Risk ratio that an odds ratio stands for: itself where the outcome is rare, else its square root."""
    odds = np.asarray(odds_ratio, dtype=np.float64)
    return np.asarray(np.where(np.asarray(prevalence) < RARE, odds, np.sqrt(odds)))
