"""Mid-sagittal slices of other contrasts, and the masks they inherit from the same patient's volume."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, shift

from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.read import read_nifti_image
from lumbomics.segment.network.prepare import prepare
from lumbomics.train.samples import IGNORE, Sample

Plane = NDArray[np.float32]

LEAST_CORRELATION = 0.35
"""Agreement of edges below which a slice is not taken for the same anatomy (unrelated pairs here: 0.12 to 0.28)."""
_LARGEST_SHIFT_MM = 10.0
_SEARCH_SLICES = 5
_CONTRASTS = ("T1w", "T2w", "acq-SPACE_T2w")


@dataclass(frozen=True, kw_only=True, eq=False)
class Slice:
    """One mid-sagittal slice on the network's voxels.

    Parameters
    ----------
    patient, contrast
        BIDS label and suffix.
    plane
        (rows, columns) float32, normalised.
    spacing_mm
        In-plane voxel size of the file, or the one that fitted better.
    """

    patient: str
    contrast: str
    plane: Plane = field(repr=False)
    spacing_mm: float


@dataclass(frozen=True, kw_only=True)
class Match:
    """Where a slice lies in the same patient's volume."""

    correlation: float
    slice_number: int
    shift_px: tuple[float, float]


def load_slices(folder: Path, *, spacing_mm: float) -> tuple[Slice, ...]:
    """Read all mid-sagittal slices, T1, T2 and SPACE."""
    found = []
    for path in sorted(folder.glob("sub-*.nii.gz")):
        patient, contrast = path.name.removesuffix(".nii.gz").removeprefix("sub-").split("_", 1)
        if contrast in _CONTRASTS:
            found.append(_slice(read_nifti_image(path), patient, contrast, spacing_mm))
    return tuple(found)


def respaced(image: Image, factor: float) -> Image:
    """Return the image with its in-plane voxel size multiplied by ``factor`` about its middle."""
    affine = image.grid.affine.copy()
    thin = int(np.argmin(image.grid.shape))
    scale = np.array([1.0 if axis == thin else factor for axis in range(3)])
    middle = image.grid.to_world((np.array(image.grid.shape) - 1) / 2)
    affine[:3, :3] *= scale
    affine[:3, 3] = middle - affine[:3, :3] @ ((np.array(image.grid.shape) - 1) / 2)
    return replace(image, grid=Grid(image.grid.shape, affine, image.grid.frame))


def inherited(folder: Path, patient: str, volume: Sample, *, spacing_mm: float) -> tuple[tuple[Sample, Match], ...]:
    """Slices of a patient with a mask, each with the mask slice it coincides with; those that do not fit are left out.

    Some files state the voxel size of another series of the patient, so that size is tried too; the edges decide.
    """
    paths = {c: folder / f"sub-{patient}_{c}.nii.gz" for c in _CONTRASTS[:2]}
    images = {c: read_nifti_image(p) for c, p in paths.items() if p.exists()}
    sizes = sorted({_in_plane(image) for image in images.values()})
    samples = []
    for contrast, image in images.items():
        tried = [_slice(respaced(image, size / _in_plane(image)), patient, contrast, spacing_mm) for size in sizes]
        matches = [(match(one.plane, volume, spacing_mm=spacing_mm), one) for one in tried]
        best, one = max(matches, key=lambda pair: pair[0].correlation)
        near = max(abs(s) for s in best.shift_px) * spacing_mm <= _LARGEST_SHIFT_MM
        if best.correlation >= LEAST_CORRELATION and near:
            samples.append((_with_mask(one, volume, best), best))
    return tuple(samples)


def match(plane: Plane, volume: Sample, *, spacing_mm: float) -> Match:
    """Find slice and shift at which the edges of ``plane`` agree best with the volume."""
    middle = len(volume.slices) // 2
    numbers = range(max(middle - _SEARCH_SLICES, 0), min(middle + _SEARCH_SLICES + 1, len(volume.slices)))
    found = [edge_agreement(volume.slices[n].astype(np.float32), plane, spacing_mm=spacing_mm) for n in numbers]
    best = int(np.argmax([correlation for correlation, _ in found]))
    return Match(correlation=found[best][0], slice_number=numbers[best], shift_px=found[best][1])


def edge_agreement(fixed: Plane, moving: Plane, *, spacing_mm: float) -> tuple[float, tuple[float, float]]:
    """Largest correlation of the edges of two slices over all shifts up to 40 mm, and that shift (rows, columns).

    Edges are gradient magnitudes divided by their neighbourhood's, so that contrast does not matter; the correlation of
    all shifts comes from one Fourier transform.
    """
    return _correlate(_edges(fixed, spacing_mm), _edges(moving, spacing_mm), spacing_mm)


def unlabelled(one: Slice) -> Sample:
    """Make a sample of a slice about which nothing is known yet."""
    labels = np.full((1, *one.plane.shape), IGNORE, dtype=np.uint8)
    return _sample(one, labels)


def _slice(image: Image, patient: str, contrast: str, spacing_mm: float) -> Slice:
    prepared = prepare(image, spacing_mm=spacing_mm)
    return Slice(patient=patient, contrast=contrast, plane=prepared.array[0], spacing_mm=_in_plane(image))


def _in_plane(image: Image) -> float:
    thin = int(np.argmin(image.grid.shape))
    return float(image.grid.spacing_mm[(thin + 1) % 3])


def _with_mask(one: Slice, volume: Sample, found: Match) -> Sample:
    """Move the mask slice by the shift and cut it or fill it up to the slice's own field of view."""
    rows, columns = one.plane.shape
    mask = volume.labels[found.slice_number]
    moved = shift(mask, [-s for s in found.shift_px], order=0, mode="constant", cval=IGNORE)
    labels = np.full((1, rows, columns), IGNORE, dtype=np.uint8)
    here, there = zip(*(_overlap(n, m) for n, m in zip((rows, columns), mask.shape, strict=True)), strict=True)
    labels[0][here] = moved[there]
    return _sample(one, labels)


def _overlap(size: int, other: int) -> tuple[slice, slice]:
    """Parts of two lines of voxels that lie over one another when their middles do."""
    start = (other - size) // 2
    length = min(size, other)
    return slice(max(-start, 0), max(-start, 0) + length), slice(max(start, 0), max(start, 0) + length)


def _sample(one: Slice, labels: NDArray[np.uint8]) -> Sample:
    return Sample(
        name=f"sub-{one.patient}_{one.contrast}",
        slices=one.plane[None].astype(np.float16),
        labels=labels,
        spacing_mm=4.0,
    )


def _edges(plane: Plane, spacing_mm: float) -> Plane:
    fine, coarse = 1.5 / spacing_mm, 12.0 / spacing_mm
    steep = np.hypot(gaussian_filter(plane, fine, order=(1, 0)), gaussian_filter(plane, fine, order=(0, 1)))
    around = gaussian_filter(steep, coarse) + 1e-3 * steep.max()
    return np.asarray(np.minimum(steep / around, 3.0), dtype=np.float32)


def _correlate(fixed: Plane, moving: Plane, spacing_mm: float) -> tuple[float, tuple[float, float]]:
    size = tuple(int(2 ** np.ceil(np.log2(max(a, b)))) for a, b in zip(fixed.shape, moving.shape, strict=True))
    a, b = (_centred(plane - plane.mean(), size) for plane in (fixed, moving))
    product = np.fft.rfft2(a) * np.conj(np.fft.rfft2(b))
    field = np.fft.fftshift(np.fft.irfft2(product, size)) / np.sqrt((a**2).sum() * (b**2).sum())
    reach = int(40 / spacing_mm)
    middle = [n // 2 for n in size]
    window = field[tuple(slice(m - reach, m + reach + 1) for m in middle)]
    row, column = np.unravel_index(int(window.argmax()), window.shape)
    return float(window.max()), (float(row - reach), float(column - reach))


def _centred(plane: Plane, size: tuple[int, ...]) -> Plane:
    out = np.zeros(size, dtype=np.float32)
    (here_row, there_row), (here_column, there_column) = (
        _overlap(n, m) for n, m in zip(size, plane.shape, strict=True)
    )
    out[here_row, here_column] = plane[there_row, there_column]
    return out
