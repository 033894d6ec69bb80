"""Enhancement of nerve roots: inside the dural sac, and in and about the foramen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import CanalTissue
from lumbomics.core.measurement import Result
from lumbomics.measure.attempt import attempt, pair_level
from lumbomics.measure.examined import ExaminedSpine, examines
from lumbomics.measure.postoperative.contrast import ENHANCING_PERCENT, Enhancement, Regions, enhancement_at
from lumbomics.measure.postoperative.nerve import exiting_root
from lumbomics.measure.postoperative.view import LevelView, at_sides, level_view, other, points_of

BIOMARKER = "perineural_enhancement"
METHODS = ("intradural_root", "intradural_asymmetry", "foraminal_root", "foraminal_shell", "foraminal_shell_asymmetry")
_GANGLION = "the dorsal root ganglion has no barrier and enhances normally"
_EARLY = "enhancement of roots in the sac may be normal before six months"

_Reading = Callable[[Side], tuple[float, float, Regions]]


@examines(BIOMARKER)
def perineural_enhancement(examined: ExaminedSpine) -> list[Result]:
    """Enhancement of the roots in the sac, and of the exiting root and the 2 mm about it in the foramen, by side.

    Relative to back muscle, as ``enhancement_ratio``; asymmetry is side minus other side. The exiting root of a disc
    level is that of its upper vertebra. Roots in the sac are thinner than a voxel is long: fluid dilutes their value.
    """
    return at_sides(examined, BIOMARKER, METHODS, _enhancement)


def _enhancement(examined: ExaminedSpine, upper: str, lower: str, side: Side) -> Iterator[Result]:
    view = level_view(examined, upper, lower)
    found = enhancement_at(examined, view)
    readings: dict[str, _Reading] = {
        "intradural_root": partial(_intradural, found, view),
        "foraminal_root": partial(_foraminal, examined, found, (upper, lower), False),
        "foraminal_shell": partial(_foraminal, examined, found, (upper, lower), True),
    }
    for method in METHODS:
        base = method.replace("_asymmetry", "_root" if method.startswith("intradural") else "")
        compute = partial(_row, view, found, readings[base], method, side)
        yield from attempt(BIOMARKER, [method], compute, level=pair_level(upper, lower), side=side)


def _row(view: LevelView, found: Enhancement, read: _Reading, method: str, side: Side) -> Iterable[Result]:
    value, se, regions = read(side)
    category = None
    if method.endswith("asymmetry"):
        opposite, opposite_se, _ = read(other(side))
        value, se = value - opposite, float(np.hypot(se, opposite_se))
    else:
        category = "enhancing" if value > max(ENHANCING_PERCENT, found.floor_percent(side)) else "not enhancing"
    inside = method.startswith("intradural")
    cautions = [found.caution, _EARLY if inside else _GANGLION if method == "foraminal_root" else None]
    drawn = points_of(regions, f"{method.replace('_', ' ')}, {side}")
    yield view.value(
        BIOMARKER,
        method,
        "%",
        value,
        se=se,
        side=side,
        category=category,
        caution="; ".join(text for text in cautions if text) or None,
        drawings=drawn,
    )


def _intradural(found: Enhancement, view: LevelView, side: Side) -> tuple[float, float, Regions]:
    regions = [(one, one.tissue(CanalTissue.ROOT) & (one.side(side) > 0.5) & ~one.cut.obscured) for one in view.slices]
    return *found.mean_percent(regions, f"roots in the sac on the {side} at {view.level}"), regions


def _foraminal(
    examined: ExaminedSpine, found: Enhancement, pair: tuple[str, str], shell: bool, side: Side
) -> tuple[float, float, Regions]:
    root = exiting_root(examined, *pair, side)
    regions = root.shell if shell else root.root
    what = f"the {'tissue about the ' if shell else ''}exiting root on the {side} at {root.view.level}"
    return *found.mean_percent(regions, what), regions
