"""Distances between the surfaces of two masks, each place weighted by its area."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.errors import GridError
from lumbomics.core.grid import Grid
from lumbomics.evaluate.cell import CORNERS, surface_areas
from lumbomics.evaluate.distance import distances_to

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]

_ROUNDING_MM = 1e-6
"""A distance of exactly the tolerance counts as within, also where turning the grid moved its last digits."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SurfaceDistances:
    """Distance of every surface element to the other surface, with its area; each list ascends by distance.

    Parameters
    ----------
    prediction_mm, prediction_area_mm2
        (n,) of the predicted surface.
    reference_mm, reference_area_mm2
        (m,) of the reference surface.
    """

    prediction_mm: FloatArray = field(repr=False)
    prediction_area_mm2: FloatArray = field(repr=False)
    reference_mm: FloatArray = field(repr=False)
    reference_area_mm2: FloatArray = field(repr=False)

    @property
    def _both(self) -> tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]:
        return (self.prediction_mm, self.prediction_area_mm2), (self.reference_mm, self.reference_area_mm2)

    def dice(self, tolerance_mm: float) -> float:
        """Share of both surfaces' area that lies within ``tolerance_mm`` of the other surface."""
        within = sum(float(area[distance <= tolerance_mm + _ROUNDING_MM].sum()) for distance, area in self._both)
        return within / float(self.prediction_area_mm2.sum() + self.reference_area_mm2.sum())

    def hausdorff_mm(self, share: float = 0.95) -> float:
        """Distance that ``share`` of a surface's area does not exceed, the larger one of both directions, in mm."""
        return max(_percentile(distance, area, share) for distance, area in self._both)

    @property
    def means_mm(self) -> tuple[float, float]:
        """Mean distance by area from the predicted to the reference surface, and back, in mm."""
        forth, back = (float(np.average(distance, weights=area)) for distance, area in self._both)
        return forth, back

    @property
    def mean_mm(self) -> float:
        """Mean distance by area over both surfaces together, in mm."""
        forth, back = self.means_mm
        weights = (float(self.prediction_area_mm2.sum()), float(self.reference_area_mm2.sum()))
        return (forth * weights[0] + back * weights[1]) / sum(weights)


def surface_distances(prediction: Mask, reference: Mask, grid: Grid) -> SurfaceDistances:
    """Measure how far apart the surfaces of two masks lie.

    A surface element is a cell between eight voxel centres that are not all inside or all outside. It lies in the
    cell's middle and weighs the area of the surface within, after Nikolov 2021 (doi 10.2196/26151); anisotropic,
    oblique and sheared grids are taken as they are. Beyond the grid lies background, so that a structure that the
    image cuts is closed there. An axis of one single voxel has no such ends: contours are then compared, in the plane
    of the slice.

    Distances go from cell to cell, so they step with the voxels: a shift below half a voxel is not seen, and distances
    across several voxels come out shorter by up to half a voxel at either end, since the nearest of all cells that the
    surface crosses counts. This is the published definition, kept so that scores compare with other work.

    Parameters
    ----------
    prediction, reference
        (i, j, k) on ``grid``, neither of them empty.

    Raises
    ------
    GridError
        If a mask has not the grid's shape, or is empty.
    """
    for name, mask in (("prediction", prediction), ("reference", reference)):
        if mask.shape != grid.shape:
            raise GridError(f"{name} and grid differ in shape", expected=str(grid.shape), got=str(mask.shape))
        if not mask.any():
            raise GridError(f"{name} is empty: it has no surface", expected="at least one voxel")
    box = bounding_box(prediction | reference)
    axes_mm = grid.affine[:3, :3]
    flat = tuple(n == 1 for n in grid.shape)
    areas = _areas(axes_mm.tobytes())
    codes = [_codes(mask[box], flat) for mask in (prediction, reference)]
    forth, back = (_to_other(own, other, axes_mm, areas) for own, other in (codes, codes[::-1]))
    return SurfaceDistances(
        prediction_mm=forth[0], prediction_area_mm2=forth[1], reference_mm=back[0], reference_area_mm2=back[1]
    )


def bounding_box(mask: Mask) -> tuple[slice, ...]:
    """Slices around the filled voxels of a mask that has some."""
    found = []
    for axis in range(mask.ndim):
        filled = np.flatnonzero(mask.any(axis=tuple(a for a in range(mask.ndim) if a != axis)))
        found.append(slice(int(filled[0]), int(filled[-1]) + 1))
    return tuple(found)


@lru_cache(maxsize=64)
def _areas(axes_mm: bytes) -> FloatArray:
    areas = surface_areas(np.frombuffer(axes_mm).reshape(3, 3))
    areas.flags.writeable = False
    return areas


def _codes(mask: NDArray[Any], flat: tuple[bool, ...]) -> NDArray[np.uint8]:
    """Code of every cell around and in a mask; cell (0, 0, 0) ends at voxel (0, 0, 0)."""
    padded = mask.astype(np.uint8)
    for axis, single in enumerate(flat):
        widths = [(int(a == axis), int(a == axis)) for a in range(3)]
        padded = np.pad(padded, widths, mode="edge" if single else "constant")
    codes = np.zeros([n - 1 for n in padded.shape], dtype=np.uint8)
    for bit, corner in enumerate(CORNERS):
        part = tuple(slice(c, c + n) for c, n in zip(corner, codes.shape, strict=True))
        codes |= padded[part] << np.uint8(bit)
    return codes


def _to_other(
    own: NDArray[np.uint8], other: NDArray[np.uint8], axes_mm: FloatArray, areas: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Distances in mm from the elements of one surface to the other one, ascending, and their areas."""
    surface = _is_surface(other)
    cells = np.argwhere(_is_surface(own))
    distances = np.zeros(len(cells))
    apart = ~surface[tuple(cells.T)]
    if apart.any():
        distances[apart] = distances_to(surface, cells[apart], axes_mm)
    order = np.argsort(distances, kind="stable")
    return distances[order], areas[own[tuple(cells[order].T)]]


def _is_surface(codes: NDArray[np.uint8]) -> Mask:
    return np.asarray((codes != 0) & (codes != 255), dtype=np.bool_)


def _percentile(distances: FloatArray, areas: FloatArray, share: float) -> float:
    covered = np.cumsum(areas)
    at = int(np.searchsorted(covered, share * covered[-1]))
    return float(distances[min(at, len(distances) - 1)])
