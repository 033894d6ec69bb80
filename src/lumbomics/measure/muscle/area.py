"""Cross-sectional area of the paraspinal muscles."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product

import numpy as np

from lumbomics.core.anatomy import Side, vertebra_number
from lumbomics.core.measurement import Context, Measurement, Result
from lumbomics.core.sampling import sample_linear
from lumbomics.measure.attempt import attempt, pair_level
from lumbomics.measure.examined import ExaminedSpine, examines
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.once import once
from lumbomics.measure.muscle.section import NAMES, PLAIN, Section, find_section, level_slices
from lumbomics.measure.muscle.signal import fat_share

BIOMARKER = "paraspinal_csa"
SIDES = (Side.LEFT, Side.RIGHT)
_DISC_HALF_MM = 40.0
_DISC_STEP_MM = 0.5
_DISC_SE = 0.03
"""Relative standard error of a disc's section drawn on 4 mm sagittal slices; engineering default."""


@examines(BIOMARKER)
def paraspinal_csa(examined: ExaminedSpine) -> list[Result]:
    """Area of psoas, multifidus and erector spinae at every disc, lean area, share of the disc's area, and asymmetry.

    The section lies on the acquired slice nearest to the disc's middle; the cosine of the slice's angle to the muscle
    takes obliquity out. It says nothing of strength, and areas at other heights of the disc are other areas.
    """
    found: list[Result] = []
    for (upper, lower), name in product(examined.spine.disc_pairs, NAMES):
        level = pair_level(upper, lower)
        for side in SIDES:
            for methods, compute in (
                ([f"area_{name}"], partial(_area, examined, upper, lower, name, side)),
                ([f"lean_area_{name}"], partial(_lean, examined, upper, lower, name, side)),
                ([f"to_disc_{name}"], partial(_to_disc, examined, upper, lower, name, side)),
                ([f"asymmetry_{name}"], partial(_asymmetry, examined, upper, lower, name, side)),
            ):
                found += attempt(BIOMARKER, methods, compute, level=level, side=side)
    return found


@once
def _section(examined: ExaminedSpine, upper: str, lower: str, name: str, side: Side) -> Section:
    slices = level_slices(examined, upper, lower, *PLAIN)
    return find_section(examined, slices, name, side, examined.spine.segment(upper, lower).superior)


def _area(examined: ExaminedSpine, upper: str, lower: str, name: str, side: Side) -> Iterator[Result]:
    section = _section(examined, upper, lower, name, side)
    level = pair_level(upper, lower)
    yield Measurement(
        biomarker=BIOMARKER,
        method=f"area_{name}",
        unit="mm2",
        level=level,
        side=side,
        value=section.area_mm2,
        se=section.area_se_mm2,
        drawings=(section.drawing(f"{name.replace('_', ' ')} {side.value} at {level}"),),
        context=Context(series=section.slice.scan.name),
    )


def _lean(examined: ExaminedSpine, upper: str, lower: str, name: str, side: Side) -> Iterator[Result]:
    section = _section(examined, upper, lower, name, side)
    share, share_se = fat_share(section)
    lean = 1 - float(np.clip(share, 0, 1))
    outline = section.area_se_mm2
    yield Measurement(
        biomarker=BIOMARKER,
        method=f"lean_area_{name}",
        unit="mm2",
        level=pair_level(upper, lower),
        side=side,
        value=lean * section.area_mm2,
        se=None if outline is None else float(np.hypot(lean * outline, share_se * section.area_mm2)),
        caution=f"fat share by {section.slice.scan.contrast.value} signal, a proxy",
        context=Context(series=section.slice.scan.name),
    )


def _to_disc(examined: ExaminedSpine, upper: str, lower: str, name: str, side: Side) -> Iterator[Result]:
    section = _section(examined, upper, lower, name, side)
    value = 100 * section.area_mm2 / disc_area_mm2(examined, upper, lower)
    outline = section.area_se_mm2
    yield Measurement(
        biomarker=BIOMARKER,
        method=f"to_disc_{name}",
        unit="%",
        level=pair_level(upper, lower),
        side=side,
        value=value,
        se=None if outline is None else value * float(np.hypot(outline / section.area_mm2, _DISC_SE)),
        context=Context(series=section.slice.scan.name),
    )


@once
def disc_area_mm2(examined: ExaminedSpine, upper: str, lower: str) -> float:
    """Area of a disc label's section in the plane through its middle perpendicular to the segment's superior axis."""
    disc = examined.spine.disc(upper, lower)
    frame = examined.spine.segment(upper, lower).at(disc.points_mm.mean(axis=0))
    steps = np.arange(-_DISC_HALF_MM, _DISC_HALF_MM, _DISC_STEP_MM)
    flat = np.stack([*np.meshgrid(steps, steps), np.zeros((len(steps), len(steps)))], axis=-1)
    mask = (examined.spine.labels.array == vertebra_number(upper) + 100).astype(np.float32)
    inside = sample_linear(mask, examined.spine.labels.grid, frame.to_world(flat), outside=0.0) >= 0.5
    return float(inside.sum()) * _DISC_STEP_MM**2


def _asymmetry(examined: ExaminedSpine, upper: str, lower: str, name: str, side: Side) -> Iterator[Result]:
    other = Side.RIGHT if side is Side.LEFT else Side.LEFT
    both = [_section(examined, upper, lower, name, one) for one in (side, other)]
    own, opposite = (section.area_mm2 for section in both)
    errors = [section.area_se_mm2 for section in both]
    yield Measurement(
        biomarker=BIOMARKER,
        method=f"asymmetry_{name}",
        unit="%",
        level=pair_level(upper, lower),
        side=side,
        value=100 * (own - opposite) / ((own + opposite) / 2),
        se=_asymmetry_se(np.array([own, opposite]), errors),
        drawings=(both[0].drawing(f"{name.replace('_', ' ')} {side.value}"),),
        context=Context(series=both[0].slice.scan.name),
    )


def _asymmetry_se(areas: FloatArray, errors: list[float | None]) -> float | None:
    if any(error is None for error in errors):
        return None
    crossed = areas[::-1] * np.array(errors, dtype=np.float64)
    return float(400 * np.linalg.norm(crossed) / areas.sum() ** 2)
