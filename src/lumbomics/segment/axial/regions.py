"""Small operations on the pixels of one slice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_opening, distance_transform_edt, label

from lumbomics.segment.axial.patch import Patch

Mask = NDArray[np.bool_]


def disc_of(radius_mm: float, pixel_mm: float) -> Mask:
    """Round structuring element, one pixel about its middle at least."""
    reach = max(1, int(np.floor(radius_mm / pixel_mm)))
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return np.asarray(np.hypot(rows, columns) * pixel_mm <= max(radius_mm, pixel_mm))


def opened(mask: Mask, radius_mm: float, pixel_mm: float) -> Mask:
    """Mask without what is thinner than twice the radius."""
    return np.asarray(binary_opening(mask, disc_of(radius_mm, pixel_mm)))


def grown(mask: Mask, radius_mm: float, pixel_mm: float) -> Mask:
    """Mask with all pixels up to a distance from it."""
    if not mask.any():
        return mask.copy()
    return np.asarray(distance_transform_edt(~mask) * pixel_mm <= radius_mm)


def pieces(mask: Mask, least_mm2: float, pixel_mm: float) -> Iterator[Mask]:
    """Yield the connected pieces of a mask that are large enough."""
    numbers, count = label(mask)
    sizes = np.bincount(numbers.ravel(), minlength=count + 1) * pixel_mm**2
    for number in range(1, count + 1):
        if sizes[number] >= least_mm2:
            yield np.asarray(numbers == number)


def large(mask: Mask, least_mm2: float, pixel_mm: float) -> Mask:
    """Pixels of the pieces that are large enough."""
    found = np.zeros(mask.shape, dtype=bool)
    for piece in pieces(mask, least_mm2, pixel_mm):
        found |= piece
    return found


def mirrored(mask: Mask, patch: Patch) -> Mask:
    """Pixels whose mirror image across the middle line belongs to the mask."""
    return np.asarray(patch.at(mask.astype(np.float64), -patch.x, patch.y) > 0.5)
