"""Gower's distance between patients described by numbers and words, gaps allowed.

Gower JC. Biometrics 1971;27:857: the mean over features known in both of |x - y| / range (numbers) or 0 / 1 (words).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.intp]


def gower(numbers: Array, words: Codes, weights: Array) -> Array:
    """Distances (n, n) in 0 to 1.

    Parameters
    ----------
    numbers
        (n, p), NaN where unknown; each column is divided by its range.
    words
        (n, q) codes from 0, -1 where unknown.
    weights
        (p + q,) weight of each feature, numbers first, above 0.

    Returns
    -------
    numpy.ndarray
        Symmetric, zero diagonal. Two patients with no feature known in both get the mean distance of all others.
    """
    count = len(numbers)
    total, known = np.zeros((count, count)), np.zeros((count, count))
    spans = np.nanmax(numbers, axis=0) - np.nanmin(numbers, axis=0) if numbers.size else np.empty(0)
    for column, span, weight in zip(numbers.T, spans, weights, strict=False):
        apart = np.abs(column[:, None] - column[None, :]) / (span if span > 0 else 1.0)
        _add(total, known, apart, ~np.isnan(column), float(weight))
    for column, weight in zip(words.T, weights[numbers.shape[1] :], strict=True):
        apart = (column[:, None] != column[None, :]).astype(np.float64)
        _add(total, known, apart, column >= 0, float(weight))
    with np.errstate(invalid="ignore"):
        distance = total / known
    unknown = np.isnan(distance)
    if unknown.any():
        distance[unknown] = distance[~unknown].mean()
    np.fill_diagonal(distance, 0.0)
    return distance


def _add(total: Array, known: Array, apart: Array, there: NDArray[np.bool_], weight: float) -> None:
    if there.all():
        total += weight * apart
        known += weight
        return
    both = there[:, None] & there[None, :]
    total += weight * np.where(both, apart, 0.0)
    known += weight * both
