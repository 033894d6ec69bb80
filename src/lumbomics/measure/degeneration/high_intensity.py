"""High-intensity zone: a bright focus in the back of the annulus, apart from the nucleus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumbomics.core.measurement import Drawing, Measurement, Result, Shape
from lumbomics.measure.attempt import attempt, pair_level
from lumbomics.measure.degeneration.midsagittal import midsagittal, require_sagittal
from lumbomics.measure.degeneration.patch import STEP_MM, DiscPatch, parallel_patches, slice_spacing_mm
from lumbomics.measure.degeneration.shape import posterior_line
from lumbomics.measure.examined import T2_CONTRASTS, ExaminedSpine, examines
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError

BIOMARKER, METHOD = "high_intensity_zone", "present"
LEAST_RATIO = 0.8
"""Signal over fluid's from which a focus is bright; the record's."""
BORDER_MM = 3.0
"""A zone's brightest point lies so near the disc's posterior border; the record's."""
LEAST_MM2 = 1.5
_NUCLEUS_MM = 6.0
_HALF_WIDTH_MM = 20.0
_ASIDE_MM = 5.0
_RIM_MM = 0.6
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Focus:
    """One bright focus: where, how bright over fluid, and how far right of the mid-sagittal slice (mm)."""

    points_mm: FloatArray = field(repr=False)
    ratio: float
    aside_mm: float


@examines(BIOMARKER)
def high_intensity_zone(examined: ExaminedSpine) -> list[Result]:
    """Look for a bright focus in the posterior annulus of every disc, slice by slice (Aprill & Bogduk 1992).

    A focus is a piece of at least 1.5 mm² with 0.8 of the fluid's signal and more between the endplates, whose
    brightest pixel lies within 3 mm of the disc's posterior border, that reaches neither the canal nor the nucleus
    (6 mm and more from the border). Value 1 or 0; category: sides (midline within 5 mm) or absent. A cut of an
    operation is bright too.
    """
    levels = [pair_level(*pair) for pair in examined.spine.disc_pairs]
    return [
        one for level in levels for one in attempt(BIOMARKER, [METHOD], partial(_look, examined, level), level=level)
    ]


def _look(examined: ExaminedSpine, level: str) -> Iterator[Result]:
    disc = midsagittal(examined).at(level)
    image = require_sagittal(examined, T2_CONTRASTS).image
    labels = examined.spine.labels
    patches = parallel_patches(disc.patch, labels, half_width_mm=_HALF_WIDTH_MM)
    found = [
        focus
        for patch in patches
        for focus in _foci(patch, patch.signal(image), disc.signal.fluid, disc.patch.frame.origin_mm)
    ]
    cautions = ["an operated annulus is bright too"] if examined.examination.operated(level) else []
    if slice_spacing_mm(labels) is None:
        cautions.append("one slice shows the midline alone")
    yield Measurement(
        biomarker=BIOMARKER,
        method=METHOD,
        unit="{flag}",
        level=level,
        value=float(bool(found)),
        category=", ".join(sorted({_side(focus.aside_mm) for focus in found})) or "absent",
        caution="; ".join(cautions) or None,
        drawings=tuple(Drawing(Shape.POINTS, f.points_mm, f"bright focus, {f.ratio:.2f} of fluid") for f in found),
    )


def _foci(patch: DiscPatch, picture: FloatArray, fluid: float, middle: FloatArray) -> Iterator[_Focus]:
    try:
        border = _border(patch)
    except NotMeasurableError:
        return
    inward = patch.along_mm[None, :] - border[:, None]
    above, below = patch.edges_mm
    across = patch.across_mm[:, None]
    between = (across < above[None, :] - _RIM_MM) & (across > below[None, :] + _RIM_MM)
    bright = between & (inward > -1.0) & (np.nan_to_num(picture) >= LEAST_RATIO * fluid)
    pieces, count = ndimage.label(bright)
    for number in range(1, count + 1):
        mine = pieces == number
        if mine.sum() * STEP_MM**2 < LEAST_MM2 or inward[mine].max() > _NUCLEUS_MM or inward[mine].min() < _RIM_MM:
            continue
        peak = np.unravel_index(int(np.argmax(np.where(mine, picture, -np.inf))), mine.shape)
        if inward[peak] <= BORDER_MM:
            aside = float((patch.frame.origin_mm - middle) @ patch.frame.right)
            yield _Focus(patch.points_mm[mine], float(picture[peak]) / fluid, aside)


def _border(patch: DiscPatch) -> FloatArray:
    """Hindmost point of the drawn disc in every row, the line between the corners where none is drawn."""
    line = posterior_line(patch)
    disc = patch.disc
    back = np.where(disc.any(axis=1), patch.along_mm[np.argmax(disc, axis=1)], line)
    return np.minimum(back, line)


def _side(aside_mm: float) -> str:
    if abs(aside_mm) <= _ASIDE_MM:
        return "midline"
    return "right" if aside_mm > 0 else "left"
