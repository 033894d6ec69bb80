"""Patients without clusters: what the same features would look like if there were only one kind of patient.

Numbers: the closest density with one mode (a normal kernel of Silverman's critical width, J R Stat Soc B 1981;43:97,
shrunk to the spread of the data), so that skewness stays and a second hump does not. Words: their shares. Together: a
normal copula with the rank correlations of the data. Gaps are put back where they were.
The idea of a fitted model without clusters is that of Hennig C, Lin CJ. Stat Comput 2015;25:821.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]
Codes = NDArray[np.intp]

_GRID, _HALVINGS, _REACH = 256, 12, 3.0


@dataclass(frozen=True, kw_only=True, eq=False)
class OneKind:
    """A fitted model of one kind of patient.

    Parameters
    ----------
    numbers, words
        The data, (n, p) and (n, q).
    widths
        (p,) kernel width of each number.
    root
        (p + q, p + q) Cholesky factor of the latent correlation.
    """

    numbers: Array
    words: Codes
    widths: Array
    root: Array

    def draw(self, rng: np.random.Generator) -> tuple[Array, Codes]:
        """As many patients as the data has, of one kind, with the gaps of the data."""
        count, p = self.numbers.shape
        share = stats.norm.cdf(rng.normal(size=(count, len(self.root))) @ self.root.T)
        numbers = np.full(self.numbers.shape, np.nan)
        for i in range(p):
            known = ~np.isnan(self.numbers[:, i])
            numbers[known, i] = _smooth_quantile(self.numbers[known, i], self.widths[i], share[known, i], rng)
        words = np.full(self.words.shape, -1, dtype=np.intp)
        for j in range(self.words.shape[1]):
            known = self.words[:, j] >= 0
            held = np.sort(self.words[known, j])
            place = np.minimum((share[known, p + j] * len(held)).astype(np.intp), len(held) - 1)
            words[known, j] = held[place]
        return numbers, words


def fit_one_kind(numbers: Array, words: Codes) -> OneKind:
    """Fit the model to numbers (n, p; NaN unknown) and words (n, q; -1 unknown)."""
    widths = np.array([critical_width(column[~np.isnan(column)]) for column in numbers.T])
    ranks = [_normal_scores(column) for column in numbers.T]
    ranks += [_normal_scores(np.where(column < 0, np.nan, column)) for column in words.astype(np.float64).T]
    return OneKind(numbers=numbers, words=words, widths=widths, root=_root(np.column_stack(ranks)))


def critical_width(values: Array) -> float:
    """Smallest width of a normal kernel with which the density of values (n,) has one mode."""
    low, high = 0.0, float(np.ptp(values))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if _modes(values, middle) <= 1 else (middle, high)
    return high


def _modes(values: Array, width: float) -> int:
    at = np.linspace(values.min() - _REACH * width, values.max() + _REACH * width, _GRID)
    density = np.exp(-0.5 * ((at[:, None] - values[None, :]) / width) ** 2).sum(axis=1)
    rising = np.diff(density) > 0
    return int((rising[:-1] & ~rising[1:]).sum())


def _smooth_quantile(values: Array, width: float, share: Array, rng: np.random.Generator) -> Array:
    """Values at ranks ``share`` of the smoothed sample, with mean and spread of the data.

    The smoothed sample is drawn large and sorted, which is its quantile function without an equation to solve.
    """
    sample = np.sort(np.repeat(values, 8) + width * rng.normal(size=8 * len(values)))
    mean, spread = values.mean(), values.std()
    shrunk = mean + (sample - mean) * spread / np.hypot(spread, width)
    return np.asarray(shrunk[np.minimum((share * len(sample)).astype(np.intp), len(sample) - 1)], dtype=np.float64)


def _normal_scores(column: Array) -> Array:
    known = ~np.isnan(column)
    scores = np.full(len(column), np.nan)
    scores[known] = stats.norm.ppf((stats.rankdata(column[known]) - 0.5) / known.sum())
    return scores


def _root(scores: Array) -> Array:
    """Cholesky factor of pairwise correlations, pulled towards none until it is a correlation matrix."""
    filled = np.where(np.isnan(scores), 0.0, scores)
    sizes = np.sqrt(((filled**2).T @ ~np.isnan(scores)) * ((~np.isnan(scores)).T @ filled**2))
    together = np.divide(filled.T @ filled, sizes, out=np.zeros_like(sizes), where=sizes > 0)
    np.fill_diagonal(together, 1.0)
    lowest = float(np.linalg.eigvalsh(together)[0])
    pull = max(0.0, (1e-6 - lowest) / (1 - lowest)) if lowest < 1e-6 else 0.0
    return np.linalg.cholesky((1 - pull) * together + pull * np.eye(len(together)))
