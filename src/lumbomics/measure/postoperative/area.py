"""Standard errors of areas counted in pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lumbomics.core.labels import Labels
from lumbomics.measure.geometry.options import MeasureOptions
from lumbomics.measure.geometry.slices import Mask

CROFTON = math.pi / 4
"""Length of a boundary over the length of the pixel edges along it, mean over all directions (Crofton's formula)."""


def border_mm(first: Mask, second: Mask, pixel_mm: float) -> float:
    """Length of the boundary between two sets of pixels (rows, columns) that do not overlap."""
    edges = 0
    for axis in (0, 1):
        one, two = (np.take(first, _but(first.shape[axis], end), axis=axis) for end in (-1, 0))
        three, four = (np.take(second, _but(first.shape[axis], end), axis=axis) for end in (-1, 0))
        edges += int(np.count_nonzero(one & four) + np.count_nonzero(three & two))
    return CROFTON * pixel_mm * edges


def boundary_variance_mm3(pixel_mm: float, labels: Labels, options: MeasureOptions) -> float:
    """Variance of an area, mm⁴, for each millimetre of its boundary.

    A boundary that runs anywhere between pixel centres h apart errs by a uniform part of h, anew for every pixel along
    it: h² / 12 x h. A drawn boundary errs with a standard deviation s and a correlation length c:
    s² x c x √(2 pi), as in ``geometry.uncertainty``.
    """
    stated = labels.boundary_sd_mm
    drawing = options.default_boundary_sd_mm if stated is None else stated
    return pixel_mm**3 / 12 + drawing**2 * options.boundary_correlation_mm * math.sqrt(2 * math.pi)


def centroid_variance_mm2(area: Mask, pixel_mm: float, per_mm: float) -> float:
    """Variance along any direction, mm², of an area's centroid whose border errs; area (rows, columns) not empty.

    A border of length L that errs by v mm³ (``boundary_variance_mm3``) moves the centroid of a round area A with
    v L / (2 pi A): v L times the mean of its squared lever, A / (2 pi), over A².
    """
    mm2 = float(np.count_nonzero(area)) * pixel_mm**2
    return per_mm * border_mm(area, ~area, pixel_mm) / (2 * math.pi * mm2)


def slicing_variance_mm6(areas_mm2: Sequence[float], spacing_mm: float) -> float:
    """Variance of a volume summed over slices, mm⁶, that stems from where the slices happen to lie.

    Gundersen et al., J Microsc 1999;193:199, for areas that change smoothly: T² (3 C0 - 4 C1 + C2) / 240 with
    Ck = sum A(i) A(i + k). What the borders in each slice add is not in it.
    """
    areas = np.asarray(areas_mm2, dtype=np.float64)
    same, next_, after = (float(areas[: len(areas) - k] @ areas[k:]) for k in (0, 1, 2))
    return spacing_mm**2 * max(3 * same - 4 * next_ + after, 0.0) / 240


def _but(size: int, end: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Return the indices of an axis without its last (``end`` -1) or first (0) element."""
    return np.arange(size - 1) if end == -1 else np.arange(1, size)
