"""Values of an image or a label map at arbitrary world points, and flat cuts through space."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumbomics.core.errors import GridError
from lumbomics.core.grid import Grid


def sample_nearest(array: NDArray[Any], grid: Grid, points_mm: ArrayLike, *, outside: int = 0) -> NDArray[Any]:
    """Value of the voxel that holds each point.

    Parameters
    ----------
    array
        (i, j, k) on ``grid``.
    points_mm
        (..., 3) RAS+ mm.
    outside
        Value given to points beyond the grid.
    """
    index = np.rint(grid.to_index(points_mm))
    inside = _within(index, 0, np.asarray(grid.shape) - 1)
    values = np.full(index.shape[:-1], outside, dtype=array.dtype)
    values[inside] = array[tuple(index[inside].astype(np.intp).T)]
    return values


def sample_linear(
    array: NDArray[Any], grid: Grid, points_mm: ArrayLike, *, outside: float = np.nan
) -> NDArray[np.float64]:
    """Trilinear interpolation at each point (..., 3) RAS+ mm; points beyond the outer voxel centres by more than
    half a voxel take ``outside``, those within that half voxel the edge's value.
    """  # noqa: D205  one sentence, two lines
    position = grid.to_index(points_mm)
    top = np.asarray(grid.shape) - 1
    inside = _within(position, -0.5, top + 0.5)
    values = np.full(position.shape[:-1], outside, dtype=np.float64)
    values[inside] = _blend(array, position[inside], top)
    return values


def _within(position: NDArray[np.float64], low: float, high: NDArray[Any]) -> NDArray[np.bool_]:
    """Which positions (..., 3) lie in a box; axis by axis, since a reduction over three numbers is slow."""
    inside = np.ones(position.shape[:-1], dtype=bool)
    for axis in range(3):
        along = position[..., axis]
        inside &= (along >= low) & (along <= high[axis])
    return inside


def _blend(array: NDArray[Any], position: NDArray[np.float64], top: NDArray[Any]) -> NDArray[np.float64]:
    """Mean (n,) of the eight voxels about each position (n, 3), weighted by nearness."""
    sides = []
    for axis, last in enumerate(top):
        along = np.clip(position[:, axis], 0, last)
        low = np.minimum(along.astype(np.intp), max(last - 1, 0))
        weight = along - low
        sides.append(((low, 1 - weight), (np.minimum(low + 1, last), weight)))
    total = np.zeros(len(position))
    for (i, share_i), (j, share_j) in product(sides[0], sides[1]):
        share = share_i * share_j
        for k, share_k in sides[2]:
            total += share * share_k * array[i, j, k]
    return total


@dataclass(frozen=True, eq=False)
class Cut:
    """A flat rectangular raster in space.

    Parameters
    ----------
    centre_mm
        (3,) RAS+ mm, the raster's middle.
    right, up
        (3,) unit vectors at right angles: columns run along ``right``, rows along ``up`` (row 0 lowest).
    size_mm
        Width and height.
    spacing_mm
        Distance between neighbouring raster points.
    """

    centre_mm: NDArray[np.float64] = field(repr=False)
    right: NDArray[np.float64] = field(repr=False)
    up: NDArray[np.float64] = field(repr=False)
    size_mm: tuple[float, float]
    spacing_mm: float

    def __post_init__(self) -> None:
        basis = np.array([self.right, self.up], dtype=np.float64)
        if not np.allclose(basis @ basis.T, np.eye(2), atol=1e-6):
            raise GridError("a cut needs two unit vectors at right angles", got=str(basis.tolist()))
        if min(self.size_mm) <= 0 or self.spacing_mm <= 0:
            raise GridError("a cut needs positive sizes", got=f"{self.size_mm}, {self.spacing_mm}")

    @classmethod
    def through(
        cls, centre_mm: ArrayLike, right: ArrayLike, up: ArrayLike, *, size_mm: tuple[float, float], spacing_mm: float
    ) -> Self:
        """Build a cut from any two directions: ``right`` is kept, ``up`` is made perpendicular to it."""
        along = np.asarray(right, dtype=np.float64) / np.linalg.norm(right)
        across = np.asarray(up, dtype=np.float64) - np.dot(up, along) * along
        return cls(np.asarray(centre_mm, dtype=np.float64), along, across / np.linalg.norm(across), size_mm, spacing_mm)

    @property
    def offsets_mm(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Positions of the columns along ``right`` and of the rows along ``up``, about the centre."""
        columns, rows = (_centred(size, self.spacing_mm) for size in self.size_mm)
        return columns, rows

    @property
    def points_mm(self) -> NDArray[np.float64]:
        """World points of the raster, (rows, columns, 3)."""
        along, across = self.offsets_mm
        return self.centre_mm + across[:, None, None] * self.up + along[None, :, None] * self.right

    def project(self, points_mm: ArrayLike) -> NDArray[np.float64]:
        """In-plane coordinates (..., 2) mm about the centre of world points (..., 3)."""
        relative = np.asarray(points_mm, dtype=np.float64) - self.centre_mm
        return np.stack([relative @ self.right, relative @ self.up], axis=-1)


def _centred(size_mm: float, spacing_mm: float) -> NDArray[np.float64]:
    half = int(size_mm / spacing_mm / 2)
    return np.arange(-half, half + 1, dtype=np.float64) * spacing_mm
