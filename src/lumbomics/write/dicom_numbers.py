"""How an image becomes DICOM's numbers: stored pixels, decimal strings, LPS directions, UIDs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import UID
from pydicom.valuerep import format_number_as_ds

from lumbomics.core.errors import GridError, InputError
from lumbomics.core.image import Image

_CT_AIR_HU = -1024
_PERPENDICULAR = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class Stored:
    """How values become stored pixels: value = slope x stored + intercept."""

    image: Image
    kind: type[np.uint16] | type[np.int16]
    slope: float
    intercept: float

    def slice_bytes(self, place: int) -> bytes:
        """Pixels of one slice, row by row."""
        values = self.image.array[:, :, place].T
        if (self.slope, self.intercept) == (1.0, 0.0) and values.dtype == self.kind:
            return values.tobytes()
        return _stored_values(values, self.slope, self.intercept).astype(self.kind).tobytes()


def stored_as(image: Image, modality: str, rescale: tuple[float, float] | None) -> Stored:
    """Choose stored numbers for an image, or take the given slope and intercept; InputError beyond 16 bits."""
    slope, intercept = rescale or _chosen_rescale(image, modality)
    ends = np.array([image.array.min(), image.array.max()])
    low, high = sorted(_stored_values(ends, slope, intercept))
    for kind in (np.uint16, np.int16):
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return Stored(image=image, kind=kind, slope=slope, intercept=intercept)
    raise InputError("values do not fit 16 bits", expected="at most 65536 steps", got=f"{low:g} to {high:g}")


def _stored_values(values: NDArray[Any], slope: float, intercept: float) -> NDArray[np.float64]:
    return np.asarray(np.rint((values.astype(np.float64) - intercept) / slope), dtype=np.float64)


def _chosen_rescale(image: Image, modality: str) -> tuple[float, float]:
    low, high = float(image.array.min()), float(image.array.max())
    if image.array.dtype.kind in "iub" and high - low <= np.iinfo(np.uint16).max:
        fits_plainly = (low >= 0 and high <= np.iinfo(np.uint16).max) or (low >= -32768 and high <= 32767)
        if modality == "CT":
            return 1.0, min(low, _CT_AIR_HU)
        return 1.0, 0.0 if fits_plainly else low
    # a decimal string holds 16 characters: keep the slope to what it can say
    slope = float(format_number_as_ds((high - low) / np.iinfo(np.uint16).max or 1.0))
    return slope, float(format_number_as_ds(low))


def lps_affine(image: Image) -> NDArray[np.float64]:
    """Give the 4 x 4 map from (column, row, slice) to LPS mm; GridError unless columns and rows are perpendicular."""
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ image.grid.affine
    row, column = (affine[:3, axis] / np.linalg.norm(affine[:3, axis]) for axis in (0, 1))
    if abs(row @ column) > _PERPENDICULAR:
        raise GridError(
            "the in-plane axes are not perpendicular",
            expected="storage axes i and j at right angles",
            got=f"cosine {row @ column:.3g}",
            hint="permute the axes so that the shear lies along k, or resample",
        )
    return affine


def decimals(values: Iterable[float]) -> list[str]:
    """Write numbers as decimal strings of at most 16 characters."""
    return [format_number_as_ds(float(value)) for value in values]


def orientation(affine: NDArray[np.float64]) -> list[str]:
    """Direction cosines along a row, then down a column."""
    return decimals(part for axis in (0, 1) for part in affine[:3, axis] / np.linalg.norm(affine[:3, axis]))


def spacing(affine: NDArray[np.float64]) -> list[str]:
    """Distance between rows, then between columns, in mm."""
    return decimals(float(np.linalg.norm(affine[:3, axis])) for axis in (1, 0))


def derived_uid(*sources: str) -> UID:
    """Make a UID that is the same for the same sources (PS3.5 B.2: 2.25 and a UUID)."""
    return UID(f"2.25.{uuid5(NAMESPACE_OID, '|'.join(sources)).int}")


def set_rescale(item: Dataset, stored: Stored, modality: str) -> None:
    """State slope and intercept."""
    item.RescaleIntercept, item.RescaleSlope = decimals([stored.intercept, stored.slope])
    item.RescaleType = "HU" if modality == "CT" else "US"
