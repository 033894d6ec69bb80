"""Epidural fibrosis by quadrant (Ross 0-4) and its sums.

Quadrants are cut by the midsagittal and the transverse line through the centroid of the canal in each slice. Scar is
what the tissue map says, which needs a post-contrast series; a grade tells how much scar there is, not what it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
from scipy.special import ndtr, stdtrit

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import CanalTissue
from lumbomics.core.measurement import Z_95, Absent, Reason, Result
from lumbomics.measure.examined import ExaminedSpine, examines
from lumbomics.measure.geometry.slices import Mask
from lumbomics.measure.postoperative.area import border_mm, boundary_variance_mm3
from lumbomics.measure.postoperative.scar import (
    DENOMINATORS,
    DEPTHS,
    LEAST_SCAR_MM2,
    Share,
    grade,
    quadrant_shares,
    scar_view,
)
from lumbomics.measure.postoperative.view import CanalSlice, LevelView, at_sides, other, points_of

GRADE = "ross_fibrosis_grade"
SUM = "ross_fibrosis_sum"
_BOUNDS = (0.0, 25.0, 50.0, 75.0, np.inf)
_GRADE_METHODS = tuple(
    f"{depth}_{space}_{what}"
    for depth, space, what in product(DEPTHS, DENOMINATORS, ("max", "max_probability", "mean"))
)
_SUM_METHODS = (
    *(f"{depth}_{space}_percent" for depth, space in product(DEPTHS, DENOMINATORS)),
    *(f"{depth}_sum" for depth in DEPTHS),
    "sum",
    "normalised_sum",
    "difference_to_other_side",
    "slices",
    "slices_with_scar",
    "scar_volume",
    "scar_percent_of_epidural",
)


@examines(GRADE)
def ross_fibrosis_grade(examined: ExaminedSpine) -> list[Result]:
    """Ross's grade of every quadrant: largest and mean over the slices through the disc, by two denominators.

    Scar area over the epidural part of the quadrant (``epidural``) or over the whole quadrant of the canal
    (``quadrant``); grade 0 none, 1 to 25 %, 2 to 50 %, 3 to 75 %, 4 above. Ross et al. 1996 and 1998.
    """
    return at_sides(examined, GRADE, _GRADE_METHODS, _grades)


@examines(SUM)
def ross_fibrosis_sum(examined: ExaminedSpine) -> list[Result]:
    """Sum the grades over the quadrants of a side and all slices; filled shares and volume of scar.

    A sum grows with the number of slices: compare ``normalised_sum`` (sum / (2 quadrants x slices)) between patients.
    """
    return at_sides(examined, SUM, _SUM_METHODS, _sums)


def _grades(examined: ExaminedSpine, upper: str, lower: str, side: Side) -> Iterator[Result]:
    view = scar_view(examined, upper, lower)
    drawn = points_of([(one, _scar_on(one, side)) for one in view.slices], f"epidural scar, {side}")
    for depth, space in product(DEPTHS, DENOMINATORS):
        shares = quadrant_shares(view, examined.spine.options, side, depth, space)
        found = [share for share in shares if share is not None]
        name = f"{depth}_{space}"
        if not found:
            yield from _empty(GRADE, (f"{name}_max", f"{name}_max_probability", f"{name}_mean"), view, side, depth)
            continue
        largest = max(found, key=lambda share: share.percent)
        top, sure = grade(largest.percent), grade_probability(largest)
        label = f"grade {top}"
        yield view.value(GRADE, f"{name}_max", "{grade}", top, side=side, category=label, drawings=drawn)
        yield view.value(GRADE, f"{name}_max_probability", "1", sure, side=side, category=label)
        mean = float(np.mean([grade(share.percent) for share in found]))
        yield view.value(GRADE, f"{name}_mean", "{grade}", mean, side=side)


def grade_probability(share: Share) -> float:
    """Probability that the true share lies within the grade's bounds, its error taken as normal.

    Grade 0 reaches up to the smallest scar that is counted.
    """
    top = grade(share.percent)
    least = 100 * LEAST_SCAR_MM2 / share.space_mm2
    low, high = (-np.inf, least) if top == 0 else (_BOUNDS[top - 1] if top > 1 else least, _BOUNDS[top])
    if share.se == 0:
        return 1.0
    return float(ndtr((high - share.percent) / share.se) - ndtr((low - share.percent) / share.se))


def _sums(examined: ExaminedSpine, upper: str, lower: str, side: Side) -> Iterator[Result]:
    view = scar_view(examined, upper, lower)
    options = examined.spine.options
    for depth, space in product(DEPTHS, DENOMINATORS):
        method = f"{depth}_{space}_percent"
        shares = [share for share in quadrant_shares(view, options, side, depth, space) if share is not None]
        if shares:
            percent, se = _pooled(shares)
            yield view.value(SUM, method, "%", percent, se=se, side=side)
        else:
            yield from _empty(SUM, (method,), view, side, depth)
    front, back = (_sum(quadrant_shares(view, options, side, depth, "epidural")) for depth in DEPTHS)
    opposite = sum(_sum(quadrant_shares(view, options, other(side), depth, "epidural")) for depth in DEPTHS)
    number = len(view.slices)
    scarred = sum(bool(one.area_mm2(_scar_on(one, side)) >= LEAST_SCAR_MM2) for one in view.slices)
    for method, value in (("anterior_sum", front), ("posterior_sum", back), ("sum", front + back)):
        yield view.value(SUM, method, "{score}", value, side=side)
    yield view.value(SUM, "normalised_sum", "{score}", (front + back) / (2 * number), side=side)
    yield view.value(SUM, "difference_to_other_side", "{score}", front + back - opposite, side=side)
    yield view.value(SUM, "slices", "{count}", number, side=side)
    yield view.value(SUM, "slices_with_scar", "{count}", scarred, side=side)
    yield from _volume(examined, view, side)


def _volume(examined: ExaminedSpine, view: LevelView, side: Side) -> Iterator[Result]:
    if view.scan.tissue is None:
        return
    volume, variance, space = 0.0, 0.0, 0.0
    shares: list[Share] = []
    for one in view.slices:
        scar, epidural, half = one.tissue(CanalTissue.SCAR), one.canal & ~one.sac, one.side(side)
        per_mm = boundary_variance_mm3(one.pixel_mm, view.scan.tissue, examined.spine.options)
        mine = scar & (half > 0.5)
        length = border_mm(mine, ~scar, one.pixel_mm)
        step = one.cut.spacing_mm
        area, free = one.area_mm2(scar * half), one.area_mm2(epidural * half)
        volume += area * step
        space += free
        variance += per_mm * length * step**2
        shares.append(Share(area, free, 0.0, 100 * float(np.sqrt(per_mm * length)) / max(free, 1.0)))
    drawn = points_of([(one, _scar_on(one, side)) for one in view.slices], f"epidural scar, {side}")
    se = float(np.sqrt(variance))
    yield view.value(SUM, "scar_volume", "mm3", volume, se=se, side=side, drawings=drawn)
    if space > 0:
        percent, percent_se = _pooled(shares)
        yield view.value(SUM, "scar_percent_of_epidural", "%", percent, se=percent_se, side=side)
    else:
        yield from _empty(SUM, ("scar_percent_of_epidural",), view, side, "whole")


def _pooled(shares: Sequence[Share]) -> tuple[float, float]:
    """Share of all slices together, percent, and its standard error.

    Borders in every slice, and what the slices in between may hold: the variance of a ratio of sums over n slices,
    n / (n - 1) x sum (scar - share x space)² / (sum space)², widened as Student's t is over the normal distribution,
    for n is four or five.
    """
    scar, space, border = np.array([(one.scar_mm2, one.space_mm2, one.se * one.space_mm2) for one in shares]).T
    percent = float(100 * scar.sum() / space.sum())
    number = len(shares)
    between = number / (number - 1) * ((scar - percent / 100 * space) ** 2).sum() if number > 1 else 0.0
    wider = float(stdtrit(number - 1, ndtr(Z_95)) / Z_95) ** 2 if number > 1 else 1.0
    return percent, float(np.sqrt((border**2).sum() + 1e4 * wider * between) / space.sum())


def _sum(shares: Sequence[Share | None]) -> float:
    return float(sum(grade(share.percent) for share in shares if share is not None))


def _scar_on(one: CanalSlice, side: Side) -> Mask:
    return one.tissue(CanalTissue.SCAR) & (one.side(side) > 0.5)


def _empty(biomarker: str, methods: Sequence[str], view: LevelView, side: Side, where: str) -> Iterator[Absent]:
    for method in methods:
        yield Absent(
            biomarker=biomarker,
            method=method,
            level=view.level,
            side=side,
            reason=Reason.UNDEFINED,
            detail=f"the dural sac fills the {where} {side} part of the canal at {view.level}: no space for scar",
        )
