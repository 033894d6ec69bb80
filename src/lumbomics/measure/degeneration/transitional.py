"""Transverse processes of the last lumbar vertebra and the sacrum: the posterior part of Castellvi's types."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from scipy.spatial import cKDTree

from lumbomics.core.anatomy import SACRUM, VERTEBRA_NAMES, Side, rank
from lumbomics.core.measurement import Drawing, Measurement, Reason, Result, Shape
from lumbomics.measure.attempt import attempt, both
from lumbomics.measure.degeneration.displaced import SIGNS
from lumbomics.measure.examined import ExaminedSpine, examines
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.pedicle import find_pedicle
from lumbomics.measure.geometry.rays import voxel_extent_mm

BIOMARKER = "lstv_castellvi"
DYSPLASTIC_MM = 19.0
"""Height from which a transverse process is dysplastic; the record's (recalled from Castellvi 1984, not checked)."""
CONTACT_MM = 1.5
"""Distance of process and sacrum up to which they count as meeting; engineering default."""
_BEYOND_MM = 4.0
_LEAST_LENGTH_MM = 8.0
_BIN_MM = 2.0


@dataclass(frozen=True, eq=False)
class _Process:
    """One transverse process: greatest height, distance from the sacrum, standard error of both, points."""

    height_mm: float
    gap_mm: float
    se_mm: float
    points_mm: FloatArray = field(repr=False)


@examines(BIOMARKER)
def lstv_castellvi(examined: ExaminedSpine) -> list[Result]:
    """Height of the last lumbar transverse processes, their distance from the sacrum, and what follows from both.

    Types after Castellvi 1984: I a process of 19 mm and more; II or III one that meets the sacrum (1.5 mm and less):
    labels do not tell a joint from bony union, so IV is not told either. Each side has its own. Absent where the series
    does not reach the processes, which is usual in sagittal ones. How the levels were numbered stands with the labels.
    """
    return [
        one for side in SIGNS for one in attempt(BIOMARKER, list(_METHODS), partial(_sided, examined, side), side=side)
    ]


_METHODS = ("transverse_process_height", "distance_from_sacrum", "type")


def _sided(examined: ExaminedSpine, side: Side) -> Iterator[Result]:
    process = _process(examined, side)
    points = process.points_mm[:: max(1, len(process.points_mm) // 80)]
    drawing = Drawing(Shape.POINTS, points, f"{side} transverse process")
    for method, value in zip(_METHODS, (process.height_mm, process.gap_mm), strict=False):
        yield Measurement(
            biomarker=BIOMARKER,
            method=method,
            unit="mm",
            side=side,
            value=value,
            se=process.se_mm,
            drawings=(drawing,),
        )
    numbering = examined.spine.segmentation.numbering
    sure = "unknown" if numbering.confidence is None else f"{100 * numbering.confidence:.0f} %"
    meets = "II or III" if process.gap_mm <= CONTACT_MM else None
    yield Measurement(
        biomarker=BIOMARKER,
        method="type",
        unit="{type}",
        side=side,
        category=meets or ("I" if process.height_mm >= DYSPLASTIC_MM else "none"),
        caution=f"labels do not tell II from III; levels numbered by {numbering.source}, confidence {sure}",
    )


def _process(examined: ExaminedSpine, side: Side) -> _Process:
    spine, sign = examined.spine, SIGNS[side]
    lumbar = [n for n in spine.labels.vertebrae if rank(n) < rank(SACRUM)]
    if not lumbar or SACRUM not in spine.labels.boxes:
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, "the lumbosacral junction is not in the labels")
    name = VERTEBRA_NAMES[lumbar[-1]]
    frame, bone = spine.vertebra(name).frame, spine.structure(lumbar[-1])
    pedicle = float(frame.to_local(find_pedicle(spine, name, side).middle_mm)[0])
    local = frame.to_local(bone.points_mm)
    away = sign * local[:, 0] - sign * pedicle
    mine = (away > _BEYOND_MM) & (np.abs(local[:, 1]) < 60.0)
    if not mine.any() or np.ptp(away[mine]) < _LEAST_LENGTH_MM:
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"the {side} transverse process of {name} is not in view")
    heights = _heights(away[mine], local[mine, 2])
    extent = voxel_extent_mm(spine.labels.grid, frame.superior)
    gap = np.asarray(cKDTree(spine.structure(SACRUM).points_mm).query(bone.points_mm[mine])[0])
    voxel = float(np.cbrt(spine.labels.grid.voxel_volume_mm3))
    se = both(spine.error.drawing_sd_mm * np.sqrt(2), extent / np.sqrt(6))
    return _Process(heights + extent, max(float(gap.min()) - voxel, 0.0), se, bone.points_mm[mine])


def _heights(away: FloatArray, height: FloatArray) -> float:
    """Greatest extent along the superior axis within slabs across the process."""
    slab = np.floor(away / _BIN_MM).astype(int)
    return max(float(np.ptp(height[slab == one])) for one in np.unique(slab))
