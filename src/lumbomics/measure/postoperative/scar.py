"""How much of every quadrant of the canal scar fills, slice by slice, with its standard error."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import CanalTissue
from lumbomics.core.image import Contrast
from lumbomics.core.labels import Labels
from lumbomics.core.measurement import Reason
from lumbomics.measure.examined import ExaminedSpine
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.options import MeasureOptions
from lumbomics.measure.geometry.slices import Mask
from lumbomics.measure.postoperative.area import border_mm, boundary_variance_mm3
from lumbomics.measure.postoperative.view import CanalSlice, LevelView, level_view

DEPTHS = ("anterior", "posterior")
DENOMINATORS = ("epidural", "quadrant")
LEAST_SCAR_MM2 = 1.5
"""Scar below this area in a quadrant counts as none: a few stray pixels (engineering default)."""
_LEAST_SPACE_MM2 = 3.0


@dataclass(frozen=True)
class Share:
    """Scar in one quadrant of one slice.

    Parameters
    ----------
    scar_mm2, space_mm2
        Area of scar, and the area it is compared with.
    percent, se
        100 x scar / space, and its standard error.
    """

    scar_mm2: float
    space_mm2: float
    percent: float
    se: float


def scar_view(examined: ExaminedSpine, upper: str, lower: str) -> LevelView:
    """Return the slices of a level; NotMeasurableError without a post-contrast series, which alone shows scar."""
    examined.scan(Contrast.T1_POST)
    return level_view(examined, upper, lower)


def quadrant_shares(
    view: LevelView, options: MeasureOptions, side: Side, depth: str, denominator: str
) -> list[Share | None]:
    """Measure a quadrant in every slice; ``None`` where the quadrant holds next to nothing but the dural sac."""
    tissue = view.scan.tissue
    if tissue is None:
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, f"no tissue is labelled on {view.scan.name}")
    return [_share(one, tissue, options, side, depth, denominator) for one in view.slices]


def _share(
    one: CanalSlice, tissue: Labels, options: MeasureOptions, side: Side, depth: str, denominator: str
) -> Share | None:
    weight = one.side(side) * (one.front if depth == "anterior" else 1 - one.front)
    space = one.canal if denominator == "quadrant" else one.canal & ~one.sac
    scar = one.tissue(CanalTissue.SCAR) & space
    space_mm2 = one.area_mm2(space * weight)
    if space_mm2 < _LEAST_SPACE_MM2:
        return None
    scar_mm2 = one.area_mm2(scar * weight)
    if scar_mm2 < LEAST_SCAR_MM2:
        scar_mm2 = 0.0
    inside = weight > 0.5
    per_mm = boundary_variance_mm3(one.pixel_mm, tissue, options)
    se = _share_se(scar & inside, space & ~scar & inside, ~space & inside, scar_mm2 / space_mm2, one.pixel_mm, per_mm)
    if scar_mm2 == 0:
        # what is too little to be counted may still be there
        se = math.hypot(se, LEAST_SCAR_MM2 / math.sqrt(12))
    return Share(scar_mm2, space_mm2, 100 * scar_mm2 / space_mm2, 100 * se / space_mm2)


def _share_se(scar: Mask, rest: Mask, outside: Mask, share: float, pixel_mm: float, per_mm: float) -> float:
    """Return the standard error, mm², of share x space, from every stretch of border that may move.

    With share f = s / (s + r): ds at the outer border changes f by (1 - f) / (s + r), dr by -f / (s + r), and a
    boundary between both that moves by d changes f by d / (s + r).
    """
    lengths = np.array(
        [border_mm(scar, outside, pixel_mm), border_mm(rest, outside, pixel_mm), border_mm(scar, rest, pixel_mm)]
    )
    return float(np.sqrt(per_mm * lengths @ np.square([1 - share, share, 1.0])))


def grade(percent: float) -> int:
    """Ross's grade of a filled share: 0 none, 1 to 25 %, 2 to 50 %, 3 to 75 %, 4 above; upper bounds belong."""
    return 0 if percent <= 0 else min(4, 1 + int(np.searchsorted((25.0, 50.0, 75.0), percent, side="left")))
