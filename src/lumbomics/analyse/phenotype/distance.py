"""Distance between patients described by numbers and words, gaps allowed.

As Gower's (Biometrics 1971;27:857): the mean over features known in both of |x - y| (numbers) or 0 / 1 (words).
Each feature is divided by its own mean distance instead of its range: by the range, a word counts about three times as
much as a number, and a number with an outlier hardly at all (Hennig C, Liao TF. J R Stat Soc C 2013;62:309).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.intp]


def distances(numbers: Array, words: Codes, weights: Array) -> Array:
    """Distances (n, n); the mean over all pairs of patients is 1 where nothing is unknown.

    Parameters
    ----------
    numbers
        (n, p), NaN where unknown.
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
    for column, weight in zip(numbers.T, weights[: numbers.shape[1]], strict=True):
        _add(total, known, np.abs(column[:, None] - column[None, :]), ~np.isnan(column), float(weight))
    for column, weight in zip(words.T, weights[numbers.shape[1] :], strict=True):
        apart = (column[:, None] != column[None, :]).astype(np.float64)
        _add(total, known, apart, column >= 0, float(weight))
    made = np.divide(total, known, out=np.full_like(total, np.nan), where=known > 0)
    np.fill_diagonal(made, 0.0)
    unknown = np.isnan(made)
    if unknown.any():
        made[unknown] = made[~unknown].sum() / ((~unknown).sum() - count)
    return made


def _add(total: Array, known: Array, apart: Array, there: NDArray[np.bool_], weight: float) -> None:
    both = there[:, None] & there[None, :]
    pairs = int(there.sum()) * (int(there.sum()) - 1)
    apart = np.where(both, apart, 0.0)
    mean = float(apart.sum()) / max(pairs, 1)
    total += weight * apart / (mean if mean > 0 else 1.0)
    known += weight * both
