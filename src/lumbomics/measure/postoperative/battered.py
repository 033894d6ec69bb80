"""Swelling of the root that leaves the sac at a level, against the other side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lumbomics.core.anatomy import Side
from lumbomics.core.measurement import Drawing, Reason, Result
from lumbomics.measure.examined import ExaminedSpine, examines
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.slices import Mask
from lumbomics.measure.postoperative.cauda import RootSlice, root_slices
from lumbomics.measure.postoperative.contrast import LEAST_PIXELS, deep, signal_of
from lumbomics.measure.postoperative.nerve import exiting_root
from lumbomics.measure.postoperative.view import LevelView, at_sides, other, points_of

BIOMARKER = "battered_root_signal"
METHODS = ("area_ratio", "t2_signal_ratio")
FORAMINAL_METHODS = ("foraminal_area_ratio", "foraminal_t2_signal_ratio")
_SWOLLEN_AREA, _SWOLLEN_SIGNAL = 1.3, 1.2


@examines(BIOMARKER)
def battered_root_signal(examined: ExaminedSpine) -> list[Result]:
    """Cross-section and T2 signal of the outermost root in the sac and of the exiting root, side over other side.

    The traversing root is taken to be the component of roots whose centroid lies farthest aside; means over the slices
    through the disc on which both sides show one. The exiting root (``foraminal``) is that of the upper vertebra, told
    from the fat of its foramen by its T1 signal. 1.3 and 1.2 are engineering defaults and no imaging criterion of a
    battered root is validated.
    """
    return [
        *at_sides(examined, BIOMARKER, METHODS, _ratios),
        *at_sides(examined, BIOMARKER, FORAMINAL_METHODS, _foraminal),
    ]


def _ratios(examined: ExaminedSpine, upper: str, lower: str, side: Side) -> Iterator[Result]:
    view, slices = root_slices(examined, upper, lower)
    rows, shown = [], []
    for one in slices:
        mine, theirs = outermost(one, side), outermost(one, other(side))
        if mine is not None and theirs is not None:
            rows.append([_area_and_signal(one, mask) for mask in (mine, theirs)])
            shown.append((one.one, mine))
    if not rows:
        raise NotMeasurableError(
            Reason.STRUCTURE_NOT_LABELLED, f"no slice at {view.level} shows a separate root on both sides"
        )
    logs = np.log(np.array(rows)[:, 0] / np.array(rows)[:, 1])
    ratios = np.exp(logs.mean(axis=0))
    errors = ratios * _log_se(logs)
    drawn = points_of(shown, f"outermost root, {side}")
    yield from _rows(view, METHODS, side, ratios, errors if len(rows) > 1 else None, drawn)


def _foraminal(examined: ExaminedSpine, upper: str, lower: str, side: Side) -> Iterator[Result]:
    mine, theirs = (exiting_root(examined, upper, lower, one) for one in (side, other(side)))
    signals = [signal_of(root.view.scan, deep(root.root)) for root in (mine, theirs)]
    if min(len(signal) for signal in signals) < LEAST_PIXELS:
        detail = f"the exiting roots at {mine.view.level} hold too few pixels"
        raise NotMeasurableError(Reason.RESOLUTION_TOO_COARSE, detail)
    ratios = np.array([mine.area_mm2() / theirs.area_mm2(), np.median(signals[0]) / np.median(signals[1])])
    drawn = points_of(mine.root, f"exiting root, {side}")
    yield from _rows(mine.view, FORAMINAL_METHODS, side, ratios, None, drawn)


def _rows(
    view: LevelView,
    methods: tuple[str, str],
    side: Side,
    ratios: FloatArray,
    errors: FloatArray | None,
    drawn: Sequence[Drawing],
) -> Iterator[Result]:
    swollen = bool(ratios[0] > _SWOLLEN_AREA and ratios[1] > _SWOLLEN_SIGNAL)
    for at, method in enumerate(methods):
        yield view.value(
            BIOMARKER,
            method,
            "1",
            float(ratios[at]),
            se=None if errors is None else float(errors[at]),
            side=side,
            category=("swollen" if swollen else "not swollen") if at == 0 else None,
            drawings=drawn,
        )


def outermost(one: RootSlice, side: Side) -> Mask | None:
    """Pixels of the component farthest aside, ``None`` where no component lies on the side."""
    numbers = range(1, int(one.components.max()) + 1)
    middle = one.one.centroid_mm(one.one.sac)[0]
    sign = 1 if side is Side.RIGHT else -1
    asides = [(sign * float(one.one.centroid_mm(one.components == n)[0] - middle), n) for n in numbers]
    aside = [pair for pair in asides if pair[0] > one.one.pixel_mm]
    return np.asarray(one.components == max(aside)[1]) if aside else None


def _area_and_signal(one: RootSlice, mask: Mask) -> tuple[float, float]:
    signal = one.one.cut.signal[mask]
    return one.one.area_mm2(mask), max(float(np.median(signal)), 1e-6)


def _log_se(logs: FloatArray) -> FloatArray:
    """Return the standard error of the mean logarithm over slices, (2,)."""
    return np.asarray(logs.std(axis=0, ddof=1) / np.sqrt(len(logs))) if len(logs) > 1 else np.zeros(2)
