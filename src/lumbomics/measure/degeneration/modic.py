"""Changes of the marrow beside the endplates: a reader's word by model, and type, volume and height by signal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumbomics.core.anatomy import VERTEBRA_NAMES
from lumbomics.core.measurement import Drawing, Measurement, Reason, Result, Shape
from lumbomics.measure.attempt import attempt, pair_level
from lumbomics.measure.degeneration.marrow import HALF_WIDTH_MM, MarrowView, marrow_views
from lumbomics.measure.degeneration.midsagittal import finding, midsagittal
from lumbomics.measure.degeneration.model import load_model
from lumbomics.measure.degeneration.patch import STEP_MM, slice_spacing_mm
from lumbomics.measure.degeneration.signal import body, depth_mm
from lumbomics.measure.examined import ExaminedSpine, examines
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.once import once

BIOMARKER = "modic_type"
ANY = "any_probability_midsagittal"
ENDPLATES = ("upper", "lower")
LEAST_Z = 2.0
"""Standard deviations of normal marrow beyond which marrow is changed; the record's."""
LEAST_MM2 = 30.0
"""Changed area of a slice below which it is taken for texture; engineering default."""
MIXED_SHARE = 0.25
"""Share of the changed area from which a second type is named; engineering default."""
_TOUCH_MM = 4.0


@examines(BIOMARKER)
def modic_type(examined: ExaminedSpine) -> list[Result]:
    """Tell changed marrow beside every endplate.

    ``any_probability_midsagittal``: probability by model that a radiologist calls a Modic change of any type at the
    disc, from T1 and T2 where there is a T1, from T2 alone otherwise. ``type_*``, ``volume_*``, ``height_*`` by
    endplate: marrow of the half of the body next to the endplate whose smoothed logarithmic signal lies more than 2 SD
    from the patient's normal marrow, touching the endplate; type I low on T1 and high on T2,
    II high on T1 and not low on T2, III low on both (Modic et al., Radiology 1988;166:193). Metal, haemangioma and
    infection look alike here.
    """
    levels = [pair_level(*pair) for pair in examined.spine.disc_pairs]
    return [*_any(examined), *(one for level in levels for one in _by_endplate(examined, level))]


def _any(examined: ExaminedSpine) -> list[Result]:
    try:
        with_t1 = midsagittal(examined).with_t1
    except NotMeasurableError:
        with_t1 = False
    return finding(examined, BIOMARKER, ANY, load_model("modic_t2_t1" if with_t1 else "modic_t2"))


def _by_endplate(examined: ExaminedSpine, level: str) -> Iterator[Result]:
    for endplate in ENDPLATES:
        methods = [f"{what}_{endplate}_endplate" for what in ("type", "height")]
        yield from attempt(BIOMARKER, methods, partial(_described, examined, level, endplate), level=level)
        method = f"volume_{endplate}_endplate"
        yield from attempt(BIOMARKER, [method], partial(_volume, examined, level, endplate), level=level)


@dataclass(frozen=True, eq=False)
class _Change:
    """Changed marrow of one endplate in one slice.

    Parameters
    ----------
    kind
        (rows, columns) 0 normal, 1 to 3.
    depth_mm
        Distance from the endplate.
    points_mm
        World points of the raster.
    body_mm
        Height of the body.
    """

    kind: NDArray[np.int8] = field(repr=False)
    depth_mm: FloatArray = field(repr=False)
    points_mm: FloatArray = field(repr=False)
    body_mm: float

    @property
    def areas_mm2(self) -> FloatArray:
        """Area of types 1 to 3."""
        return np.asarray([(self.kind == number).sum() * STEP_MM**2 for number in (1, 2, 3)])


def _described(examined: ExaminedSpine, level: str, endplate: str) -> Iterator[Result]:
    """Type and height from the mid-sagittal slice and its neighbours."""
    changes = _changes(examined, level, endplate)
    areas = np.sum([change.areas_mm2 for change in changes], axis=0)
    kinds = [n + 1 for n in range(3) if areas[n] > MIXED_SHARE * areas.sum()]
    deepest = [c for c in changes if c.areas_mm2.sum() > 0]
    height = max((100 * float(c.depth_mm[c.kind > 0].max()) / c.body_mm for c in deepest), default=0.0)
    shown = max(changes, key=lambda c: float(c.areas_mm2.sum()))
    points = shown.points_mm[shown.kind > 0]
    drawings = (Drawing(Shape.POINTS, points[:: max(1, len(points) // 80)], f"changed marrow, {endplate} endplate"),)
    caution = "more is called changed than readers call; infection, haemangioma and artefacts of metal look alike"
    yield Measurement(
        biomarker=BIOMARKER,
        method=f"type_{endplate}_endplate",
        unit="{type}",
        level=level,
        value=float(np.argmax(areas) + 1) if areas.sum() else 0.0,
        category="/".join(str(kind) for kind in kinds) or "0",
        caution=caution,
        drawings=drawings if len(points) else (),
    )
    yield Measurement(
        biomarker=BIOMARKER,
        method=f"height_{endplate}_endplate",
        unit="%",
        level=level,
        value=min(height, 100.0),
        caution="looked for in the half of the body next to the endplate",
    )


def _volume(examined: ExaminedSpine, level: str, endplate: str) -> Iterator[Result]:
    spacing = slice_spacing_mm(examined.spine.labels)
    if spacing is None:
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, "a single slice shows no volume")
    areas = [float(change.areas_mm2.sum()) for change in _changes(examined, level, endplate)]
    yield Measurement(
        biomarker=BIOMARKER,
        method=f"volume_{endplate}_endplate",
        unit="mm3",
        level=level,
        value=float(np.sum(areas)) * spacing,
        se=spacing * float(np.sqrt(np.sum(np.square(np.diff([0.0, *areas, 0.0])) / 12))),
        caution=f"within {HALF_WIDTH_MM:.0f} mm of the midline",
    )


@once
def _changes(examined: ExaminedSpine, level: str, endplate: str) -> list[_Change]:
    """Find changed marrow in every slice; NotMeasurableError without T1 or T2, or where they do not cover the body."""
    views = marrow_views(examined, level)
    patch = midsagittal(examined).at(level).patch
    number = patch.upper if endplate == "upper" else patch.lower
    seen = [change for view in views if (change := _in_slice(view, number)) is not None]
    if not seen:
        name = VERTEBRA_NAMES[number]
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"T1 and T2 do not both cover the marrow of {name}")
    return seen


def _in_slice(view: MarrowView, number: int) -> _Change | None:
    patch = view.patch
    try:
        depth, bone = depth_mm(patch, number), body(patch, number)
    except NotMeasurableError:
        return None
    seen = bone & np.isfinite(view.t1) & np.isfinite(view.t2)
    if seen.sum() * STEP_MM**2 < 2 * LEAST_MM2:
        return None
    height = float(np.median(bone.sum(axis=0)[bone.any(axis=0)])) * STEP_MM
    near = seen & (depth <= height / 2)
    kind = np.zeros(seen.shape, dtype=np.int8)
    kind[near & (view.t1 < -LEAST_Z) & (view.t2 > LEAST_Z)] = 1
    kind[near & (view.t1 > LEAST_Z) & (view.t2 > -LEAST_Z)] = 2
    kind[near & (view.t1 < -LEAST_Z) & (view.t2 < -LEAST_Z)] = 3
    return _Change(_lasting(kind, depth), depth, patch.points_mm, height)


def _lasting(kind: NDArray[np.int8], depth: FloatArray) -> NDArray[np.int8]:
    """Keep what reaches the endplate and is large enough."""
    pieces, count = ndimage.label(kind > 0)
    kept = np.zeros_like(kind)
    for piece in range(1, count + 1):
        mine = pieces == piece
        if mine.sum() * STEP_MM**2 >= LEAST_MM2 and float(depth[mine].min()) <= _TOUCH_MM:
            kept[mine] = kind[mine]
    return kept
