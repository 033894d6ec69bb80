"""Enhancement of epidural tissue after contrast: how much, how even, at its rim or all through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import numpy as np
from scipy.ndimage import distance_transform_edt

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import CanalTissue
from lumbomics.core.measurement import Reason, Result
from lumbomics.measure.attempt import attempt, both
from lumbomics.measure.examined import ExaminedSpine, examines
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.postoperative.contrast import (
    ENHANCING_PERCENT,
    LEAST_PIXELS,
    Enhancement,
    Regions,
    border_share,
    enhancement_at,
)
from lumbomics.measure.postoperative.mixing import unmixed_percent
from lumbomics.measure.postoperative.view import LevelView, at_sides, level_view, points_of

BIOMARKER = "enhancement_ratio"
RIM_MM = 1.5
SOFT_TISSUE = (CanalTissue.SCAR, CanalTissue.DISC, CanalTissue.EPIDURAL_TISSUE)
"""Epidural tissue that is neither fat nor fluid nor blood."""
_BLURRED, _BORDERING = 0.05, 0.25
"""Shares of an enhancement that neighbours may dilute: of pixels inside, and further of those at the border; calibrated
on reference objects (thin scar without a pixel inside loses a third)."""
_RIM_RATIO = 1.5
_EVEN = 0.35
_MEANS = (
    ("scar", (CanalTissue.SCAR,)),
    ("disc", (CanalTissue.DISC,)),
    ("tissue", SOFT_TISSUE),
)
_METHODS = ("scar", "disc", "tissue", "enhancing_fraction", "variation", "rim_to_core", "pattern", "muscle_noise_floor")


@examines(BIOMARKER)
def enhancement_ratio(examined: ExaminedSpine) -> list[Result]:
    """Signal after contrast over signal before, muscle taken as unchanged, for the epidural tissue of a side.

    ER = 100 x (S_post / S_pre x M_pre / M_post - 1) of mean signals S and muscle's medians M at the same places, so
    that coil shading and receiver gain cancel. That of disc, which enhances at its border, is freed from what border
    pixels share with their neighbours (see ``mixing``). The rim is the outer 1.5 mm in the slice. No accepted threshold
    exists: 20 % and a rim ratio of 1.5 are engineering defaults, and the pattern is no diagnosis.
    """
    return at_sides(examined, BIOMARKER, _METHODS, _measure)


def side_tissue(view: LevelView, side: Side, kinds: Sequence[CanalTissue] = SOFT_TISSUE) -> Regions:
    """Pixels of the kinds of tissue that lie on a side, metal left out."""
    return [(one, one.tissue(*kinds) & (one.side(side) > 0.5) & ~one.cut.obscured) for one in view.slices]


def rim_and_core(regions: Regions) -> tuple[Regions, Regions]:
    """Split regions into the outer 1.5 mm and what lies deeper."""
    rim, core = [], []
    for one, mask in regions:
        depth = distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1] * one.pixel_mm
        rim.append((one, mask & (depth <= RIM_MM)))
        core.append((one, mask & (depth > RIM_MM)))
    return rim, core


def rim_ratio(found: Enhancement, regions: Regions) -> tuple[float, float]:
    """Enhancement of the rim over that of the core (taken as 20 % at least), and its standard error.

    The floor keeps the ratio of two noises from being called a rim.
    """
    rim, core = rim_and_core(regions)
    outer, outer_se = found.mean_percent(rim, "the rim")
    inner, inner_se = found.mean_percent(core, "the core")
    base = max(inner, ENHANCING_PERCENT)
    spread = outer * inner_se / base if inner > ENHANCING_PERCENT else 0.0
    return outer / base, float(np.hypot(outer_se, spread) / base)


def _measure(examined: ExaminedSpine, upper: str, lower: str, side: Side) -> Iterator[Result]:
    view = level_view(examined, upper, lower)
    found = enhancement_at(examined, view)
    for method, kinds in _MEANS:
        yield from _attempt(method, view, side, partial(_mean, found, view, side, method, kinds))
    yield from _attempt("enhancing_fraction", view, side, partial(_fraction, found, view, side))
    yield from _attempt("variation", view, side, partial(_variation, found, view, side))
    yield from _attempt("rim_to_core", view, side, partial(_rim, found, view, side))
    yield from _attempt("pattern", view, side, partial(_pattern, found, view, side))
    floor = found.floor_percent(side)
    yield view.value(BIOMARKER, "muscle_noise_floor", "%", floor, side=side, caution=found.caution)


def _attempt(method: str, view: LevelView, side: Side, compute: Callable[[], Iterable[Result]]) -> list[Result]:
    return attempt(BIOMARKER, [method], compute, level=view.level, side=side)


def _mean(
    found: Enhancement, view: LevelView, side: Side, method: str, kinds: Sequence[CanalTissue]
) -> Iterator[Result]:
    regions = side_tissue(view, side, kinds)
    what = f"{method} on the {side} at {view.level}"
    if kinds == (CanalTissue.DISC,):
        # it enhances at its border, which no erosion may take off
        plain, _ = found.mean_percent(regions, what, whole=True)
        value, se = unmixed_percent(found, regions, what, plain_percent=plain)
    else:
        # scar is even, its border only mixes with neighbours
        whole = CanalTissue.DISC in kinds
        value, noise = found.mean_percent(regions, what, whole=whole)
        se = both(noise, abs(value) * (_BLURRED + _BORDERING * border_share(regions, whole=whole)))
    shows = "enhancing" if value > max(found.floor_percent(side), ENHANCING_PERCENT) else "not enhancing"
    drawn = points_of(regions, f"{method}, {side}")
    yield view.value(
        BIOMARKER, method, "%", value, se=se, side=side, category=shows, caution=found.caution, drawings=drawn
    )


def _fraction(found: Enhancement, view: LevelView, side: Side) -> Iterator[Result]:
    percents = _percents(found, view, side)
    share = float((percents > max(found.floor_percent(side), ENHANCING_PERCENT)).mean())
    yield view.value(BIOMARKER, "enhancing_fraction", "%", 100 * share, side=side, caution=found.caution)


def _variation(found: Enhancement, view: LevelView, side: Side) -> Iterator[Result]:
    percents = _percents(found, view, side)
    value = float(percents.std(ddof=1) / max(percents.mean(), ENHANCING_PERCENT))
    yield view.value(BIOMARKER, "variation", "1", value, side=side, caution=found.caution)


def _rim(found: Enhancement, view: LevelView, side: Side) -> Iterator[Result]:
    value, se = rim_ratio(found, side_tissue(view, side))
    yield view.value(BIOMARKER, "rim_to_core", "1", value, se=se, side=side, caution=found.caution)


def _pattern(found: Enhancement, view: LevelView, side: Side) -> Iterator[Result]:
    """Name the pattern: none, rim, homogeneous or uneven."""
    regions = side_tissue(view, side)
    mean, _ = found.mean_percent(regions, f"epidural tissue on the {side} at {view.level}")
    least = max(found.floor_percent(side), ENHANCING_PERCENT)
    rim = attempt(BIOMARKER, ["rim_to_core"], partial(_rim, found, view, side))[0]
    ratio = getattr(rim, "value", None)
    percents = _percents(found, view, side)
    if ratio is not None and ratio > _RIM_RATIO:
        name = "rim"
    elif mean <= least:
        name = "none"
    else:
        name = "homogeneous" if percents.std() / mean < _EVEN else "uneven"
    yield view.value(BIOMARKER, "pattern", "1", None, side=side, category=name, caution=found.caution)


def _percents(found: Enhancement, view: LevelView, side: Side) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    percents = found.percents(side_tissue(view, side))
    if len(percents) < LEAST_PIXELS:
        detail = f"there is next to no epidural tissue on the {side} at {view.level}"
        raise NotMeasurableError(Reason.UNDEFINED, detail)
    return percents
