"""One region cut out of its image, slices first, and brought to the voxels it is analysed on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumbomics.core.errors import GridError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.radiomics.regions import Region
from lumbomics.radiomics.settings import Interpolation, RadiomicsSettings

FloatArray = NDArray[np.float64]
MARGIN_MM = 10.0
"""Kept around a region: the 6.2 mm of a local peak, the reach of a perturbed boundary and of interpolation."""
SPLINE_VOXELS = 8
"""Margin that a cubic spline needs: what it takes from beyond fades by 0.27 a voxel, to 3e-5."""
_ORDER: Final[dict[Interpolation, Literal[1, 3]]] = {Interpolation.LINEAR: 1, Interpolation.CUBIC: 3}


@dataclass(frozen=True, kw_only=True, eq=False)
class Roi:
    """Intensities and mask around one region.

    Parameters
    ----------
    values, mask
        (slices, rows, columns): intensities, and whether a voxel belongs to the region.
    spacing_mm
        Along these axes.
    start
        Index of the first voxel in the whole image, along these axes.
    full
        Size of the whole image along these axes.
    """

    values: FloatArray = field(repr=False)
    mask: NDArray[np.bool_] = field(repr=False)
    spacing_mm: FloatArray
    start: tuple[int, ...]
    full: tuple[int, ...]


def slice_axis(grid: Grid) -> int:
    """Storage axis along which slices follow one another: the coarsest, the last one among equals."""
    return int(2 - np.argmax(np.round(grid.spacing_mm, 3)[::-1]))


def require_right_angles(grid: Grid) -> None:
    """Raise GridError where the voxels are no boxes (gantry tilt): distances and neighbours would be wrong."""
    if not np.allclose(grid.axes.T @ grid.axes, np.eye(3), atol=1e-3):
        raise GridError(
            "radiomic features need voxels with right angles",
            expected="perpendicular axes",
            got=grid.describe(),
            hint="resample image and labels to a grid without shear first",
        )


def cut_roi(image: Image, region: Region, *, margin_voxels: int = 0) -> Roi:
    """Cut the region's box and a margin out of the image; everything later works on this box alone.

    Parameters
    ----------
    image, region
        Where from and what.
    margin_voxels
        Least margin along every axis, beside the ``MARGIN_MM`` that is always kept.
    """
    first = slice_axis(image.grid)
    order = (first, *(axis for axis in (2, 1, 0) if axis != first))
    margin = np.maximum(np.ceil(MARGIN_MM / image.grid.spacing_mm).astype(int), margin_voxels)
    low = np.maximum(region.voxels.min(axis=0) - margin, 0)
    high = np.minimum(region.voxels.max(axis=0) + margin + 1, image.grid.shape)
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    mask = np.zeros(tuple(high - low), dtype=bool)
    mask[tuple((region.voxels - low).T)] = True
    return Roi(
        values=np.ascontiguousarray(image.array[box].transpose(order), dtype=np.float64),
        mask=np.ascontiguousarray(mask.transpose(order)),
        spacing_mm=image.grid.spacing_mm[list(order)],
        start=tuple(int(low[axis]) for axis in order),
        full=tuple(image.grid.shape[axis] for axis in order),
    )


def resampled(roi: Roi, settings: RadiomicsSettings) -> Roi:
    """Bring a region to the voxels of the settings.

    New voxels are aligned with the centre of the whole image, as IBSI asks, whatever was cut out of it; beyond the
    image, its edge goes on. A mask voxel belongs to the region from a linear share of one half.
    """
    if settings.spacing_mm is None:
        return roi
    wanted = np.full(3, settings.spacing_mm)
    if settings.aggregation.in_slices:
        wanted[0] = roi.spacing_mm[0]
    axes = [_positions(roi, axis, float(wanted[axis])) for axis in range(3)]
    points = np.array(np.meshgrid(*axes, indexing="ij"))
    order = _ORDER[settings.interpolation]
    share = ndimage.map_coordinates(roi.mask.astype(np.float64), points, order=1, mode="nearest")
    return Roi(
        values=ndimage.map_coordinates(roi.values, points, order=order, mode="nearest"),
        mask=share >= 0.5 - 1e-9,
        spacing_mm=wanted,
        start=(0, 0, 0),
        full=share.shape,
    )


def _positions(roi: Roi, axis: int, wanted_mm: float) -> FloatArray:
    """Where new voxels lie along one axis, in old voxels of the cut-out box."""
    step = wanted_mm / float(roi.spacing_mm[axis])
    count = int(np.ceil(roi.full[axis] / step - 1e-6))
    everywhere = (roi.full[axis] - 1) / 2 + (np.arange(count) - (count - 1) / 2) * step
    local = everywhere - roi.start[axis]
    return np.asarray(local[(local > -0.5 - 1e-6) & (local < roi.mask.shape[axis] - 0.5 + 1e-6)])
