"""Images and label maps carried onto another lattice through world coordinates."""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.core.labels import Labels
from lumbomics.prepare.itk import from_itk, one_thread, place, to_itk


def resample_image(image: Image, grid: Grid, *, nearest: bool = False, outside: float = 0.0) -> Image:
    """Carry an image onto another lattice.

    Parameters
    ----------
    image
        In the space of ``grid``: register the two first where the patient may have moved.
    grid
        Where values are wanted.
    nearest
        Take the nearest voxel's value; trilinear interpolation otherwise.
    outside
        Value of points the image does not cover.

    Returns
    -------
    Image on ``grid``, 32-bit floats where interpolated.

    Raises
    ------
    FrameMismatchError
        If both frames of reference are known and differ.
    """
    grid.require_same_frame(image.grid, where="resampled image")
    method = SimpleITK.sitkNearestNeighbor if nearest else SimpleITK.sitkLinear
    array = image.array if nearest else np.asarray(image.array, dtype=np.float32)
    return Image(_carried(array, image.grid, grid, method, outside), grid, image.quantity, image.contrast)


def resample_labels(labels: Labels, grid: Grid) -> Labels:
    """Carry a label map onto another lattice, such as a sagittal one into an axial stack: the nearest voxel's value.

    Parameters
    ----------
    labels
        In the space of ``grid``.
    grid
        Where labels are wanted; each of several stacks angled along the discs is a grid of its own.

    Returns
    -------
    Labels on ``grid`` with the same names, source and boundary error; 0 where the map does not reach.

    Raises
    ------
    FrameMismatchError
        If both frames of reference are known and differ.
    """
    grid.require_same_frame(labels.grid, where="resampled labels")
    array = _carried(labels.array, labels.grid, grid, SimpleITK.sitkNearestNeighbor, 0)
    return Labels(array, grid, labels.names, labels.source, labels.boundary_sd_mm)


def _carried(array: NDArray[Any], here: Grid, there: Grid, method: int, outside: float) -> NDArray[Any]:
    if array.dtype == bool:
        array = array.astype(np.uint8)
    with one_thread():
        source = to_itk(array, here)
        resampler = SimpleITK.ResampleImageFilter()
        resampler.SetInterpolator(method)
        resampler.SetDefaultPixelValue(float(outside))
        resampler.SetSize(list(there.shape))
        like = SimpleITK.Image(1, 1, 1, SimpleITK.sitkUInt8)
        place(like, there)
        resampler.SetOutputSpacing(like.GetSpacing())
        resampler.SetOutputOrigin(like.GetOrigin())
        resampler.SetOutputDirection(like.GetDirection())
        return from_itk(resampler.Execute(source))
