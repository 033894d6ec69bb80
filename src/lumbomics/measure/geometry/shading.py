"""Coil shading: a receive coil's smooth brightness, estimated from tissues that should look the same everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from lumbomics.core.measurement import Reason
from lumbomics.measure.geometry.frame import FloatArray, Frame
from lumbomics.measure.geometry.obstacle import NotMeasurableError

_SCALE_MM = 50.0
_ROUNDS = 8
_TUKEY = 4.7
_LEAST_SAMPLES = 200
_SHARED_MM3 = 64.0


@dataclass(frozen=True, eq=False)
class Shading:
    """Logarithm of a coil's brightness as a polynomial of second order in the sagittal plane, linear across it.

    Parameters
    ----------
    frame
        Where the polynomial's coordinates lie.
    coefficients, covariance
        Of the polynomial, and their covariance.
    """

    frame: Frame = field(repr=False)
    coefficients: FloatArray
    covariance: FloatArray = field(repr=False)

    @classmethod
    def from_tissues(cls, tissues: Sequence[tuple[FloatArray, FloatArray]], frame: Frame, *, sample_mm3: float) -> Self:
        """Fit log signal = level of the tissue + polynomial, robustly (Tukey's biweight).

        Parameters
        ----------
        tissues
            For every tissue (marrow, cerebrospinal fluid): points (n, 3) RAS+ mm and positive signals (n,).
        sample_mm3
            Volume a sample stands for; samples within 64 mm³ are taken to share one error.

        Raises
        ------
        NotMeasurableError
            If there are too few samples.
        """
        if sum(len(signal) for _, signal in tissues) < _LEAST_SAMPLES or any(len(signal) == 0 for _, signal in tissues):
            raise NotMeasurableError(
                Reason.STRUCTURE_NOT_LABELLED, "too little marrow or fluid to estimate coil shading"
            )
        points = np.vstack([where for where, _ in tissues])
        level = np.repeat(np.eye(len(tissues)), [len(signal) for _, signal in tissues], axis=0)
        design = np.hstack([_terms(frame, points), level])
        coefficients, covariance = _robust_fit(design, np.log(np.concatenate([signal for _, signal in tissues])))
        count = design.shape[1] - len(tissues)
        shared = max(1.0, _SHARED_MM3 / sample_mm3)
        return cls(frame, coefficients[:count], shared * covariance[:count, :count])

    def at(self, points_mm: ArrayLike) -> FloatArray:
        """Brightness (n,) at points (n, 3), 1 at the frame's origin."""
        return np.asarray(np.exp(_terms(self.frame, np.asarray(points_mm, dtype=np.float64)) @ self.coefficients))

    def ratio(self, points_mm: ArrayLike, reference_mm: ArrayLike) -> tuple[float, float]:
        """Mean brightness at points over that at reference points, and the standard error of its logarithm."""
        terms = [_terms(self.frame, np.asarray(p, dtype=np.float64)).mean(axis=0) for p in (points_mm, reference_mm)]
        step = terms[0] - terms[1]
        return float(np.exp(step @ self.coefficients)), float(np.sqrt(step @ self.covariance @ step))


def _terms(frame: Frame, points: FloatArray) -> FloatArray:
    x, y, z = frame.to_local(points).T / _SCALE_MM
    return np.stack([x, y, z, y * y, y * z, z * z], axis=1)


def _robust_fit(design: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Fit by iteratively reweighted least squares; covariance from the weighted residuals."""
    weight = np.ones(len(values))
    for _ in range(_ROUNDS):
        normal = design.T @ (design * weight[:, None])
        coefficients = np.linalg.solve(normal, design.T @ (weight * values))
        residual = values - design @ coefficients
        scale = max(1.4826 * float(np.median(np.abs(residual))), 1e-9)
        weight = np.maximum(1 - (residual / (_TUKEY * scale)) ** 2, 0.0) ** 2 * (np.abs(residual) < _TUKEY * scale)
    normal = design.T @ (design * weight[:, None])
    covariance = scale**2 * np.linalg.inv(normal)
    return np.asarray(coefficients, dtype=np.float64), np.asarray(covariance, dtype=np.float64)
