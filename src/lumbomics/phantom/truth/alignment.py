"""Truth of angles, slips and heights: plain geometry of endplate lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations, pairwise

import numpy as np

from lumbomics.core.anatomy import disc_level
from lumbomics.core.measurement import Absent, Measurement, Reason, Result
from lumbomics.phantom.body import SLAB_HALF_MM
from lumbomics.phantom.truth.frames import DefinedVertebra, FloatArray, angle_deg, unit

_LUMBAR = ("L1", "L2", "L3", "L4", "L5")
_GRADES = ("0", "I", "II", "III", "IV", "V")
_GRADE_TOPS = (5.0, 25.0, 50.0, 75.0, 100.0)
_LEAST_LORDOSIS_DEG = 5.0
_MID_HALF_MM = 2.0

Spine = Mapping[str, DefinedVertebra]


def alignment_truth(spine: Spine) -> Iterator[Result]:
    """Yield lordosis, slope, slip, shift, coronal and axial truth of a spine."""
    yield from _lordosis(spine)
    yield _value("sacral_slope", "endplate_line_to_image_axial", "deg", _sacral_slope(spine["S1"]))
    for upper, lower in pairwise(spine.values()):
        yield from _segment(upper, lower)
    yield _cobb(spine)
    yield from _rotations(spine)


def height_truth(item: DefinedVertebra) -> Iterator[Result]:
    """Yield the heights and the wedging of one vertebral body."""
    vertebra = item.vertebra
    corners = {(s, a): vertebra.corner(superior=s, anterior=a) for s in (True, False) for a in (True, False)}
    front = float(np.linalg.norm(corners[True, True] - corners[False, True]))
    back = float(np.linalg.norm(corners[True, False] - corners[False, False]))
    for method, height in (("anterior", front), ("mid", mid_height_mm(item)), ("posterior", back)):
        yield _value("vertebral_height", method, "mm", height, vertebra.name)
    wedge = angle_deg(item.direction(superior=False), item.direction(superior=True), item.frame.right)
    yield _value("vertebral_wedging", "wedge_angle", "deg", wedge, vertebra.name)
    yield _value("vertebral_wedging", "anterior_posterior_ratio", "1", front / back, vertebra.name)


def mid_height_mm(item: DefinedVertebra) -> float:
    """Mean distance (mm) of the endplates within 2 mm of mid-depth, in the slab."""
    body = item.vertebra.body
    lines = [item.vertebra.line(superior=s) for s in (True, False)]
    middle = sum(line.back + line.front for line in lines) / 4
    x = np.linspace(-SLAB_HALF_MM, SLAB_HALF_MM, 21)[:, None]
    y = np.linspace(middle - _MID_HALF_MM, middle + _MID_HALF_MM, 21)[None, :]
    return float((body.top(x, y) - body.bottom(x, y)).mean())


def pair_level(upper: DefinedVertebra, lower: DefinedVertebra) -> str:
    """Name of the disc between two vertebrae."""
    return disc_level(upper.vertebra.number, lower.vertebra.number)


def sagittal_normal(items: list[DefinedVertebra]) -> FloatArray:
    """Return the unit mean (3,) of the right axes."""
    return unit(np.mean([item.frame.right for item in items], axis=0))


def _value(biomarker: str, method: str, unit_code: str, value: float, level: str | None = None) -> Measurement:
    return Measurement(biomarker=biomarker, method=method, unit=unit_code, value=value, level=level, se=0.0)


def _lordosis(spine: Spine) -> Iterator[Result]:
    names = list(spine)
    lumbar = [spine[name] for name in names[names.index("L1") :]]
    axis = sagittal_normal(lumbar)
    top, sacrum = spine["L1"].direction(superior=True), spine["S1"].direction(superior=True)
    whole = angle_deg(sacrum, top, axis)
    yield _value("lumbar_lordosis_l1_s1", "endplate_line_midsagittal", "deg", whole)
    shorter = sagittal_normal([spine[name] for name in _LUMBAR])
    to_l5 = angle_deg(spine["L5"].direction(superior=False), top, shorter)
    yield _value("lumbar_lordosis_l1_l5", "endplate_line_midsagittal", "deg", to_l5)
    distal = angle_deg(sacrum, spine["L4"].direction(superior=True), axis)
    yield _value("distal_lordosis_l4_s1", "endplate_line_midsagittal", "deg", distal)
    index = "lordosis_distribution_index"
    if whole < _LEAST_LORDOSIS_DEG:
        detail = f"L1-S1 lordosis is {whole:.1f} deg, below {_LEAST_LORDOSIS_DEG:.0f}"
        yield Absent(biomarker="distal_lordosis_l4_s1", method=index, reason=Reason.UNDEFINED, detail=detail)
    else:
        yield _value("distal_lordosis_l4_s1", index, "%", 100 * distal / whole)


def _sacral_slope(sacrum: DefinedVertebra) -> float:
    return angle_deg(sacrum.direction(superior=True), np.array([0.0, 1.0, 0.0]), sacrum.frame.right)


def _segment(upper: DefinedVertebra, lower: DefinedVertebra) -> Iterator[Result]:
    level, axis = pair_level(upper, lower), sagittal_normal([upper, lower])
    floor = lower.direction(superior=True)
    disc = angle_deg(floor, upper.direction(superior=False), axis)
    yield _value("segmental_lordosis", "disc_angle", "deg", disc, level)
    segment = angle_deg(floor, upper.direction(superior=True), axis)
    yield _value("segmental_lordosis", "motion_segment", "deg", segment, level)
    base = lower.vertebra.corner(superior=True, anterior=False)
    length = float(np.linalg.norm(lower.vertebra.corner(superior=True, anterior=True) - base))
    slip = float((upper.vertebra.corner(superior=False, anterior=False) - base) @ floor)
    yield _value("slip_percent", "endplate_corner", "%", 100 * slip / length, level)
    yield _value("slip_percent", "endplate_corner_mm", "mm", slip, level)
    yield _meyerding(100 * slip / length, level)
    shift = upper.vertebra.middle(superior=False) - lower.vertebra.middle(superior=True)
    yield _value("lateral_listhesis", "endplate_midpoint", "mm", -float(shift @ lower.frame.right), level)


def _meyerding(percent: float, level: str) -> Measurement:
    grade = int(np.searchsorted(_GRADE_TOPS, abs(percent), side="left"))
    name = _GRADES[grade] if grade == 0 else f"{_GRADES[grade]} {'antero' if percent > 0 else 'retro'}"
    return Measurement(
        biomarker="meyerding_grade",
        method="from_slip_percent",
        unit="{grade}",
        level=level,
        value=float(grade),
        category=name,
        se=0.0,
    )


def _cobb(spine: Spine) -> Measurement:
    names = list(spine)
    items = [spine[name] for name in names[: names.index("L5") + 1]]
    plane = unit(np.mean([item.frame.anterior for item in items], axis=0))
    rightwards = [{s: unit(np.cross(plane, item.normal(superior=s))) for s in (True, False)} for item in items]
    best = max(
        (
            (angle_deg(rightwards[i][True], rightwards[j][False], plane), i, j)
            for i, j in combinations(range(len(items)), 2)
        ),
        key=lambda curve: abs(curve[0]),
    )
    side = "right" if best[0] > 0 else "left"
    return Measurement(
        biomarker="coronal_cobb",
        method="endplate_line_midcoronal",
        unit="deg",
        value=abs(best[0]),
        category=f"convex {side}, {items[best[1]].vertebra.name} to {items[best[2]].vertebra.name}",
        se=0.0,
    )


def _rotations(spine: Spine) -> Iterator[Result]:
    lumbar = [spine[name] for name in _LUMBAR]
    up = unit(np.mean([item.frame.superior for item in lumbar], axis=0))
    front = np.mean([item.frame.anterior for item in lumbar], axis=0)
    for name, item in spine.items():
        if name != "S1":
            turn = angle_deg(front, item.frame.anterior, up)
            yield _value("vertebral_axial_rotation", "canal_to_body_vs_lumbar_mean", "deg", turn, name)
