"""Coil shading and the signal of fat, from the image alone: tissues are found while the shading is."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.segment.axial.place import Place

FloatArray = NDArray[np.float64]

_SAMPLES = 9000
_ROUNDS = 25
_SIDE_MM, _FRONT_MM, _BACK_MM = 75.0, 45.0, 110.0
_START = (8.0, 35.0, 85.0)
_RIDGE = 1e-3
_LEAST_SPREAD = 0.05
_SCALE_MM = 60.0


@dataclass(frozen=True, eq=False)
class Evenness:
    """A smooth model of the coil's sensitivity about the spine.

    Parameters
    ----------
    coefficients
        Of a polynomial of second order in right, anterior and superior (mm / 60) for the logarithm of sensitivity.
    origin_mm, axes
        (3,) and rows right, anterior, superior: the polynomial's frame.
    dark, fat
        Signal of muscle-like tissue and of fat at the origin, in the image's unit.
    """

    coefficients: FloatArray = field(repr=False)
    origin_mm: FloatArray = field(repr=False)
    axes: FloatArray = field(repr=False)
    dark: float
    fat: float

    def sensitivity(self, points_mm: FloatArray) -> FloatArray:
        """Sensitivity (...) at world points (..., 3), 1 at the origin."""
        local = (points_mm - self.origin_mm) @ self.axes.T / _SCALE_MM
        return np.asarray(np.exp(_terms(local) @ self.coefficients))


def estimate_evenness(image: Image, places: tuple[Place, ...]) -> Evenness:
    """Estimate shading and the signals of muscle and fat about the spine.

    The logarithm of signal is a sum of the tissue's own and a polynomial of second order; tissues (three normal
    distributions) and polynomial are found in turns (expectation maximisation, after Wells et al., IEEE Trans Med
    Imaging 1996;15:429). It is no correction for the whole image: far from the spine the polynomial means nothing.

    Parameters
    ----------
    image
        An axial MR series.
    places
        Slices that hold the spine; at least one.
    """
    middle = places[len(places) // 2]
    axes = np.array([middle.right, middle.anterior, np.cross(middle.right, middle.anterior)])
    points, signal = _samples(image, places)
    local = (points - middle.centre_mm) @ axes.T / _SCALE_MM
    log = np.log(signal)
    coefficients, means = _in_turns(log, _terms(local))
    return Evenness(coefficients, middle.centre_mm, axes, float(np.exp(means[0])), float(np.exp(means[-1])))


def _samples(image: Image, places: tuple[Place, ...]) -> tuple[FloatArray, FloatArray]:
    """Points about the spine with signal well above the air's, evenly thinned, and their signals."""
    each = max(200, _SAMPLES // len(places))
    found_points, found_signal = [], []
    for place in places:
        points = plane_points(image.grid, place)
        x, y = place.local(points)
        near = np.flatnonzero(((np.abs(x) < _SIDE_MM) & (y < _FRONT_MM) & (y > -_BACK_MM)).ravel())
        chosen = near[:: max(1, len(near) // each)]
        found_points.append(points.reshape(-1, 3)[chosen])
        found_signal.append(np.take(image.array, place.index, axis=place.axis).ravel()[chosen].astype(np.float64))
    points, signal = np.concatenate(found_points), np.concatenate(found_signal)
    air = 0.08 * float(np.percentile(signal, 95))
    return points[signal > air], signal[signal > air]


def plane_points(grid: Grid, place: Place) -> FloatArray:
    """World points (rows, columns, 3) of a slice's pixels."""
    shape = np.delete(grid.shape, place.axis)
    index = np.moveaxis(np.indices(tuple(shape)), 0, -1)
    return grid.to_world(np.insert(index, place.axis, place.index, axis=-1))


def _terms(local: FloatArray) -> FloatArray:
    x, y, z = np.moveaxis(local, -1, 0)
    return np.stack([x, y, z, x * x, y * y, z * z, x * y, x * z, y * z], axis=-1)


def _in_turns(log: FloatArray, terms: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Polynomial's coefficients and the classes' means, dark to bright."""
    coefficients = np.zeros(terms.shape[1])
    means = np.percentile(log, _START)
    spread = np.full(len(means), 0.3)
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
        residual = (precision * (log[:, None] - means)).sum(axis=1) / precision.sum(axis=1)
        force = precision.sum(axis=1)
        normal = (terms * force[:, None]).T @ terms + _RIDGE * force.sum() * np.eye(terms.shape[1])
        coefficients = np.linalg.solve(normal, (terms * force[:, None]).T @ residual)
    return coefficients, np.sort(means)
