"""Where a radiograph's pixels lie: directions from the patient orientation, no position."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from lumbomics.read.dicom.frames import Frame
from lumbomics.read.dicom.view import value_of

_RAS_OF_LETTER = {
    "L": (-1.0, 0.0, 0.0),
    "R": (1.0, 0.0, 0.0),
    "P": (0.0, -1.0, 0.0),
    "A": (0.0, 1.0, 0.0),
    "H": (0.0, 0.0, 1.0),
    "F": (0.0, 0.0, -1.0),
}
_UNPLACED = "a projection has no position: its first pixel is put at (0, 0, 0)"
_MAGNIFIED = "spacing is the detector's: lengths are magnified by an unknown factor"
_INVERTED = "values are stored inverted: small is bright (MONOCHROME1)"
_UNORIENTED = "no patient orientation stated: the axes are the picture's own, not the patient's"


def projection_affine(header: Dataset, frame: Frame) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """4 x 4 affine (column, row, 1 -> RAS+ mm) of a projection, and what is not known about it."""
    row, column = _directions(header)
    faults = [_UNPLACED]
    if row is None or column is None or abs(row @ column) > 0.5:
        row, column = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, -1.0])
        faults.append(_UNORIENTED)
    if value_of(header, "PhotometricInterpretation") == "MONOCHROME1":
        faults.append(_INVERTED)
    if value_of(header, "PixelSpacing") is None:
        faults.append(_MAGNIFIED)
    affine = np.eye(4)
    affine[:3, 0] = row * frame.spacing_mm[1]
    affine[:3, 1] = column * frame.spacing_mm[0]
    affine[:3, 2] = np.cross(row, column)
    return affine, tuple(faults)


def _directions(header: Dataset) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    stated = [str(part) for part in value_of(header, "PatientOrientation") or ()]
    if len(stated) != 2:
        return None, None
    row, column = (_direction(letters) for letters in stated)
    return row, column


def _direction(letters: str) -> NDArray[np.float64] | None:
    found = _RAS_OF_LETTER.get(letters[:1].upper())
    return None if found is None else np.array(found)
