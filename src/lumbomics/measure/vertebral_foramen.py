"""The vertebral foramen of whole-vertebra masks: the canal's section inside one vertebra, without a canal label."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from lumbomics.core.anatomy import Side
from lumbomics.core.measurement import Drawing, Measurement, Reason, Result, Shape
from lumbomics.measure.attempt import attempt, both
from lumbomics.measure.geometry.frame import Frame
from lumbomics.measure.geometry.gate import require_resolved
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.pedicle import canal_centre_mm, find_pedicle
from lumbomics.measure.geometry.rays import entries, voxel_extent_mm
from lumbomics.measure.geometry.ring import hole_section
from lumbomics.measure.geometry.section import Section
from lumbomics.measure.geometry.spine import SpineGeometry
from lumbomics.measure.geometry.vertebra import VertebraGeometry

_BIOMARKER = "bony_canal_dimensions"
COARSEST_MM = 2.5
"""Largest voxel extent across the foramen: laminae are 5 mm thick and thin out where they meet."""
CORNER_SE_MM = 0.1
"""Standard error of the outline's mean place over the hole's width, for corners that a smooth outline rounds off:
calibrated on reference objects of seeds 1000 and up."""
METHODS = ("vertebral_foramen_area", "vertebral_foramen_anteroposterior")


def vertebral_foramina(spine: SpineGeometry) -> list[Result]:
    """Area (mm²) and depth (mm) of the hole that body, pedicles and arch of every vertebra enclose.

    The plane is perpendicular to the vertebra's superior axis through the middle of its pedicles. It is bone alone:
    neither ligament nor disc narrows it, and it is not the section of a canal label.
    """
    return [
        result
        for level in spine.vertebra_levels
        for result in attempt(_BIOMARKER, METHODS, partial(_of_vertebra, spine, level), level=level)
    ]


def foramen_section(spine: SpineGeometry, level: str) -> Section:
    """Outline of a vertebra's foramen in the plane through the middle of its pedicles.

    Raises
    ------
    NotMeasurableError
        If vertebra or pedicles cannot be described, or the ring is open.
    """
    vertebra = spine.vertebra(level)
    _require_resolution(spine, vertebra)
    middle = np.mean([find_pedicle(spine, level, side).middle_mm for side in (Side.LEFT, Side.RIGHT)], axis=0)
    axes = vertebra.frame
    centre = canal_centre_mm(spine, vertebra)
    origin = centre + ((middle - centre) @ axes.superior) * axes.superior
    frame = Frame(origin, axes.right, axes.anterior, axes.superior)
    return hole_section(spine.structure(vertebra.number), frame, spine.error)


def _require_resolution(spine: SpineGeometry, vertebra: VertebraGeometry) -> None:
    extent = max(voxel_extent_mm(spine.labels.grid, axis) for axis in (vertebra.frame.right, vertebra.frame.anterior))
    if extent > COARSEST_MM:
        detail = f"voxels measure {extent:.1f} mm across the foramen; at most {COARSEST_MM} mm shows its thin walls"
        raise NotMeasurableError(Reason.RESOLUTION_TOO_COARSE, detail)


def _of_vertebra(spine: SpineGeometry, level: str) -> Iterator[Result]:
    section = foramen_section(spine, level)
    polygon = Drawing(Shape.POLYGON, section.polygon_mm[::4], f"vertebral foramen of {level}")
    se = both(section.area_se_mm2, CORNER_SE_MM * section.width_along_right().length_mm)
    require_resolved(section.area_mm2, se, "mm2", spine.options)
    yield Measurement(
        biomarker=_BIOMARKER,
        method=METHODS[0],
        unit="mm2",
        level=level,
        value=section.area_mm2,
        se=se,
        drawings=(polygon,),
    )
    yield from attempt(_BIOMARKER, METHODS[1:], partial(_depth, spine, level, section, polygon), level=level)


def _depth(spine: SpineGeometry, level: str, section: Section, polygon: Drawing) -> Iterator[Result]:
    """Distance from bone to bone through the centroid: the hole's corner behind is sharper than the smooth outline."""
    bone, front = spine.structure(spine.vertebra(level).number), section.frame.anterior
    reach = [float(entries(bone, section.centroid_mm[None], sign * front)[0]) for sign in (1.0, -1.0)]
    if not np.isfinite(reach).all():
        raise NotMeasurableError(Reason.GEOMETRY_FAILED, f"the arch of {level} is cleft in the middle of this plane")
    wall = both(voxel_extent_mm(bone.grid, front) / np.sqrt(12), spine.error.drawing_sd_mm)
    ends = section.centroid_mm + reach[0] * front, section.centroid_mm - reach[1] * front
    yield Measurement(
        biomarker=_BIOMARKER,
        method=METHODS[1],
        unit="mm",
        level=level,
        value=sum(reach),
        se=both(wall, wall),
        drawings=(polygon, Drawing.line(*ends, f"anteroposterior diameter of the vertebral foramen of {level}")),
    )
