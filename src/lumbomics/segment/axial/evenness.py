"""Coil shading of an axial series about the spine, and what its muscle and fat send."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.evenness import Evenness, fit_evenness
from lumbomics.core.image import Image
from lumbomics.segment.axial.place import Place

FloatArray = NDArray[np.float64]

_SAMPLES = 9000
_SIDE_MM, _FRONT_MM, _BACK_MM = 75.0, 45.0, 110.0
_AIR_SHARE = 0.08


def estimate_evenness(image: Image, places: tuple[Place, ...]) -> Evenness:
    """Estimate shading and the signals of muscle and fat about the spine; see ``core.evenness.fit_evenness``.

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
    return fit_evenness(points, signal, origin_mm=middle.centre_mm, axes=axes)


def _samples(image: Image, places: tuple[Place, ...]) -> tuple[FloatArray, FloatArray]:
    """Points about the spine with signal well above the air's, evenly thinned, and their signals."""
    each = max(200, _SAMPLES // len(places))
    shape = np.delete(image.grid.shape, places[0].axis)
    step = max(1, int(np.sqrt(np.prod(shape) / (4 * each))))
    rows, columns = (step // 2 + np.arange(0, n - step // 2, step) for n in shape)
    index = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1)
    found_points, found_signal = [], []
    for place in places:
        points = image.grid.to_world(np.insert(index, place.axis, place.index, axis=-1))
        x, y = place.local(points)
        near = (np.abs(x) < _SIDE_MM) & (y < _FRONT_MM) & (y > -_BACK_MM)
        found_points.append(points[near])
        values = np.take(image.array, place.index, axis=place.axis)[rows[:, None], columns[None]]
        found_signal.append(values[near].astype(np.float64))
    points, signal = np.concatenate(found_points), np.concatenate(found_signal)
    bright = signal > max(_AIR_SHARE * float(np.percentile(signal, 95)), 0.0)
    return points[bright], signal[bright]
