"""Coil shading taken off an MR image: a smooth brightness fitted on labelled tissues, or N4 where none are labelled.

N4 sees a histogram alone: in a lumbar image, where fat lies at the back beside the coil, it takes a part of the shading
for tissue and of the tissue for shading. With labels the levels of the tissues are fitted along with the brightness,
which tells the two apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import SimpleITK
from numpy.polynomial import legendre
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from lumbomics.core.errors import InputError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.core.labels import Labels
from lumbomics.core.sampling import sample_nearest
from lumbomics.prepare.itk import from_itk, one_thread, to_itk
from lumbomics.prepare.pyramid import Layer
from lumbomics.prepare.resample import resample_image

Mask = NDArray[np.bool_]

_THINNED_MM = 4.0
_ROUNDS = (30, 30, 20)
_LEAST_VOXELS = 500
_LEAST_SLICES = 4
"""A cubic spline needs four points along every axis."""
_ORDERS = (2, 3, 3)
_FIT_ROUNDS = 6
_TUKEY = 4.7


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


def remove_shading(image: Image, *, tissues: Labels | None = None) -> Evened:
    """Take the smooth brightness of coils off an image.

    With ``tissues``: ``log signal = level of the tissue + polynomial`` (third order in the plane of the spine, second
    across it) is fitted by least squares with Tukey's weights. Without: N4 (Tustison 2010) on a 4 mm lattice with a
    fixed number of rounds. Both give the same field for the same image, in bounded time. The field is a ratio:
    absolute brightness means nothing in MR.

    Parameters
    ----------
    image
        MR image, values not negative; at least four slices for N4.
    tissues
        Label map in the image's space, on any grid; each value is a tissue that looks the same everywhere, such as
        ``1`` for all vertebral bodies and ``2`` for muscle.

    Raises
    ------
    InputError
        If too little tissue is labelled or shown, or N4 is asked of fewer than four slices.
    """
    if tissues is not None:
        return _evened(image, _fitted(image, tissues))
    if min(image.grid.shape) < _LEAST_SLICES:
        raise InputError("too few slices to learn shading from", expected=">= 4", got=str(image.grid.shape))
    thin = _thinned(image.array, image.grid)
    mask = _body(thin.array) & (thin.array > 0)
    _require_enough(int(mask.sum()))
    return _evened(image, _field(thin, mask, image.grid))


def _evened(image: Image, brightness: NDArray[np.float32]) -> Evened:
    return Evened(Image(image.array / brightness, image.grid, image.quantity, image.contrast), brightness)


def _require_enough(voxels: int) -> None:
    if voxels < _LEAST_VOXELS:
        hint = "label more tissue, or leave the shading as it is"
        raise InputError("too little tissue", expected=f">= {_LEAST_VOXELS} voxels", got=str(voxels), hint=hint)


def _fitted(image: Image, tissues: Labels) -> NDArray[np.float32]:
    """Brightness by a fit of tissue levels and a polynomial; outside the labelled box it stays that of its edge."""
    thin = _thinned(image.array, image.grid)
    points = thin.grid.to_world(np.moveaxis(np.indices(thin.grid.shape), 0, -1))
    kind = sample_nearest(tissues.array, tissues.grid, points)
    used = (kind > 0) & (thin.array > 0)
    _require_enough(int(used.sum()))
    low, high = points[used].min(axis=0), points[used].max(axis=0)
    level = (kind[used][:, None] == np.unique(kind[used])).astype(np.float64)
    terms = _terms(points[used], low, high)
    weights = _robust_fit(terms, level, np.log(thin.array[used].astype(np.float64)))
    log_field = _terms(points.reshape(-1, 3), low, high) @ weights
    mean = float((terms @ weights).mean())
    return _laid(np.asarray(log_field.reshape(thin.grid.shape) - mean, dtype=np.float32), thin.grid, image.grid)


def _terms(points_mm: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    """Products of Legendre polynomials (n, terms) without the constant; points beyond the box count as on its edge."""
    scaled = 2 * (np.clip(points_mm, low, high) - low) / np.maximum(high - low, 1e-6) - 1
    rows = [legendre.legvander(scaled[:, axis], order) for axis, order in enumerate(_ORDERS)]
    powers = [p for p in np.ndindex(*(order + 1 for order in _ORDERS)) if 0 < sum(p) <= max(_ORDERS)]
    return np.stack([rows[0][:, a] * rows[1][:, b] * rows[2][:, c] for a, b, c in powers], axis=1)


def _robust_fit(
    terms: NDArray[np.float64], level: NDArray[np.float64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weights of the terms, by Tukey's weights about each tissue's own scatter: muscle holds fat, marrow hardly."""
    design = np.hstack([terms, level])
    ridge = 1e-6 * len(values) * np.eye(design.shape[1])
    weight = np.ones(len(values))
    for _ in range(_FIT_ROUNDS):
        found = np.linalg.solve(design.T @ (design * weight[:, None]) + ridge, design.T @ (weight * values))
        residual = values - design @ found
        scatter = [1.4826 * float(np.median(np.abs(residual[kind > 0]))) for kind in level.T]
        scale = level @ np.maximum(scatter, 1e-6)
        weight = np.maximum(1 - (residual / (_TUKEY * scale)) ** 2, 0.0) ** 2 * (scale.min() / scale) ** 2
    return np.asarray(found[: terms.shape[1]], dtype=np.float64)


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
    return _laid(log_field - log_field[mask].mean(), thin.grid, grid)


def _laid(log_field: NDArray[np.float32], thin: Grid, grid: Grid) -> NDArray[np.float32]:
    """Lay the logarithm of a field on a thinned lattice over the full one, and take its exponential."""
    edges = np.pad(log_field, 1, mode="edge")  # the outer voxels of the full grid lie beyond the thinned one's
    affine = thin.affine.copy()
    affine[:3, 3] = thin.to_world([-1, -1, -1])
    wide = Grid((edges.shape[0], edges.shape[1], edges.shape[2]), affine)
    full = resample_image(Image(edges, wide), Grid(grid.shape, grid.affine)).array
    return np.asarray(np.exp(full), dtype=np.float32)
