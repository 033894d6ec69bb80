"""NIfTI files: one volume or one label map with its grid."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from lumbomics.core.errors import GridError, LabelError, ReadError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.core.labels import Labels

SUFFIXES = (".nii", ".nii.gz")
_MM_PER_UNIT = {"unknown": 1.0, "mm": 1.0, "meter": 1000.0, "micron": 0.001}
_LARGEST_LABEL = 65535
_BROKEN = (ImageFileError, HeaderDataError, EOFError, OSError, ValueError, zlib.error)


def is_nifti(path: Path) -> bool:
    """Tell whether a file name ends like a NIfTI file's."""
    return path.name.lower().endswith(SUFFIXES)


def stem(path: Path) -> str:
    """File name without ``.nii`` or ``.nii.gz``."""
    return path.name.removesuffix(".gz").removesuffix(".nii")


def read_nifti_image(path: str | Path) -> Image:
    """Read one volume.

    A fourth axis of length 1 is dropped; a two-dimensional picture becomes a volume of one slice. Values keep the
    file's type unless the header scales them (then they are 32-bit floats).

    Raises
    ------
    ReadError
        If the file is missing, empty, truncated, no NIfTI file, or holds values that are not finite real numbers.
    GridError
        If the affine is singular or not finite, or the file holds several volumes.
    """
    file = Path(path)
    array, grid = _load(file)
    if array.dtype.kind not in "iufb":
        raise ReadError(
            "voxels are not real numbers", expected="integer or float", got=str(array.dtype), where=file.name
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        missing = int(array.size - np.isfinite(array).sum())
        raise ReadError(
            "voxels hold NaN or infinity",
            expected="finite numbers",
            got=f"{missing} of {array.size} voxels",
            where=file.name,
            hint="replace them by the background's value and say so in your record",
        )
    return Image(array, grid)


def read_nifti_labels(path: str | Path, *, source: str = "label file", boundary_sd_mm: float | None = None) -> Labels:
    """Read one label map, its numbers as they stand, of whatever convention.

    Parameters
    ----------
    path
        A NIfTI file of whole numbers; floats are accepted where every value is whole.
    source
        Who or what drew the labels.
    boundary_sd_mm
        Standard deviation of the drawn boundary in mm, where known.

    Raises
    ------
    ReadError, GridError
        As in read_nifti_image.
    LabelError
        If values are fractional, negative, NaN or beyond 65535, or all are zero.
    """
    file = Path(path)
    array, grid = _load(file)
    return Labels(_whole(array, file.name), grid, source=source, boundary_sd_mm=boundary_sd_mm)


def _whole(array: NDArray[Any], where: str) -> NDArray[Any]:
    if array.dtype.kind not in "iufb":
        raise LabelError("label values must be whole numbers", got=str(array.dtype), where=where)
    if array.dtype.kind == "f":
        fractional = int(np.count_nonzero(~(np.rint(array) == array)))
        if fractional:
            raise LabelError(
                "label values must be whole numbers",
                expected="0, 1, 2 …",
                got=f"{fractional} voxels that hold fractions or NaN",
                where=where,
                hint="this may be a probability map, or labels resampled by interpolation: resample by nearest voxel",
            )
    low, high = (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)
    if low < 0 or high > _LARGEST_LABEL:
        raise LabelError("label values out of range", expected="0 to 65535", got=f"{low:g} to {high:g}", where=where)
    if high == 0:
        raise LabelError(
            "label map is empty: every voxel is 0", expected="at least one labelled voxel", got="none", where=where
        )
    return array.astype(np.uint8 if high <= np.iinfo(np.uint8).max else np.uint16)


def _load(file: Path) -> tuple[NDArray[Any], Grid]:
    if not is_nifti(file):
        raise ReadError("not a NIfTI file", expected="a name ending in .nii or .nii.gz", got=file.name)
    try:
        image = nib.load(file)
        affine = _affine_mm(image, file.name)
        array = _values(image)
    except FileNotFoundError as error:
        raise ReadError("no such file", where=file.name, hint="check the path") from error
    except PermissionError as error:
        raise ReadError("the file may not be read", where=file.name, hint="ask for read permission") from error
    except GridError:
        raise
    except _BROKEN as error:
        raise ReadError(
            "the file is empty, truncated or no NIfTI file",
            expected="a complete NIfTI-1 or NIfTI-2 file",
            got=f"{file.stat().st_size} bytes" if file.exists() else "nothing",
            where=file.name,
            hint="copy it again from its source and compare sizes",
        ) from error
    volume = _three_axes(array, file.name)
    return volume, _grid(volume, affine, file.name)


def _grid(volume: NDArray[Any], affine: NDArray[np.float64], where: str) -> Grid:
    try:
        return Grid(volume.shape, affine)
    except GridError as error:
        raise GridError(error.problem, expected=error.expected, got=error.got, where=where, hint=error.hint) from error


def _affine_mm(image: Any, where: str) -> NDArray[np.float64]:
    if not (image.header["sform_code"] or image.header["qform_code"]):
        raise GridError(
            "header states no orientation: left and right would be a guess",
            expected="sform_code or qform_code above 0",
            got="both 0",
            where=where,
            hint="restore the orientation from the source, then set the code",
        )
    unit = image.header.get_xyzt_units()[0]
    affine = np.array(image.affine, dtype=np.float64)
    affine[:3] *= _MM_PER_UNIT[unit]
    return affine


def _values(image: Any) -> NDArray[Any]:
    proxy = image.dataobj
    scaled = proxy.slope != 1 or proxy.inter != 0
    array = np.asarray(proxy, dtype=np.float32) if scaled else np.asarray(proxy.get_unscaled())
    return np.asarray(array, dtype=array.dtype.newbyteorder("="))


def _three_axes(array: NDArray[Any], where: str) -> NDArray[Any]:
    while array.ndim > 3 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim == 2:
        array = array[..., np.newaxis]
    if array.ndim != 3:
        raise GridError(
            "file holds several volumes",
            expected="3 axes, or a fourth of length 1",
            got=f"shape {array.shape}",
            where=where,
            hint="split it into its volumes and give the one to be measured",
        )
    return array
