"""Clumping of nerve roots in the dural sac, by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from lumbomics.core.anatomy import Side
from lumbomics.core.measurement import Absent, Reason, Result
from lumbomics.measure.examined import ExaminedSpine, examines
from lumbomics.measure.postoperative.cauda import RootSlice, over_slices, root_slices
from lumbomics.measure.postoperative.view import LevelView, at_sides, points_of

BIOMARKER = "clumping_index"
_NOT_NARROW_MM2 = 100.0
_READINGS: tuple[tuple[str, str, Callable[[RootSlice, Side], float]], ...] = (
    ("component_count", "1", RootSlice.index),
    ("largest_component_share", "1", RootSlice.largest_share),
    ("nearest_neighbour_distance", "mm", RootSlice.neighbour_mm),
    ("peripheral_fraction", "1", RootSlice.peripheral),
    ("spread", "1", RootSlice.spread),
    ("asymmetry", "1", RootSlice.asymmetry),
)
_METHODS = tuple(method for method, _, _ in _READINGS)


@examines(BIOMARKER)
def clumping_index(examined: ExaminedSpine) -> list[Result]:
    """How far the roots of a side have stuck together; means over the slices through the disc, below L2.

    ``component_count`` is 1 - separate components / expected components of the level (the catalogue's numbers, not yet
    calibrated on people). Narrowing crowds roots as adhesion does: below 100 mm² of dural sac the values carry that
    caution. Sides are those of the sac's own midline. Adhesion is described, not the cause of a symptom.
    """
    return at_sides(examined, BIOMARKER, _METHODS, _clumping)


def _clumping(examined: ExaminedSpine, upper: str, lower: str, side: Side) -> Iterator[Result]:
    view, slices = root_slices(examined, upper, lower)
    caution = _narrow(slices)
    drawn = points_of([(one.one, one.roots & (one.half(side) > 0.5)) for one in slices], f"roots, {side}")
    for method, unit, read in _READINGS:
        found = over_slices(slices, partial(_on_side, read, side))
        if found is None:
            yield _none(view, method, side)
            continue
        value, se = found
        yield view.value(BIOMARKER, method, unit, value, se=se, side=side, caution=caution, drawings=drawn)


def _on_side(read: Callable[[RootSlice, Side], float], side: Side, one: RootSlice) -> float:
    return read(one, side)


def _narrow(slices: tuple[RootSlice, ...]) -> str | None:
    area = float(np.mean([one.one.area_mm2(one.one.sac) for one in slices]))
    if area >= _NOT_NARROW_MM2:
        return None
    return f"the dural sac measures {area:.0f} mm²: narrowing alone crowds roots"


def _none(view: LevelView, method: str, side: Side) -> Absent:
    return Absent(
        biomarker=BIOMARKER,
        method=method,
        level=view.level,
        side=side,
        reason=Reason.UNDEFINED,
        detail=f"too few roots are seen on the {side} at {view.level}",
    )
