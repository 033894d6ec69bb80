"""Label maps from a file of any kind: NIfTI in a stated convention, or a DICOM segmentation, which states its own."""

from __future__ import annotations

from pathlib import Path

from lumbomics.core.anatomy import Numbering
from lumbomics.core.conventions import Convention, Conversion, to_segmentation
from lumbomics.core.errors import InputError
from lumbomics.read.dicom.segmentation import is_dicom, read_dicom_segmentation
from lumbomics.read.nifti import read_nifti_labels

_DICOM_SUFFIXES = {".dcm", ".dicom"}


def is_dicom_labels(path: Path | str) -> bool:
    """Tell whether ``read_labels`` takes a file for a DICOM segmentation: by its name, or its mark."""
    file = Path(path)
    return file.suffix.lower() in _DICOM_SUFFIXES or is_dicom(file)


def read_labels(
    path: Path | str,
    *,
    convention: Convention | str = Convention.LUMBOMICS,
    second: Path | str | None = None,
    lowest_vertebra: str | None = None,
    top_vertebra: str | None = None,
    numbering: Numbering | None = None,
    ignore_unknown: bool = False,
    source: str | None = None,
    boundary_sd_mm: float | None = None,
) -> Conversion:
    """Read label maps and bring them to the project's numbers.

    Parameters
    ----------
    path
        A NIfTI file, or a DICOM segmentation.
    convention
        What the numbers of a NIfTI file mean; a DICOM segmentation says itself what its segments are.
    second
        Semantic map beside an instance map, for conventions that come as two files.
    lowest_vertebra, top_vertebra
        The vertebra that a counting convention calls 1.
    numbering
        How the levels were numbered, where an operator says more than the file.
    ignore_unknown
        Report values or segments that are not known instead of refusing them.
    source
        Who or what drew the labels; by default the convention's name.
    boundary_sd_mm
        Standard deviation of the drawn boundary in mm, where known.

    Raises
    ------
    InputError
        If a second map or a stated vertebra comes with a DICOM segmentation, or as ``to_segmentation``.
    ReadError, GridError, LabelError
        As ``read_nifti_labels``, ``to_segmentation`` and ``read_dicom_segmentation``.
    """
    if is_dicom_labels(path):
        _refuse_beside_dicom(second=second, lowest_vertebra=lowest_vertebra, top_vertebra=top_vertebra)
        return read_dicom_segmentation(
            path,
            numbering=numbering,
            ignore_unknown=ignore_unknown,
            source=source or "DICOM segmentation",
            boundary_sd_mm=boundary_sd_mm,
        )
    by = source or Convention(convention).value
    return to_segmentation(
        read_nifti_labels(path, source=by, boundary_sd_mm=boundary_sd_mm),
        convention,
        second=None if second is None else read_nifti_labels(second, source=by, boundary_sd_mm=boundary_sd_mm),
        lowest_vertebra=lowest_vertebra,
        top_vertebra=top_vertebra,
        numbering=numbering,
        ignore_unknown=ignore_unknown,
    )


def _refuse_beside_dicom(**stated: Path | str | None) -> None:
    given = [name for name, value in stated.items() if value is not None]
    if given:
        raise InputError(
            "a DICOM segmentation says itself what its segments are",
            expected="the file alone",
            got=", ".join(given),
            hint="leave these out, or give the labels as NIfTI in a stated convention",
        )
