"""Bodies told apart by the planes of the discs; fused ones split by their length."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from lumbomics.core.grid import FloatArray
from lumbomics.segment.instances.curve import Curve
from lumbomics.segment.instances.discs import Plane
from lumbomics.segment.instances.lattice import IntArray

USUAL_PITCH_MM = 35.0
"""Height of a lumbar body with its disc, an engineering default for images that show no two discs to compare."""
_MULTIPLE = 1.65
"""A body this many times as long as its neighbours is taken for more than one."""
_SHARE_OFF = 0.3
_SHARE_OF_BODY = 0.3
_WAIST_MM = 8.0
_WAIST = 0.6
_PLANE_REACH_MM = 25.0
"""A disc's plane divides bone this near; further off the height along the middle line decides."""
_CORE_MM = 14.0
_MANY_STEPS, _ALIKE, _MOSTLY = 4, 0.2, 0.7


@dataclass(frozen=True, eq=False)
class Interval:
    """The stretch of the column between two planes, or beyond the last.

    Parameters
    ----------
    above, below
        The planes that bound it; ``None`` beyond the outermost.
    bone, sacrum
        Rows of the column's voxel list in it, by class.
    length_mm
        Height between the planes, or from the plane to the column's end.
    """

    above: Plane | None
    below: Plane | None
    bone: IntArray = field(repr=False)
    sacrum: IntArray = field(repr=False)
    length_mm: float

    @property
    def supposed(self) -> bool:
        """Whether one of its ends was not seen as a disc."""
        return any(plane is not None and not plane.drawn for plane in (self.above, self.below))


@dataclass(frozen=True, eq=False)
class ColumnVoxels:
    """Voxels of bodies and sacrum in front of the canal.

    Parameters
    ----------
    points
        (n, 3) RAS+ mm.
    height, right
        (n,) mm along the middle line and to the right of it.
    is_sacrum
        (n,) class.
    """

    points: FloatArray = field(repr=False)
    height: FloatArray = field(repr=False)
    right: FloatArray = field(repr=False)
    is_sacrum: np.ndarray[tuple[int], np.dtype[np.bool_]] = field(repr=False)

    def level_index(self, planes: list[Plane]) -> IntArray:
        """Count the planes that lie above each voxel."""
        count = np.zeros(len(self.points), dtype=np.int64)
        for plane in planes:
            apart = self.height - plane.height_mm
            near = np.abs(apart) < _PLANE_REACH_MM
            count += np.where(near, plane.above(self.points), apart) < 0
        return count


def intervals(column: ColumnVoxels, planes: list[Plane]) -> list[Interval]:
    """Cut the column at the planes, head to tail."""
    index = column.level_index(planes)
    found = []
    for level in range(len(planes) + 1):
        mine = np.flatnonzero(index == level)
        above = planes[level - 1] if level else None
        below = planes[level] if level < len(planes) else None
        sacral = column.is_sacrum[mine]
        length = _length(column, mine, above, below)
        found.append(Interval(above, below, mine[~sacral], mine[sacral], length))
    return found


def _length(column: ColumnVoxels, mine: IntArray, above: Plane | None, below: Plane | None) -> float:
    if above is not None and below is not None:
        return above.height_mm - below.height_mm
    bone = mine[~column.is_sacrum[mine]]
    if len(bone) < 5:
        return 0.0
    if above is None and below is None:
        return float(np.diff(np.percentile(column.height[bone], (2, 98)))[0])
    if above is None and below is not None:
        return float(np.percentile(below.above(column.points[bone]), 97))
    return float(-np.percentile(above.above(column.points[bone]), 3)) if above is not None else 0.0


def usual_pitch_mm(planes: list[Plane]) -> float:
    """Median distance between neighbouring discs; the usual one where fewer than two distances are known.

    Four distances and more that mostly agree (within 20 % of their median) are believed whatever they are: files exist
    that state a wrong voxel size, and bodies must not be cut in halves for it.
    """
    steps = -np.diff([plane.height_mm for plane in planes])
    steps = steps[steps > 15]
    if len(steps) >= _MANY_STEPS and np.mean(np.abs(steps / np.median(steps) - 1) < _ALIKE) > _MOSTLY:
        return float(np.median(steps))
    steps = steps[steps < 50]
    return float(np.median(steps)) if len(steps) > 1 else USUAL_PITCH_MM


def with_sacral_border(column: ColumnVoxels, planes: list[Plane], curve: Curve) -> list[Plane]:
    """Put a supposed plane between vertebra and sacrum where the two touch with no disc drawn between."""
    out = list(planes)
    found = intervals(column, planes)
    typical = _typical_size([replace(i, bone=i.bone[np.abs(column.right[i.bone]) < _CORE_MM]) for i in found])
    for interval in found:
        mine = np.concatenate([interval.bone, interval.sacrum])
        mine = mine[np.abs(column.right[mine]) < _CORE_MM]  # further out the sacrum's wings reach up beside L5
        sacral = int(column.is_sacrum[mine].sum())
        if min(sacral, len(mine) - sacral) < _SHARE_OF_BODY * typical:
            continue
        border = _class_border(column.height[mine], column.is_sacrum[mine])
        out.append(_supposed(curve, border))
    return sorted(out, key=lambda plane: -plane.height_mm)


def _typical_size(found: list[Interval]) -> float:
    sizes = [len(i.bone) for i in found if len(i.bone) > 20]
    return float(np.median(sizes)) if sizes else 20.0


def _class_border(height: FloatArray, is_sacrum: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    """Height that leaves the fewest sacral voxels above and vertebral voxels below."""
    order = np.argsort(height)
    wrong: IntArray = np.cumsum(~is_sacrum[order]) - np.cumsum(is_sacrum[order])
    return float(height[order][int(np.argmin(wrong))])


def with_fused_split(column: ColumnVoxels, planes: list[Plane], curve: Curve) -> list[Plane]:
    """Add supposed planes where a stretch of bone is a clear multiple of its neighbours' length.

    Twice the length within 30 % gives two bodies, and so on. The plane is put at the thinnest place near the even split
    where bone is clearly thinner there (a collapsed disc that was not drawn), else at the even split.
    """
    pitch, out = usual_pitch_mm(planes), list(planes)
    for interval in intervals(column, planes):
        if interval.above is None and interval.below is None and not planes:
            continue
        length = interval.length_mm + (0.0 if interval.above and interval.below else 0.12 * pitch)
        count = round(length / pitch)
        if length < _MULTIPLE * pitch or count < 2 or abs(length / count / pitch - 1) > _SHARE_OFF:
            continue
        if not len(interval.bone) or len(interval.sacrum) > len(interval.bone):
            continue
        top, bottom = _ends(column, interval)
        for share in range(1, count):
            even = top + (bottom - top) * share / count
            out.append(_supposed(curve, _waist(column.height[interval.bone], even)))
    return sorted(out, key=lambda plane: -plane.height_mm)


def _ends(column: ColumnVoxels, interval: Interval) -> tuple[float, float]:
    low, high = np.percentile(column.height[interval.bone], (2, 98))
    top = interval.above.height_mm if interval.above else float(high)
    bottom = interval.below.height_mm if interval.below else float(low)
    return top, bottom


def _waist(height: FloatArray, even: float) -> float:
    bins = np.floor(height - (even - 2 * _WAIST_MM)).astype(np.intp)
    inside = (bins >= 0) & (bins < int(4 * _WAIST_MM))
    count = np.convolve(np.bincount(bins[inside], minlength=int(4 * _WAIST_MM)), np.ones(3) / 3, mode="same")
    middle = count[int(_WAIST_MM) : int(3 * _WAIST_MM)]
    lowest = int(np.argmin(middle))
    return even - _WAIST_MM + lowest + 0.5 if middle[lowest] < _WAIST * np.median(count) else even


def _supposed(curve: Curve, height: float) -> Plane:
    sample = curve.at(height)
    return Plane(curve.centre[sample], curve.up[sample], height, np.empty(0, dtype=np.int64))


def without_doubles(column: ColumnVoxels, planes: list[Plane]) -> list[Plane]:
    """Join two planes with next to no bone between them: one disc seen twice."""
    out = list(planes)
    while len(out) > 1:
        found = intervals(column, out)
        typical = _typical_size(found)
        sizes = [len(i.bone) + len(i.sacrum) for i in found[1:-1]]
        thin = int(np.argmin(sizes))
        gap = out[thin].height_mm - out[thin + 1].height_mm
        if sizes[thin] > 0.08 * typical or gap > 0.6 * USUAL_PITCH_MM:
            break
        pair = sorted(out[thin : thin + 2], key=lambda plane: len(plane.voxels))
        joined = np.sort(np.concatenate([pair[0].voxels, pair[1].voxels]))
        out[thin : thin + 2] = [replace(pair[1], voxels=joined)]
    return out
