"""Central stenosis: how much fluid and which roots the sac still shows at a disc, after Schizas and after Lee."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np
from scipy import ndimage

from lumbomics.core.examination import CanalTissue
from lumbomics.core.measurement import Measurement, Result
from lumbomics.measure.attempt import attempt, pair_level
from lumbomics.measure.examined import ExaminedSpine, examines
from lumbomics.measure.geometry.slices import Mask
from lumbomics.measure.stenosis.canal_map import CanalMap, level_maps, narrowest, require_cauda
from lumbomics.measure.stenosis.grading import GRADE, PROBABILITY, Estimate, Place, Rule, Values
from lumbomics.measure.stenosis.sac import Sac, fluid_signal

SCHIZAS, LEE = "schizas_grade", "lee_central_grade"
CLEAR_FLUID = 0.6
"""Signal, as a share of clear fluid's, above which a pixel of the sac counts as fluid (the record's)."""
NO_FLUID = 0.12
"""Share of fluid in the sac below which no fluid is seen; engineering default."""
FILLED = 0.80
"""Share of the sac taken by roots and the clefts between them from which on roots fill it; engineering default."""
HALF = 0.5
DORSAL = 0.6
"""Share of root area behind the sac's middle from which on roots lie dorsally; engineering default."""
HORSESHOE_DEG = 150.0
"""Arc of the dura that roots touch from which on they lie along it like a horseshoe; engineering default."""
NO_FAT_MM2 = 6.0
"""Area of posterior epidural fat below which none is seen; engineering default."""
ANTERIOR_FLUID_MM = 1.0
"""Mean thickness of fluid in front of the roots below which it is obliterated; engineering default."""
BUNDLE_MM2 = 8.0
"""Connected root area from which on roots are aggregated: four and more roots of 1.5 mm; engineering default."""
SOME_AGGREGATED, ALL_AGGREGATED = 0.3, 0.9
"""Shares of root area in bundles from which on some, and all, roots are aggregated; engineering defaults."""
CLEFT_MM = 1.2
"""Clefts between roots up to twice this count as filled with roots."""
TOUCH_MM = 1.2
"""Roots no farther than this from the sac's rim touch the dura."""
FLOORS: Mapping[str, float] = MappingProxyType(
    {
        "fluid_share": 0.04,
        "occupied_share": 0.02,
        "dorsal_share": 0.02,
        "horseshoe_share": 0.04,
        "posterior_fat": 1.0,
        "anterior_fluid": 0.25,
        "aggregated_share": 0.05,
    }
)
"""Standard errors beyond those of drawing: reference signal, noise, blurred rims, the raster; calibrated on reference
objects of seeds 5000 to 5002 and 5200 to 5213."""

SCHIZAS_UNITS: Mapping[str, str] = MappingProxyType(
    {
        "fluid_share": "1",
        "occupied_share": "1",
        "dorsal_share": "1",
        "horseshoe_share": "1",
        "posterior_fat": "mm2",
    }
)
SCHIZAS_GRADES = ("A1", "A2", "A3", "A4", "B", "C", "D")
SCHIZAS_STEPS = (0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0)
"""The value of a grade: A to D as 0 to 3; the kinds of A are one step."""
LEE_UNITS: Mapping[str, str] = MappingProxyType({"anterior_fluid": "mm", "aggregated_share": "1"})
LEE_GRADES = ("0", "1", "2", "3")
_BINS = 18


@dataclass(frozen=True)
class Kind:
    """One of the two grades: its quantities with their units, its rule and its names."""

    biomarker: str
    units: Mapping[str, str]
    rule: Rule
    names: Sequence[str]
    steps: Sequence[float] | None

    @property
    def methods(self) -> tuple[str, ...]:
        """All methods, in the order in which they are stated."""
        return (*self.units, GRADE, PROBABILITY)


@examines(SCHIZAS)
def schizas_grade(examined: ExaminedSpine) -> list[Result]:
    """Share of fluid, room taken by the roots, where they lie and fat behind the sac; the grade A1 to D.

    Read on the slice through the disc with the smallest sac; axial T2 with a tissue map. The grade follows from the
    quantities by fixed limits (engineering defaults of this module); its probability from their standard errors. It
    is no radiologist's reading: adhesions and roots displaced by surgery break the pattern that it looks for.
    """
    kind = Kind(SCHIZAS, SCHIZAS_UNITS, schizas_rule, SCHIZAS_GRADES, SCHIZAS_STEPS)
    return _at_every_disc(examined, kind)


@examines(LEE)
def lee_central_grade(examined: ExaminedSpine) -> list[Result]:
    """Thickness of fluid in front of the roots and share of roots in bundles; the grade 0 to 3.

    As :func:`schizas_grade`. Clumped roots of arachnoiditis look like grades 2 and 3.
    """
    return _at_every_disc(examined, Kind(LEE, LEE_UNITS, lee_rule, LEE_GRADES, None))


def _at_every_disc(examined: ExaminedSpine, kind: Kind) -> list[Result]:
    return [
        result
        for pair in examined.spine.disc_pairs
        for result in attempt(
            kind.biomarker, kind.methods, partial(_grade, examined, kind, *pair), level=pair_level(*pair)
        )
    ]


def _grade(examined: ExaminedSpine, kind: Kind, upper: str, lower: str) -> Iterator[Measurement]:
    level = pair_level(upper, lower)
    found = narrowest(level_maps(examined, upper, lower))
    require_cauda(found, level)
    sac = Sac.of(found)
    sac.require_roots(sac.roots, level)
    compute = partial(_values, reference=fluid_signal(found.slice.scan))
    estimate = Estimate.of_map(found, compute).with_error(**FLOORS)
    place = Place(
        biomarker=kind.biomarker,
        level=level,
        series=found.slice.scan.name,
        caution=examined.time_caution(level),
        drawings=(found.drawing(found.sac, f"dural sac at {level}"), found.drawing(sac.roots, f"roots at {level}")),
    )
    yield from place.numbers(estimate, kind.units)
    yield from place.grade(estimate.graded(kind.rule), kind.names, kind.steps)


def _values(found: CanalMap, *, reference: float) -> Values:
    sac = Sac.of(found)
    room = _occupied(sac)
    behind = sac.own[sac.roots][:, 1] > 0
    areas = sac.clusters[1]
    fat = found.mask(CanalTissue.EPIDURAL_FAT) & (sac.own[..., 1] > 0) & (np.abs(sac.own[..., 0]) < 1)
    return {
        "fluid_share": np.count_nonzero(sac.bright(reference, CLEAR_FLUID)) / np.count_nonzero(found.sac),
        "occupied_share": np.count_nonzero(room) / np.count_nonzero(found.sac),
        "dorsal_share": float(behind.mean()) if len(behind) else 0.0,
        "horseshoe_share": _touched(sac, room),
        "posterior_fat": found.area_mm2(fat),
        "anterior_fluid": _anterior_fluid_mm(sac, sac.bright(reference, CLEAR_FLUID) & ~room),
        "aggregated_share": float(areas[areas >= BUNDLE_MM2].sum() / max(areas.sum(), 1e-9)),
    }


def _occupied(sac: Sac) -> Mask:
    """Roots and the clefts between them and the dura: a closing by a disc, on a raster twice as fine."""
    margin = int(np.ceil(CLEFT_MM / sac.map.pixel_mm)) + 1
    fine = np.kron(np.pad(sac.roots | ~sac.map.sac, margin, constant_values=True), np.ones((2, 2), dtype=bool))
    reach = 2 * CLEFT_MM / sac.map.pixel_mm
    grown = ndimage.distance_transform_edt(~fine) <= reach
    closed = ndimage.distance_transform_edt(grown) > reach
    half = closed[::2, ::2] & closed[1::2, 1::2]
    return np.asarray(half[margin:-margin, margin:-margin] & sac.map.sac)


def _touched(sac: Sac, room: Mask) -> float:
    """Share of directions from the sac's centre in which roots touch its rim."""
    depth = ndimage.distance_transform_edt(sac.map.sac) * sac.map.pixel_mm
    right, dorsal = sac.own[room & (depth <= TOUCH_MM + sac.map.pixel_mm / 2)].T
    turn = np.floor((np.arctan2(dorsal, right) / (2 * np.pi) % 1) * _BINS).astype(np.intp)
    return len(np.unique(turn)) / _BINS


def _anterior_fluid_mm(sac: Sac, fluid: Mask) -> float:
    """Mean depth of the unbroken free fluid behind the sac's front over the middle half of its width, mm."""
    middle = (np.abs(sac.own[..., 0]) < HALF) & sac.map.sac
    column = np.rint(sac.map.place_mm[..., 0] / sac.map.pixel_mm).astype(np.intp)
    depths = []
    for number in np.unique(column[middle]):
        line = middle & (column == number)
        order = np.argsort(sac.own[line][:, 1])
        wet = fluid[line][order]
        front = sac.map.place_mm[line][order, 1]
        # blurred rims are darker than fluid: the front pixel of the sac is passed over
        end = int(np.argmin(wet[1:])) + 1 if len(wet) > 1 and not wet[1:].all() else len(wet)
        depths.append(float(front[0] - front[min(end, len(front) - 1)]) if end > 1 else 0.0)
    return float(np.mean(depths)) if depths else 0.0


def schizas_rule(values: Values) -> int:
    """Grade of Schizas et al. (Spine 2010;35:1919) as an index into ``SCHIZAS_GRADES``."""
    if values["fluid_share"] < NO_FLUID:
        return 6 if values["posterior_fat"] < NO_FAT_MM2 else 5
    if values["occupied_share"] >= FILLED:
        return 4
    if values["dorsal_share"] < DORSAL and values["occupied_share"] >= HALF:
        return 3
    if values["occupied_share"] >= HALF:
        return 2
    return 1 if values["horseshoe_share"] >= HORSESHOE_DEG / 360 else 0


def lee_rule(values: Values) -> int:
    """Grade of Lee et al. (Skeletal Radiol 2011;40:1033) as an index into ``LEE_GRADES``."""
    if values["fluid_share"] < NO_FLUID:
        return 3
    if values["anterior_fluid"] >= ANTERIOR_FLUID_MM:
        return 0
    return 1 + int(values["aggregated_share"] >= SOME_AGGREGATED) + int(values["aggregated_share"] >= ALL_AGGREGATED)
