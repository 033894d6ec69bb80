"""Flat and gently curved rasters through a volume, and what an image and its labels show on them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.core.labels import Labels
from lumbomics.core.sampling import Cut, sample_linear

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Raster:
    """A cut whose rows may be shifted along the cut's normal, to follow a curved spine.

    Drawings are projected along the normal, so that they lie where they belong on every row.

    Parameters
    ----------
    cut
        The flat raster.
    shift_mm
        One shift a row along ``right x up``; zero for a flat picture.
    """

    cut: Cut
    shift_mm: FloatArray | float = field(default=0.0, repr=False)

    @property
    def normal(self) -> FloatArray:
        """(3,) unit vector the rows are shifted along."""
        return np.asarray(np.cross(self.cut.right, self.cut.up), dtype=np.float64)

    @cached_property
    def points_mm(self) -> FloatArray:
        """World points (rows, columns, 3)."""
        shift = np.broadcast_to(self.shift_mm, self.cut.offsets_mm[1].shape)
        return self.cut.points_mm + shift[:, None, None] * self.normal

    @property
    def edges_mm(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top edge of the outer pixels about the centre."""
        (columns, rows), half = self.cut.offsets_mm, self.cut.spacing_mm / 2
        return columns[0] - half, columns[-1] + half, rows[0] - half, rows[-1] + half

    @property
    def bend_mm(self) -> float:
        """Difference between the largest and the smallest shift."""
        return float(np.ptp(self.shift_mm))


def follow(cut: Cut, points_mm: FloatArray) -> Raster:
    """Shift a cut's rows along its normal so that they pass through the points, straight between them.

    Parameters
    ----------
    cut
        The flat raster.
    points_mm
        (n, 3) at least one point; beyond the outer ones the shift stays what it is there.
    """
    normal = np.cross(cut.right, cut.up)
    height = cut.project(points_mm)[:, 1]
    order = np.argsort(height)
    off = (points_mm - cut.centre_mm) @ normal
    return Raster(cut, np.interp(cut.offsets_mm[1], height[order], off[order]))


def sample_image(image: Image, raster: Raster) -> FloatArray:
    """Pixel values (rows, columns); NaN outside the image."""
    return sample_linear(image.array, image.grid, raster.points_mm)


def sample_mask(labels: Labels, values: Collection[int], raster: Raster) -> FloatArray:
    """Share in [0, 1] of some labels at each pixel (rows, columns), interpolated so that its outline lies at 0.5."""
    mask = np.zeros(raster.points_mm.shape[:2])
    boxes = [labels.boxes[value] for value in values if value in labels.boxes]
    if not boxes:
        return mask
    start = np.array([[s.start for s in box] for box in boxes]).min(axis=0)
    stop = np.array([[s.stop for s in box] for box in boxes]).max(axis=0)
    box = tuple(slice(int(a), int(b)) for a, b in zip(start, stop, strict=True))
    piece = np.pad(np.isin(labels.array[box], list(values)).astype(np.float32), 1)
    affine = labels.grid.affine.copy()
    affine[:3, 3] = labels.grid.to_world(start - 1)
    grid = Grid(piece.shape, affine)
    rows, columns = _window(grid, raster)
    mask[rows, columns] = sample_linear(piece, grid, raster.points_mm[rows, columns], outside=0.0)
    return mask


def _window(grid: Grid, raster: Raster) -> tuple[slice, slice]:
    """Rows and columns that a grid can reach: its corners seen along the normal, whatever the rows' shifts."""
    corners = np.array(list(np.ndindex(2, 2, 2))) * (np.asarray(grid.shape) - 1)
    flat = raster.cut.project(grid.to_world(corners))
    spans = []
    for offsets, along in zip(raster.cut.offsets_mm, flat.T, strict=True):
        low, high = np.searchsorted(offsets, (along.min(), along.max()))
        spans.append(slice(max(int(low) - 1, 0), int(high) + 1))
    return spans[1], spans[0]


def through_plane_mm(grid: Grid, raster: Raster) -> float:
    """Coarsest voxel spacing that runs along the picture: above the in-plane one, the picture is a reformat."""
    inside = np.linalg.norm(np.stack([raster.cut.right, raster.cut.up]) @ grid.axes, axis=0)
    return float((grid.spacing_mm * (inside > 0.5)).max())
