"""The lateral recess: its height between disc and facet, and what it leaves of the root that descends in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType

import numpy as np
from scipy import stats

from lumbomics.core.anatomy import DISC_OFFSET, Side, vertebra_number
from lumbomics.core.measurement import Drawing, Measurement, Reason, Result
from lumbomics.measure.attempt import attempt, both, pair_level
from lumbomics.measure.examined import ExaminedSpine, examines
from lumbomics.measure.geometry.foramen import RASTER_MM
from lumbomics.measure.geometry.frame import FloatArray, Frame
from lumbomics.measure.geometry.gate import require_resolved
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.pedicle import find_pedicle
from lumbomics.measure.geometry.rays import entries, voxel_extent_mm
from lumbomics.measure.geometry.spine import SpineGeometry
from lumbomics.measure.geometry.surface import Solid
from lumbomics.measure.stenosis.grading import Place

HEIGHT = "lateral_recess_height"
NARROW_MM = 3.0
"""Height at and below which the record speaks of stenosis (recalled, not checked)."""
ABOUT_BORDER_MM = 3.0
"""How far above and below the pedicle's upper border the recess is looked at."""
COLUMNS_MM = (0.5, 4.0)
"""The recess lies so far medial to the pedicle's medial wall."""
MEAN_MM = 2.0
"""Heights are medians over so much height and width."""
COARSEST_MM = 2.5
"""Largest voxel extent along the superior or anterior axis at which the recess is measured, as for foramina."""
WALL_SLOPE = 0.5
"""How far the recess' walls recede a millimetre to the side."""
WIDEST_ANGLE_SE_DEG = 25.0
"""Angles with a larger standard error are not given; engineering default. Sagittal slices of 4 mm have one of 45."""
_REACH_MM = 25.0
UNITS: Mapping[str, str] = MappingProxyType({"height": "mm", "angle": "deg", "stenosis_probability": "1"})
SIGNS: Mapping[Side, float] = MappingProxyType({Side.LEFT: -1.0, Side.RIGHT: 1.0})


@dataclass(frozen=True, eq=False)
class _Recess:
    """Anteroposterior distances of one recess.

    Parameters
    ----------
    frame
        Axes of the lower vertebra, origin at the pedicle's upper border.
    aside_mm, heights_mm
        (n,) columns along right, (m,) rows along superior.
    front_mm, back_mm
        (m, n) walls along anterior; NaN where there is none.
    """

    frame: Frame = field(repr=False)
    aside_mm: FloatArray
    heights_mm: FloatArray
    front_mm: FloatArray = field(repr=False)
    back_mm: FloatArray = field(repr=False)


@examines(HEIGHT)
def lateral_recess_height(examined: ExaminedSpine) -> list[Result]:
    """Smallest distance between body or disc in front and facet behind, in the recess at the lower pedicle, and angle.

    From the vertebra and disc labels alone: rays along the anterior axis of the lower vertebra, 0.5 to 4 mm medial to
    its pedicle and within 3 mm of the pedicle's upper border, from the canal to the first bone or disc; the smallest
    median over 2 x 2 mm is the height. ``angle``: between straight lines through both walls in the row of that height,
    positive where the recess narrows to the side. Flavum and capsule are no bone: they narrow it further.
    """
    return [
        result
        for upper, lower in examined.spine.disc_pairs
        for side in SIGNS
        for result in attempt(
            HEIGHT,
            tuple(UNITS),
            partial(_height, examined.spine, upper, lower, side),
            level=pair_level(upper, lower),
            side=side,
        )
    ]


def _height(spine: SpineGeometry, upper: str, lower: str, side: Side) -> Iterator[Result]:
    level = pair_level(upper, lower)
    recess = _recess(spine, upper, lower, side)
    distance = recess.front_mm - recess.back_mm
    if np.isnan(distance).mean() > 0.5:
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, f"no facet bounds the {side} recess of {level} behind")
    smooth = _median_over(distance, round(MEAN_MM / RASTER_MM))
    row, column = np.unravel_index(int(np.nanargmin(smooth)), smooth.shape)
    value = float(max(smooth[row, column], 0.0))
    se = _wall_se_mm(spine, recess.frame)
    require_resolved(value, both(se, se), "mm", spine.options)
    place = Place(
        biomarker=HEIGHT,
        level=level,
        side=side,
        caution="flavum and joint capsule are not counted",
        drawings=(_line(recess, int(row), int(column), f"{side} lateral recess at {level}"),),
    )
    yield place.number("height", "mm", value, both(se, se))
    yield place.number("stenosis_probability", "1", float(stats.norm.cdf((NARROW_MM - value) / both(se, se))))
    yield from attempt(HEIGHT, ["angle"], partial(_angle, place, recess, int(row), se), level=level, side=side)


def _angle(place: Place, recess: _Recess, row: int, se_mm: float) -> Iterator[Measurement]:
    value, se = _angle_deg(recess, row, se_mm)
    if se > WIDEST_ANGLE_SE_DEG:
        detail = f"the angle of the walls would have a standard error of {se:.0f} deg"
        raise NotMeasurableError(Reason.RESOLUTION_TOO_COARSE, detail)
    yield place.number("angle", "deg", value, se)


def _recess(spine: SpineGeometry, upper: str, lower: str, side: Side) -> _Recess:
    frame = spine.vertebra(lower).frame
    for axis in (frame.superior, frame.anterior):
        extent = voxel_extent_mm(spine.labels.grid, axis)
        if extent > COARSEST_MM:
            detail = f"voxels measure {extent:.1f} mm; at most {COARSEST_MM} mm shows a lateral recess"
            raise NotMeasurableError(Reason.RESOLUTION_TOO_COARSE, detail)
    inwards = -SIGNS[side] * frame.right
    bones = [spine.structure(vertebra_number(one)) for one in (lower, upper)]
    middle = find_pedicle(spine, lower, side).middle_mm
    wall, top = (float(bones[0].exits(middle[None], axis)[0]) for axis in (inwards, frame.superior))
    if not np.isfinite([wall, top]).all():
        raise NotMeasurableError(Reason.GEOMETRY_FAILED, f"the {side} pedicle of {lower} has no medial or upper border")
    border = frame.at(middle + top * frame.superior + wall * inwards)
    aside = np.arange(COLUMNS_MM[0], COLUMNS_MM[1] + RASTER_MM / 2, RASTER_MM)
    heights = np.arange(-ABOUT_BORDER_MM, ABOUT_BORDER_MM + RASTER_MM / 2, RASTER_MM)
    starts = (
        border.origin_mm
        + heights[:, None, None] * frame.superior
        + aside[None, :, None] * inwards
        + _canal_middle(spine, border) * frame.anterior
    )
    disc = vertebra_number(upper) + DISC_OFFSET
    fronts = [*bones, *([spine.structure(disc)] if disc in spine.labels.boxes else [])]
    base = _canal_middle(spine, border)
    front, back = _first(fronts, starts, frame.anterior), _first(bones, starts, -frame.anterior)
    return _Recess(border, -SIGNS[side] * aside, heights, base + front, base - back)


def _canal_middle(spine: SpineGeometry, border: Frame) -> float:
    """Where the canal's middle lies along the anterior axis beside a pedicle's upper border."""
    local = border.to_local(spine.canal_points_mm)
    near = local[np.abs(local[:, 2]) < ABOUT_BORDER_MM]
    if not len(near):
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, "no canal is labelled beside the recess")
    return float(near[:, 1].mean())


def _first(solids: list[Solid], starts: FloatArray, direction: FloatArray) -> FloatArray:
    """Distance (m, n) to the first of several structures along rays; NaN where there is none."""
    flat = starts.reshape(-1, 3)
    found = np.array([entries(solid, flat, direction, reach_mm=_REACH_MM) for solid in solids])
    found = np.where(np.isfinite(found), found, np.inf).min(axis=0)
    return np.where(np.isfinite(found), found, np.nan).reshape(starts.shape[:2])


def _median_over(values: FloatArray, size: int) -> FloatArray:
    """Median over squares of ``size`` raster points, about their middles; NaN where one of them is missing."""
    windows = np.lib.stride_tricks.sliding_window_view(values, (size, size))
    found = np.full(values.shape, np.nan)
    inner = np.median(windows, axis=(-2, -1))
    if not np.isfinite(inner).any():
        raise NotMeasurableError(Reason.GEOMETRY_FAILED, "the recess has no stretch with both walls")
    found[size // 2 : size // 2 + inner.shape[0], size // 2 : size // 2 + inner.shape[1]] = inner
    return found


def _wall_se_mm(spine: SpineGeometry, frame: Frame) -> float:
    """Return the standard error of a wall's mean place over 2 x 2 mm: rounding, drawing, and slices across it."""
    grid, error = spine.labels.grid, spine.error
    extent = voxel_extent_mm(grid, frame.anterior)
    rounded = extent / np.sqrt(12 * max(1.0, MEAN_MM / extent))
    across = WALL_SLOPE * voxel_extent_mm(grid, frame.right) / np.sqrt(12)
    return both(rounded, error.drawing_sd_mm, across)


def _angle_deg(recess: _Recess, row: int, se_mm: float) -> tuple[float, float]:
    """Angle of the walls in one row of the recess, and its standard error, deg."""
    known = np.isfinite(recess.front_mm[row] - recess.back_mm[row])
    if known.sum() < 3:
        raise NotMeasurableError(Reason.GEOMETRY_FAILED, "the recess' walls are too short for their angle")
    aside = np.abs(recess.aside_mm[known])
    slopes = [float(stats.theilslopes(wall[row][known], aside)[0]) for wall in (recess.front_mm, recess.back_mm)]
    turned = np.arctan(slopes)
    se = se_mm * np.sqrt(12) / max(float(np.ptp(aside)), 1.0)
    return float(np.degrees(turned[0] - turned[1])), float(np.degrees(both(se, se)))


def _line(recess: _Recess, row: int, column: int, label: str) -> Drawing:
    known = np.isfinite(recess.front_mm[row, column] - recess.back_mm[row, column])
    walls = (recess.back_mm[row, column], recess.front_mm[row, column]) if known else (0.0, 0.0)
    ends = [recess.frame.to_world((recess.aside_mm[column], wall, recess.heights_mm[row])) for wall in walls]
    return Drawing.line(ends[0], ends[1], label)
