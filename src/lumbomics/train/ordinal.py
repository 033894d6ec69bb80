"""Proportional-odds regression with a penalty: how the small grading models are fitted. No PyTorch."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
_TAILS = (0.01, 0.99)


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted model; names as in ``lumbomics.measure.degeneration.model.GradeModel``."""

    low: FloatArray = field(repr=False)
    high: FloatArray = field(repr=False)
    centre: FloatArray = field(repr=False)
    scale: FloatArray = field(repr=False)
    weight: FloatArray
    threshold: FloatArray

    def probabilities(self, values: FloatArray) -> FloatArray:
        """Probability (rows, categories) of every category."""
        total = ((np.clip(values, self.low, self.high) - self.centre) / self.scale) @ self.weight
        below = expit(self.threshold[None, :] - total[:, None])
        return np.diff(below, axis=1, prepend=0.0, append=1.0)


def fit_ordinal(values: FloatArray, grade: IntArray, *, categories: int, penalty: float) -> Fitted:
    """Fit cumulative logits P(grade <= k) = expit(threshold_k - weight x z).

    Parameters
    ----------
    values
        (rows, features), finite.
    grade
        (rows,) 0 to ``categories`` - 1.
    penalty
        Half the squared length of the weights is multiplied by this and added to the negative log likelihood.
    """
    low, high = (np.quantile(values, q, axis=0) for q in _TAILS)
    clipped = np.clip(values, low, high)
    centre, scale = clipped.mean(axis=0), clipped.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    design = (clipped - centre) / scale
    share = np.clip([(grade <= k).mean() for k in range(categories - 1)], 1e-3, 1 - 1e-3)
    first = np.log(share / (1 - share))
    steps = np.log(np.maximum(np.diff(first), 1e-2))
    start = np.concatenate([first[:1], steps, np.zeros(design.shape[1])])
    best = minimize(
        _objective, start, args=(design, grade, categories, penalty), jac=True, method="L-BFGS-B", tol=1e-10
    ).x
    return Fitted(low, high, centre, scale, best[categories - 1 :], _thresholds(best[: categories - 1]))


def _thresholds(parameters: FloatArray) -> FloatArray:
    """Ascending thresholds from the first one and the logarithms of the steps."""
    return np.cumsum(np.concatenate([parameters[:1], np.exp(parameters[1:])]))


def _objective(
    parameters: FloatArray, design: FloatArray, grade: IntArray, categories: int, penalty: float
) -> tuple[float, FloatArray]:
    """Penalised negative log likelihood and its gradient."""
    threshold, weight = _thresholds(parameters[: categories - 1]), parameters[categories - 1 :]
    edges = np.concatenate([[-np.inf], threshold, [np.inf]])
    total = design @ weight
    upper, lower = expit(edges[grade + 1] - total), expit(edges[grade] - total)
    chance = np.maximum(upper - lower, 1e-12)
    rise_upper, rise_lower = upper * (1 - upper) / chance, lower * (1 - lower) / chance
    by_edge = np.zeros(categories + 1)
    np.add.at(by_edge, grade + 1, -rise_upper)
    np.add.at(by_edge, grade, rise_lower)
    inner = by_edge[1:-1]
    later = np.cumsum(inner[::-1])[::-1]
    steps = np.exp(parameters[1 : categories - 1]) * later[1:]
    slope = design.T @ (rise_upper - rise_lower) + penalty * weight
    loss = -float(np.log(chance).sum()) + 0.5 * penalty * float(weight @ weight)
    return loss, np.concatenate([later[:1], steps, slope])
