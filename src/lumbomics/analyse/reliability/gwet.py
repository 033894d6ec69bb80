"""Gwet's AC1 and AC2: agreement of two or more raters that stands firm where one grade is common."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from lumbomics.analyse.reliability.estimate import Estimate, FloatArray, checked_confidence, cluster_codes
from lumbomics.analyse.reliability.grades import Weighting, agreement_weights, counts_by_unit, graded
from lumbomics.core.errors import InputError


@dataclass(frozen=True, kw_only=True)
class GwetAgreement:
    """Gwet's coefficient.

    Parameters
    ----------
    coefficient
        AC1 (unweighted) or AC2 (weighted); at most 1.
    se
        Standard error over units, or over clusters; raters are taken as given.
    observed, expected
        Weighted share of agreement, seen and by chance.
    weighting
        How near misses count.
    n
        Units with one rating or more (all of them enter the chance agreement).
    n_pairable
        Units with two ratings or more (they alone enter the observed agreement).
    dropped
        Units without any rating.
    """

    coefficient: Estimate
    se: float
    observed: float
    expected: float
    weighting: Weighting
    n: int
    n_pairable: int
    dropped: int

    def to_frame(self) -> pd.DataFrame:
        """One row."""
        name = "ac1" if self.weighting is Weighting.UNWEIGHTED else "ac2"
        cells = {**self.coefficient.columns(name), "se": self.se, "observed": self.observed, "expected": self.expected}
        rest = {"weighting": str(self.weighting), "n": self.n, "n_pairable": self.n_pairable, "dropped": self.dropped}
        return pd.DataFrame([{**cells, **rest}])


def gwet_ac(
    ratings: ArrayLike,
    *,
    categories: Sequence[Any] | None = None,
    weighting: Weighting | str = Weighting.QUADRATIC,
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
) -> GwetAgreement:
    """Gwet's AC1 (``unweighted``) or AC2 (``linear``, ``quadratic``) of two or more raters.

    AC = (p_a - p_e) / (1 - p_e), p_e = T_w / (q (q - 1)) Σ π_k (1 - π_k), with T_w the sum of all weights and π_k the
    mean share of grade k.

    Parameters
    ----------
    ratings
        (units, raters) grades, NaN or None where missing. Missing ratings stay missing: a unit with one rating tells
        how common its grade is, and nothing on agreement.
    categories
        All possible grades from least to most; ``None`` takes those that occur.
    weighting
        How near misses count.
    clusters
        (units,) whom a unit belongs to; the variance is then taken between clusters.
    confidence
        Of the interval (t with units - 1 or clusters - 1 degrees of freedom, cut at 1).

    Raises
    ------
    InputError
        If fewer than 3 units (or clusters) have two ratings.

    References
    ----------
    Gwet, British Journal of Mathematical and Statistical Psychology 2008;61:29-48; Handbook of Inter-Rater Reliability,
    4th edition, 2014, chapters 3 to 5.
    """
    checked_confidence(confidence)
    coded, listed = graded(ratings, categories)
    counts = counts_by_unit(coded, len(listed))
    rated = counts.sum(axis=1) >= 1
    codes = np.unique(cluster_codes(clusters, len(coded))[rated], return_inverse=True)[1]
    counts = counts[rated]
    pairable = counts.sum(axis=1) >= 2
    if np.unique(codes[pairable]).size < 3:
        raise InputError(
            "too few units with two ratings", expected="3 or more", got=str(np.unique(codes[pairable]).size)
        )
    weights = agreement_weights(len(listed), weighting)
    value, influence, observed, expected = _coefficient(counts, weights)
    sums = np.bincount(codes, weights=influence - value)
    m, n = len(sums), len(counts)
    se = math.sqrt(m / (m - 1) * float((sums**2).sum()) / n**2)
    half = float(stats.t.ppf((1 + confidence) / 2, m - 1)) * se
    return GwetAgreement(
        coefficient=Estimate(value=value, ci_low=value - half, ci_high=min(1.0, value + half)),
        se=se,
        observed=observed,
        expected=expected,
        weighting=Weighting(weighting),
        n=n,
        n_pairable=int(pairable.sum()),
        dropped=int((~rated).sum()),
    )


def _coefficient(counts: FloatArray, weights: FloatArray) -> tuple[float, FloatArray, float, float]:
    """AC, its linearised value for each unit (Gwet 2014, section 5.3), observed and expected agreement."""
    n, q = counts.shape
    total = counts.sum(axis=1)
    pairable = total >= 2
    chances = np.where(pairable, total * (total - 1), 1.0)
    agree = np.where(pairable, (counts * (counts @ weights - 1)).sum(axis=1) / chances, 0.0)
    shares = counts / total[:, None]
    prevalence = shares.mean(axis=0)
    scale = weights.sum() / (q * (q - 1))
    observed = float(agree.sum() / pairable.sum())
    expected = float(scale * (prevalence * (1 - prevalence)).sum())
    value = (observed - expected) / (1 - expected)
    own = n / pairable.sum() * (agree - expected * pairable) / (1 - expected)
    own_expected = scale * (shares * (1 - prevalence)).sum(axis=1)
    influence = own - 2 * (1 - value) * (own_expected - expected) / (1 - expected)
    return value, influence, observed, expected
