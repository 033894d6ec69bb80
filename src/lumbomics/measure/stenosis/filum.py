"""The filum terminale: how thick it is, whether it holds fat, and whether the cord looks tethered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import numpy as np
from scipy import stats

from lumbomics.core.examination import CanalTissue, Scan
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Measurement, Reason, Result
from lumbomics.core.visit import Plane
from lumbomics.measure.attempt import attempt
from lumbomics.measure.examined import T2_CONTRASTS, ExaminedSpine, examines
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.slices import Mask
from lumbomics.measure.stenosis.canal_map import CanalMap, level_maps
from lumbomics.measure.stenosis.conus import LEVEL, conus_level
from lumbomics.measure.stenosis.grading import Estimate, Place, Values
from lumbomics.measure.stenosis.sac import Sac

FILUM = "filum_thickness"
THICK_MM = 2.0
"""Diameter above which a filum is thick (the record's; recalled, not checked)."""
MIDLINE = 0.3
"""The filum lies no farther beside the sac's middle than this share of its half-width."""
LARGEST_MM2 = 30.0
"""A cluster larger than this is no filum but clumped roots."""
FATTY = 0.6
"""Signal on T1, as a share of epidural fat's, above which a filum holds fat; engineering default."""
_METHODS = ("max_diameter", "thick_probability", "fat_in_filum", "tether_probability")


@examines(FILUM)
def filum_thickness(examined: ExaminedSpine) -> list[Result]:
    """Largest diameter of the filum on the axial slices through the lowest disc, fat in it, and signs of tethering.

    The filum is the root-like cluster nearest the sac's middle plane; T1 where it carries a tissue map, else T2. Fat is
    told on T1 only. ``tether_probability``: the conus lies below the L2-L3 disc, or the filum is thick or fatty. That
    the cord moves with posture would speak against tethering and is not seen here. A sacral root in the midline is
    taken for the filum where there is none.
    """
    return [result for method in _METHODS for result in attempt(FILUM, [method], partial(_one, examined, method))]


def _one(examined: ExaminedSpine, method: str) -> Iterator[Measurement]:
    found, estimate = _diameter(examined)
    diameter, se = estimate.values["max_diameter"], max(estimate.se("max_diameter"), found.pixel_mm / np.sqrt(12))
    place = Place(
        biomarker=FILUM,
        series=found.slice.scan.name,
        caution="a sacral root in the midline may be taken for the filum",
        drawings=(found.drawing(_filum(found), "filum"),),
    )
    thick = float(stats.norm.cdf((diameter - THICK_MM) / se))
    if method == "max_diameter":
        yield place.number(method, "mm", diameter, se)
    elif method == "thick_probability":
        yield place.number(method, "1", thick)
    elif method == "fat_in_filum":
        fatty = _fatty(examined, found)
        yield place.category(method, "{flag}", "present" if fatty else "absent", float(fatty))
    else:
        fat = 0.0
        with suppress(NotMeasurableError):
            fat = float(_fatty(examined, found))
        low = _low_lying(examined)
        yield place.number(method, "1", 1 - (1 - low) * (1 - thick) * (1 - fat))


def _diameter(examined: ExaminedSpine) -> tuple[CanalMap, Estimate]:
    upper, lower = examined.spine.disc_pairs[-1]
    maps = [one for one in level_maps(examined, upper, lower, (Contrast.T1, *T2_CONTRASTS)) if _filum(one).any()]
    if not maps:
        raise NotMeasurableError(
            Reason.STRUCTURE_NOT_LABELLED, f"no filum is labelled in the middle of the sac at {upper}-{lower}"
        )
    ordered = sorted(maps, key=lambda one: _largest(one)["max_diameter"])
    return ordered[-1], Estimate.of_map(ordered[-1], _largest)


def _filum(found: CanalMap) -> Mask:
    """Pixels of the cluster nearest the sac's middle plane; none where none lies near it."""
    sac = Sac.of(found)
    pieces, areas = sac.clusters
    aside = np.abs(sac.cluster_places[:, 0])
    fitting = (areas <= LARGEST_MM2) & (aside < MIDLINE)
    if not fitting.any():
        return np.zeros(pieces.shape, dtype=bool)
    return np.asarray(pieces == 1 + int(np.argmin(np.where(fitting, aside, np.inf))))


def _largest(found: CanalMap) -> Values:
    """Return the diameter of the circle of the same area: steadier than an inscribed one where pixels are few."""
    return {"max_diameter": 2 * float(np.sqrt(found.area_mm2(_filum(found)) / np.pi))}


def _fatty(examined: ExaminedSpine, found: CanalMap) -> bool:
    """Tell whether the filum is as bright as epidural fat on axial T1; NotMeasurableError without one."""
    scan = examined.scan(Contrast.T1, plane=Plane.AXIAL)
    if scan.fat_suppressed or found.slice.scan.name != scan.name:
        raise NotMeasurableError(Reason.NO_SUITABLE_SERIES, "fat is told on an axial T1 with a tissue map only")
    return float(np.median(found.signal[_filum(found)])) > FATTY * _fat_signal(scan)


def _fat_signal(scan: Scan) -> float:
    fat = np.zeros(0) if scan.tissue is None else scan.image.array[scan.tissue.array == CanalTissue.EPIDURAL_FAT]
    if not len(fat):
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, f"no epidural fat is labelled on {scan.name}")
    return float(np.percentile(fat, 75))


def _low_lying(examined: ExaminedSpine) -> float:
    for result in conus_level(examined):
        if isinstance(result, Measurement) and result.method == "low_lying_probability" and result.value is not None:
            return result.value
    raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, f"{LEVEL} is not known: tethering cannot be told")
