"""What is known about the surroundings of the canal in one slice: evened signals and carried labels, pixel by pixel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from lumbomics.core.anatomy import CANAL, CORD, DISC_OFFSET
from lumbomics.core.evenness import Evenness
from lumbomics.core.examination import Scan
from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.core.labels import Labels
from lumbomics.segment.axial.place import Place

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Patch:
    """Part of one slice.

    Parameters
    ----------
    place
        Where the spine lies in the slice.
    box
        Part of the slice (rows, columns).
    x, y
        Coordinates (rows, columns) to the patient's right and to the front of the canal's middle, mm.
    signals
        Name of a series -> evened signal (rows, columns), fat = 1; NaN where that series has no slice.
    canal, cord, bone, disc
        Share in [0, 1] of each pixel that the carried labels give to canal (cord included), cord, vertebrae and discs.
    obscured
        Pixels that metal spoils.
    pixel_mm
        Size of a pixel.
    """

    place: Place
    box: tuple[slice, slice]
    x: FloatArray = field(repr=False)
    y: FloatArray = field(repr=False)
    signals: Mapping[str, FloatArray] = field(repr=False)
    canal: FloatArray = field(repr=False)
    cord: FloatArray = field(repr=False)
    bone: FloatArray = field(repr=False)
    disc: FloatArray = field(repr=False)
    obscured: Mask = field(repr=False)
    pixel_mm: float

    @property
    def whole(self) -> tuple[int | slice, ...]:
        """Index of the patch in an array on the scan's voxels."""
        index: list[int | slice] = list(self.box)
        index.insert(self.place.axis, self.place.index)
        return tuple(index)

    def at(self, values: FloatArray, x: FloatArray, y: FloatArray, *, outside: float = 0.0) -> FloatArray:
        """Interpolate an array on the patch's pixels at local coordinates (...)."""
        basis = np.array(
            [
                [self.x[-1, 0] - self.x[0, 0], self.x[0, -1] - self.x[0, 0]],
                [self.y[-1, 0] - self.y[0, 0], self.y[0, -1] - self.y[0, 0]],
            ]
        ) / (np.array(self.x.shape) - 1)
        relative = np.stack([x - self.x[0, 0], y - self.y[0, 0]]).reshape(2, -1)
        index = np.linalg.solve(basis, relative).reshape(2, *np.shape(x))
        return np.asarray(map_coordinates(values, index, order=1, mode="constant", cval=outside))


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How far a patch goes from the canal's middle, mm."""

    side: float
    front: float
    back: float


def slice_points(grid: Grid, place: Place, box: tuple[slice, slice]) -> FloatArray:
    """World points (rows, columns, 3) of a part of a slice."""
    index = np.moveaxis(np.mgrid[box], 0, -1)
    return grid.to_world(np.insert(index, place.axis, place.index, axis=-1))


def find_box(grid: Grid, place: Place, reach: Reach) -> tuple[slice, slice]:
    """Part of a slice that holds a rectangle about the canal's middle."""
    corners = np.array(
        [
            place.centre_mm + x * place.right + y * place.anterior
            for x in (-reach.side, reach.side)
            for y in (-reach.back, reach.front)
        ]
    )
    index = np.delete(grid.to_index(corners), place.axis, axis=-1)
    shape = np.delete(grid.shape, place.axis)
    low = np.clip(np.floor(index.min(axis=0)), 0, shape - 2).astype(int)
    high = np.clip(np.ceil(index.max(axis=0)) + 1, low + 2, shape).astype(int)
    return slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1]))


def cut_patch(
    scan: Scan, place: Place, spine: Labels, others: Mapping[str, tuple[Image, Evenness]], reach: Reach
) -> Patch:
    """Cut a patch out of a series and lay the other series and the labels over it.

    Parameters
    ----------
    scan
        The axial series that is drawn on.
    place
        The slice.
    spine
        Spine map of another series.
    others
        Name -> series and its evenness; the scan's own among them.
    reach
        Size of the patch.
    """
    grid = scan.image.grid
    box = find_box(grid, place, reach)
    points = slice_points(grid, place, box)
    x, y = place.local(points)
    signals = {
        name: _evened(image, evenness, points, own=image is scan.image, place=place, box=box)
        for name, (image, evenness) in others.items()
    }
    canal, cord, bone, disc = carried_shares(spine, points)
    obscured = np.zeros(x.shape, dtype=bool)
    if scan.obscured is not None:
        obscured = np.take(scan.obscured.array, place.index, axis=place.axis)[box] > 0
    return Patch(
        place=place,
        box=box,
        x=x,
        y=y,
        signals=signals,
        canal=canal,
        cord=cord,
        bone=bone,
        disc=disc,
        obscured=obscured,
        pixel_mm=float(np.sqrt(np.prod(np.delete(grid.spacing_mm, place.axis)))),
    )


def carried_shares(spine: Labels, points: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Share of canal, cord, vertebrae and discs at points (..., 3), interpolated between the labels' voxels."""
    index = spine.grid.to_index(points).reshape(-1, 3)
    low = np.clip(np.floor(index.min(axis=0)) - 1, 0, np.array(spine.grid.shape) - 1).astype(int)
    high = np.clip(np.ceil(index.max(axis=0)) + 2, low + 1, spine.grid.shape).astype(int)
    part = spine.array[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    index = index.T - low[:, None]
    top = np.array(part.shape)[:, None] - 1
    seen = ((index >= -0.5) & (index <= top + 0.5)).all(axis=0)
    index = np.clip(index[:, seen], 0, top)
    inside, disc = (part == CANAL) | (part == CORD), part > DISC_OFFSET
    shares = []
    for mask in (inside, part == CORD, (part > 0) & ~inside & ~disc, disc):
        share = np.zeros(len(seen))
        share[seen] = map_coordinates(mask.astype(np.float32), index, order=1, mode="nearest")
        shares.append(share.reshape(points.shape[:-1]))
    return shares[0], shares[1], shares[2], shares[3]


def _evened(
    image: Image, evenness: Evenness, points: FloatArray, *, own: bool, place: Place, box: tuple[slice, slice]
) -> FloatArray:
    values = (
        np.take(image.array, place.index, axis=place.axis)[box].astype(np.float64) if own else slicewise(image, points)
    )
    return np.asarray(values / (evenness.sensitivity(points) * evenness.fat))


def slicewise(image: Image, points: FloatArray) -> FloatArray:
    """Values (...) at world points (..., 3): linear in a slice, from the nearest slice across; NaN beyond it.

    Thick slices are not mixed: half of each would be a picture that nobody acquired.
    """
    index = np.moveaxis(image.grid.to_index(points), -1, 0)
    axis = int(np.argmax(image.grid.spacing_mm))
    if image.grid.spacing_mm[axis] > 1.5 * np.sort(image.grid.spacing_mm)[1]:
        index[axis] = np.rint(index[axis])
    inside = (index >= -0.5).all(axis=0) & (index <= np.reshape(image.grid.shape, (3, 1, 1)) - 0.5).all(axis=0)
    low = np.maximum(np.floor(index.reshape(3, -1).min(axis=1)).astype(int), 0)
    high = np.minimum(np.ceil(index.reshape(3, -1).max(axis=1)).astype(int) + 2, image.grid.shape)
    if (low >= high).any():
        return np.full(inside.shape, np.nan)
    part = image.array[low[0] : high[0], low[1] : high[1], low[2] : high[2]].astype(np.float64)
    values = map_coordinates(part, index - low.reshape(3, 1, 1), order=1, mode="nearest")
    return np.where(inside, values, np.nan)
