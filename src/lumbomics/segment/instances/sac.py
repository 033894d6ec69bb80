"""The dural sac on T2-like images: the bright fluid inside the canal, and what it surrounds."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumbomics.core.anatomy import CANAL
from lumbomics.core.image import Image
from lumbomics.core.labels import Labels

BOUNDARY_SD_MM = 1.0
"""Stated with the map, so that sizes taken from it carry it: the sac's volume on reference objects is 0.9 to 1.2 of the
true one, a millimetre on a radius of 7 mm."""
_LEAST_VOXELS = 200
_FLUID = 0.8
_BRIGHT_MM = 12.0
_LEAST_CONTRAST = 1.8


def dural_sac_map(spine: Labels, image: Image | None) -> Labels | None:
    """Mark the dural sac inside the canal.

    Fluid is what is brighter than 0.8 of the canal's brightest twentieth at the same height (coils shade an image along
    the spine); the sac is the largest connected fluid with what lies between fluid in front and behind (cord, roots).
    Calibrated on reference objects. Epidural fat as bright as fluid cannot be told from it.

    Parameters
    ----------
    spine
        Instance map with the canal.
    image
        The image on the same grid.

    Returns
    -------
    Labels or None
        1 inside the sac; ``None`` without an image, on other contrasts than T2, without a canal, or where the canal's
        bright and dark parts differ too little to tell fluid.
    """
    if image is None or not image.contrast.is_t2 or spine.voxels.get(CANAL, 0) < _LEAST_VOXELS:
        return None
    box = spine.boxes[CANAL]
    canal = spine.array[box] == CANAL
    values = image.array[box].astype(np.float32)
    dark, bright = np.percentile(values[canal], (5, 95))
    if bright < _LEAST_CONTRAST * max(float(dark), 1e-6):
        return None
    along = int(np.argmax(np.abs(spine.grid.axes[1])))
    fluid = canal & (values > _FLUID * _brightness(values, canal, spine))
    ahead = np.maximum.accumulate(fluid, axis=along)
    behind = np.flip(np.maximum.accumulate(np.flip(fluid, along), axis=along), along)
    filled = canal & ahead & behind
    piece, count = ndimage.label(filled)
    if not count:
        return None
    largest = int(np.argmax(np.bincount(piece[piece > 0])))
    out = np.zeros(spine.grid.shape, dtype=np.uint8)
    out[box] = piece == largest
    return Labels(
        out, spine.grid, names=MappingProxyType({1: "dural sac"}), source=spine.source, boundary_sd_mm=BOUNDARY_SD_MM
    )


def _brightness(values: NDArray[np.float32], canal: NDArray[np.bool_], spine: Labels) -> NDArray[np.float32]:
    """Level of fluid along the spine: the brightest twentieth of the canal in every row, smoothed; broadcastable."""
    upward = int(np.argmax(np.abs(spine.grid.axes[2])))
    rows, inside = np.moveaxis(values, upward, 0), np.moveaxis(canal, upward, 0)
    known = np.flatnonzero(inside.any(axis=(1, 2)))
    level = np.interp(np.arange(len(rows)), known, [float(np.percentile(rows[k][inside[k]], 95)) for k in known])
    smooth = ndimage.gaussian_filter1d(level, _BRIGHT_MM / spine.grid.spacing_mm[upward], mode="nearest")
    shape = [1, 1, 1]
    shape[upward] = len(rows)
    return np.asarray(smooth.reshape(shape), dtype=np.float32)
