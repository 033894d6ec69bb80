"""Where a disc level lies, and the acquired slices that pass through it.

Pictures need a place, not a measurement: nothing here feeds a number.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from lumbomics.core.anatomy import DISC_OFFSET, disc_level
from lumbomics.core.examination import Scan
from lumbomics.core.labels import Segmentation
from lumbomics.core.sampling import Cut
from lumbomics.report.frame import FloatArray, disc_centre, find_frame
from lumbomics.report.raster import Raster

REACH_MM = 8.0
"""A slice that passes farther from the middle of a disc than this is not shown as a slice through the level."""
_MOST_TILT_DEG = 35.0
_DEG_AS_MM = 0.2  # of two slices through a level, five degrees of tilt count as much as one millimetre off
_BEHIND_MM = 24.0
_LEAST_VOXELS = 50


@dataclass(frozen=True, eq=False)
class Place:
    """A disc level in space.

    Parameters
    ----------
    level
        Name (``L4-L5``).
    disc_mm, canal_mm
        (3,) RAS+ mm, the middle of the disc and of the canal beside it.
    right, anterior, up
        (3,) unit vectors at right angles; ``up`` is the normal of the disc.
    """

    level: str
    disc_mm: FloatArray
    canal_mm: FloatArray
    right: FloatArray = field(repr=False)
    anterior: FloatArray = field(repr=False)
    up: FloatArray = field(repr=False)


def find_places(segmentation: Segmentation) -> dict[str, Place]:
    """Place every disc level between two labelled vertebrae, head to tail."""
    frame = find_frame(segmentation)
    if frame is None:
        return {}
    found = {}
    for above, below in frame.discs():
        middle = disc_centre(segmentation, frame, above, below)
        up = _disc_normal(segmentation.spine.points_mm(above + DISC_OFFSET), frame.up)
        anterior = _unit(frame.anterior - (frame.anterior @ up) * up)
        canal = middle - _BEHIND_MM * anterior
        if frame.has_canal:
            # the middle line is sparse: straight between its points, at the disc's height along its own normal
            canal = _meet(frame.middle_mm, middle, up)
        level = disc_level(above, below)
        found[level] = Place(level, middle, canal, np.cross(anterior, up), anterior, up)
    return found


def _disc_normal(points: FloatArray, up: FloatArray) -> FloatArray:
    """Thinnest direction of a disc's voxels, headwards; the spine's own where the label is small or no plate."""
    if len(points) < _LEAST_VOXELS:
        return up
    normal = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[2][2]
    normal = normal * (1.0 if normal @ up > 0 else -1.0)
    return normal if normal @ up > np.cos(np.radians(_MOST_TILT_DEG + 15)) else up


def _meet(line: FloatArray, point: FloatArray, normal: FloatArray) -> FloatArray:
    """Point of a line of points in the plane through ``point``; beyond its ends the end, shifted into the plane."""
    height = (line - point) @ normal
    order = np.argsort(height)
    at = np.array([np.interp(0.0, height[order], line[order, axis]) for axis in range(3)])
    return np.asarray(at - ((at - point) @ normal) * normal)


@dataclass(frozen=True, eq=False)
class NativeSlice:
    """One acquired slice with the raster laid exactly into it, so that nothing is interpolated between slices.

    Parameters
    ----------
    scan
        The series.
    index, axis
        Position along the storage axis that runs across the slices.
    raster
        Where the picture lies.
    off_mm
        Signed distance from the middle of the disc, along the slice's normal, headwards (or to the right) positive.
    tilt_deg
        Angle between the slice and the plane asked for.
    """

    scan: Scan
    index: int
    axis: int
    raster: Raster = field(repr=False)
    off_mm: float
    tilt_deg: float


def axial_slices(
    scan: Scan, place: Place, *, about_mm: FloatArray, size_mm: tuple[float, float], spacing_mm: float = 0.3
) -> list[NativeSlice]:
    """Return the acquired slices through a level, feet to head, centred on a point, front up, right on the left.

    Empty where the series is tilted by more than 35 degrees or no slice passes within :data:`REACH_MM`.
    """
    axis, normal, tilt = _stack(scan, place.up)
    front = place.anterior - (place.anterior @ normal) * normal
    left = np.cross(normal, _unit(front))
    found = [
        NativeSlice(scan, index, axis, _lay(about_mm, corner, normal, left, front, size_mm, spacing_mm), off, tilt)
        for index, corner, off in _crossed(scan, axis, normal, place.disc_mm)
        if abs(off) <= REACH_MM and tilt <= _MOST_TILT_DEG
    ]
    return sorted((one for one in found if _reaches(one)), key=lambda one: one.off_mm)


def sagittal_slice(
    scan: Scan, place: Place, *, about_mm: FloatArray, size_mm: tuple[float, float], spacing_mm: float = 0.3
) -> NativeSlice | None:
    """Return the acquired sagittal slice nearest to a point, front on the left; ``None`` if none is near."""
    axis, normal, tilt = _stack(scan, place.right)
    spacing = float(scan.image.grid.spacing_mm[axis])
    slices = [s for s in _crossed(scan, axis, normal, about_mm) if abs(s[2]) <= max(spacing, 1.0) / 2 + 0.5]
    if not slices or tilt > _MOST_TILT_DEG:
        return None
    index, corner, off = min(slices, key=lambda one: abs(one[2]))
    back = -(place.anterior - (place.anterior @ normal) * normal)
    raster = _lay(about_mm, corner, normal, back, place.up, size_mm, spacing_mm)
    found = NativeSlice(scan, index, axis, raster, off, tilt)
    return found if _reaches(found) else None


def nearest(slices: Iterable[NativeSlice]) -> NativeSlice | None:
    """Pick the slice nearest to the disc and least tilted; ``None`` of none."""
    return min(slices, key=lambda one: abs(one.off_mm) + _DEG_AS_MM * one.tilt_deg, default=None)


def _stack(scan: Scan, direction: FloatArray) -> tuple[int, FloatArray, float]:
    """Storage axis across the slices, their normal along a direction, and the angle between both."""
    axes = scan.image.grid.axes
    axis = int(np.argmax(np.abs(axes.T @ direction)))
    normal = _unit(np.cross(axes[:, (axis + 1) % 3], axes[:, (axis + 2) % 3]))
    normal = normal * (1.0 if normal @ direction > 0 else -1.0)
    return axis, normal, float(np.degrees(np.arccos(np.clip(normal @ direction, -1, 1))))


def _crossed(scan: Scan, axis: int, normal: FloatArray, point: FloatArray) -> list[tuple[int, FloatArray, float]]:
    """Every slice: its index, a point in it, and its signed distance from a point."""
    grid = scan.image.grid
    corners = [grid.to_world(np.eye(3)[axis] * index) for index in range(grid.shape[axis])]
    return [(index, corner, float((corner - point) @ normal)) for index, corner in enumerate(corners)]


def _lay(
    about: FloatArray,
    corner: FloatArray,
    normal: FloatArray,
    across: FloatArray,
    upwards: FloatArray,
    size_mm: tuple[float, float],
    spacing_mm: float,
) -> Raster:
    """Lay a raster into the slice through ``corner``, centred on the foot of a point's perpendicular."""
    centre = about - ((about - corner) @ normal) * normal
    return Raster(Cut.through(centre, across, upwards, size_mm=size_mm, spacing_mm=spacing_mm))


def _reaches(found: NativeSlice) -> bool:
    """Whether the point's foot (the middle of the picture) lies within the slice's area."""
    grid = found.scan.image.grid
    index = grid.to_index(found.raster.cut.centre_mm)
    within = (index >= -0.5) & (index <= np.array(grid.shape) - 0.5)
    return bool(np.delete(within, found.axis).all())


def _unit(vector: FloatArray) -> FloatArray:
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float64)
