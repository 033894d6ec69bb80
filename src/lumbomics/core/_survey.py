"""One pass over a label map that counts every value and finds its bounding box."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SLAB_VOXELS = 1 << 21
"""Voxels looked at in one go; bounds the memory of maps without any long run."""


@dataclass(slots=True)
class Extent:
    """How many voxels hold a value, and its lowest and highest index along each axis."""

    voxels: int
    low: NDArray[np.int64]
    high: NDArray[np.int64]

    @property
    def box(self) -> tuple[slice, slice, slice]:
        """The bounding box as slices."""
        first, second, third = (slice(int(a), int(b) + 1) for a, b in zip(self.low, self.high, strict=True))
        return first, second, third

    def grow(self, other: Extent) -> None:
        """Take in the extent of the same value in another slab."""
        self.voxels += other.voxels
        self.low = np.minimum(self.low, other.low)
        self.high = np.maximum(self.high, other.high)


def survey(array: NDArray[Any]) -> dict[int, Extent]:
    """Extent of every non-zero value of a 3D integer array.

    Label maps are smooth, so they are read as runs of equal voxels along the axis that lies densest in memory: after
    one comparison of neighbours, the work goes with the number of runs and no more with the number of voxels.
    """
    values = array.view(np.uint8) if array.dtype == np.bool_ else array
    reversed_axes = values.flags.f_contiguous and not values.flags.c_contiguous
    walked = values.T if reversed_axes else values
    found: dict[int, Extent] = {}
    step = max(1, _SLAB_VOXELS // max(1, walked[:1].size))
    for first in range(0, len(walked), step):
        for value, extent in _survey_slab(np.ascontiguousarray(walked[first : first + step]), first):
            if value in found:
                found[value].grow(extent)
            else:
                found[value] = extent
    return {v: _turned(e) if reversed_axes else e for v, e in sorted(found.items())}


def _turned(extent: Extent) -> Extent:
    return Extent(extent.voxels, extent.low[::-1], extent.high[::-1])


def _survey_slab(slab: NDArray[Any], first: int) -> list[tuple[int, Extent]]:
    flat = slab.reshape(-1)
    starts, lengths = _runs(flat, slab.shape[2])
    labelled = flat[starts] != 0
    starts, lengths = starts[labelled], lengths[labelled]
    if not starts.size:
        return []
    order = np.argsort(flat[starts], kind="stable")
    starts, lengths = starts[order], lengths[order]
    values = flat[starts]
    groups = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    rows, third = np.divmod(starts, slab.shape[2])
    begin = (rows // slab.shape[1] + first, rows % slab.shape[1], third)
    end = (*begin[:2], third + lengths - 1)
    voxels = np.add.reduceat(lengths, groups)
    low = np.stack([np.minimum.reduceat(axis, groups) for axis in begin], axis=1)
    high = np.stack([np.maximum.reduceat(axis, groups) for axis in end], axis=1)
    return [(int(values[g]), Extent(int(voxels[n]), low[n], high[n])) for n, g in enumerate(groups)]


def _runs(flat: NDArray[Any], row: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Start and length of every run of equal values; a run ends with its row."""
    change = np.empty(flat.size, dtype=np.bool_)
    np.not_equal(flat[1:], flat[:-1], out=change[1:])
    change[::row] = True
    starts = np.flatnonzero(change)
    return starts, np.diff(starts, append=flat.size)
