"""Where voxels lie: shape, affine and frame of reference."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumbomics.core.errors import FrameMismatchError, GridError, GridMismatchError

FloatArray = NDArray[np.float64]

_SAME_PLACE_MM = 1e-3
_AXIS_LETTERS = (("L", "R"), ("P", "A"), ("I", "S"))


def _checked_affine(affine: ArrayLike) -> FloatArray:
    matrix = np.array(affine, dtype=np.float64)
    if matrix.shape != (4, 4):
        raise GridError("affine has the wrong shape", expected="4 x 4", got=str(matrix.shape))
    if not np.isfinite(matrix).all():
        raise GridError(
            "affine holds NaN or infinity",
            expected="finite numbers",
            got=str(matrix.tolist()),
            hint="export the image again, or restore the header's sform or qform",
        )
    if not np.allclose(matrix[3], (0, 0, 0, 1)):
        raise GridError("affine's last row is not that of an affine map", expected="0 0 0 1", got=str(matrix[3]))
    spacing = np.linalg.norm(matrix[:3, :3], axis=0)
    if (spacing <= 0).any() or abs(np.linalg.det(matrix[:3, :3] / np.where(spacing > 0, spacing, 1))) < 1e-3:
        raise GridError(
            "affine is singular: its axes do not span space",
            expected="three independent axes of positive length",
            got=f"spacing {spacing.tolist()} mm",
            hint="export the image again, or restore the header's sform or qform",
        )
    matrix.flags.writeable = False
    return matrix


@dataclass(frozen=True, eq=False)
class Grid:
    """A regular lattice of voxels in world coordinates (RAS+ millimetres).

    Sheared lattices (gantry tilt) and left-handed storage are ordinary.

    Parameters
    ----------
    shape
        Number of voxels along the three storage axes, each at least 1.
    affine
        4 x 4, maps voxel indices (centres at integers) to RAS+ mm.
    frame
        Frame of reference UID; ``None`` where the source carries none.

    Raises
    ------
    GridError
        If the shape is not three positive integers or the affine is not invertible.
    """

    shape: tuple[int, int, int]
    affine: FloatArray = field(repr=False)
    frame: str | None = None

    def __post_init__(self) -> None:
        shape = tuple(int(n) for n in self.shape)
        if len(shape) != 3 or min(shape) < 1:
            raise GridError("grid must be three-dimensional", expected="3 positive sizes", got=str(self.shape))
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "affine", _checked_affine(self.affine))

    @classmethod
    def from_spacing(
        cls,
        shape: tuple[int, int, int],
        spacing_mm: ArrayLike,
        *,
        origin_mm: ArrayLike = (0.0, 0.0, 0.0),
        axes: ArrayLike | None = None,
        frame: str | None = None,
    ) -> Self:
        """Build a grid from spacing (3, mm), the first voxel's centre (3, mm) and unit axes (3 x 3, columns)."""
        affine = np.eye(4)
        directions = np.eye(3) if axes is None else np.asarray(axes, dtype=np.float64)
        affine[:3, :3] = directions * np.asarray(spacing_mm, dtype=np.float64)
        affine[:3, 3] = origin_mm
        return cls(shape, affine, frame)

    @cached_property
    def spacing_mm(self) -> FloatArray:
        """Distance between neighbouring voxel centres along each storage axis, (3,) mm."""
        return np.asarray(np.linalg.norm(self.affine[:3, :3], axis=0), dtype=np.float64)

    @cached_property
    def axes(self) -> FloatArray:
        """Unit vectors of the storage axes in world coordinates, the columns of a 3 x 3."""
        return np.asarray(self.affine[:3, :3] / self.spacing_mm, dtype=np.float64)

    @cached_property
    def inverse(self) -> FloatArray:
        """The 4 x 4 map from RAS+ mm to voxel indices."""
        return np.asarray(np.linalg.inv(self.affine), dtype=np.float64)

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel in mm³."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))

    @property
    def axis_codes(self) -> str:
        """Direction in which each storage axis runs, as three letters out of RL, AP, IS (``LPI``, ``PIR`` …)."""
        remaining, codes = self.axes.copy(), ["", "", ""]
        for _ in range(3):
            world, storage = np.unravel_index(np.argmax(np.abs(remaining)), (3, 3))
            codes[int(storage)] = _AXIS_LETTERS[int(world)][int(remaining[world, storage] > 0)]
            remaining[world, :] = 0
            remaining[:, storage] = 0
        return "".join(codes)

    @property
    def centre_mm(self) -> FloatArray:
        """World coordinates of the grid's middle, (3,) mm."""
        return self.to_world((np.asarray(self.shape) - 1) / 2)

    def to_world(self, indices: ArrayLike) -> FloatArray:
        """Map voxel indices (..., 3) to RAS+ mm (..., 3)."""
        points = np.asarray(indices, dtype=np.float64)
        return np.asarray(points @ self.affine[:3, :3].T + self.affine[:3, 3], dtype=np.float64)

    def to_index(self, points_mm: ArrayLike) -> FloatArray:
        """Map RAS+ mm (..., 3) to continuous voxel indices (..., 3)."""
        points = np.asarray(points_mm, dtype=np.float64)
        return np.asarray(points @ self.inverse[:3, :3].T + self.inverse[:3, 3], dtype=np.float64)

    def same_place(self, other: Grid, *, tolerance_mm: float = _SAME_PLACE_MM) -> bool:
        """Tell whether both grids put every voxel at the same point, within ``tolerance_mm``."""
        if self.shape != other.shape:
            return False
        corners = np.array(np.meshgrid(*((0, n - 1) for n in self.shape))).reshape(3, -1).T
        return bool(np.abs(self.to_world(corners) - other.to_world(corners)).max() <= tolerance_mm)

    def shares_lattice(self, other: Grid, *, tolerance_mm: float = 0.1) -> bool:
        """Tell whether ``other``'s voxels fall on this grid's: same lattice in any storage order, or a part of it.

        Every voxel centre of ``other`` must lie within ``tolerance_mm`` of a voxel centre of this grid.
        """
        steps = self.inverse[:3, :3] @ other.affine[:3, :3]
        turned = np.rint(steps)
        if not (np.array_equal(np.abs(turned).sum(axis=0), (1, 1, 1)) and abs(np.linalg.det(turned)) == 1):
            return False
        # steps must fit along the whole way: corners alone can meet by chance, such as 33 steps of 2/3 in 22 of 1
        drift = np.abs(steps - turned) * (np.asarray(other.shape) - 1) * self.spacing_mm[:, None]
        if drift.max() > tolerance_mm:
            return False
        corners = np.array(np.meshgrid(*((0, n - 1) for n in other.shape))).reshape(3, -1).T
        index = self.to_index(other.to_world(corners))
        nearest = np.rint(index)
        close = np.linalg.norm((index - nearest) * self.spacing_mm, axis=1).max() <= tolerance_mm
        return bool(close and (nearest >= 0).all() and (nearest < self.shape).all())

    def require_same_frame(self, other: Grid, *, where: str | None = None) -> None:
        """Raise FrameMismatchError if both frames are known and differ; UIDs may hold dates, so none is told."""
        if self.frame is not None and other.frame is not None and self.frame != other.frame:
            raise FrameMismatchError(
                "objects lie in different frames of reference",
                expected="the same frame of reference UID",
                got="two that differ",
                where=where,
                hint="register the two first, or give labels made on this image",
            )

    def require_same_place(self, other: Grid, *, where: str | None = None, tolerance_mm: float = 0.1) -> None:
        """Raise GridMismatchError unless ``other`` is this grid; also checks the frame."""
        self.require_same_frame(other, where=where)
        if not self.same_place(other, tolerance_mm=tolerance_mm):
            raise GridMismatchError(
                "arrays do not share a grid",
                expected=self.describe(),
                got=other.describe(),
                where=where,
                hint="resample the label map to the image (nearest neighbour), or give the image it was made on",
            )

    def describe(self) -> str:
        """One line for messages: shape, spacing, orientation, first voxel."""
        size = " x ".join(map(str, self.shape))
        spacing = " x ".join(f"{s:.4g}" for s in self.spacing_mm)
        first = ", ".join(f"{c:.2f}" for c in self.affine[:3, 3])
        return f"{size} voxels of {spacing} mm, {self.axis_codes}, first voxel at ({first}) mm"
