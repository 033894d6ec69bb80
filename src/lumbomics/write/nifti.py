"""Images as NIfTI files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray

from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.write.atomic import atomic_path

SCANNER = 1
"""NIfTI's code for scanner-based coordinates."""
_ORTHOGONAL = 1e-4


def write_image_nifti(image: Image, path: Path | str) -> Path:
    """Write an image as NIfTI-1, values unscaled, coordinates marked as the scanner's.

    Types that NIfTI lacks are widened without loss (bool to uint8, float16 to float32); 64-bit integers are stored in
    the smallest type that holds their range. The frame of reference UID is not stored: NIfTI has no place for it, and
    it could lead back to a patient.

    Parameters
    ----------
    image
        What to write.
    path
        ``.nii`` or ``.nii.gz``.

    Raises
    ------
    OutputError
        As in ``atomic_path``.
    """
    write_nifti(_storable(image.array), image.grid, path)
    return Path(path)


def write_nifti(array: NDArray[Any], grid: Grid, path: Path | str) -> None:
    """Write an array whose type NIfTI knows; see ``write_image_nifti``."""
    picture = nibabel.Nifti1Image(array, grid.affine)
    picture.set_sform(grid.affine, code=SCANNER)
    # A quaternion cannot hold the shear of a gantry tilt: then the sform alone speaks.
    picture.set_qform(grid.affine, code=SCANNER if _is_rigid(grid) else 0, strip_shears=True)
    picture.header.set_xyzt_units("mm")
    with atomic_path(path) as temporary:
        nibabel.save(picture, temporary)


def _is_rigid(grid: Grid) -> bool:
    return bool(np.allclose(grid.axes.T @ grid.axes, np.eye(3), atol=_ORTHOGONAL))


def _storable(array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype == np.bool_:
        return array.astype(np.uint8)
    if array.dtype.kind in "iu" and array.dtype.itemsize == 8:
        return array.astype(smallest_integer(int(array.min()), int(array.max())))
    if array.dtype == np.float16:
        return array.astype(np.float32)
    return array


def smallest_integer(low: int, high: int) -> np.dtype[Any]:
    """Smallest integer type that holds ``low`` and ``high``; unsigned where nothing is negative."""
    kinds: tuple[type[np.integer[Any]], ...] = (np.int8, np.int16, np.int32, np.int64)
    if low >= 0:
        kinds = (np.uint8, np.uint16, np.uint32, np.uint64)
    fitting = (np.dtype(kind) for kind in kinds if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)
    return next(fitting)
