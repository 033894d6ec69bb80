"""The bony canal: its sections perpendicular to its centreline, level by level and as a profile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType

import numpy as np

from lumbomics.core.anatomy import CANAL, CORD, Side
from lumbomics.core.image import Image
from lumbomics.core.measurement import Drawing, Measurement, Reason, Result, Shape
from lumbomics.measure.attempt import attempt, both, pair_level
from lumbomics.measure.geometry.frame import FloatArray, Frame
from lumbomics.measure.geometry.gate import require_resolved
from lumbomics.measure.geometry.midline import midline_depth
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.once import once
from lumbomics.measure.geometry.pedicle import find_pedicle
from lumbomics.measure.geometry.profile import Cut, Profile, area, depth
from lumbomics.measure.geometry.rays import entries, voxel_extent_mm
from lumbomics.measure.geometry.section import Section
from lumbomics.measure.geometry.spine import SpineGeometry
from lumbomics.measure.geometry.stations import STATION_SE_MM, LevelledTube
from lumbomics.measure.geometry.surface import Solid
from lumbomics.measure.geometry.tube import Tube
from lumbomics.measure.registry import implements
from lumbomics.measure.vertebral_foramen import vertebral_foramina

BIOMARKER = "bony_canal_dimensions"
SIDES_CUT_OFF = "the edge of the image cuts off the sides of the canal: its depth is read in the midline of the spine"
RIDGE_SE_MM = 0.2
"""Standard error of the canal's depth from ridges in its front wall (rims of endplates, discs) that are shorter than
the stretch of canal a section blends: calibrated on reference objects of seeds 1000 and up."""
RIDGE_SHARE = 0.8
"""Share of the canal's width that such a ridge takes."""
LOWEST_RIDGE = 1.5
"""How much larger that error is where the canal is smallest: there is a ridge nearly always, and it may lie between
sections."""
_ROWS_MM = 0.5


@dataclass(frozen=True, eq=False)
class CanalProfile:
    """Sizes of the canal along its centreline, for figures and tables.

    Parameters
    ----------
    stations_mm
        (n,) arc length from the tail end; stations where the canal cannot be measured are left out.
    centres_mm
        (n, 3) RAS+ mm, centroids of the sections.
    area_mm2, area_se_mm2
        (n,) area and its standard error.
    anteroposterior_mm, transverse_mm
        (n,) extents along the anterior axis through the centroid, and the largest along the right axis.
    level_stations_mm
        Vertebra (``L4``) and disc (``L4-L5``) names -> station of their centroids.
    """

    stations_mm: FloatArray
    centres_mm: FloatArray = field(repr=False)
    area_mm2: FloatArray = field(repr=False)
    area_se_mm2: FloatArray = field(repr=False)
    anteroposterior_mm: FloatArray = field(repr=False)
    transverse_mm: FloatArray = field(repr=False)
    level_stations_mm: MappingProxyType[str, float]


@dataclass(frozen=True, eq=False)
class _Canal:
    """The canal of one spine, cut all along, and its sections at the discs."""

    levelled: LevelledTube
    profile: Profile
    at_discs: dict[str, Cut]


@once
def _canal(spine: SpineGeometry) -> _Canal:
    levelled = levelled_canal(spine)
    return _Canal(levelled, levelled.profile(*levelled.tube.centreline.extent_mm), dict(_at_discs(levelled)))


def levelled_canal(spine: SpineGeometry) -> LevelledTube:
    """Find the canal of a spine map: label 61, and the cord (60) inside it where that is labelled apart.

    Raises
    ------
    NotMeasurableError
        If the canal is not labelled (a cord alone is no canal) or too short to follow.
    """
    canal = spine.structure(CANAL)
    if CORD in spine.labels.boxes:
        both_boxes = (spine.labels.boxes[CANAL], spine.labels.boxes[CORD])
        first, second, third = (
            slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(*both_boxes, strict=True)
        )
        part = spine.labels.array[first, second, third]
        canal = Solid((part == CANAL) | (part == CORD), (first, second, third), spine.labels.grid)
    return LevelledTube(Tube.of_solid(canal, spine.error, name="canal"), spine)


def canal_profile(spine: SpineGeometry) -> CanalProfile:
    """Measure the canal all along its centreline.

    Raises
    ------
    NotMeasurableError
        If the canal is not labelled, too short to follow, or no vertebra tells which way is front.
    """
    canal = _canal(spine)
    sections = canal.profile.sections
    return CanalProfile(
        stations_mm=canal.profile.stations_mm,
        centres_mm=np.array([s.centroid_mm for s in sections]).reshape(-1, 3),
        area_mm2=canal.profile.areas_mm2,
        area_se_mm2=np.array([s.area_se_mm2 for s in sections]),
        anteroposterior_mm=canal.profile.depths_mm,
        transverse_mm=np.array([s.width_along_right().length_mm for s in sections]),
        level_stations_mm=MappingProxyType(canal.levelled.level_stations()),
    )


def _at_discs(levelled: LevelledTube) -> Iterator[tuple[str, Cut]]:
    for upper, lower in levelled.spine.disc_pairs:
        with suppress(NotMeasurableError):
            station, _ = levelled.at_disc(upper, lower)
            front = levelled.spine.segment(upper, lower).anterior
            yield pair_level(upper, lower), (station, levelled.tube.section(station, front))


@implements(BIOMARKER)
def bony_canal_dimensions(spine: SpineGeometry, image: Image | None = None) -> list[Result]:
    """Area, extents and interpedicular distance of the canal at every disc and vertebra.

    Areas and extents are those of the smooth outline fitted to the label's boundary (``geometry.section``) in the plane
    perpendicular to the canal's centreline; mm², mm. The canal label is taken as drawn: where laminectomy removed its
    posterior wall, the outline there is the labeller's choice. No image is used.
    """
    del image
    canal: _Canal | NotMeasurableError
    try:
        canal = _canal(spine)
    except NotMeasurableError as obstacle:
        canal = obstacle
    results: list[Result] = []
    for pair in spine.disc_pairs:
        for method, at_disc in (("area", _area), ("anteroposterior", _at_disc)):
            results += attempt(BIOMARKER, [method], partial(at_disc, canal, *pair), level=pair_level(*pair))
    for method, compute in (
        ("area_minimum", _area_minimum),
        ("anteroposterior_midbody", _at_midbody),
        ("interpedicular", _interpedicular),
    ):
        for level in spine.vertebra_levels:
            results += attempt(BIOMARKER, [method], partial(compute, canal, level), level=level)
    return results + vertebral_foramina(spine)


def _require(canal: _Canal | NotMeasurableError) -> _Canal:
    if isinstance(canal, NotMeasurableError):
        raise NotMeasurableError(canal.reason, canal.detail)
    return canal


def _section_at_disc(canal: _Canal, upper: str, lower: str) -> tuple[float, Section, str | None]:
    station, caution = canal.levelled.at_disc(upper, lower)
    known = canal.at_discs.get(pair_level(upper, lower))
    front = canal.levelled.spine.segment(upper, lower).anterior
    return station, known[1] if known else canal.levelled.tube.section(station, front), caution


def _area(found: _Canal | NotMeasurableError, upper: str, lower: str) -> Iterator[Result]:
    canal, level = _require(found), pair_level(upper, lower)
    station, section, caution = _section_at_disc(canal, upper, lower)
    se = both(section.area_se_mm2, _ridge_mm2(section), STATION_SE_MM * canal.profile.slope_at(station, area))
    require_resolved(section.area_mm2, se, "mm2", canal.levelled.spine.options)
    yield Measurement(
        biomarker=BIOMARKER,
        method="area",
        unit="mm2",
        level=level,
        value=section.area_mm2,
        se=se,
        caution=caution,
        drawings=(outline(section, f"canal at {level}"),),
    )


def _ridge_mm2(section: Section) -> float:
    return RIDGE_SE_MM * RIDGE_SHARE * section.width_along_right().length_mm


def _at_disc(found: _Canal | NotMeasurableError, upper: str, lower: str) -> Iterator[Result]:
    canal, level = _require(found), pair_level(upper, lower)
    try:
        station, section, caution = _section_at_disc(canal, upper, lower)
    except NotMeasurableError as obstacle:
        station, _ = canal.levelled.at_disc(upper, lower)
        frame = canal.levelled.spine.segment(upper, lower)
        yield _midline(canal, obstacle, frame.at(_disc_middle(canal, upper, lower)), station, "anteroposterior", level)
        return
    yield _depth(canal, section, station, "anteroposterior", level, caution)


def _disc_middle(canal: _Canal, upper: str, lower: str) -> FloatArray:
    ends = [canal.levelled.spine.vertebra(level).frame.origin_mm for level in (upper, lower)]
    return np.asarray(np.mean(ends, axis=0), dtype=np.float64)


def _area_minimum(found: _Canal | NotMeasurableError, level: str) -> Iterator[Result]:
    canal = _require(found)
    first, last = canal.levelled.around_body(level)
    known = [cut for cut in canal.at_discs.values() if first <= cut[0] <= last]
    section, se = canal.levelled.smallest(canal.profile, first, last, known)
    se = both(se, LOWEST_RIDGE * _ridge_mm2(section))
    require_resolved(section.area_mm2, se, "mm2", canal.levelled.spine.options)
    yield Measurement(
        biomarker=BIOMARKER,
        method="area_minimum",
        unit="mm2",
        level=level,
        value=section.area_mm2,
        se=se,
        drawings=(outline(section, f"smallest canal section at {level}"),),
    )


def _at_midbody(found: _Canal | NotMeasurableError, level: str) -> Iterator[Result]:
    canal = _require(found)
    station, frame = canal.levelled.at_body(level), canal.levelled.spine.vertebra(level).frame
    try:
        section = canal.levelled.tube.section(station, frame.anterior)
    except NotMeasurableError as obstacle:
        yield _midline(canal, obstacle, frame, station, "anteroposterior_midbody", level)
        return
    yield _depth(canal, section, station, "anteroposterior_midbody", level, None)


def _midline(
    canal: _Canal, obstacle: NotMeasurableError, frame: Frame, station_mm: float, method: str, level: str
) -> Measurement:
    """Depth in the spine's midline where the edge of the image cuts off the sides of the canal, but not its middle."""
    if obstacle.reason is not Reason.FIELD_OF_VIEW:
        raise obstacle
    chord = midline_depth(canal.levelled.tube, station_mm, frame)
    return Measurement(
        biomarker=BIOMARKER,
        method=method,
        unit="mm",
        level=level,
        value=chord.length_mm,
        se=both(chord.se_mm, RIDGE_SE_MM),
        caution=SIDES_CUT_OFF,
        drawings=(
            Drawing.line(chord.ends_mm[0], chord.ends_mm[1], f"anteroposterior diameter of the canal at {level}"),
        ),
    )


def _depth(
    canal: _Canal, section: Section, station_mm: float, method: str, level: str, caution: str | None
) -> Measurement:
    chord = section.chord_along_anterior()
    return Measurement(
        biomarker=BIOMARKER,
        method=method,
        unit="mm",
        level=level,
        value=chord.length_mm,
        se=both(chord.se_mm, RIDGE_SE_MM, STATION_SE_MM * canal.profile.slope_at(station_mm, depth)),
        caution=caution,
        drawings=(
            outline(section, f"canal at {level}"),
            Drawing.line(chord.ends_mm[0], chord.ends_mm[1], f"anteroposterior diameter of the canal at {level}"),
        ),
    )


def _interpedicular(found: _Canal | NotMeasurableError, level: str) -> Iterator[Result]:
    canal = _require(found)
    spine = canal.levelled.spine
    vertebra, bone = spine.vertebra(level), spine.structure(spine.vertebra(level).number)
    middle = np.mean([find_pedicle(spine, level, side).middle_mm for side in (Side.LEFT, Side.RIGHT)], axis=0)
    station = float(canal.levelled.tube.centreline.station_of(middle))
    section = canal.levelled.tube.section(station, vertebra.frame.anterior)
    rows = _anterior_rows(section)
    widths, ends = _between_bone(bone, section, rows)
    seen = np.isfinite(widths)
    if seen.mean() < 0.5:
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, f"no bone beside the canal at the pedicles of {level}")
    at = int(np.flatnonzero(seen)[np.argsort(widths[seen])[seen.sum() // 2]])
    frame = section.frame
    wall = both(voxel_extent_mm(bone.grid, frame.right) / np.sqrt(12), spine.error.drawing_sd_mm)
    yield Measurement(
        biomarker=BIOMARKER,
        method="interpedicular",
        unit="mm",
        level=level,
        value=float(np.median(widths[seen])),
        se=both(wall, wall),
        drawings=(Drawing.line(ends[at, 0], ends[at, 1], f"interpedicular distance of {level}"),),
    )


def _anterior_rows(section: Section) -> FloatArray:
    """Positions along the anterior axis from the section's centroid to its foremost point."""
    front = float(section.outline_mm[:, 1].max())
    return np.arange(section.centroid[1] + _ROWS_MM / 2, front, _ROWS_MM)


def _between_bone(bone: Solid, section: Section, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Distance (n,) from bone to bone in every row, NaN where one side is missing, and its ends (n, 2, 3)."""
    frame = section.frame
    starts = section.centroid_mm + (rows - section.centroid[1])[:, None] * frame.anterior
    left, right = entries(bone, starts, -frame.right), entries(bone, starts, frame.right)
    ends = np.stack([starts - left[:, None] * frame.right, starts + right[:, None] * frame.right], axis=1)
    return left + right, ends


def outline(section: Section, label: str) -> Drawing:
    """Draw the closed outline of a section."""
    return Drawing(Shape.POLYGON, section.polygon_mm[::4], label)
