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
    """

    mask: NDArray[np.bool_] = field(repr=False)
    box: tuple[slice, slice, slice]
    grid: Grid

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
        return np.ascontiguousarray(np.pad(self.mask, 1), dtype=np.float32)

    @cached_property
    def points_mm(self) -> FloatArray:
        """Centres of the voxels inside, (n, 3) RAS+ mm."""
        return self.grid.to_world(np.argwhere(self.mask) + self.start)

    @property
    def volume_mm3(self) -> float:
        """Number of voxels times their volume."""
        return float(np.count_nonzero(self.mask)) * self.grid.voxel_volume_mm3

    def keep(self, inside: NDArray[np.bool_]) -> Solid:
        """Return the part whose voxels, in the order of ``points_mm``, are marked in ``inside`` (n,)."""
        part = np.zeros_like(self.mask)
        part[self.mask] = inside
        return Solid(part, self.box, self.grid)

    def touches_edge(self) -> bool:
        """Tell whether any voxel lies in the outermost layer of a map axis (single-layer axes left out)."""
        for axis, (span, size) in enumerate(zip(self.box, self.grid.shape, strict=True)):
            layers = np.moveaxis(self.mask, axis, 0)
            first, last = span.start == 0 and layers[0].any(), span.stop == size and layers[-1].any()
            if first or last:
                return True
        return False

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
        inside = (self._interpolate(origin[:, None] + travel[:, None] * heading) >= 0.5) != entering
        outside = ~inside
        gone = outside[:, :-_GAP_STEPS].copy()
        for shift in range(1, _GAP_STEPS + 1):
            gone &= outside[:, shift : outside.shape[1] - _GAP_STEPS + shift]
        first = np.argmax(gone, axis=1)
        valid = inside[:, 0] & gone.any(axis=1)
        low, high = travel[np.maximum(first - 1, 0)], travel[first]
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            within = (self._interpolate(origin + middle[:, None] * heading) >= 0.5) != entering
            low, high = np.where(within, middle, low), np.where(within, high, middle)
        return np.where(valid, (low + high) / 2, np.nan).reshape(starts.shape[:-1])

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
