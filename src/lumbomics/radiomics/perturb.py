"""Disturbances of image and mask such as another scan and another reader would bring.

The idea of judging features by perturbing a single image follows Zwanenburg 2019 (doi 10.1038/s41598-018-36938-4).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumbomics.core.errors import InputError
from lumbomics.radiomics.roi import FloatArray, Roi

_LAPLACE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class Perturbation:
    """One disturbance.

    Parameters
    ----------
    rotation_deg
        In the slice, about the region's centre.
    shift_voxels
        Along rows and columns.
    noise
        Standard deviation of added Gaussian noise, as a multiple of the noise found in the image.
    boundary_sd_mm, boundary_correlation_mm
        Size of the mask's boundary error and how far along the boundary it stays alike.
    seed
        Of noise and boundary.
    region
        Number of the region, so that regions are disturbed independently.
    """

    rotation_deg: float = 0.0
    shift_voxels: tuple[float, float] = (0.0, 0.0)
    noise: float = 0.0
    boundary_sd_mm: float = 0.0
    boundary_correlation_mm: float = 5.0
    seed: int = 0
    region: int = 0

    def __post_init__(self) -> None:
        if min(self.noise, self.boundary_sd_mm) < 0 or self.boundary_correlation_mm <= 0:
            raise InputError(
                "a perturbation has no negative size",
                expected="noise and boundary_sd_mm >= 0, boundary_correlation_mm > 0",
                got=f"{self.noise}, {self.boundary_sd_mm}, {self.boundary_correlation_mm}",
            )
        if abs(self.rotation_deg) > 15 or max(map(abs, self.shift_voxels)) > 1:
            raise InputError(
                "a perturbation is small",
                expected="at most 15 degrees and 1 voxel",
                got=f"{self.rotation_deg} degrees, {self.shift_voxels} voxels",
            )


def draw_perturbations(
    count: int,
    *,
    seed: int = 0,
    rotation_deg: float = 5.0,
    shift_voxels: float = 0.5,
    noise: float = 1.0,
    boundary_sd_mm: float = 0.5,
    boundary_correlation_mm: float = 5.0,
) -> tuple[Perturbation, ...]:
    """Draw disturbances that act together: rotation and shift even up to their limits, noise and boundary of full size.

    A boundary error of 0.5 mm is about what two readers differ by on vertebrae: an engineering default.
    """
    if count < 1:
        raise InputError("too few perturbations", expected="1 or more", got=str(count))
    generator = np.random.default_rng(seed)
    return tuple(
        Perturbation(
            rotation_deg=float(generator.uniform(-rotation_deg, rotation_deg)),
            shift_voxels=(
                float(generator.uniform(-shift_voxels, shift_voxels)),
                float(generator.uniform(-shift_voxels, shift_voxels)),
            ),
            noise=noise,
            boundary_sd_mm=boundary_sd_mm,
            boundary_correlation_mm=boundary_correlation_mm,
            seed=int(generator.integers(2**31)),
        )
        for _ in range(count)
    )


def perturbed(roi: Roi, perturbation: Perturbation) -> Roi:
    """Disturb a region: noise, then rotation and shift of image and mask together, then the mask's boundary."""
    generator = np.random.default_rng([perturbation.seed, perturbation.region])
    values = roi.values
    if perturbation.noise > 0:
        sd = perturbation.noise * noise_sd(values)
        values = values + generator.normal(0.0, sd, values.shape)
    moved = _moved(replace(roi, values=values), perturbation)
    if perturbation.boundary_sd_mm == 0:
        return moved
    return replace(moved, mask=_redrawn(moved, perturbation, generator))


def noise_sd(values: FloatArray) -> float:
    """Estimate the noise of an image (slices, rows, columns) from second differences, slice by slice.

    sqrt(π/2) mean |I * L| / 6 with L = [[1, -2, 1], [-2, 4, -2], [1, -2, 1]], which removes ramps and straight edges
    along the axes (Immerkær 1996, doi 10.1006/cviu.1996.0060). Fine texture counts as noise; noise smoothed by
    interpolation counts less than it is.
    """
    inner = ndimage.convolve(values, _LAPLACE[None])[:, 1:-1, 1:-1]
    return math.sqrt(math.pi / 2) * float(np.abs(inner).mean()) / 6 if inner.size else 0.0


def _moved(roi: Roi, perturbation: Perturbation) -> Roi:
    """Rotate and shift image and mask on the same voxels, by linear interpolation."""
    if perturbation.rotation_deg == 0 and not any(perturbation.shift_voxels):
        return roi
    angle = math.radians(perturbation.rotation_deg)
    turn = np.eye(3)
    turn[1:, 1:] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    matrix = turn * roi.spacing_mm[None, :] / roi.spacing_mm[:, None]
    centre = np.argwhere(roi.mask).mean(axis=0)
    offset = centre - matrix @ centre + np.array([0.0, *perturbation.shift_voxels])

    def move(array: FloatArray) -> FloatArray:
        return np.asarray(ndimage.affine_transform(array, matrix, offset, order=1, mode="nearest"))

    return replace(roi, values=move(roi.values), mask=move(roi.mask.astype(np.float64)) >= 0.5)


def _redrawn(roi: Roi, perturbation: Perturbation, generator: np.random.Generator) -> NDArray[np.bool_]:
    """Move the boundary in or out by a smooth random distance."""
    # The boundary runs half a voxel away from the centres of the voxels beside it.
    half = 0.5 * float(roi.spacing_mm.min())
    outside = ndimage.distance_transform_edt(~roi.mask, sampling=roi.spacing_mm)
    inside = ndimage.distance_transform_edt(roi.mask, sampling=roi.spacing_mm)
    signed = np.where(roi.mask, half - inside, outside - half)
    field = _smooth_field(roi, perturbation, generator)
    return np.asarray(signed + perturbation.boundary_sd_mm * field < 0)


def _smooth_field(roi: Roi, perturbation: Perturbation, generator: np.random.Generator) -> FloatArray:
    """Draw white noise smoothed to a correlation of exp(-d² / (2 c²)) at distance d, of unit variance."""
    sigma = perturbation.boundary_correlation_mm / math.sqrt(2) / roi.spacing_mm
    pad = np.ceil(3 * sigma).astype(int)
    shape = np.asarray(roi.mask.shape) + 2 * pad
    field = ndimage.gaussian_filter(generator.standard_normal(shape), sigma, mode="wrap", truncate=3.0)
    inner = field[tuple(slice(p, p + n) for p, n in zip(pad, roi.mask.shape, strict=True))]
    return np.asarray(inner / _power(sigma))


def _power(sigma: FloatArray) -> float:
    """Root of the sum of squares of the smoothing weights: the standard deviation that white noise is left with."""
    total = 1.0
    for width in sigma:
        reach = int(3.0 * width + 0.5)
        weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
        total *= float((weights**2).sum() / weights.sum() ** 2)
    return math.sqrt(total)
