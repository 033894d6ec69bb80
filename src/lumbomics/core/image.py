"""An image: voxel values that know where they lie and what they mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.errors import GridError, InputError
from lumbomics.core.grid import Grid


class Quantity(StrEnum):
    """What a voxel value measures."""

    ARBITRARY = "arbitrary"
    HOUNSFIELD = "HU"
    SUV_BODY_WEIGHT = "SUVbw"
    BECQUEREL_PER_ML = "Bq/mL"
    MILLISECOND = "ms"
    DIFFUSIVITY = "mm2/s"
    BOLD_PERCENT = "%"
    COUNTS = "counts"
    PROBABILITY = "1"


class Contrast(StrEnum):
    """The kind of picture, as the field names it."""

    T1 = "T1w"
    T2 = "T2w"
    STIR = "STIR"
    T1_POST = "T1w_post_contrast"
    PD = "PDw"
    DIXON_WATER = "dixon_water"
    DIXON_FAT = "dixon_fat"
    DWI = "dwi"
    BSSFP = "bSSFP"
    T2_SPACE = "T2w_SPACE"
    CT = "CT"
    CT_MYELOGRAPHY = "CT_myelography"
    RADIOGRAPH = "radiograph"
    NM = "NM"
    PET = "PET"
    UNKNOWN = "unknown"

    @property
    def is_t2(self) -> bool:
        """Whether fluid is bright for its T2 (T2, T2 SPACE, bSSFP and STIR)."""
        return self in {Contrast.T2, Contrast.T2_SPACE, Contrast.BSSFP, Contrast.STIR}


def require_three_dimensions(array: NDArray[Any], *, where: str) -> None:
    """Raise GridError unless ``array`` has three axes."""
    if array.ndim != 3:
        raise GridError(
            "array is not three-dimensional",
            expected="3 axes",
            got=f"{array.ndim} axes, shape {array.shape}",
            where=where,
            hint="give one volume: split a 4D file into its volumes first",
        )


@dataclass(frozen=True, eq=False)
class Image:
    """Voxel values on a grid.

    Parameters
    ----------
    array
        (i, j, k), finite real numbers in storage order; made read-only.
    grid
        Where the voxels lie.
    quantity
        What the values measure.
    contrast
        The kind of picture.

    Raises
    ------
    GridError
        If the array is not three-dimensional or its shape is not the grid's.
    InputError
        If the values are not real numbers.
    """

    array: NDArray[Any] = field(repr=False)
    grid: Grid
    quantity: Quantity = Quantity.ARBITRARY
    contrast: Contrast = Contrast.UNKNOWN

    def __post_init__(self) -> None:
        array = np.asarray(self.array)
        require_three_dimensions(array, where="image")
        if array.shape != self.grid.shape:
            raise GridError("image and grid differ in shape", expected=str(self.grid.shape), got=str(array.shape))
        if array.dtype.kind not in "iufb":
            raise InputError("image values are not real numbers", expected="integer or float", got=str(array.dtype))
        view = array.view()
        view.flags.writeable = False
        object.__setattr__(self, "array", view)
