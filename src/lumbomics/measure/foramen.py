"""The intervertebral foramina: height, area and superior width between the pedicles, left and right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from lumbomics.core.anatomy import DISC_OFFSET, Side, vertebra_number
from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.core.measurement import Drawing, Measurement, Reason, Result, Shape
from lumbomics.measure.attempt import attempt, both, pair_level
from lumbomics.measure.geometry.foramen import ForamenPlane, Rows
from lumbomics.measure.geometry.frame import FloatArray, Frame
from lumbomics.measure.geometry.gate import require_resolved
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.pedicle import find_pedicle, require_alike
from lumbomics.measure.geometry.rays import voxel_extent_mm
from lumbomics.measure.geometry.section import CORRELATION_VOXELS
from lumbomics.measure.geometry.spine import SpineGeometry
from lumbomics.measure.registry import implements

BIOMARKER = "foraminal_dimensions"
COARSEST_IN_PLANE_MM = 2.5
"""Largest voxel extent, along the segment's superior or anterior axis, at which a foramen is measured. At 2.5 mm two
borders rounded independently leave a standard error of 2.5/√6 = 1.0 mm, a twentieth of a normal foramen's height; at
4 mm it is 1.6 mm."""
COARSEST_ACROSS_MM = 5.0
"""Largest voxel extent along the right axis: a lumbar pedicle, 8 mm and more wide, must meet at least one slice."""
PLANE_SE_MM = 0.5
"""Standard error of a pedicle's middle along the right axis, beyond what slice thickness adds (spacing/√12)."""
SACRAL_PLANE_SE_MM = 2.0
"""The same where the lower pedicle is the sacrum's, which passes into the ala without a waist."""
BORDER_SLOPE = 0.2
"""How far a pedicle's lower or upper border rises a millimetre to the side: an ellipse 14 mm high and 8 mm wide rises
0.2 mm a millimetre half a millimetre beside its middle."""
WALL_SLOPE = 0.7
"""How far the foramen's front or back wall recedes a millimetre to the side: facets stand 30-50 deg to the sagittal
plane."""
MEAN_WALL_SLOPE = 0.3
"""The same on average over the foramen's height, where rows beside body, disc, pars and facet recede differently:
calibrated on reference objects of seeds 1000 and up. Bony areas keep the wall's own: bridged rows rest on few walls."""
BLUNTING = 0.05
"""Standard error of a border, per mm between slices, from bone that juts out between slices and is missed there."""


@implements(BIOMARKER)
def foraminal_dimensions(spine: SpineGeometry, image: Image | None = None) -> list[Result]:
    """Height, area with and without the disc, and superior width of every foramen; mm, mm².

    The foramen is derived from vertebra and disc labels: in a sagittal plane through the pedicles of one side it
    reaches from pedicle to pedicle and from body and disc to the first posterior element. It needs no foramen label,
    and it is not the smallest section along the oblique course of the nerve root. No image is used.
    """
    del image
    return [
        result
        for upper, lower in spine.disc_pairs
        for side in (Side.LEFT, Side.RIGHT)
        for result in _one_foramen(spine, upper, lower, side)
    ]


def _one_foramen(spine: SpineGeometry, upper: str, lower: str, side: Side) -> list[Result]:
    level = pair_level(upper, lower)
    plane: ForamenPlane | NotMeasurableError
    try:
        plane = foramen_plane(spine, upper, lower, side)
    except NotMeasurableError as obstacle:
        plane = obstacle
    right = np.zeros(3) if isinstance(plane, NotMeasurableError) else plane.frame.right
    site = _Site(spine, level, side, vertebra_number(upper) + DISC_OFFSET in spine.labels.boxes, right)
    results: list[Result] = []
    for method, compute in _METHODS.items():
        results += attempt(BIOMARKER, [method], partial(compute, site, plane), level=level, side=side)
    return results


def foramen_plane(spine: SpineGeometry, upper: str, lower: str, side: Side) -> ForamenPlane:
    """Cut the sagittal plane through the middle of both pedicles of one side.

    Raises
    ------
    NotMeasurableError
        If a vertebra or its pedicle is missing, cut off, or the voxels are too coarse for the foramen.
    """
    segment = spine.segment(upper, lower)
    _require_resolution(spine.labels.grid, segment)
    for level in (upper, lower):
        spine.vertebra(level).require_whole_width()
        require_alike(spine, level)
    pedicles = np.array([find_pedicle(spine, level, side).middle_mm for level in (upper, lower)])
    bones = tuple(spine.structure(vertebra_number(level)) for level in (upper, lower))
    disc = vertebra_number(upper) + DISC_OFFSET
    discs = (spine.structure(disc),) if disc in spine.labels.boxes else ()
    return ForamenPlane.through(segment, pedicles, bones, discs)


@dataclass(frozen=True, eq=False)
class _Site:
    spine: SpineGeometry
    level: str
    side: Side
    has_disc: bool
    right: FloatArray

    def measurement(self, method: str, unit: str, value: float, se: float, *drawings: Drawing) -> Measurement:
        require_resolved(value, se, unit, self.spine.options)
        return Measurement(
            biomarker=BIOMARKER,
            method=method,
            unit=unit,
            level=self.level,
            side=self.side,
            value=value,
            se=se,
            drawings=drawings,
        )

    def border_se_mm(self, normal: FloatArray, length_mm: float, slope: float) -> float:
        """Return the standard error of a border's mean place over a length, from rounding, drawing and plane."""
        error, grid = self.spine.error, self.spine.labels.grid
        extent = voxel_extent_mm(grid, normal)
        rounded = extent / np.sqrt(12 * max(1.0, length_mm / (CORRELATION_VOXELS * extent)))
        drawn = error.drawing_sd_mm / np.sqrt(max(1.0, length_mm / error.correlation_mm))
        pedicle = SACRAL_PLANE_SE_MM if self.level.endswith("S1") else PLANE_SE_MM
        plane = both(pedicle, voxel_extent_mm(grid, self.right) / np.sqrt(12))
        return both(rounded, drawn, slope * plane, BLUNTING * voxel_extent_mm(grid, self.right))


_Found = ForamenPlane | NotMeasurableError


def _height(site: _Site, found: _Found) -> Iterator[Result]:
    plane = _require(found)
    top, bottom = plane.borders()
    frame = plane.frame
    se = site.border_se_mm(frame.superior, 0.0, BORDER_SLOPE)
    line = Drawing.line(plane.world(bottom), plane.world(top), f"height of the {site.side} foramen {site.level}")
    yield site.measurement("height", "mm", float(top[1] - bottom[1]), both(se, se), line)


def _area(site: _Site, found: _Found) -> Iterator[Result]:
    plane = _require(found)
    if not site.has_disc:
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, f"the disc {site.level} is not in the labels")
    yield _area_of(site, plane, plane.rows(with_disc=True), "area")


def _area_bony(site: _Site, found: _Found) -> Iterator[Result]:
    plane = _require(found)
    yield _area_of(site, plane, plane.rows(with_disc=False), "area_bony")


def _area_of(site: _Site, plane: ForamenPlane, rows: Rows, method: str) -> Measurement:
    """Area of the rows; its error is that of the borders in front and behind, above and below."""
    frame, height = plane.frame, float(np.ptp(rows.heights_mm))
    slope = MEAN_WALL_SLOPE if method == "area" else WALL_SLOPE
    walls = height * site.border_se_mm(frame.anterior, height, slope)
    width = float(rows.widths_mm.mean())
    roofs = width * site.border_se_mm(frame.superior, width, BORDER_SLOPE)
    outline = Drawing(Shape.POLYGON, plane.world(rows.polygon_mm), f"{site.side} foramen {site.level}")
    return site.measurement(method, "mm2", rows.area_mm2, both(walls, walls, roofs, roofs), outline)


def _superior_width(site: _Site, found: _Found) -> Iterator[Result]:
    plane = _require(found)
    rows = plane.rows(with_disc=False)
    top, bottom = plane.borders()
    height = top[1] - (top[1] - bottom[1]) / 4
    ends = [np.interp(height, rows.heights_mm, end) for end in (rows.back_mm, rows.front_mm)]
    se = site.border_se_mm(plane.frame.anterior, 0.0, WALL_SLOPE)
    points = plane.world(np.array([[end, height] for end in ends]))
    line = Drawing.line(points[0], points[1], f"superior width of the {site.side} foramen {site.level}")
    yield site.measurement("superior_width", "mm", float(max(ends[1] - ends[0], 0.0)), both(se, se), line)


_METHODS = {"height": _height, "area": _area, "area_bony": _area_bony, "superior_width": _superior_width}


def _require(found: _Found) -> ForamenPlane:
    if isinstance(found, NotMeasurableError):
        raise NotMeasurableError(found.reason, found.detail)
    return found


def _require_resolution(grid: Grid, segment: Frame) -> None:
    for axis, coarsest, name in (
        (segment.superior, COARSEST_IN_PLANE_MM, "superior"),
        (segment.anterior, COARSEST_IN_PLANE_MM, "anterior"),
        (segment.right, COARSEST_ACROSS_MM, "right"),
    ):
        extent = voxel_extent_mm(grid, axis)
        if extent > coarsest:
            detail = f"voxels measure {extent:.1f} mm along the {name} axis; at most {coarsest} mm shows a foramen"
            raise NotMeasurableError(Reason.RESOLUTION_TOO_COARSE, detail)
