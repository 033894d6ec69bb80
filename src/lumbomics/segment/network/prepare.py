"""From an image to what the network sees, and back; training and use share this code."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.errors import InputError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image, Quantity
from lumbomics.segment.network.resample import PlaneResampler, working_size
from lumbomics.segment.network.view import SagittalView

COARSEST_MM = 2.5
"""In-plane sample distance beyond which a stack is no sagittal one (engineering default)."""
SMALLEST_FIELD_MM = 30.0
"""Shortest side of a picture that can hold one lumbar level (engineering default)."""
_LOW, _HIGH = -0.2, 1.5
_NOT_MR = frozenset({Contrast.CT, Contrast.CT_MYELOGRAPHY, Contrast.RADIOGRAPH, Contrast.NM, Contrast.PET})
_NOT_MR_QUANTITY = frozenset({Quantity.HOUNSFIELD, Quantity.SUV_BODY_WEIGHT, Quantity.BECQUEREL_PER_ML})


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """An image as the network sees it, with the way back.

    Parameters
    ----------
    array
        (slices, rows, columns) float32: slices to the patient's right, rows to the feet, columns to the back;
        1st percentile at 0, 99th at 1, cut off at -0.2 and 1.5.
    grid
        The image's own grid.
    view
        How the grid's storage axes turn into slices, rows and columns.
    spacing_mm
        In-plane sample distance of ``array``.
    """

    array: NDArray[np.float32] = field(repr=False)
    grid: Grid
    view: SagittalView
    spacing_mm: float

    @property
    def slice_spacing_mm(self) -> float:
        """Distance between neighbouring slices."""
        return float(self.grid.spacing_mm[self.view.order[0]])

    @property
    def stored_size(self) -> tuple[int, int]:
        """Rows and columns of a slice on the image's own grid."""
        return self.grid.shape[self.view.order[1]], self.grid.shape[self.view.order[2]]

    @property
    def stored_spacing_mm(self) -> tuple[float, float]:
        """Distance of the image's own rows and columns."""
        return _plane_spacing_mm(self.grid, self.view)

    @cached_property
    def working_grid(self) -> Grid:
        """Grid of ``array``: its axes are slices, rows and columns."""
        affine = self.view.affine(self.grid)
        spacing = np.linalg.norm(affine[:3, :3], axis=0)
        middle = affine[:3, :3] @ ((np.array((len(self.array), *self.stored_size)) - 1) / 2) + affine[:3, 3]
        affine[:3, 1:3] *= self.spacing_mm / spacing[1:]
        affine[:3, 3] = middle - affine[:3, :3] @ ((np.array(self.array.shape) - 1) / 2)
        slices, rows, columns = self.array.shape
        return Grid((slices, rows, columns), affine, self.grid.frame)

    @cached_property
    def _back(self) -> PlaneResampler:
        return PlaneResampler.between(
            size=(self.array.shape[1], self.array.shape[2]),
            spacing_mm=(self.spacing_mm, self.spacing_mm),
            wanted_size=self.stored_size,
            wanted_mm=self.stored_spacing_mm,
        )

    def restore_plane(self, planes: NDArray[Any]) -> NDArray[np.float32]:
        """Interpolate planes (channels, rows, columns) of one working slice to the image's own rows and columns."""
        return np.stack([self._back(plane) for plane in planes])


def check_input(image: Image) -> None:
    """Raise InputError, saying why, unless ``image`` can be a sagittal or isotropic MR volume."""
    if image.contrast in _NOT_MR or image.quantity in _NOT_MR_QUANTITY:
        raise InputError(
            "the built-in network reads MR alone",
            expected="an MR image of the lumbar spine",
            got=f"contrast {image.contrast.value}, values in {image.quantity.value}",
            hint="give label maps made by another tool",
        )
    view = SagittalView.of(image.grid)
    spacing = _plane_spacing_mm(image.grid, view)
    if max(spacing) > COARSEST_MM:
        kind = "an axial stack" if spacing[0] > spacing[1] else "a coronal stack"
        raise InputError(
            f"the image is {kind}, seen from the side it is too coarse",
            expected=f"sagittal or isotropic, at most {COARSEST_MM:g} mm from head to foot and from front to back",
            got=image.grid.describe(),
            hint="give the sagittal series of the visit",
        )
    sides = [image.grid.shape[a] * image.grid.spacing_mm[a] for a in view.order[1:]]
    if min(sides) < SMALLEST_FIELD_MM:
        raise InputError(
            "the field of view cannot hold a vertebra",
            expected=f"at least {SMALLEST_FIELD_MM:g} mm from head to foot and from front to back",
            got=f"{sides[0]:.1f} x {sides[1]:.1f} mm",
            hint="give the whole sagittal series",
        )


def prepare(image: Image, *, spacing_mm: float) -> Prepared:
    """Turn, resample in plane and normalise an image.

    Parameters
    ----------
    image
        Sagittal or isotropic MR, any orientation of storage; one slice is enough.
    spacing_mm
        In-plane sample distance the network works on (its card states it). Slices are never resampled.

    Raises
    ------
    InputError
        If the image is no MR, too coarse or too small seen from the side, or has no contrast.
    """
    check_input(image)
    low, high = intensity_bounds(image.array)
    view = SagittalView.of(image.grid)
    turned = view.turn(image.array)
    size, spacing = (turned.shape[1], turned.shape[2]), _plane_spacing_mm(image.grid, view)
    wanted = (working_size(size[0], spacing[0], spacing_mm), working_size(size[1], spacing[1], spacing_mm))
    resample = PlaneResampler.between(
        size=size, spacing_mm=spacing, wanted_size=wanted, wanted_mm=(spacing_mm, spacing_mm)
    )
    array = np.empty((len(turned), *wanted), dtype=np.float32)
    for number, plane in enumerate(turned):
        array[number] = resample(_filled(plane, low))
    array -= np.float32(low)
    array *= np.float32(1 / (high - low))
    np.clip(array, _LOW, _HIGH, out=array)
    return Prepared(array=array, grid=image.grid, view=view, spacing_mm=spacing_mm)


def intensity_bounds(array: NDArray[Any]) -> tuple[float, float]:
    """1st and 99th percentile of the finite values; InputError if they are the same."""
    values = array.ravel(order="K")
    if array.dtype.kind == "f":
        values = values[np.isfinite(values)]
    low, high = np.percentile(values, (1, 99)).tolist() if values.size else (0.0, 0.0)
    if not high > low:
        raise InputError(
            "the image has no contrast",
            expected="values that differ between tissues",
            got=f"1st and 99th percentile both {low:g}" if values.size else "no finite value",
            hint="look at the series: it may be empty, or all but a few voxels may be background",
        )
    return low, high


def restore(planes: NDArray[Any], prepared: Prepared) -> NDArray[np.float32]:
    """Bring a volume from the working raster to the image's own grid by linear interpolation.

    Parameters
    ----------
    planes
        (slices, rows, columns) on ``prepared.working_grid``.

    Returns
    -------
    (i, j, k) on ``prepared.grid``.
    """
    if planes.shape != prepared.array.shape:
        raise InputError("not on the working raster", expected=str(prepared.array.shape), got=str(planes.shape))
    turned = np.stack([prepared.restore_plane(plane[None])[0] for plane in planes])
    return np.ascontiguousarray(prepared.view.turn_back(turned))


def _plane_spacing_mm(grid: Grid, view: SagittalView) -> tuple[float, float]:
    return float(grid.spacing_mm[view.order[1]]), float(grid.spacing_mm[view.order[2]])


def _filled(plane: NDArray[Any], value: float) -> NDArray[np.float32]:
    """Plane as float32, what is not finite set to ``value`` so that it does not spread."""
    values = plane.astype(np.float32)
    if plane.dtype.kind == "f":
        values[~np.isfinite(values)] = value
    return values
