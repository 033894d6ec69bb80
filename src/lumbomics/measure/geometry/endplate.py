"""Endplates: plane, mid-sagittal line and corners of one face of a vertebral body."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lumbomics.core.measurement import Reason
from lumbomics.measure.geometry.frame import FloatArray, Frame, unit
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.surface import Solid
from lumbomics.measure.geometry.uncertainty import LINE_SD_MM, BoundaryError

_RIM = 0.10
_STEP_MM = 1.0
_CORNER_DEPTH_MM = np.arange(-2.0, 10.5, 1.0)
_LEAST_POINTS = 12


@dataclass(frozen=True, eq=False)
class Endplate:
    """One endplate, as `catalogue/records/quantities/` defines it.

    Parameters
    ----------
    centre_mm
        (3,) middle of the surface points.
    normal
        (3,) unit normal of the robust plane through the surface, pointing to the head.
    anterior_corner_mm, posterior_corner_mm
        (3,) ends of the endplate line.
    points_mm
        (n, 3) surface points of the mid-sagittal slab, the rim left out.
    residual_rms_mm
        Root mean square distance of these points from the line: depth of the concavity plus roughness.
    angle_se_deg, offset_se_mm, corner_se_mm, coronal_angle_se_deg
        Standard errors of the line's tilt, of its position across itself, of a corner's position along it, and of
        the plane's tilt to the side.
    doubt_mm
        Part of ``offset_se_mm`` that stems from an uncertain mid-sagittal plane; 0 where the body is whole.
    """

    centre_mm: FloatArray = field(repr=False)
    normal: FloatArray
    anterior_corner_mm: FloatArray
    posterior_corner_mm: FloatArray
    points_mm: FloatArray = field(repr=False)
    residual_rms_mm: float
    angle_se_deg: float
    offset_se_mm: float
    corner_se_mm: float
    coronal_angle_se_deg: float
    doubt_mm: float = 0.0

    @property
    def direction(self) -> FloatArray:
        """Unit direction of the line, from back to front."""
        return unit(self.anterior_corner_mm - self.posterior_corner_mm)

    @property
    def length_mm(self) -> float:
        """Distance between the corners."""
        return float(np.linalg.norm(self.anterior_corner_mm - self.posterior_corner_mm))

    @property
    def middle_mm(self) -> FloatArray:
        """Point midway between the corners, (3,) RAS+ mm."""
        return np.asarray((self.anterior_corner_mm + self.posterior_corner_mm) / 2, dtype=np.float64)


@dataclass(frozen=True)
class Footprint:
    """Extent of an endplate in its vertebra's frame: posterior and anterior end, left and right end, mm."""

    posterior: float
    anterior: float
    left: float
    right: float

    @property
    def depth_mm(self) -> float:
        """Anteroposterior extent."""
        return self.anterior - self.posterior

    @property
    def width_mm(self) -> float:
        """Left-right extent."""
        return self.right - self.left


def surface_heights(
    solid: Solid, frame: Frame, across: FloatArray, along: FloatArray, *, up: bool, base: float = 0.0
) -> FloatArray:
    """Height of the surface above the frame's origin at every (right, anterior) pair of coordinates.

    Parameters
    ----------
    across, along
        (n,) coordinates along the right and (m,) along the anterior axis, mm.
    up
        Whether the upper or the lower surface is wanted.
    base
        Height, inside the structure, from which the rays start.

    Returns
    -------
    (n, m) mm; NaN where the start lies outside.
    """
    right, front = np.meshgrid(across, along, indexing="ij")
    starts = frame.to_world(np.stack([right, front, np.full_like(right, base)], axis=-1))
    sign = 1.0 if up else -1.0
    return base + sign * solid.exits(starts, sign * frame.superior)


def inner(low: float, high: float, step_mm: float = _STEP_MM) -> FloatArray:
    """Evenly spaced coordinates between two ends, the outer tenth dropped at each end."""
    rim = _RIM * (high - low)
    return np.linspace(low + rim, high - rim, max(5, int((high - low - 2 * rim) / step_mm) + 1))


def fit_plane(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Centre (3,) and slopes (2,) of height over the first two coordinates, outliers dropped once."""
    keep = np.ones(len(points), dtype=np.bool_)
    for _ in range(2):
        centre = points[keep].mean(axis=0)
        slopes = np.linalg.lstsq(points[keep, :2] - centre[:2], points[keep, 2] - centre[2], rcond=None)[0]
        residual = points[:, 2] - centre[2] - (points[:, :2] - centre[:2]) @ slopes
        keep = np.abs(residual) <= 3 * 1.4826 * np.median(np.abs(residual)) + 1e-6
    return centre, np.asarray(slopes, dtype=np.float64)


def theil_sen(along: FloatArray, height: FloatArray) -> tuple[float, float]:
    """Median slope over pairs and median intercept of ``height`` (n,) over ``along`` (n,).

    Pairs closer than a third of the whole run are left out: between neighbours a slope is nothing but the voxels'
    steps. On a profile that is even about its middle, up to a straight line, this changes nothing.
    """
    first, second = np.triu_indices(len(along), 1)
    run = along[second] - along[first]
    apart = np.abs(run) >= np.ptp(along) / 3
    slope = float(np.median((height[second] - height[first])[apart] / run[apart]))
    return slope, float(np.median(height - slope * along))


def plane_normal(
    solid: Solid, frame: Frame, footprint: Footprint, *, up: bool, base: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Centre and head-pointing unit normal of the plane through one face, in world coordinates."""
    across, along = inner(footprint.left, footprint.right, 2.0), inner(footprint.posterior, footprint.anterior, 2.0)
    heights = surface_heights(solid, frame, across, along, up=up, base=base)
    points = _with_coordinates(across, along, heights)
    centre, slopes = fit_plane(points)
    return frame.to_world(centre), unit(np.array([-slopes[0], -slopes[1], 1.0]) @ frame.axes)


def _with_coordinates(across: FloatArray, along: FloatArray, heights: FloatArray) -> FloatArray:
    right, front = np.meshgrid(across, along, indexing="ij")
    points = np.stack([right, front, heights], axis=-1)[np.isfinite(heights)]
    if len(points) < _LEAST_POINTS:
        raise NotMeasurableError(Reason.GEOMETRY_FAILED, "too little of an endplate's surface could be found")
    return np.asarray(points, dtype=np.float64)


def describe_endplate(
    solid: Solid,
    frame: Frame,
    footprint: Footprint,
    error: BoundaryError,
    *,
    up: bool,
    slab_mm: float,
    base: float = 0.0,
) -> Endplate:
    """Measure one face of a body in the body's own frame (origin on its mid-sagittal plane)."""
    across = np.linspace(-slab_mm, slab_mm, int(2 * slab_mm / _STEP_MM) + 1)
    for _ in range(2):
        along = inner(footprint.posterior, footprint.anterior)
        points = _with_coordinates(across, along, surface_heights(solid, frame, across, along, up=up, base=base))
        slope, intercept = theil_sen(*_profile(points))
        footprint = _with_corners(solid, frame, footprint, across, (slope, intercept), up=up)
    centre, normal = plane_normal(solid, frame, footprint, up=up, base=base)
    residual = points[:, 2] - slope * points[:, 1] - intercept
    front, back = (
        frame.to_world(np.array([0.0, at, slope * at + intercept])) for at in (footprint.anterior, footprint.posterior)
    )
    along_patch, slab_patch = (frame.anterior, 0.8 * footprint.depth_mm), (frame.right, 2 * slab_mm)
    side_patch, wall_patch = (frame.right, 0.8 * footprint.width_mm), (frame.superior, 4.0)
    return Endplate(
        centre_mm=centre,
        normal=normal,
        anterior_corner_mm=front,
        posterior_corner_mm=back,
        points_mm=frame.to_world(points),
        residual_rms_mm=float(np.sqrt(np.mean(residual**2))),
        angle_se_deg=error.slope_se_deg(normal, along_patch, slab_patch),
        offset_se_mm=float(np.hypot(error.position_se_mm(normal, along_patch, slab_patch), LINE_SD_MM)),
        corner_se_mm=error.position_se_mm(frame.anterior, slab_patch, wall_patch),
        coronal_angle_se_deg=error.slope_se_deg(normal, side_patch, along_patch),
    )


def _profile(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean height over the slab at every anterior coordinate that at least half the sections hold."""
    along, group, count = np.unique(points[:, 1], return_inverse=True, return_counts=True)
    mean = np.bincount(group, points[:, 2]) / count
    held = count >= count.max() / 2
    return along[held], mean[held]


def _with_corners(
    solid: Solid, frame: Frame, footprint: Footprint, across: FloatArray, line: tuple[float, float], *, up: bool
) -> Footprint:
    """Replace the anteroposterior ends by the extent of the body within 10 mm of the endplate line."""
    ends = []
    for sign, end in ((-1.0, footprint.posterior), (1.0, footprint.anterior)):
        start = end - sign * 0.15 * footprint.depth_mm
        level = line[0] * start + line[1] - (1.0 if up else -1.0) * _CORNER_DEPTH_MM
        right, height = np.meshgrid(across, level, indexing="ij")
        starts = frame.to_world(np.stack([right, np.full_like(right, start), height], axis=-1))
        reached = start + sign * solid.exits(starts, sign * frame.anterior)
        ends.append(_mean_extreme(sign * reached) * sign)
    return Footprint(ends[0], ends[1], footprint.left, footprint.right)


def _mean_extreme(reached: FloatArray) -> float:
    """Mean over sections of the largest value over depth, depth smoothed over three rows against the voxel's steps."""
    smooth = (reached[:, :-2] + reached[:, 1:-1] + reached[:, 2:]) / 3
    sections = smooth[np.isfinite(smooth).any(axis=1)]
    if not len(sections):
        raise NotMeasurableError(Reason.GEOMETRY_FAILED, "no corner of an endplate could be found")
    return float(np.nanmax(sections, axis=1).mean())
