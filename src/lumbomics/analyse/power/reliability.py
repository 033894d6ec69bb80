"""How many units a reliability study needs for an intraclass correlation with a given interval."""

from __future__ import annotations

import math
from typing import Final

from scipy import stats

from lumbomics.analyse.power.plan import StudyPlan, check, check_common, plan
from lumbomics.core.errors import InputError

_SOURCE: Final = "Bonett, Statistics in Medicine 2002;21:1331-1335; Zou, Statistics in Medicine 2012;31:3972-3981"


def plan_icc_width(
    icc: float,
    *,
    width: float,
    ratings: int = 2,
    confidence: float = 0.95,
    assurance: float | None = None,
    dropout: float = 0.0,
) -> StudyPlan:
    """Units needed for a confidence interval of an intraclass correlation no wider than ``width``.

    Bonett: n = 8 z² (1-ρ)² (1+(k-1)ρ)² / (k (k-1) w²) + 1, plus 5ρ for two ratings and ρ >= 0.7; the width is then
    reached on average. Zou: with V = (1-ρ)(1+(k-1)ρ) and V' = |k-2-2(k-1)ρ|,
    n = 2 (zV + sqrt(z²V² + 2 w z z_a V V'))² / (k (k-1) w²) + 1; the width is then reached with probability
    ``assurance``.

    Parameters
    ----------
    icc
        Intraclass correlation that is expected.
    width
        Full width of the interval, upper minus lower end.
    ratings
        Ratings of each unit, k.
    confidence
        Of the interval.
    assurance
        Probability that the interval turns out no wider; ``None`` asks for the mean width only (Bonett).
    dropout
        Share of units expected without all ratings.

    Raises
    ------
    FaultsError, InputError
        If an argument is out of range.

    Notes
    -----
    Units must be independent: one level of each spine, or more spines than this. The formula is for the one-way and the
    consistency forms; ICC(2,1) with few raters and large rater differences needs more raters, not more units.
    """
    check_common(alpha=1 - confidence, power=0.8 if assurance is None else assurance, dropout=dropout)
    check(icc=(icc, 0.0, 1.0), width=(width, 0.0, 1.0))
    if ratings < 2:
        raise InputError("a reliability study needs repeated ratings", expected="2 or more", got=str(ratings))
    z = float(stats.norm.ppf((1 + confidence) / 2))
    if assurance is None:
        n, name = _bonett(icc, width, ratings, z), f"mean width {width:g} of the {confidence:.0%} interval"
    else:
        n = _zou(icc, width, ratings, z, float(stats.norm.ppf(assurance)))
        name = f"width {width:g} of the {confidence:.0%} interval with probability {assurance:g}"
    given = {"icc": icc, "width": width, "ratings": ratings, "confidence": confidence}
    return plan(
        "reliability (width of the ICC's interval)",
        {name: n},
        assumptions=given if assurance is None else {**given, "assurance": assurance},
        source=_SOURCE,
        dropout=dropout,
    )


def _bonett(icc: float, width: float, k: int, z: float) -> int:
    n = 8 * (z * (1 - icc) * (1 + (k - 1) * icc) / width) ** 2 / (k * (k - 1)) + 1
    return math.ceil(n + (5 * icc if k == 2 and icc >= 0.7 else 0))


def _zou(icc: float, width: float, k: int, z: float, z_assurance: float) -> int:
    spread = (1 - icc) * (1 + (k - 1) * icc)
    slope = abs(k - 2 - 2 * (k - 1) * icc)
    root = z * spread + math.sqrt((z * spread) ** 2 + 2 * width * z * z_assurance * spread * slope)
    return math.ceil(2 * (root / width) ** 2 / (k * (k - 1)) + 1)
