"""Images for an outside engine and label maps from it, as NIfTI files in its private folder."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from lumbomics.core.errors import GridError, GridMismatchError, SegmentationError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.core.labels import Labels

_SCANNER = 1
_SQUARE = 1e-3
_SAME_PLACE_MM = 0.1
_LARGEST_LABEL = 65535
_BROKEN = (ImageFileError, HeaderDataError, EOFError, OSError, ValueError, zlib.error)


def require_square(grid: Grid, *, title: str) -> None:
    """Raise GridError for a sheared lattice (gantry tilt): the engines here read right-angled ones alone."""
    apart = float(np.abs(grid.axes.T @ grid.axes - np.eye(3)).max())
    if apart > _SQUARE:
        raise GridError(
            f"{title} reads right-angled voxel lattices alone, and this one is sheared (gantry tilt)",
            expected="axes at right angles",
            got=f"cosine {apart:.3f} between two axes",
            hint="resample the image to a right-angled grid, or use the built-in engine",
        )


def write_image(image: Image, path: Path) -> None:
    """Write an image in a type that every reader of NIfTI knows; name, date and frame of reference are not written."""
    picture = nibabel.Nifti1Image(_storable(image.array), image.grid.affine)
    picture.set_sform(image.grid.affine, code=_SCANNER)
    picture.set_qform(image.grid.affine, code=_SCANNER, strip_shears=True)
    picture.header.set_xyzt_units("mm")
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(picture, path)


def _storable(array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind == "f":
        return array.astype(np.float32)
    low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
    for kind in (np.int16, np.int32):
        limits = np.iinfo(kind)
        if limits.min <= low and high <= limits.max:
            return array.astype(kind)
    return array.astype(np.float32)


def read_labels(path: Path, grid: Grid, *, title: str, source: str) -> Labels:
    """Read a label map that an engine wrote.

    Parameters
    ----------
    path
        The file; is there.
    grid
        The grid of the image that the engine was given.
    title
        The engine, for messages.
    source
        Engine and version, for the record.

    Raises
    ------
    SegmentationError
        If the file cannot be read, or holds no label map.
    GridMismatchError
        If the map does not lie on the image's grid.
    """
    try:
        picture = nibabel.load(path)
        array = np.asarray(picture.dataobj)
        affine = np.array(picture.affine, dtype=np.float64)
    except _BROKEN as error:
        raise _unreadable(title, "a broken or truncated file") from error
    while array.ndim > 3 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim != 3:
        raise _unreadable(title, f"{array.ndim} axes")
    _require_same_place(Grid(array.shape, affine), grid, title)
    return Labels(_whole(array, title), grid, source=source)


def _unreadable(title: str, got: str) -> SegmentationError:
    return SegmentationError(
        f"what {title} wrote is no label map",
        expected="a NIfTI file of whole numbers from 0 to 65535",
        got=got,
        hint=f"check that its version is one that is supported, and that the disk is not full; run {title} by hand",
    )


def _require_same_place(drawn: Grid, given: Grid, title: str) -> None:
    if not given.same_place(drawn, tolerance_mm=_SAME_PLACE_MM):
        raise GridMismatchError(
            f"what {title} drew does not lie on the image's grid",
            expected=given.describe(),
            got=drawn.describe(),
            hint=f"switch off its options that change the grid; nothing was taken over from {title}",
        )


def _whole(array: NDArray[Any], title: str) -> NDArray[Any]:
    if array.dtype.kind not in "iufb":
        raise _unreadable(title, f"values of type {array.dtype}")
    if array.dtype.kind == "f" and not np.array_equal(array, np.rint(array)):
        raise _unreadable(title, "fractions")
    low, high = float(array.min()), float(array.max())
    if low < 0 or high > _LARGEST_LABEL:
        raise _unreadable(title, f"values from {low:g} to {high:g}")
    return array.astype(np.uint8 if high <= np.iinfo(np.uint8).max else np.uint16)
