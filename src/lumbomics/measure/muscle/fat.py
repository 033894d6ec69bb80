"""Fat in the paraspinal muscles, and Goutallier's grade by it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from math import erf, sqrt

import numpy as np

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import GridMismatchError
from lumbomics.core.examination import Scan
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Context, Measurement, Reason, Result
from lumbomics.core.sampling import sample_linear
from lumbomics.measure.attempt import attempt, pair_level
from lumbomics.measure.examined import T2_CONTRASTS, ExaminedSpine, examines
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.once import once
from lumbomics.measure.muscle.section import BACK, PLAIN, Section, find_section, level_slices
from lumbomics.measure.muscle.signal import fat_share

FRACTION, GRADE = "paraspinal_fat_fraction", "goutallier_grade"
SIDES = (Side.LEFT, Side.RIGHT)
_PROXIES = {"t1_proxy": (Contrast.T1,), "t2_proxy": T2_CONTRASTS}
_PROXY = "proxy by {} signal between muscle and fat; it depends on the sequence and is no proton density fat fraction"
_KINDS = {"dixon": "the Dixon fat fraction", "t1_proxy": "a T1 proxy of fat", "t2_proxy": "a T2 proxy of fat"}
_DIXON_SE = 1.0
"""Least standard error of a Dixon fraction, %: T1 bias and noise bias of magnitude images; engineering default."""
_SHARED_MM2 = 9.0


@examines(FRACTION)
def paraspinal_fat_fraction(examined: ExaminedSpine) -> list[Result]:
    """Fat fraction of multifidus and erector spinae at every disc: Dixon where there is one, and T1 and T2 proxies.

    The muscle is all inside its outline; fat between muscles is left out. Proxies scale signal between lean muscle and
    fat on the same slice after coil shading is taken out.
    """
    found: list[Result] = []
    for (upper, lower), name, side in product(examined.spine.disc_pairs, BACK, SIDES):
        level = pair_level(upper, lower)
        for kind in ("dixon", *_PROXIES):
            compute = partial(_row, examined, upper, lower, name, side, kind)
            found += attempt(FRACTION, [f"{kind}_{name}"], compute, level=level, side=side)
    return found


@examines(GRADE)
def goutallier_grade(examined: ExaminedSpine) -> list[Result]:
    """Grade 0 to 4 of multifidus and erector spinae from the best fat fraction there is, with its probability.

    The limits (5, 15, 45, 55 %; ``ExaminationOptions.goutallier_limits``) are engineering defaults: Goutallier graded
    by eye.
    """
    found: list[Result] = []
    for (upper, lower), name, side in product(examined.spine.disc_pairs, BACK, SIDES):
        compute = partial(_grade, examined, upper, lower, name, side)
        methods = [f"from_fat_fraction_{name}", f"probability_{name}"]
        found += attempt(GRADE, methods, compute, level=pair_level(upper, lower), side=side)
    return found


def _row(examined: ExaminedSpine, upper: str, lower: str, name: str, side: Side, kind: str) -> Iterator[Result]:
    value, se, section = _fraction(examined, upper, lower, name, side, kind)
    level = pair_level(upper, lower)
    yield Measurement(
        biomarker=FRACTION,
        method=f"{kind}_{name}",
        unit="%",
        level=level,
        side=side,
        value=value,
        se=se,
        caution=None if kind == "dixon" else _PROXY.format(kind[:2].upper()),
        drawings=(section.drawing(f"{name.replace('_', ' ')} {side.value} at {level}"),),
        context=Context(series=section.slice.scan.name),
    )


@once
def _fraction(
    examined: ExaminedSpine, upper: str, lower: str, name: str, side: Side, kind: str
) -> tuple[float, float, Section]:
    """Fat fraction and its standard error, %, and where it was measured."""
    superior = examined.spine.segment(upper, lower).superior
    if kind == "dixon":
        water, fat = _dixon(examined)
        slices = level_slices(examined, upper, lower, *PLAIN)
        section = find_section(examined, slices, name, side, superior)
        return *_dixon_fraction(section, water, fat), section
    slices = level_slices(examined, upper, lower, *_PROXIES[kind])
    section = find_section(examined, slices, name, side, superior)
    share, se = fat_share(section)
    return 100 * float(np.clip(share, 0, 1)), 100 * se, section


def _dixon(examined: ExaminedSpine) -> tuple[Scan, Scan]:
    """Water and fat series of one acquisition."""
    water, fat = examined.scan(Contrast.DIXON_WATER), examined.scan(Contrast.DIXON_FAT)
    try:
        water.image.grid.require_same_place(fat.image.grid)
    except GridMismatchError as fault:
        raise NotMeasurableError(
            Reason.NO_SUITABLE_SERIES, f"{water.name} and {fat.name} do not share their voxels"
        ) from fault
    return water, fat


def _dixon_fraction(section: Section, water: Scan, fat: Scan) -> tuple[float, float]:
    points = section.slice.points_mm[section.mask & ~section.slice.obscured]
    parts = [sample_linear(scan.image.array, scan.image.grid, points) for scan in (water, fat)]
    total = parts[0] + parts[1]
    usable = np.isfinite(total) & (total > 0)
    if usable.mean() < 0.5:
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"{water.name} does not cover the muscle")
    fractions = 100 * parts[1][usable] / total[usable]
    independent = max(1.0, usable.sum() * section.slice.pixel_mm2 / _SHARED_MM2)
    return float(fractions.mean()), float(np.hypot(_DIXON_SE, fractions.std() / np.sqrt(independent)))


def _grade(examined: ExaminedSpine, upper: str, lower: str, name: str, side: Side) -> Iterator[Result]:
    value, se, section, kind = _best(examined, upper, lower, name, side)
    limits = np.array(examined.options.goutallier_limits)
    share = np.diff([0.0, *(_below(limit, value, se) for limit in limits), 1.0])
    # a fraction just on a limit belongs to the grade above it
    grade = int(np.searchsorted(limits, value, side="right"))
    spread = float(np.sqrt((share * (np.arange(len(share)) - grade) ** 2).sum()))
    caution = f"from {_KINDS[kind]}; the limits are engineering defaults"
    for method, unit, number, error, category in (
        (f"from_fat_fraction_{name}", "{grade}", float(grade), spread, str(grade)),
        (f"probability_{name}", "1", float(share[grade]), None, None),
    ):
        yield Measurement(
            biomarker=GRADE,
            method=method,
            unit=unit,
            level=pair_level(upper, lower),
            side=side,
            value=number,
            category=category,
            se=error,
            caution=caution,
            drawings=(section.drawing(f"{name.replace('_', ' ')} {side.value}"),),
            context=Context(series=section.slice.scan.name),
        )


def _best(examined: ExaminedSpine, upper: str, lower: str, name: str, side: Side) -> tuple[float, float, Section, str]:
    """Fat fraction by the first kind that can be measured; else the first obstacle that is no missing series."""
    obstacles: list[NotMeasurableError] = []
    for kind in ("dixon", *_PROXIES):
        try:
            return *_fraction(examined, upper, lower, name, side, kind), kind
        except NotMeasurableError as obstacle:
            obstacles.append(obstacle)
    raise next((one for one in obstacles if one.reason is not Reason.NO_SUITABLE_SERIES), obstacles[0])


def _below(limit: float, value: float, se: float) -> float:
    """Probability that the true value lies below a limit."""
    return 0.5 * (1 + erf((limit - value) / (max(se, 1e-9) * sqrt(2))))
