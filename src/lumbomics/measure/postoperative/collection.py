"""Fluid and blood beside the dural sac: how much, how far it reaches, what it does to the sac, how it looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import pdist

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import CanalTissue
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Drawing, Measurement, Reason, Result
from lumbomics.measure.attempt import attempt
from lumbomics.measure.examined import T2_CONTRASTS, ExaminedSpine, examines
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.slices import Mask
from lumbomics.measure.postoperative.area import border_mm, boundary_variance_mm3, slicing_variance_mm6
from lumbomics.measure.postoperative.contrast import (
    LEAST_PIXELS,
    SHARED_PIXELS,
    Regions,
    deep,
    enhancement_at,
    muscle_regions,
    showing,
    signal_of,
)
from lumbomics.measure.postoperative.view import CanalSlice, LevelView, at_sides, level_view, points_of

BIOMARKER = "fluid_collection"
METHODS = (
    "volume",
    "haematoma_volume",
    "largest_diameter",
    "sac_compression",
    "sac_contact",
    "t2_to_fluid",
    "t1_to_muscle",
    "rim_enhancement",
)
_REACH_MM = 25.0
_SHELL_MM = 1.5
_LEAST_MM3 = 30.0
_LIKE_FLUID = (0.8, 1.25)


@examines(BIOMARKER)
def fluid_collection(examined: ExaminedSpine) -> list[Result]:
    """Measure collections outside the dural sac, by side of the canal's centre.

    Each slice belongs to the disc nearest to it, so that volumes of levels add up. Contact with the sac is told, not
    communication: the neck of a pseudomeningocele may be thinner than a slice. Mass effect early after surgery is
    common and often without symptoms.
    """
    return at_sides(examined, BIOMARKER, METHODS, _collection)


def _collection(examined: ExaminedSpine, upper: str, lower: str, side: Side) -> Iterator[Result]:
    view = nearest_slices(examined, upper, lower)
    for method, kind in zip(METHODS[:2], (CanalTissue.COLLECTION, CanalTissue.HAEMATOMA), strict=True):
        yield _volume(examined, view, side, method, kind)
    further: tuple[Callable[[ExaminedSpine, LevelView, Side, tuple[str, str]], Iterable[Result]], ...] = (
        _diameter,
        _compression,
        _contact,
        _t2_signal,
        _t1_signal,
        _rim,
    )
    for method, compute in zip(METHODS[2:], further, strict=True):
        run = partial(compute, examined, view, side, (upper, lower))
        yield from attempt(BIOMARKER, [method], run, level=view.level, side=side)


def nearest_slices(examined: ExaminedSpine, upper: str, lower: str) -> LevelView:
    """Return the slices that lie nearer to this disc than to any other, up to 25 mm away."""
    view = level_view(examined, upper, lower, contrasts=T2_CONTRASTS, half_height_mm=_REACH_MM)
    segment, _, canal = examined.places(upper, lower)
    tilted = canal is not None and view.slices[0].cut.tilted(segment)
    others = [_middle(examined, *pair, tilted=tilted) for pair in examined.spine.disc_pairs if pair != (upper, lower)]
    known = [middle for middle in others if middle is not None]
    kept = [one for one in view.slices if all(_away(one, middle) >= abs(one.cut.height_mm) for middle in known)]
    if not kept:
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"no slice of {view.scan.name} is nearest to {view.level}")
    return LevelView(view.level, view.scan, tuple(kept), view.caution)


def _middle(examined: ExaminedSpine, upper: str, lower: str, *, tilted: bool) -> FloatArray | None:
    """Where the distance to a disc is counted: its own middle, or in the canal where slices are tilted."""
    try:
        if tilted:
            return examined.places(upper, lower)[2]
        return np.asarray(examined.spine.disc(upper, lower).points_mm.mean(axis=0))
    except NotMeasurableError:
        return None


def _away(one: CanalSlice, middle_mm: FloatArray) -> float:
    return float(abs(one.cut.frame.to_local(middle_mm)[2]))


def _volume(examined: ExaminedSpine, view: LevelView, side: Side, method: str, kind: CanalTissue) -> Measurement:
    """Sum the slices of a side; its error is that of the borders, of where the slices lie and of the middle line."""
    areas, variance, split = [], 0.0, 0.0
    for one in view.slices:
        mask = one.tissue(kind)
        mine = mask & (one.side(side) > 0.5)
        areas.append(one.area_mm2(mask * one.side(side)))
        # the canal's centre is known to a pixel's rounding, on all slices alike
        split += border_mm(mine, mask & ~mine, one.pixel_mm) * one.cut.spacing_mm * one.pixel_mm / np.sqrt(12)
        if view.scan.tissue is not None:
            per_mm = boundary_variance_mm3(one.pixel_mm, view.scan.tissue, examined.spine.options)
            variance += per_mm * border_mm(mine, ~mask, one.pixel_mm) * one.cut.spacing_mm**2
    step = view.slices[0].cut.spacing_mm
    se = float(np.sqrt(variance + slicing_variance_mm6(areas, step) + split**2))
    drawn = points_of(_regions(view, side, kind), f"{kind.name.lower()}, {side}")
    return view.value(BIOMARKER, method, "mm3", sum(areas) * step, se=se, side=side, drawings=drawn)


def _regions(view: LevelView, side: Side, kind: CanalTissue = CanalTissue.COLLECTION) -> Regions:
    return [(one, one.tissue(kind) & (one.side(side) > 0.5)) for one in view.slices]


def _required(view: LevelView, side: Side) -> Regions:
    """Return the collection's pixels on a side; NotMeasurableError below 30 mm³."""
    regions = _regions(view, side)
    if sum(int(mask.sum()) for _, mask in regions) * view.volume_mm3 < _LEAST_MM3:
        raise NotMeasurableError(Reason.UNDEFINED, f"there is no collection on the {side} at {view.level}")
    return regions


def _diameter(_: ExaminedSpine, view: LevelView, side: Side, pair: tuple[str, str]) -> Iterator[Result]:
    """Largest distance within the whole collection of the level, on the sides that have part in it."""
    del pair
    _required(view, side)
    points = np.concatenate([one.cut.points_mm[one.tissue(CanalTissue.COLLECTION)] for one in view.slices])
    corners = _hull(points)
    distances = pdist(corners)
    first, second = np.array(np.triu_indices(len(corners), 1))[:, int(distances.argmax())]
    one = view.slices[0]
    se = float(np.sqrt((one.pixel_mm**2 + one.cut.spacing_mm**2) / 12))
    line = Drawing.line(corners[first], corners[second], f"largest diameter of the collection at {view.level}")
    yield view.value(BIOMARKER, "largest_diameter", "mm", float(distances.max()), se=se, side=side, drawings=(line,))


def _hull(points: FloatArray) -> FloatArray:
    try:
        return np.asarray(points[ConvexHull(points).vertices])
    except QhullError:  # all in one slice
        return np.asarray(points[:: max(1, len(points) // 500)])


def _compression(examined: ExaminedSpine, view: LevelView, side: Side, pair: tuple[str, str]) -> Iterator[Result]:
    """Smallest sac area beside the collection against the mean at the neighbouring discs."""
    regions = _required(view, side)
    beside = min((one.area_mm2(one.sac) for one, mask in regions if mask.any()))
    usual, se = _neighbours(examined, pair)
    value = 100 * (1 - beside / usual)
    name = "compressive" if beside < 75 or value > 50 else "not compressive"
    yield view.value(
        BIOMARKER, "sac_compression", "%", value, se=100 * beside / usual * se / usual, side=side, category=name
    )


def _neighbours(examined: ExaminedSpine, pair: tuple[str, str]) -> tuple[float, float]:
    pairs = examined.spine.disc_pairs
    at = pairs.index((pair[0], pair[1]))
    areas: list[float] = []
    for step in (-1, 1):
        if 0 <= at + step < len(pairs):
            found = attempt_view(examined, *pairs[at + step])
            areas += [one.area_mm2(one.sac) for one in found.slices] if found else []
    if len(areas) < 2:
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, "no neighbouring disc is in the axial series to compare with")
    return float(np.mean(areas)), float(np.std(areas, ddof=1) / np.sqrt(len(areas)))


def attempt_view(examined: ExaminedSpine, upper: str, lower: str) -> LevelView | None:
    """Return the slices through a disc, ``None`` where they cannot be had."""
    try:
        return level_view(examined, upper, lower, contrasts=T2_CONTRASTS)
    except NotMeasurableError:
        return None


def _contact(_: ExaminedSpine, view: LevelView, side: Side, pair: tuple[str, str]) -> Iterator[Result]:
    """Longest border that collection and sac share in a slice."""
    del pair
    lengths = [border_mm(mask, one.sac, one.pixel_mm) for one, mask in _required(view, side)]
    longest = max(lengths)
    name = "touches the dural sac" if longest > 0 else "apart from the dural sac"
    yield view.value(BIOMARKER, "sac_contact", "mm", longest, side=side, category=name)


def _t2_signal(_: ExaminedSpine, view: LevelView, side: Side, pair: tuple[str, str]) -> Iterator[Result]:
    """Signal of the collection over that of the sac's fluid, medians on the same slices."""
    del pair
    inside = signal_of(view.scan, deep(_required(view, side)))
    fluid = signal_of(view.scan, deep([(one, one.tissue(CanalTissue.FLUID)) for one in view.slices]))
    value = _ratio(inside, fluid, f"the collection or the sac's fluid at {view.level}")
    name = "like cerebrospinal fluid" if _LIKE_FLUID[0] < value < _LIKE_FLUID[1] else "unlike cerebrospinal fluid"
    yield view.value(BIOMARKER, "t2_to_fluid", "1", value, se=_se(inside, fluid, value), side=side, category=name)


def _t1_signal(examined: ExaminedSpine, view: LevelView, side: Side, pair: tuple[str, str]) -> Iterator[Result]:
    """Signal of the collection over that of the back muscles, medians, before contrast."""
    del pair
    regions = _required(view, side)
    scan = showing(examined, view, Contrast.T1)
    inside = signal_of(scan, deep(regions))
    muscle = np.concatenate([signal_of(scan, found) for found in muscle_regions(examined, view).values()])
    value = _ratio(inside, muscle, f"the collection or muscle at {view.level}")
    yield view.value(BIOMARKER, "t1_to_muscle", "1", value, se=_se(inside, muscle, value), side=side)


def _rim(examined: ExaminedSpine, view: LevelView, side: Side, pair: tuple[str, str]) -> Iterator[Result]:
    """Enhancement of the 1.5 mm about the collection, sac left out."""
    del pair
    regions = _required(view, side)
    found = enhancement_at(examined, view)
    shell = [(one, _shell(one, mask)) for one, mask in regions]
    value, se = found.mean_percent(shell, f"the rim of the collection at {view.level}")
    yield view.value(BIOMARKER, "rim_enhancement", "%", value, se=se, side=side, caution=found.caution)


def _shell(one: CanalSlice, mask: Mask) -> Mask:
    away = distance_transform_edt(~mask) * one.pixel_mm
    return np.asarray((away > 0) & (away <= _SHELL_MM) & ~one.sac & ~one.tissue(CanalTissue.COLLECTION))


def _ratio(first: FloatArray, second: FloatArray, what: str) -> float:
    if min(len(first), len(second)) < LEAST_PIXELS or np.median(second) <= 0:
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, f"too few pixels of {what} to compare")
    return float(np.median(first) / np.median(second))


def _se(first: FloatArray, second: FloatArray, ratio: float) -> float:
    parts = [
        1.2533 * float(np.std(values)) / float(np.median(values)) / np.sqrt(max(1.0, len(values) / SHARED_PIXELS))
        for values in (first, second)
    ]
    return ratio * float(np.hypot(*parts))
