"""Shape of one disc space in its sagittal slice: heights, corners, bulge, slip, canal behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from lumbomics.core.measurement import Reason
from lumbomics.measure.degeneration.patch import STEP_MM, DiscPatch
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError

_LEAST_COLUMNS = 12
_BESIDE_MM = (9.0, 16.0)


@dataclass(frozen=True, kw_only=True)
class DiscShape:
    """What is measured of a disc space in millimetres; NaN where a part is out of view.

    Parameters
    ----------
    height, height_front, height_back, height_least
        Distance of the facing endplates: mean over the middle 80 % of the shared width, front and back fifth, and the
        tenth percentile.
    depth
        Mean depth of both endplates, between their corners.
    area
        Area of the labelled disc.
    bulge, bulge_area
        Greatest distance and area of labelled disc behind the line between the posterior corners.
    bulge_front
        Greatest distance in front of the line between the anterior corners.
    slip_back, slip_front
        How far the upper vertebra's posterior (anterior) corner lies in front of the lower one's; NaN where the lower
        vertebra is not drawn.
    canal_gap
        Least distance of the canal from the line between the posterior corners.
    canal_depth, canal_depth_beside
        Least anteroposterior depth of the canal at the disc, and its mean depth at the vertebrae above and below.
    tilt_deg
        Angle between the facing endplates, open to the front positive.
    """

    height: float
    height_front: float
    height_back: float
    height_least: float
    depth: float
    area: float
    bulge: float
    bulge_area: float
    bulge_front: float
    slip_back: float
    slip_front: float
    canal_gap: float
    canal_depth: float
    canal_depth_beside: float
    tilt_deg: float


def describe_shape(patch: DiscPatch) -> DiscShape:
    """Measure a disc space; NotMeasurableError where its endplates or corners cannot be followed."""
    corners = patch.corners_mm
    along, columns, gap = disc_columns(patch)
    width = along[columns]
    ends = np.quantile(width, [0.2, 0.8])
    inner = (width >= np.quantile(width, 0.1)) & (width <= np.quantile(width, 0.9))
    tilt = float(np.degrees(np.arctan(np.polyfit(width, gap, 1)[0])))
    back, front = posterior_line(patch), _line(patch, 1)
    bulge, area = _beyond(patch, back)
    canal_gap, canal, beside = _canal(patch, back)
    slip = corners[0] - corners[1] if patch.closed else np.full(2, np.nan)
    return DiscShape(
        height=float(gap[inner].mean()),
        height_front=float(gap[width >= ends[1]].mean()),
        height_back=float(gap[width <= ends[0]].mean()),
        height_least=float(np.quantile(gap[inner], 0.1)),
        depth=float((corners[:, 1] - corners[:, 0]).mean()),
        area=float(patch.disc.sum() * STEP_MM**2),
        bulge=bulge,
        bulge_area=area,
        bulge_front=_front(patch, front),
        slip_back=float(slip[0]),
        slip_front=float(slip[1]),
        canal_gap=canal_gap,
        canal_depth=canal,
        canal_depth_beside=beside,
        tilt_deg=tilt,
    )


def disc_columns(patch: DiscPatch) -> tuple[FloatArray, np.ndarray[tuple[int], np.dtype[np.intp]], FloatArray]:
    """Columns between the corners that both endplates share: all positions, indices in use, gap in each (mm)."""
    above, below = patch.edges_mm
    corners = patch.corners_mm
    along = patch.along_mm
    use = (along > corners[:, 0].max()) & (along < corners[:, 1].min()) & np.isfinite(above) & np.isfinite(below)
    columns = np.flatnonzero(use)
    if len(columns) < _LEAST_COLUMNS:
        raise NotMeasurableError(Reason.GEOMETRY_FAILED, f"the endplates of {patch.level} share too little width")
    return along, columns, np.asarray(above[columns] - below[columns])


def posterior_line(patch: DiscPatch) -> FloatArray:
    """Position along the disc, in every row, of the line between the posterior corners."""
    return _line(patch, 0)


def _line(patch: DiscPatch, end: int) -> FloatArray:
    upper, lower = patch.corners_mm[:, end]
    top, bottom = _rims(patch)
    return np.asarray(np.interp(patch.across_mm, [bottom, top], [lower, upper]))


def _rims(patch: DiscPatch) -> tuple[float, float]:
    """Height of the endplates over the disc's middle."""
    _, columns, _ = disc_columns(patch)
    above, below = patch.edges_mm
    return float(np.median(above[columns])), float(np.median(below[columns]))


def _rows(patch: DiscPatch, margin: float = 0.0) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    top, bottom = _rims(patch)
    return np.asarray((patch.across_mm <= top + margin) & (patch.across_mm >= bottom - margin))


def _beyond(patch: DiscPatch, line: FloatArray) -> tuple[float, float]:
    behind = patch.disc & (patch.along_mm[None, :] < line[:, None]) & _rows(patch, 4.0)[:, None]
    reach = gaussian_filter1d(behind.sum(axis=1) * STEP_MM, 1.0 / STEP_MM)
    return float(reach.max()), float(behind.sum() * STEP_MM**2)


def _front(patch: DiscPatch, line: FloatArray) -> float:
    ahead = patch.disc & (patch.along_mm[None, :] > line[:, None]) & _rows(patch, 4.0)[:, None]
    return float(gaussian_filter1d(ahead.sum(axis=1) * STEP_MM, 1.0 / STEP_MM).max())


def _canal(patch: DiscPatch, line: FloatArray) -> tuple[float, float, float]:
    """Least gap between line and canal and least canal depth at the disc; mean depth beside it."""
    behind = patch.canal & (patch.along_mm[None, :] < line[:, None] + 4.0)
    depth = behind.sum(axis=1) * STEP_MM
    seen = np.asarray(behind.any(axis=1))
    front = np.where(seen, patch.along_mm[behind.shape[1] - 1 - np.argmax(behind[:, ::-1], axis=1)], np.nan)
    at, (low, high) = _rows(patch, 1.0), _BESIDE_MM
    top, bottom = _rims(patch)
    away = np.where(patch.across_mm > 0, patch.across_mm - top, bottom - patch.across_mm)
    beside = seen & (away >= low) & (away <= high)
    least = float(np.quantile(depth[at], 0.1)) if seen[at].any() else np.nan
    gap = float(np.nanmin(np.asarray(line - front)[at])) if seen[at].any() else np.nan
    return gap, least, float(depth[beside].mean()) if beside.any() else np.nan
