"""Whether the dural sac is drawn towards epidural tissue or pushed away from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lumbomics.core.anatomy import Side
from lumbomics.core.measurement import Drawing, Reason, Result
from lumbomics.measure.examined import T2_CONTRASTS, ExaminedSpine, examines
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.postoperative.area import boundary_variance_mm3, centroid_variance_mm2
from lumbomics.measure.postoperative.enhancement import SOFT_TISSUE
from lumbomics.measure.postoperative.view import CanalSlice, LevelView, at_sides, level_view

BIOMARKER = "sac_traction"
METHODS = ("towards_tissue",)
_LEAST_MM2 = 10.0


@examines(BIOMARKER)
def sac_traction(examined: ExaminedSpine) -> list[Result]:
    """Displacement of the dural sac's centroid from the canal's, towards (+) or away from (-) the tissue of a side.

    Per slice with more than 10 mm² of epidural soft tissue on that side: the offset of the centroids along the
    direction from the canal's centroid to the tissue's; mean over these slices, weighted by the tissue's area. Beyond
    1 mm the catalogue speaks of retraction and mass effect (engineering default). It does not tell what the tissue is.
    The standard error holds how slices differ and how far the borders of canal and sac may be off.
    """
    return at_sides(examined, BIOMARKER, METHODS, _traction)


def displacement(tissue: Sequence[tuple[CanalSlice, FloatArray]]) -> tuple[float, float, list[Drawing]]:
    """Measure the sac's displacement towards tissue.

    Parameters
    ----------
    tissue
        Slices, each with the share (rows, columns) of every pixel that is the tissue; at least one pixel in all.

    Returns
    -------
    Displacement in mm, the standard error that slices which differ leave, and the lines that show it.
    """
    found = [_one(one, weight) for one, weight in tissue]
    areas = np.array([one.area_mm2(weight) for one, weight in tissue])
    shifts = np.array([shift for shift, _, _ in found])
    mean = float(np.average(shifts, weights=areas))
    spread = float(np.sqrt(np.average((shifts - mean) ** 2, weights=areas) / len(found)))
    drawings = [Drawing.line(start, end, "centre of the canal to that of the dural sac") for _, start, end in found]
    return mean, spread, drawings


def _traction(examined: ExaminedSpine, upper: str, lower: str, side: Side) -> Iterator[Result]:
    view = level_view(examined, upper, lower, contrasts=T2_CONTRASTS)
    tissue = [(one, one.tissue(*SOFT_TISSUE) * one.side(side)) for one in view.slices]
    tissue = [(one, weight) for one, weight in tissue if one.area_mm2(weight) > _LEAST_MM2]
    if not tissue:
        detail = f"no slice has more than {_LEAST_MM2:g} mm² of epidural tissue on the {side} at {view.level}"
        raise NotMeasurableError(Reason.UNDEFINED, detail)
    value, spread, drawings = displacement(tissue)
    se = float(np.hypot(spread, _border_se(tissue, view, examined)))
    name = "retraction" if value > 1 else "mass effect" if value < -1 else "neither"
    yield view.value(BIOMARKER, METHODS[0], "mm", value, se=se, side=side, category=name, drawings=drawings)


def _border_se(tissue: Sequence[tuple[CanalSlice, FloatArray]], view: LevelView, examined: ExaminedSpine) -> float:
    """Return the standard error, mm, that the borders of canal and sac leave."""
    if view.scan.tissue is None:
        return 0.0
    per_mm = boundary_variance_mm3(view.slices[0].pixel_mm, view.scan.tissue, examined.spine.options)
    weights = np.array([one.area_mm2(weight) for one, weight in tissue])
    found = [
        sum(centroid_variance_mm2(area, one.pixel_mm, per_mm) for area in (one.canal, one.sac)) for one, _ in tissue
    ]
    return float(np.sqrt(np.square(weights / weights.sum()) @ np.array(found)))


def _one(one: CanalSlice, weight: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    towards = one.centroid_mm(weight) - one.centre_mm
    offset = one.centroid_mm(one.sac) - one.centre_mm
    shift = float(offset @ towards / max(float(np.linalg.norm(towards)), 1e-6))
    ends = np.array([one.centre_mm, one.centre_mm + offset])
    start, end = one.cut.frame.to_world(np.column_stack([ends, np.zeros(2)]))
    return shift, start, end
