"""Elastic net for numbers and for two classes, all penalties of a grid at once.

Minimised is mean loss + L (a |b|_1 + (1 - a) / 2 |b|_2^2), the intercept free; the loss is half the squared residual or
the negative log likelihood. Solved by accelerated proximal gradient steps with restart (Beck and Teboulle, SIAM J
Imaging Sci 2009;2:183; O'Donoghue and Candes, Found Comput Math 2015;15:715), one matrix for the whole grid.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.base import BaseEstimator

Array = NDArray[np.float64]

_MOST_STEPS = 5000
_SMALLEST_L1 = 0.01
"""Ridge alone has no penalty that empties the model; the grid then starts where this share of lasso would."""


def largest_penalty(x: Array, y: Array, l1_ratio: float) -> float:
    """Smallest penalty that leaves no feature in the model; features (n, p) are centred."""
    return float(np.abs(x.T @ (y - y.mean())).max() / len(y) / max(l1_ratio, _SMALLEST_L1))


def solve(x: Array, y: Array, penalties: Array, *, l1_ratio: float, logistic: bool, tolerance: float = 1e-6) -> Array:
    """Coefficients (p + 1, penalties), the intercept first.

    Parameters
    ----------
    x
        (n, p) features; scaled ones converge fast.
    y
        (n,) numbers, or 0 and 1.
    penalties
        (k,) values of L.
    l1_ratio
        Share a of the lasso.
    logistic
        Whether the loss is that of two classes.
    tolerance
        Largest step at which it stops.
    """
    design = np.column_stack([np.ones(len(y)), x])
    bend = float(np.linalg.eigvalsh(design.T @ design / len(y))[-1]) * (0.25 if logistic else 1.0)
    step = 1 / bend
    shrink, ridge = step * l1_ratio * penalties, 1 + step * (1 - l1_ratio) * penalties
    now = np.zeros((design.shape[1], len(penalties)))
    ahead, momentum = now, 1.0
    for _ in range(_MOST_STEPS):
        fitted = design @ ahead
        moved = ahead - step * (design.T @ ((expit(fitted) if logistic else fitted) - y[:, None])) / len(y)
        new = np.sign(moved) * np.maximum(np.abs(moved) - shrink, 0) / ridge
        new[0] = moved[0]
        change = new - now
        restart = float(((ahead - new) * change).sum()) > 0
        following = 1.0 if restart else (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = new if restart else new + (momentum - 1) / following * change
        now, momentum = new, following
        if float(np.abs(change).max()) < tolerance:
            break
    return np.asarray(now, dtype=np.float64)


class Penalised(BaseEstimator):
    """Elastic net with its penalty as a share of the one that empties the model.

    Parameters
    ----------
    l1_ratio
        Share of the lasso, 0 to 1.
    fraction
        Penalty over ``largest_penalty`` of the training rows.
    logistic
        Two classes (0 and 1), or numbers.
    """

    def __init__(self, *, l1_ratio: float = 0.5, fraction: float = 0.1, logistic: bool = True) -> None:
        self.l1_ratio = l1_ratio
        self.fraction = fraction
        self.logistic = logistic

    def fit(self, X: Array, y: Array) -> Self:  # noqa: N803 - scikit-learn's name
        """Fit features (n, p), centred, to outcomes (n,)."""
        penalty = np.array([self.fraction * largest_penalty(X, y, self.l1_ratio)])
        solution = solve(X, y, penalty, l1_ratio=self.l1_ratio, logistic=self.logistic)[:, 0]
        self.intercept_, self.coef_ = float(solution[0]), solution[1:]
        return self

    def predict(self, X: Array) -> Array:  # noqa: N803 - scikit-learn's name
        """Risks (two classes) or numbers, (n,)."""
        linear = self.intercept_ + X @ self.coef_
        return np.asarray(expit(linear) if self.logistic else linear, dtype=np.float64)
