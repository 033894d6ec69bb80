"""Displacement of a vertebra on the one below: forwards, backwards and to the side."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator

import numpy as np

from lumbomics.core.image import Image
from lumbomics.core.measurement import Z_95, Drawing, Measurement, Result
from lumbomics.measure.attempt import at_discs, both, endplate_drawing, pair_level
from lumbomics.measure.geometry.endplate import Endplate
from lumbomics.measure.geometry.spine import SpineGeometry
from lumbomics.measure.geometry.vertebra import VertebraGeometry
from lumbomics.measure.registry import implements

GRADE_BOUNDS_PERCENT = (5.0, 25.0, 50.0, 75.0, 100.0)
"""Upper bounds, inclusive, of |slip| for no slip and Meyerding I to IV."""
_GRADES = ("0", "I", "II", "III", "IV", "V")


def slip_mm(upper: Endplate, lower: Endplate) -> tuple[float, float]:
    """Forward displacement of the posteroinferior corner along the lower superior endplate, and its SE.

    The corner's error counts twice; a wrong tilt of the lower line moves the foot of the perpendicular by the height
    at which the upper corner stands over it.
    """
    offset = upper.posterior_corner_mm - lower.posterior_corner_mm
    along = float(offset @ lower.direction)
    height = float(np.linalg.norm(offset - along * lower.direction))
    return along, both(upper.corner_se_mm, lower.corner_se_mm, height * math.radians(lower.angle_se_deg))


def meyerding_grade(slip_percent: float) -> int:
    """Meyerding grade 0 to 5 of a slip in percent of the lower endplate, either direction."""
    return bisect_left(GRADE_BOUNDS_PERCENT, abs(slip_percent))


def _percent(upper: Endplate, lower: Endplate) -> tuple[float, float]:
    slip, spread = slip_mm(upper, lower)
    length_se = both(lower.corner_se_mm, lower.corner_se_mm)
    ratio = slip / lower.length_mm
    return 100 * ratio, 100 * both(spread, ratio * length_se) / lower.length_mm


def _slip_drawings(upper: Endplate, lower: Endplate, names: tuple[str, str]) -> tuple[Drawing, ...]:
    foot = lower.posterior_corner_mm + slip_mm(upper, lower)[0] * lower.direction
    return (
        endplate_drawing(upper, f"{names[0]} inferior endplate"),
        endplate_drawing(lower, f"{names[1]} superior endplate"),
        Drawing.line(upper.posterior_corner_mm, foot, "perpendicular from the posteroinferior corner"),
        Drawing.line(lower.posterior_corner_mm, foot, "slip"),
    )


@implements("slip_percent")
def slip_percent(spine: SpineGeometry, image: Image | None = None) -> list[Result]:
    """Forward slip of each vertebra on the one below, in percent of the lower endplate's length and in mm."""
    del image
    return at_discs(spine, "slip_percent", ("endplate_corner", "endplate_corner_mm"), _slips)


def _slips(spine: SpineGeometry, upper: str, lower: str) -> Iterator[Result]:
    above, below = spine.vertebra(upper).require_inferior(), spine.vertebra(lower).superior
    drawings = _slip_drawings(above, below, (upper, lower))
    for method, unit, pair in (
        ("endplate_corner", "%", _percent(above, below)),
        ("endplate_corner_mm", "mm", slip_mm(above, below)),
    ):
        yield Measurement(
            biomarker="slip_percent",
            method=method,
            level=pair_level(upper, lower),
            unit=unit,
            value=pair[0],
            se=pair[1],
            drawings=drawings,
        )


@implements("meyerding_grade")
def meyerding(spine: SpineGeometry, image: Image | None = None) -> list[Result]:
    """Meyerding grade of each slip, with its direction; says so where the slip's error reaches another grade."""
    del image
    return at_discs(spine, "meyerding_grade", ("from_slip_percent",), _grade)


def _grade(spine: SpineGeometry, upper: str, lower: str) -> Iterator[Result]:
    above, below = spine.vertebra(upper).require_inferior(), spine.vertebra(lower).superior
    slip, spread = _percent(above, below)
    grade = meyerding_grade(slip)
    ends = slip - Z_95 * spread, slip + Z_95 * spread
    reach = {meyerding_grade(end) for end in ends} | ({0} if ends[0] < 0 < ends[1] else set())
    sure = reach == {grade}
    others = ", ".join(_GRADES[g] for g in range(min(reach), max(reach) + 1))
    yield Measurement(
        biomarker="meyerding_grade",
        method="from_slip_percent",
        level=pair_level(upper, lower),
        unit="{grade}",
        value=float(grade),
        category=_GRADES[grade] if grade == 0 else f"{_GRADES[grade]} {'antero' if slip > 0 else 'retro'}",
        caution=None if sure else f"Within the slip's error the grade may be any of {others}.",
        drawings=_slip_drawings(above, below, (upper, lower)),
    )


@implements("lateral_listhesis")
def lateral_listhesis(spine: SpineGeometry, image: Image | None = None) -> list[Result]:
    """Sideways offset of facing endplate middles along the lower vertebra's left-right axis, to the left positive."""
    del image
    return at_discs(spine, "lateral_listhesis", ("endplate_midpoint",), _lateral)


def _lateral(spine: SpineGeometry, upper: str, lower: str) -> Iterator[Result]:
    above, below = (spine.vertebra(level).require_whole_width() for level in (upper, lower))
    first, last = above.require_inferior(), below.superior
    offset = first.middle_mm - last.middle_mm
    yield Measurement(
        biomarker="lateral_listhesis",
        method="endplate_midpoint",
        level=pair_level(upper, lower),
        unit="mm",
        value=-float(offset @ below.frame.right),
        se=both(_middle_se(above, first), _middle_se(below, last), _tilt_se(below) * float(np.linalg.norm(offset))),
        drawings=(
            Drawing.line(first.middle_mm, last.middle_mm, "offset of the endplates' middles"),
            _right_line(below, last),
        ),
    )


def _tilt_se(vertebra: VertebraGeometry) -> float:
    """SE in radians of the superior axis' tilt to the side: the mean of both endplates' tilts."""
    plates = [p for p in (vertebra.superior, vertebra.inferior) if p is not None]
    return float(np.radians(both(*(p.coronal_angle_se_deg for p in plates)) / len(plates)))


def _middle_se(vertebra: VertebraGeometry, plate: Endplate) -> float:
    """SE to the side of an endplate's middle: the body's, and the tilt over the way from its centre."""
    lever = float(np.linalg.norm(plate.middle_mm - vertebra.frame.origin_mm))
    return both(vertebra.side_se_mm, lever * _tilt_se(vertebra))


def _right_line(vertebra: VertebraGeometry, plate: Endplate) -> Drawing:
    half = 0.5 * vertebra.width_mm * vertebra.frame.right
    return Drawing.line(plate.middle_mm - half, plate.middle_mm + half, f"{vertebra.level} left-right axis")
