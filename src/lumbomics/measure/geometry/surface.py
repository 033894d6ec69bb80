"""Where straight rays leave a labelled structure, below the size of a voxel."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumbomics.core.grid import FloatArray, Grid
from lumbomics.core.labels import Labels

_STEP_MM = 0.8
_BISECTIONS = 5
_GAP_STEPS = 2
_NEAR_STEPS = 28


@dataclass(frozen=True, eq=False)
class Solid:
    """One structure cut out of a label map.

    Its surface is where the mask, interpolated trilinearly between voxel centres, crosses one half: midway
    between the last voxel inside and the first outside, so a flat face carries no half-voxel bias.

    Parameters
    ----------
    mask
        (i, j, k) booleans inside ``box``.
    box
        Where the mask lies in the whole map.
    grid
        The whole map's grid.
    open_sides
        Whether the structure is taken to go on, as in its last layer, beyond the first and last layer of the first
        (left-right) storage axis, as a body does that a sagittal slab cuts off.
    """

    mask: NDArray[np.bool_] = field(repr=False)
    box: tuple[slice, slice, slice]
    grid: Grid
    open_sides: bool = False

    @classmethod
    def from_labels(cls, labels: Labels, value: int) -> Solid:
        """Cut the voxels that hold ``value`` out of a label map; KeyError if there are none."""
        box = labels.boxes[value]
        return cls(labels.array[box] == value, box, labels.grid)

    @cached_property
    def start(self) -> NDArray[np.intp]:
        """Index of the box's first voxel in the whole map, (3,)."""
        return np.array([s.start for s in self.box], dtype=np.intp)

    @cached_property
    def _padded(self) -> NDArray[np.float32]:
        padded = np.ascontiguousarray(np.pad(self.mask, 1), dtype=np.float32)
        for end, beside, met in ((0, 1, self.at_sides[0]), (-1, -2, self.at_sides[1])):
            if met and self.open_sides:
                padded[end] = padded[beside]
        return padded

    @cached_property
    def at_sides(self) -> tuple[bool, bool]:
        """Whether any voxel lies in the first and in the last layer of the first storage axis."""
        span, layers = self.box[0], (self.mask[0].any(), self.mask[-1].any())
        return span.start == 0 and bool(layers[0]), span.stop == self.grid.shape[0] and bool(layers[1])

    def opened(self) -> Solid:
        """Return the same structure with open sides; itself where it meets neither side of the map."""
        return Solid(self.mask, self.box, self.grid, open_sides=True) if any(self.at_sides) else self

    @cached_property
    def points_mm(self) -> FloatArray:
        """Centres of the voxels inside, (n, 3) RAS+ mm."""
        return self.grid.to_world(np.argwhere(self.mask) + self.start)

    @property
    def volume_mm3(self) -> float:
        """Number of voxels times their volume."""
        return float(np.count_nonzero(self.mask)) * self.grid.voxel_volume_mm3

    def deep_mask(self, depth_mm: float) -> NDArray[np.bool_]:
        """Voxels of the mask at least so far inside along every lattice axis finer than that depth."""
        inside = self.mask
        for axis, spacing in enumerate(self.grid.spacing_mm):
            steps = int(np.ceil(depth_mm / spacing - 0.5)) if spacing <= depth_mm else 0
            padded = np.pad(self.mask, [(steps, steps) if other == axis else (0, 0) for other in range(3)])
            size = self.mask.shape[axis]
            for shift in (0, 2 * steps):
                inside = inside & np.take(padded, np.arange(shift, shift + size), axis=axis)
        return inside

    def deep_points_mm(self, depth_mm: float) -> FloatArray:
        """Centres (n, 3) of the voxels of :meth:`deep_mask`, RAS+ mm."""
        return self.grid.to_world(np.argwhere(self.deep_mask(depth_mm)) + self.start)

    def keep(self, inside: NDArray[np.bool_]) -> Solid:
        """Return the part whose voxels, in the order of ``points_mm``, are marked in ``inside`` (n,)."""
        part = np.zeros_like(self.mask)
        part[self.mask] = inside
        return Solid(part, self.box, self.grid, self.open_sides)

    def touches_edge(self) -> bool:
        """Tell whether any voxel lies in the outermost layer of a map axis (single-layer axes left out)."""
        return bool(self._edges(least_layers=2))

    def cut_faces(self) -> FloatArray:
        """Outward unit normals (n, 3) of the map's faces that the structure meets.

        A single layer along the first axis, a lone sagittal slice, cuts on both sides.
        """
        edges = self._edges(least_layers=1 if self.grid.shape[0] == 1 else 2)
        normals = self.grid.inverse[:3, :3] / np.linalg.norm(self.grid.inverse[:3, :3], axis=1, keepdims=True)
        return np.array([sign * normals[axis] for axis, sign in edges]).reshape(-1, 3)

    def _edges(self, *, least_layers: int) -> list[tuple[int, int]]:
        """Map axes, and their end (-1 or 1), where the structure has voxels in the outermost layer."""
        met = []
        for axis, (span, size) in enumerate(zip(self.box, self.grid.shape, strict=True)):
            layers = np.moveaxis(self.mask, axis, 0)
            if size < (least_layers if axis == 0 else 2):
                continue
            met += [(axis, -1)] if span.start == 0 and layers[0].any() else []
            met += [(axis, 1)] if span.stop == size and layers[-1].any() else []
        return met

    def value_at(self, points_mm: ArrayLike) -> FloatArray:
        """Trilinear value of the mask (0 outside, 1 inside) at world points (..., 3)."""
        return self._interpolate(self.grid.to_index(points_mm) - self.start)

    def exits(self, starts_mm: ArrayLike, direction: ArrayLike, *, reach_mm: float = 60.0) -> FloatArray:
        """Distance along each ray to the surface.

        Parameters
        ----------
        starts_mm
            (..., 3) RAS+ mm.
        direction
            (3,) unit vector, shared by all rays.
        reach_mm
            Longest distance looked at.

        Returns
        -------
        (...) mm; NaN where the start lies outside or the ray never leaves. Gaps in the mask shorter than about
        1.6 mm are passed over.
        """
        starts = np.asarray(starts_mm, dtype=np.float64)
        return self._march(starts, direction, reach_mm, entering=False)

    def entries(self, starts_mm: ArrayLike, direction: ArrayLike, *, reach_mm: float = 60.0) -> FloatArray:
        """Distance along each ray, from a start outside, to where it enters; otherwise as ``exits``."""
        return self._march(np.asarray(starts_mm, dtype=np.float64), direction, reach_mm, entering=True)

    def _march(self, starts: FloatArray, direction: ArrayLike, reach_mm: float, *, entering: bool) -> FloatArray:
        origin = self.grid.to_index(starts.reshape(-1, 3)) - self.start
        heading = self.grid.inverse[:3, :3] @ np.asarray(direction, dtype=np.float64)
        travel = np.arange(0.0, reach_mm + _STEP_MM, _STEP_MM)
        first = self._first_beyond(origin, heading, travel[:_NEAR_STEPS], entering=entering)
        far = np.flatnonzero(first < 0)
        if far.size and len(travel) > _NEAR_STEPS:  # most rays end near; only the others are followed all the way
            first[far] = self._first_beyond(origin[far], heading, travel, entering=entering)
        low, high = travel[np.maximum(first - 1, 0)], travel[first]
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            within = (self._interpolate(origin + middle[:, None] * heading) >= 0.5) != entering
            low, high = np.where(within, middle, low), np.where(within, high, middle)
        return np.where(first > 0, (low + high) / 2, np.nan).reshape(starts.shape[:-1])

    def _first_beyond(
        self, origin: FloatArray, heading: FloatArray, travel: FloatArray, *, entering: bool
    ) -> NDArray[np.intp]:
        """Step at which each ray is on the other side for good (a gap is passed over); -1 where it never is, and 0
        where it starts there.
        """  # noqa: D205  one sentence, two lines
        inside = (self._interpolate(origin[:, None] + travel[:, None] * heading) >= 0.5) != entering
        outside = ~inside
        gone = outside[:, :-_GAP_STEPS].copy()
        for shift in range(1, _GAP_STEPS + 1):
            gone &= outside[:, shift : outside.shape[1] - _GAP_STEPS + shift]
        first = np.argmax(gone, axis=1)
        return np.where(inside[:, 0], np.where(gone.any(axis=1), first, -1), 0)

    def _interpolate(self, index: FloatArray) -> FloatArray:
        array = self._padded
        top = np.array(array.shape, dtype=np.float64) - 1
        position = np.clip(index + 1, 0.0, top)
        low = np.minimum(position.astype(np.intp), np.maximum(np.array(array.shape) - 2, 0))
        weight = (position - low).astype(np.float32)
        return _blend(array, low, weight)


def _blend(array: NDArray[np.float32], low: NDArray[np.intp], weight: NDArray[np.float32]) -> FloatArray:
    """Mix the eight voxels round each point, one axis after the other: last, middle, first."""
    first, middle, last = (step // array.itemsize for step in array.strides)
    flat, base = array.reshape(-1), low @ np.array([first, middle, last])

    def along_last(offset: int) -> NDArray[np.float32]:
        start: NDArray[np.float32] = flat[base + offset]
        return np.asarray(start + weight[..., 2] * (flat[base + (offset + last)] - start), dtype=np.float32)

    def along_middle(offset: int) -> NDArray[np.float32]:
        start = along_last(offset)
        return start + weight[..., 1] * (along_last(offset + middle) - start)

    start = along_middle(0)
    return np.asarray(start + weight[..., 0] * (along_middle(first) - start), dtype=np.float64)
