"""Whether predicted risks are as high as the shares that happen: intercept, slope, curve and ICI.

Slope and intercept: Van Calster B et al. J Clin Epidemiol 2016;74:167. ICI: Austin PC, Steyerberg EW. Stat Med
2019;38:4051; here the curve is a restricted cubic spline with three knots on the logit (or the number), because it is
fitted again in each bootstrap. Numbers are calibrated the same way with least squares.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from lumbomics.analyse.prediction.choices import Task

Array = NDArray[np.float64]

_RARE = 1e-6
_STEPS, _CONVERGED, _LONGEST_STEP, _RIDGE = 50, 1e-8, 3.0, 1e-9
_KNOTS = (0.1, 0.5, 0.9)
_SAME = 1e-9


def scale_of(task: Task, predicted: Array) -> Array:
    """Predictions on the scale of the model: logits of risks, numbers as they are."""
    return np.asarray(logit(np.clip(predicted, _RARE, 1 - _RARE)) if task is Task.BINARY else predicted)


def intercept(task: Task, outcome: Array, predicted: Array) -> float:
    """Calibration in the large: 0 where the predictions are right on average, above 0 where they are too low."""
    if task is Task.CONTINUOUS:
        return float((outcome - predicted).mean())
    return float(_logistic(np.ones((len(outcome), 1)), outcome, offset=scale_of(task, predicted))[0])


def slope(task: Task, outcome: Array, predicted: Array) -> float:
    """1 where predictions spread as they should, below 1 where they are too extreme; NaN where they do not vary."""
    x = scale_of(task, predicted)
    return float("nan") if np.ptp(x) < _SAME else float(_fit(task, np.column_stack([np.ones(len(x)), x]), outcome)[1])


def curve(task: Task, outcome: Array, predicted: Array, at: Array) -> Array:
    """Observed risk (or number) expected at predictions ``at`` (k,); NaN where the predictions do not vary."""
    x = scale_of(task, predicted)
    if np.ptp(x) < _SAME:
        return np.full(len(at), np.nan)
    knots = np.quantile(x, _KNOTS)
    fitted = _spline(scale_of(task, at), knots) @ _fit(task, _spline(x, knots), outcome)
    return np.asarray(expit(fitted) if task is Task.BINARY else fitted, dtype=np.float64)


def ici(task: Task, outcome: Array, predicted: Array) -> float:
    """Integrated calibration index: mean distance between predictions and their calibration curve."""
    return float(np.abs(predicted - curve(task, outcome, predicted, predicted)).mean())


def _spline(x: Array, knots: Array) -> Array:
    """Restricted cubic spline (n, 3), or a line (n, 2) where knots coincide."""
    line = np.column_stack([np.ones(len(x)), x])
    first, middle, last = (float(knot) for knot in knots)
    if min(middle - first, last - middle) < _SAME:
        return line
    cubes = [np.maximum(x - knot, 0) ** 3 for knot in (first, middle, last)]
    bent = cubes[0] - cubes[1] * (last - first) / (last - middle) + cubes[2] * (middle - first) / (last - middle)
    return np.column_stack([line, bent / (last - first) ** 2])


def _fit(task: Task, design: Array, outcome: Array) -> Array:
    if task is Task.BINARY:
        return _logistic(design, outcome, offset=np.zeros(len(outcome)))
    return np.asarray(np.linalg.lstsq(design, outcome, rcond=None)[0], dtype=np.float64)


def _logistic(design: Array, outcome: Array, *, offset: Array) -> Array:
    """Maximum likelihood by damped Newton steps; NaN where there is no maximum."""
    b = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        risk = expit(design @ b + offset)
        bend = (design.T * (risk * (1 - risk))) @ design + _RIDGE * np.eye(len(b))
        step = np.linalg.solve(bend, design.T @ (outcome - risk))
        longest = float(np.abs(step).max())
        b = b + step * min(1.0, _LONGEST_STEP / max(longest, _SAME))
        if longest < _CONVERGED:
            return b
    return np.full(len(b), np.nan)
