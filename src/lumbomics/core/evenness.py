"""Coil shading and the signals of tissues, found in turns from samples of an image."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.errors import InputError

FloatArray = NDArray[np.float64]

_ROUNDS = 25
_START = (8.0, 35.0, 85.0)
_FIRST_SPREAD, _LEAST_SPREAD = 0.3, 0.05
_RIDGE = 1e-3
_SCALE_MM = 60.0
_LEAST_SAMPLES = 100


@dataclass(frozen=True, eq=False)
class Evenness:
    """A smooth model of a coil's sensitivity about the spine, with the signals of two tissues.

    Parameters
    ----------
    coefficients
        (9,) of a polynomial of second order in the frame's coordinates (mm / 60) for the logarithm of sensitivity.
    origin_mm, axes
        (3,) and rows right, anterior, superior: the polynomial's frame.
    dark, fat
        Mean signal of the darkest and of the brightest class at the origin, in the image's unit: muscle and fat on T1
        and T2.
    """

    coefficients: FloatArray = field(repr=False)
    origin_mm: FloatArray = field(repr=False)
    axes: FloatArray = field(repr=False)
    dark: float
    fat: float

    def sensitivity(self, points_mm: FloatArray) -> FloatArray:
        """Sensitivity (...) at world points (..., 3), 1 at the origin."""
        return np.asarray(np.exp(_terms(self._local(points_mm)) @ self.coefficients))

    def _local(self, points_mm: FloatArray) -> FloatArray:
        return np.asarray((points_mm - self.origin_mm) @ self.axes.T / _SCALE_MM)


def fit_evenness(points_mm: FloatArray, signal: FloatArray, *, origin_mm: FloatArray, axes: FloatArray) -> Evenness:
    """Fit shading and tissues' signals in turns.

    The logarithm of signal is a sum of the tissue's own and a polynomial of second order; tissues (three normal
    distributions) and polynomial are found in turns (expectation maximisation, after Wells et al., IEEE Trans Med
    Imaging 1996;15:429). It is no correction for the whole image: away from the samples the polynomial means nothing.

    Parameters
    ----------
    points_mm, signal
        (n, 3) RAS+ mm and (n,) positive signals, of muscle and fat for the most part.
    origin_mm, axes
        (3,) and rows right, anterior, superior: where the polynomial's coordinates lie.

    Raises
    ------
    InputError
        If there are fewer than 100 samples, or signals that are not positive.
    """
    if len(signal) < _LEAST_SAMPLES or not (signal > 0).all():
        raise InputError(
            "too little signal to estimate coil shading",
            expected=f"{_LEAST_SAMPLES} positive samples",
            got=f"{len(signal)}",
        )
    terms = _terms((points_mm - origin_mm) @ axes.T / _SCALE_MM)
    coefficients, means = _in_turns(np.log(signal), terms)
    return Evenness(coefficients, origin_mm, axes, float(np.exp(means[0])), float(np.exp(means[-1])))


def _terms(local: FloatArray) -> FloatArray:
    x, y, z = np.moveaxis(local, -1, 0)
    return np.stack([x, y, z, x * x, y * y, z * z, x * y, x * z, y * z], axis=-1)


def _in_turns(log: FloatArray, terms: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Polynomial's coefficients and the classes' means, dark to bright."""
    coefficients = np.zeros(terms.shape[1])
    means = np.percentile(log, _START)
    spread = np.full(len(means), _FIRST_SPREAD)
    share = np.full(len(means), 1 / len(means))
    for _ in range(_ROUNDS):
        even = (log - terms @ coefficients)[:, None]
        weight = share * np.exp(-0.5 * ((even - means) / spread) ** 2) / spread + 1e-12
        weight /= weight.sum(axis=1, keepdims=True)
        total = weight.sum(axis=0)
        means = (weight * even).sum(axis=0) / total
        spread = np.maximum(np.sqrt((weight * (even - means) ** 2).sum(axis=0) / total), _LEAST_SPREAD)
        share = total / len(log)
        precision = weight / spread**2
        force = precision.sum(axis=1)
        residual = (precision * (log[:, None] - means)).sum(axis=1) / force
        weighted = terms * force[:, None]
        normal = weighted.T @ terms + _RIDGE * force.sum() * np.eye(terms.shape[1])
        coefficients = np.linalg.solve(normal, weighted.T @ residual)
    return coefficients, np.sort(means)
