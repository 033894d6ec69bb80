"""Flat and gently curved rasters through a volume, and what an image and its labels show on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

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

    @property
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


def sample_mask(labels: Labels, value: int, raster: Raster) -> FloatArray:
    """Share in [0, 1] of a label at each pixel (rows, columns), interpolated so that its outline at 0.5 is smooth."""
    if value not in labels.boxes:
        return np.zeros(raster.points_mm.shape[:2])
    piece, grid = _padded_box(labels, value)
    return sample_linear(piece, grid, raster.points_mm, outside=0.0)


def _padded_box(labels: Labels, value: int) -> tuple[NDArray[Any], Grid]:
    box = labels.boxes[value]
    piece = np.pad((labels.array[box] == value).astype(np.float32), 1)
    affine = labels.grid.affine.copy()
    affine[:3, 3] = labels.grid.to_world([s.start - 1 for s in box])
    return piece, Grid(piece.shape, affine)


def through_plane_mm(grid: Grid, raster: Raster) -> float:
    """Coarsest voxel spacing that runs along the picture: above the in-plane one, the picture is a reformat."""
    inside = np.linalg.norm(np.stack([raster.cut.right, raster.cut.up]) @ grid.axes, axis=0)
    return float((grid.spacing_mm * (inside > 0.5)).max())
