"""The intervertebral foramen as seen in a sagittal plane through the pedicles."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumbomics.core.measurement import Reason
from lumbomics.measure.geometry.frame import FloatArray, Frame
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.surface import Solid

RASTER_MM = 0.5
"""Distance between raster points."""
HALF_DEPTH_MM = 26.0
HALF_HEIGHT_MM = 26.0
"""Half-size of the plane looked at, about the foramen's middle."""
_FAR_MM = 6.0
_WALK_MM = 22.0
_ASIDE_MM = 6.0
_DEEP_MM = 5.0
_MOST_OPEN = 0.5
_MOST_DEEP = 0.8


def plane_distances(bones: tuple[Solid, ...], discs: tuple[Solid, ...], frame: Frame) -> tuple[FloatArray, FloatArray]:
    """Signed distances, in a sagittal plane, to the outline of bones with discs, and of bones alone.

    Between slices of the lattice the outline is interpolated by shape (Raya and Udupa, IEEE Trans Med Imaging 1990):
    the signed distances to the outlines in the four nearest slices are joined by a cubic (Catmull and Rom), so that
    thick sagittal slices show a gradual change instead of a step, and a pedicle keeps its roundness.

    Parameters
    ----------
    bones, discs
        Structures on one grid; there may be no disc.
    frame
        The plane: origin in its middle, ``right`` its normal.

    Returns
    -------
    Two arrays (rows along superior, columns along anterior) mm, positive inside, on a raster of ``RASTER_MM``.
    """
    columns, rows = _axis(HALF_DEPTH_MM), _axis(HALF_HEIGHT_MM)
    points = frame.origin_mm + rows[:, None, None] * frame.superior + columns[None, :, None] * frame.anterior
    grid = bones[0].grid
    index = grid.to_index(points)
    through = int(np.argmax(np.abs(grid.axes.T @ frame.right)))
    below = np.floor(index[..., through])
    share = index[..., through] - below
    filled_mm, bone_mm = np.zeros(share.shape), np.zeros(share.shape)
    for offset, weight in zip((-1, 0, 1, 2), _cubic(share), strict=True):
        index[..., through] = below + offset
        flat = grid.to_world(index)
        bone = np.maximum.reduce([solid.value_at(flat) for solid in bones])
        filled = np.maximum.reduce([bone, *(solid.value_at(flat) for solid in discs)])
        bone_mm += weight * _near_distance(bone)
        filled_mm += weight * _near_distance(filled)
    return filled_mm, bone_mm


def _near_distance(filled: FloatArray) -> FloatArray:
    return np.clip(_signed_distance(filled), -_FAR_MM, _FAR_MM)


def _cubic(share: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Weights of four neighbours for a place ``share`` of the way from the second to the third."""
    t, t2, t3 = share, share**2, share**3
    return (2 * t2 - t - t3) / 2, (2 - 5 * t2 + 3 * t3) / 2, (t + 4 * t2 - 3 * t3) / 2, (t3 - t2) / 2


def _axis(half_mm: float) -> FloatArray:
    steps = int(half_mm / RASTER_MM)
    return np.asarray(np.arange(-steps, steps + 1) * RASTER_MM, dtype=np.float64)


def _signed_distance(filled: FloatArray) -> FloatArray:
    """Signed distance from a raster of partial fillings, exact to a fraction of the raster next to the outline."""
    inside: NDArray[np.bool_] = filled >= 0.5
    if inside.all() or not inside.any():
        return np.where(inside, HALF_DEPTH_MM, -HALF_DEPTH_MM)
    distance = ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)
    return np.asarray(RASTER_MM * (distance - 0.5 * np.sign(distance)), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class ForamenPlane:
    """A sagittal plane through both pedicles of a foramen, with the outlines of bone and of bone and disc.

    Parameters
    ----------
    frame
        The plane: origin midway between the pedicles, ``right`` its normal.
    filled_mm, bone_mm
        Signed distances (rows, columns) mm to bone with disc, and to bone alone; positive inside.
    upper, lower
        Middle of the upper and the lower pedicle in the plane, (anterior, superior) mm.
    """

    frame: Frame = field(repr=False)
    filled_mm: FloatArray = field(repr=False)
    bone_mm: FloatArray = field(repr=False)
    upper: FloatArray
    lower: FloatArray

    @classmethod
    def through(
        cls, segment: Frame, pedicles_mm: FloatArray, bones: tuple[Solid, ...], discs: tuple[Solid, ...]
    ) -> Self:
        """Cut parallel to a segment's sagittal plane, through the middle of its pedicles on one side (2, 3) RAS+ mm."""
        frame = segment.at(np.asarray(pedicles_mm).mean(axis=0))
        places = frame.to_local(pedicles_mm)[:, 1:]
        filled, bone = plane_distances(bones, discs, frame)
        return cls(frame, filled, bone, places[0], places[1])

    def world(self, plane_mm: FloatArray) -> FloatArray:
        """World points (..., 3) of in-plane points (..., 2) along anterior and superior."""
        return np.asarray(self.frame.origin_mm + plane_mm @ self.frame.axes[1:], dtype=np.float64)

    def borders(self) -> tuple[FloatArray, FloatArray]:
        """Lower border of the upper and upper border of the lower pedicle, (2,) mm along anterior and superior each.

        Raises
        ------
        NotMeasurableError
            If the plane misses a pedicle, or the pedicles touch.
        """
        top = self._leave(self.upper, -1.0)
        bottom = self._leave(self.lower, 1.0)
        if top[1] - bottom[1] < 2 * RASTER_MM:
            raise NotMeasurableError(Reason.GEOMETRY_FAILED, "no gap is seen between the two pedicles")
        return top, bottom

    def _leave(self, start: FloatArray, sign: float) -> FloatArray:
        """Walk from inside a pedicle along the superior axis until bone ends."""
        heights = start[1] + sign * np.arange(0.0, _WALK_MM, RASTER_MM / 2)
        depth = self._sample(self.bone_mm, np.full_like(heights, start[0]), heights)
        outside = np.flatnonzero(depth < 0)
        if depth[0] < 0 or not len(outside):
            raise NotMeasurableError(
                Reason.GEOMETRY_FAILED, "the sagittal plane through the pedicles misses one of them"
            )
        at = int(outside[0])
        share = depth[at - 1] / (depth[at - 1] - depth[at])
        return np.array([start[0], heights[at - 1] + share * (heights[at] - heights[at - 1])])

    def rows(self, *, with_disc: bool) -> Rows:
        """Front and back ends of the foramen in rows from the lower to the upper pedicle border.

        Rows that meet nothing within ``_DEEP_MM`` of the others' front ends (they pass beside the body or look into a
        disc space) are bridged, and so are rows open behind and, without the disc, rows that the disc bounds.

        Raises
        ------
        NotMeasurableError
            If a border is missing, or over half of the rows have no body or no posterior element.
        """
        top, bottom = self.borders()
        count = max(5, int((top[1] - bottom[1]) / RASTER_MM))
        heights = np.linspace(bottom[1], top[1], count + 2)[1:-1]
        starts = np.interp(heights, [bottom[1], top[1]], [bottom[0], top[0]])
        front, back = self._scan(self.filled_mm if with_disc else self.bone_mm, starts, heights)
        if not with_disc:
            front[self._scan(self.filled_mm, starts, heights)[0] < front - RASTER_MM] = np.nan
        front[front > np.nanmedian(np.r_[front, starts[:1]]) + _DEEP_MM] = np.nan
        for ends, most, what in ((front, _MOST_DEEP, "body"), (back, _MOST_OPEN, "posterior element")):
            if np.isnan(ends).mean() > most:
                detail = f"no {what} bounds the foramen over most of its height"
                raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, detail)
        return Rows(heights, _bridged(heights, front), _bridged(heights, back))

    def _scan(self, distance: FloatArray, starts: FloatArray, heights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """First bone in front of and behind a starting point in every row; NaN where there is none."""
        steps = np.arange(-_WALK_MM, _WALK_MM + RASTER_MM / 2, RASTER_MM / 2)
        columns = starts[:, None] + steps
        depth = self._sample(distance, columns, np.broadcast_to(heights[:, None], columns.shape))
        middle = len(steps) // 2
        front, back = np.full(len(heights), np.nan), np.full(len(heights), np.nan)
        for row, line in enumerate(depth):
            seed = _free_near(line, middle)
            if seed is None:
                front[row] = back[row] = starts[row]
                continue
            front[row] = starts[row] + _first_filled(line, steps, seed, 1)
            back[row] = starts[row] + _first_filled(line, steps, seed, -1)
        return front, back

    def _sample(self, distance: FloatArray, columns: FloatArray, heights: FloatArray) -> FloatArray:
        shape = np.asarray(distance.shape)
        at = np.array([heights, columns]) / RASTER_MM + ((shape - 1) / 2).reshape((2,) + (1,) * columns.ndim)
        return np.asarray(ndimage.map_coordinates(distance, at, order=1, mode="nearest"), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Rows:
    """A foramen as rows: heights (n,), front ends (n,) and back ends (n,), mm in the plane, from below upwards."""

    heights_mm: FloatArray
    front_mm: FloatArray
    back_mm: FloatArray

    @property
    def widths_mm(self) -> FloatArray:
        """Width of every row, (n,) mm, at least 0."""
        return np.maximum(self.front_mm - self.back_mm, 0.0)

    @property
    def area_mm2(self) -> float:
        """Integral of the width over the height, the outermost rows prolonged to the pedicles' borders."""
        step = float(self.heights_mm[1] - self.heights_mm[0])
        ends = step * (self.widths_mm[0] + self.widths_mm[-1]) / 2
        return float(np.trapezoid(self.widths_mm, self.heights_mm)) + float(ends)

    @property
    def polygon_mm(self) -> FloatArray:
        """Outline (2 n, 2) mm along anterior and superior."""
        front = np.stack([self.front_mm, self.heights_mm], axis=1)
        back = np.stack([self.back_mm, self.heights_mm], axis=1)
        return np.vstack([front, back[::-1]])


def _free_near(line: FloatArray, middle: int) -> int | None:
    """Free point of a row nearest to its middle, within ``_ASIDE_MM``."""
    free = np.flatnonzero(line < 0)
    near = free[np.abs(free - middle) * RASTER_MM / 2 <= _ASIDE_MM]
    return int(near[np.argmin(np.abs(near - middle))]) if len(near) else None


def _first_filled(line: FloatArray, steps: FloatArray, seed: int, sign: int) -> float:
    """Offset at which a row, walked from a free point, is first filled; NaN where it never is."""
    ahead = line[seed::sign]
    filled = np.flatnonzero(ahead >= 0)
    if not len(filled):
        return float("nan")
    at = int(filled[0])
    share = -ahead[at - 1] / (ahead[at] - ahead[at - 1])
    return float(steps[seed + sign * (at - 1)] + sign * share * (steps[1] - steps[0]))


def _bridged(heights: FloatArray, ends: FloatArray) -> FloatArray:
    """Fill gaps between ends by interpolation between their neighbours."""
    known = np.isfinite(ends)
    return np.interp(heights, heights[known], ends[known])
