"""Whether an image is a sagittal MR of the lumbar spine at all, as far as voxels and geometry tell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.image import Contrast, Image, Quantity
from lumbomics.core.quality import Finding, Verdict
from lumbomics.segment.quality.settings import QualitySettings, default_settings

MODALITY = "modality"
VALUES = "values"
NOISE = "noise"
GEOMETRY = "geometry"
VIEW = "view"

_NO_MR = {
    Contrast.CT,
    Contrast.CT_MYELOGRAPHY,
    Contrast.RADIOGRAPH,
    Contrast.NM,
    Contrast.PET,
}
_NO_ANATOMY = {Contrast.DWI}
_NO_SIGNAL = {
    Quantity.HOUNSFIELD,
    Quantity.SUV_BODY_WEIGHT,
    Quantity.BECQUEREL_PER_ML,
    Quantity.DIFFUSIVITY,
    Quantity.BOLD_PERCENT,
    Quantity.PROBABILITY,
}
_AIR_HU = (-1050, -900)
_MOST_VOXELS = 400_000


def check_image(
    image: Image, *, any_modality: bool = False, settings: QualitySettings | None = None
) -> tuple[Finding, ...]:
    """Look for what makes an image unfit for a network that was made for sagittal lumbar MR.

    Modality and contrast as stated; values (constant, Hounsfield units, noise); geometry (axial or coronal stack,
    localiser, too coarse, too small). It does not see the anatomy: the wrong region shows in what is found.

    Parameters
    ----------
    image
        With its contrast where known.
    any_modality
        The engine takes CT and stacks of any direction too.
    settings
        Limits; by default those shipped.

    Returns
    -------
    tuple of Finding
        Empty where nothing speaks against the image; each finding alone means ``artifact``.
    """
    limits = settings or default_settings()
    found = [_same_everywhere(image), _noise(image, limits), _localiser(image, limits), _size(image, limits)]
    if not any_modality:
        found += [_modality(image), _hounsfield(image, limits), _directions(image, limits)]
    return tuple(finding for finding in found if finding is not None)


def _artifact(check: str, message: str) -> Finding:
    return Finding(check=check, message=message, verdict=Verdict.ARTIFACT)


def _modality(image: Image) -> Finding | None:
    if image.contrast in _NO_MR | _NO_ANATOMY or image.quantity in _NO_SIGNAL:
        what = image.contrast if image.contrast is not Contrast.UNKNOWN else f"values in {image.quantity}"
        return _artifact(MODALITY, f"expected an anatomical MR image, found {what}")
    return None


def _some_values(image: Image) -> NDArray[np.float64]:
    step = max(1, image.array.size // _MOST_VOXELS)
    return np.asarray(image.array).reshape(-1)[::step].astype(np.float64)


def _same_everywhere(image: Image) -> Finding | None:
    low, high = np.percentile(_some_values(image), (1, 99))
    if high > low:
        return None
    return _artifact(VALUES, f"expected a picture, found the same value ({low:g}) nearly everywhere")


def _hounsfield(image: Image, limits: QualitySettings) -> Finding | None:
    some = _some_values(image)
    air = float(((some > _AIR_HU[0]) & (some < _AIR_HU[1])).mean())
    if air > limits.ct_air_share and some.min() > 2 * _AIR_HU[0]:
        share = f"{100 * air:.0f} % of the voxels lie between {_AIR_HU[0]} and {_AIR_HU[1]}"
        return _artifact(VALUES, f"expected MR signal, found what looks like Hounsfield units: {share}")
    return None


def _noise(image: Image, limits: QualitySettings) -> Finding | None:
    alike = correlation_of_neighbours(image.array)
    if alike < limits.least_correlation:
        least = limits.least_correlation
        return _artifact(NOISE, f"neighbouring voxels correlate by {alike:.2f}, at least {least:.2f} expected: noise")
    return None


def correlation_of_neighbours(array: NDArray[np.generic]) -> float:
    """Pearson correlation of each voxel with the next along the two longest axes, the larger of the two."""
    longest = np.argsort(array.shape)[-2:]
    return max(_correlation(array, int(axis)) for axis in longest)


def _correlation(array: NDArray[np.generic], axis: int) -> float:
    if array.shape[axis] < 2:
        return 1.0
    step = max(1, array.size // _MOST_VOXELS)
    first = np.moveaxis(array, axis, 0)[:-1].reshape(-1)[::step].astype(np.float64)
    second = np.moveaxis(array, axis, 0)[1:].reshape(-1)[::step].astype(np.float64)
    spread = first.std() * second.std()
    return float(((first - first.mean()) * (second - second.mean())).mean() / spread) if spread > 0 else 1.0


def _slice_axis(image: Image) -> int:
    """Storage axis nearest to left-right."""
    return int(np.argmax(np.abs(image.grid.axes[0])))


def _in_plane(image: Image) -> list[int]:
    return [axis for axis in range(3) if axis != _slice_axis(image)]


def _directions(image: Image, limits: QualitySettings) -> Finding | None:
    spacing = image.grid.spacing_mm[_in_plane(image)]
    if spacing.max() > limits.coarsest_in_plane_mm:
        wanted = f"at most {limits.coarsest_in_plane_mm:g} mm from front to back and from head to foot"
        return _artifact(GEOMETRY, f"expected sagittal slices, {wanted}; found {spacing[0]:.2g} x {spacing[1]:.2g} mm")
    return None


def _localiser(image: Image, limits: QualitySettings) -> Finding | None:
    axis = _slice_axis(image)
    step = float(image.grid.spacing_mm[axis])
    if image.grid.shape[axis] > 1 and step > limits.widest_slice_step_mm:
        most = limits.widest_slice_step_mm
        return _artifact(GEOMETRY, f"slices lie {step:.0f} mm apart, at most {most:g} mm expected: a localiser")
    return None


def _size(image: Image, limits: QualitySettings) -> Finding | None:
    axes = _in_plane(image)
    voxels = np.asarray(image.grid.shape)[axes]
    extent = voxels * image.grid.spacing_mm[axes]
    if voxels.min() < limits.least_voxels or extent.min() < limits.least_view_mm:
        least = f"{limits.least_voxels:.0f} voxels and {limits.least_view_mm:g} mm"
        found = f"{voxels[0]} x {voxels[1]} voxels, {extent[0]:.0f} x {extent[1]:.0f} mm"
        return _artifact(VIEW, f"expected at least {least} in both directions of the slices, found {found}")
    return None
