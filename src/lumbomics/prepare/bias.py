"""Coil shading taken off an MR image: N4 on a thinned-out image, its field laid over the full one."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import SimpleITK
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from lumbomics.core.errors import InputError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.prepare.itk import from_itk, one_thread, to_itk
from lumbomics.prepare.pyramid import Layer
from lumbomics.prepare.resample import resample_image

Mask = NDArray[np.bool_]

_THINNED_MM = 4.0
_ROUNDS = (30, 30, 20)
_LEAST_VOXELS = 500
_LEAST_SLICES = 4
"""A cubic spline needs four points along every axis."""


@dataclass(frozen=True, eq=False)
class Evened:
    """An image without its shading.

    Parameters
    ----------
    image
        Divided by the field; 32-bit floats.
    field
        (i, j, k) brightness by which it was divided, geometric mean 1 over the tissue.
    """

    image: Image
    field: NDArray[np.float32] = field(repr=False)


def remove_shading(image: Image, *, tissue: Mask | None = None) -> Evened:
    """Take the smooth brightness of coils off an image (N4, Tustison 2010).

    The field is found on a 4 mm lattice with a fixed number of rounds, so that the time is bounded, and is the same
    for the same image. It is a ratio: absolute brightness means nothing in MR.

    Parameters
    ----------
    image
        MR image, values not negative; at least four slices.
    tissue
        (i, j, k) voxels to learn from; by default those brighter than Otsu's threshold of the blurred image.

    Raises
    ------
    InputError
        If the mask's shape is another, too little tissue is in it, or the image has fewer than four slices.
    """
    if tissue is not None and tissue.shape != image.grid.shape:
        raise InputError("mask and image differ in shape", expected=str(image.grid.shape), got=str(tissue.shape))
    if min(image.grid.shape) < _LEAST_SLICES:
        raise InputError("too few slices to learn shading from", expected=">= 4", got=str(image.grid.shape))
    thin = _thinned(image.array, image.grid)
    mask = _body(thin.array) if tissue is None else _thinned(tissue, image.grid).array > 0
    mask &= thin.array > 0
    if mask.sum() < _LEAST_VOXELS:
        hint = "give a mask of tissue, or leave the shading as it is"
        raise InputError("too little tissue", expected=f">= {_LEAST_VOXELS} voxels", got=str(mask.sum()), hint=hint)
    brightness = _field(thin, mask, image.grid)
    return Evened(Image(image.array / brightness, image.grid, image.quantity, image.contrast), brightness)


def _thinned(array: NDArray[np.generic], grid: Grid) -> Layer:
    """Every n-th voxel along the fine axes; no blur: N4 looks at the histogram, which a blur would smear."""
    step = np.maximum((_THINNED_MM / grid.spacing_mm).astype(int), 1)
    step = np.minimum(step, np.maximum(np.array(grid.shape) // _LEAST_SLICES, 1))
    affine = grid.affine.copy()
    affine[:3, :3] *= step
    thinned = np.asarray(array[tuple(slice(None, None, int(s)) for s in step)], dtype=np.float32)
    return Layer(thinned, Grid((thinned.shape[0], thinned.shape[1], thinned.shape[2]), affine))


def _body(array: NDArray[np.float32]) -> Mask:
    blurred = SimpleITK.GetImageFromArray(gaussian_filter(array, 1.0))
    found = SimpleITK.GetArrayFromImage(SimpleITK.OtsuThreshold(blurred, 0, 1, 128))
    return np.asarray(found > 0)


def _field(thin: Layer, mask: Mask, grid: Grid) -> NDArray[np.float32]:
    with one_thread():
        method = SimpleITK.N4BiasFieldCorrectionImageFilter()
        method.SetMaximumNumberOfIterations(list(_ROUNDS))
        method.SetConvergenceThreshold(1e-4)
        method.Execute(to_itk(np.maximum(thin.array, 1e-3), thin.grid), to_itk(mask.astype(np.uint8), thin.grid))
        log_field = from_itk(method.GetLogBiasFieldAsImage(to_itk(thin.array, thin.grid)))
    log_field = log_field - log_field[mask].mean()
    edges = np.pad(log_field, 1, mode="edge")  # the outer voxels of the full grid lie beyond the thinned one's
    affine = thin.grid.affine.copy()
    affine[:3, 3] = thin.grid.to_world([-1, -1, -1])
    wide = Grid((edges.shape[0], edges.shape[1], edges.shape[2]), affine)
    full = resample_image(Image(edges, wide), Grid(grid.shape, grid.affine)).array
    return np.asarray(np.exp(full), dtype=np.float32)
