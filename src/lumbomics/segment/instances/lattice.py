"""The working lattice: the foreground of a class map, in canonical order, at about a millimetre."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumbomics.core.grid import FloatArray, Grid
from lumbomics.core.prediction import SemanticMap

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

WORKING_MM = 1.2
"""Voxels finer than half of this are thinned; levels are told apart at this resolution, boundaries stay native."""
DROPPED = 255
"""Marks voxels of a class that belong to no structure that is believed."""


@dataclass(frozen=True, eq=False)
class Lattice:
    """Classes on a thinned, cropped copy of the map in closest-to-RAS storage order.

    Parameters
    ----------
    classes
        (i, j, k) uint8 values of ``Tissue``.
    grid
        Where these voxels lie.
    native
        The map in canonical order, cropped, not thinned.
    step
        Native voxels per working voxel along each axis.
    order, flips, corner
        How canonical order comes from the storage order (axis order, axes to reverse) and where the crop begins.
    low, high
        (3,) borders of the whole image in working indices.
    """

    classes: NDArray[np.uint8] = field(repr=False)
    grid: Grid
    native: NDArray[np.uint8] = field(repr=False)
    step: tuple[int, int, int]
    order: tuple[int, int, int]
    flips: tuple[bool, bool, bool]
    corner: tuple[int, int, int]
    low: FloatArray
    high: FloatArray

    @cached_property
    def spacing_mm(self) -> FloatArray:
        """Distance between working voxels along each axis, (3,) mm."""
        return self.grid.spacing_mm

    def where(self, *tissues: int) -> IntArray:
        """List the indices (n, 3) of the working voxels of some classes."""
        return np.argwhere(np.isin(self.classes, tissues)) if len(tissues) > 1 else np.argwhere(self.classes == tissues)

    def world(self, index: IntArray) -> FloatArray:
        """World points (n, 3) RAS+ mm of working voxels."""
        return self.grid.to_world(index)

    def room_mm(self, start: FloatArray, way: FloatArray) -> float:
        """Tell how far one can go from a point (3,) along a unit vector; the image's sideways borders do not count."""
        index = self.grid.to_index(start)
        step = self.grid.inverse[:3, :3] @ way
        borders = [
            ((self.high if step[axis] > 0 else self.low)[axis] - index[axis]) / step[axis]
            for axis in (1, 2)
            if abs(step[axis]) > 1e-6
        ]
        return max(0.0, float(min(borders, default=0.0)))

    def spread(self, labels: NDArray[np.uint8], tissue: int) -> NDArray[np.uint8]:
        """Carry labels of one class from the working voxels to the native crop.

        A native voxel takes the label of its working voxel where that has the class, else that of the nearest working
        voxel which has one; 0 everywhere outside the class.
        """
        out = np.zeros(self.native.shape, dtype=np.uint8)
        native = np.nonzero(self.native == tissue)
        cell = tuple(axis // step for axis, step in zip(native, self.step, strict=True))
        found = labels[cell]
        lost = found == 0
        if lost.any() and labels.any():
            nearest = ndimage.distance_transform_edt(
                labels == 0, sampling=self.spacing_mm, return_distances=False, return_indices=True
            )
            at = tuple(axis[lost] for axis in cell)
            found[lost] = labels[tuple(axis[at] for axis in nearest)]
        out[native] = np.where(found == DROPPED, 0, found)
        return out

    def restore(self, cropped: NDArray[np.uint8], shape: tuple[int, int, int]) -> NDArray[np.uint8]:
        """Put a canonical crop back into a volume of the original storage order and ``shape``."""
        canonical_shape = tuple(shape[axis] for axis in self.order)
        whole = np.zeros(canonical_shape, dtype=cropped.dtype)
        box = tuple(slice(c, c + n) for c, n in zip(self.corner, cropped.shape, strict=True))
        whole[box] = cropped
        turned = np.flip(whole, tuple(axis for axis, flip in enumerate(self.flips) if flip))
        return np.ascontiguousarray(np.transpose(turned, np.argsort(self.order)))


def canonical_order(grid: Grid) -> tuple[tuple[int, int, int], tuple[bool, bool, bool]]:
    """Storage axes in the order right, anterior, superior, and which of them run the other way."""
    codes = grid.axis_codes
    order = tuple(next(i for i, code in enumerate(codes) if code in pair) for pair in ("LR", "PA", "IS"))
    flips = tuple(codes[axis] in "LPI" for axis in order)
    return (order[0], order[1], order[2]), (flips[0], flips[1], flips[2])


def working_lattice(semantic: SemanticMap) -> Lattice | None:
    """Build the working lattice of a class map; ``None`` where the map holds background alone."""
    order, flips = canonical_order(semantic.grid)
    turned = np.transpose(semantic.labels, order)
    turned = np.flip(turned, tuple(axis for axis, flip in enumerate(flips) if flip))
    boxes = ndimage.find_objects((turned > 0).view(np.uint8))
    if not boxes:
        return None
    corner = tuple(s.start for s in boxes[0])
    native = np.ascontiguousarray(turned[boxes[0]])
    affine = _turned_affine(semantic.grid, order, flips)
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    step = tuple(max(1, int(WORKING_MM / mm)) for mm in spacing)
    first = [min(n // 2, size - 1) for n, size in zip(step, native.shape, strict=True)]
    classes = native[tuple(slice(f, None, n) for f, n in zip(first, step, strict=True))]
    affine[:3, 3] += affine[:3, :3] @ (np.add(corner, first))
    affine[:3, :3] *= step
    return Lattice(
        _padded(classes, native.shape, step),
        Grid(_blocks(native.shape, step), affine, semantic.grid.frame),
        native,
        (step[0], step[1], step[2]),
        order,
        flips,
        (corner[0], corner[1], corner[2]),
        (-0.5 - np.add(corner, first)) / step,
        (np.array(turned.shape) - 0.5 - np.add(corner, first)) / step,
    )


def _blocks(shape: tuple[int, ...], step: tuple[int, ...]) -> tuple[int, int, int]:
    i, j, k = (-(-size // n) for size, n in zip(shape, step, strict=True))
    return i, j, k


def _padded(classes: NDArray[np.uint8], shape: tuple[int, ...], step: tuple[int, ...]) -> NDArray[np.uint8]:
    """Repeat the last plane where the last, incomplete block has no middle voxel of its own."""
    missing = [(0, want - have) for want, have in zip(_blocks(shape, step), classes.shape, strict=True)]
    return np.ascontiguousarray(np.pad(classes, missing, mode="edge"))


def _turned_affine(grid: Grid, order: tuple[int, int, int], flips: tuple[bool, bool, bool]) -> FloatArray:
    affine = np.array(grid.affine)
    affine[:3, :3] = grid.affine[:3, list(order)]
    for column, (axis, flip) in enumerate(zip(order, flips, strict=True)):
        if flip:
            affine[:3, 3] += grid.affine[:3, axis] * (grid.shape[axis] - 1)
            affine[:3, column] *= -1
    return affine
