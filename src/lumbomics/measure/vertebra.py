"""Heights and wedging of vertebral bodies."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lumbomics.core.image import Image
from lumbomics.core.measurement import Drawing, Measurement, Reason, Result
from lumbomics.measure.attempt import at_vertebrae, both, endplate_drawing
from lumbomics.measure.geometry.endplate import Endplate, surface_heights
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.spine import SpineGeometry
from lumbomics.measure.geometry.vertebra import VertebraGeometry
from lumbomics.measure.registry import implements

_WINDOW_MM = 2.0


def end_se_mm(plate: Endplate) -> float:
    """SE, across the line, of a corner of an endplate: its offset, and its tilt over half its length."""
    return both(plate.offset_se_mm, 0.5 * plate.length_mm * np.radians(plate.angle_se_deg))


def corner_height(upper: Endplate, lower: Endplate, *, front: bool) -> tuple[float, float]:
    """Distance between two corners on one side of a body, and its SE, mm."""
    ends = (
        (upper.anterior_corner_mm, lower.anterior_corner_mm)
        if front
        else (upper.posterior_corner_mm, lower.posterior_corner_mm)
    )
    return float(np.linalg.norm(ends[0] - ends[1])), both(end_se_mm(upper), end_se_mm(lower))


def mid_height(spine: SpineGeometry, level: str) -> tuple[float, float, FloatArray]:
    """Height in the middle of a body, its SE, and the two points (2, 3) it is drawn between, mm."""
    vertebra = spine.vertebra(level)
    plates = vertebra.superior, vertebra.require_inferior()
    frame = vertebra.frame
    centre = float(np.mean([frame.to_local(p.middle_mm)[1] for p in plates]))
    slab = spine.options.slab_half_width_mm
    across, along = np.linspace(-slab, slab, 11), centre + np.linspace(-_WINDOW_MM, _WINDOW_MM, 5)
    faces = [surface_heights(vertebra.body, frame, across, along, up=up) for up in (True, False)]
    if not np.isfinite(faces).all(axis=0).any():
        raise NotMeasurableError(Reason.GEOMETRY_FAILED, f"the middle of {level} could not be measured")
    top, bottom = (float(np.nanmean(face)) for face in faces)
    patch = (frame.anterior, 2 * _WINDOW_MM), (frame.right, 2 * slab)
    spread = both(*(spine.error.position_se_mm(p.normal, *patch) for p in plates), *(p.doubt_mm for p in plates))
    points = frame.to_world(np.array([[0.0, centre, top], [0.0, centre, bottom]]))
    return top - bottom, spread, points


@implements("vertebral_height")
def vertebral_height(spine: SpineGeometry, image: Image | None = None) -> list[Result]:
    """Anterior, middle and posterior height of each body."""
    del image
    return at_vertebrae(spine, "vertebral_height", ("anterior", "mid", "posterior"), _heights)


def _heights(spine: SpineGeometry, level: str) -> Iterator[Result]:
    upper, lower = _plates(spine.vertebra(level))
    middle, middle_se, points = mid_height(spine, level)
    anterior, posterior = (corner_height(upper, lower, front=front) for front in (True, False))
    rows = (
        ("anterior", *anterior, np.array([upper.anterior_corner_mm, lower.anterior_corner_mm])),
        ("mid", middle, middle_se, points),
        ("posterior", *posterior, np.array([upper.posterior_corner_mm, lower.posterior_corner_mm])),
    )
    for method, value, spread, ends in rows:
        yield Measurement(
            biomarker="vertebral_height",
            method=method,
            level=level,
            unit="mm",
            value=value,
            se=spread,
            drawings=(Drawing.line(ends[0], ends[1], f"{level} {method} height"),),
        )


@implements("vertebral_wedging")
def vertebral_wedging(spine: SpineGeometry, image: Image | None = None) -> list[Result]:
    """Angle between each body's endplate lines, and its anterior over its posterior height."""
    del image
    return at_vertebrae(spine, "vertebral_wedging", ("wedge_angle", "anterior_posterior_ratio"), _wedging)


def _wedging(spine: SpineGeometry, level: str) -> Iterator[Result]:
    vertebra = spine.vertebra(level)
    upper, lower = _plates(vertebra)
    plane = vertebra.frame
    front, back = (corner_height(upper, lower, front=side)[0] for side in (True, False))
    offset, tilt = both(upper.offset_se_mm, lower.offset_se_mm), both(upper.angle_se_deg, lower.angle_se_deg)
    swing = 0.5 * upper.length_mm * np.radians(tilt)
    ratio = front / back
    rows = (
        (
            "wedge_angle",
            "deg",
            plane.sagittal_angle_deg(upper.direction) - plane.sagittal_angle_deg(lower.direction),
            tilt,
        ),
        ("anterior_posterior_ratio", "1", ratio, both((1 - ratio) * offset, (1 + ratio) * swing) / back),
    )
    for method, unit, value, spread in rows:
        yield Measurement(
            biomarker="vertebral_wedging",
            method=method,
            level=level,
            unit=unit,
            value=value,
            se=spread,
            drawings=(
                endplate_drawing(upper, f"{level} superior endplate"),
                endplate_drawing(lower, f"{level} inferior endplate"),
            ),
        )


def _plates(vertebra: VertebraGeometry) -> tuple[Endplate, Endplate]:
    return vertebra.superior, vertebra.require_inferior()
