"""Standardised mean differences between groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import sqrt

import numpy as np


def of_means(mean: float, sd: float, other_mean: float, other_sd: float) -> float | None:
    """Give the absolute standardised difference of two means, ``|m1 - m2| / sqrt((s1² + s2²) / 2)``.

    ``None`` where neither group varies and the means differ: there is no scale then. It is no test: it does not grow
    with the number of patients (Austin, Stat Med 2009;28:3083).
    """
    spread = sqrt((sd**2 + other_sd**2) / 2)
    if spread == 0:
        return 0.0 if mean == other_mean else None
    return abs(mean - other_mean) / spread


def of_shares(counts: Mapping[str, int], others: Mapping[str, int]) -> float | None:
    """Give the standardised difference of two distributions over the same categories.

    The distance ``sqrt(d' S⁻¹ d)`` of the shares of all categories but the first, with the mean of both groups'
    multinomial covariances (Yang and Dalton, SAS Global Forum 2012, 335-2012); for two categories this is
    ``|p1 - p2| / sqrt((p1 (1 - p1) + p2 (1 - p2)) / 2)``. ``None`` where a group is empty, or where the groups share no
    category.
    """
    names = sorted({*counts, *others})
    first, second = _shares(counts, names), _shares(others, names)
    if first is None or second is None:
        return None
    difference = (first - second)[1:]
    if not difference.size or not difference.any():
        return 0.0
    covariance = (_covariance(first) + _covariance(second))[1:, 1:] / 2
    if np.linalg.matrix_rank(covariance) < len(covariance):
        return None
    return float(np.sqrt(difference @ np.linalg.solve(covariance, difference)))


def largest(pairs: Sequence[float | None]) -> float | None:
    """Give the largest of the differences between all pairs of groups; ``None`` where one is not known."""
    known = [pair for pair in pairs if pair is not None]
    return max(known) if known and len(known) == len(pairs) else None


def pairs_of(groups: Sequence[str]) -> list[tuple[str, str]]:
    """List all pairs of groups."""
    return list(combinations(groups, 2))


def _shares(counts: Mapping[str, int], names: Sequence[str]) -> np.ndarray | None:
    found = np.array([counts.get(name, 0) for name in names], dtype=np.float64)
    total = found.sum()
    return found / total if total else None


def _covariance(shares: np.ndarray) -> np.ndarray:
    covariance: np.ndarray = np.diag(shares) - np.outer(shares, shares)
    return covariance
