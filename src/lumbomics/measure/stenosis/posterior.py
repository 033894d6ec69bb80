"""What narrows the canal from behind: ligamentum flavum and epidural fat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from types import MappingProxyType

import numpy as np

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import CanalTissue
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Measurement, Reason, Result
from lumbomics.measure.attempt import attempt, pair_level
from lumbomics.measure.examined import T2_CONTRASTS, ExaminedSpine, examines
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.slices import Mask
from lumbomics.measure.stenosis.canal_map import CanalMap, inscribed_mm, level_maps
from lumbomics.measure.stenosis.grading import GRADE, PROBABILITY, Estimate, Place, Values

FLAVUM, FAT = "ligamentum_flavum_thickness", "epidural_fat"
HYPERTROPHY_MM = 4.0
"""Thickness from which on a flavum is called hypertrophied: the lower of the record's two (4 to 5 mm, unverified)."""
LEAST_FLAVUM_MM2 = 4.0
BORRE = (40.0, 50.0, 75.0)
"""Share of the canal's depth that fat takes (%) above which grades I, II and III of Borre begin; from memory."""
BORRE_GRADES = ("0", "I", "II", "III")
T1_FIRST = (Contrast.T1, *T2_CONTRASTS)
"""Epidural fat is read from T1 where there is an axial T1 with a tissue map."""
_MIDDLE_MM = 3.0
_FLAVUM_METHODS = ("max_inscribed", "hypertrophy_probability")
FAT_UNITS: Mapping[str, str] = MappingProxyType(
    {"fat_to_canal_area": "%", "fat_to_canal_depth": "%", "sac_to_canal_depth": "%", "fat_thickness": "mm"}
)
_SIGNS = {Side.LEFT: -1.0, Side.RIGHT: 1.0}


@examines(FLAVUM)
def ligamentum_flavum_thickness(examined: ExaminedSpine) -> list[Result]:
    """Largest diameter that fits into the ligamentum flavum beside every disc, left and right; mm.

    The flavum is that of the tissue map on axial T2 or T1; the largest inscribed circle of all slices through the disc
    is stated. Joint capsule and flavum are one there, and an operated side may have none.
    """
    return [
        result
        for upper, lower in examined.spine.disc_pairs
        for side in _SIGNS
        for result in attempt(
            FLAVUM,
            _FLAVUM_METHODS,
            partial(_flavum, examined, upper, lower, side),
            level=pair_level(upper, lower),
            side=side,
        )
    ]


def _flavum(examined: ExaminedSpine, upper: str, lower: str, side: Side) -> Iterator[Measurement]:
    level = pair_level(upper, lower)
    maps = level_maps(examined, upper, lower, (*T2_CONTRASTS, Contrast.T1))
    drawn = [one for one in maps if one.area_mm2(_flavum_of(one, side)) >= LEAST_FLAVUM_MM2]
    if not drawn:
        raise NotMeasurableError(
            Reason.STRUCTURE_NOT_LABELLED, f"no ligamentum flavum is labelled at {level} on the {side}"
        )
    thickest = max(drawn, key=lambda one: _thickness(one, side)["max_inscribed"])
    estimate = Estimate.of_map(thickest, partial(_thickness, side=side))
    place = Place(
        biomarker=FLAVUM,
        level=level,
        side=side,
        series=thickest.slice.scan.name,
        caution=examined.time_caution(level),
        drawings=(thickest.drawing(_flavum_of(thickest, side), f"{side} ligamentum flavum at {level}"),),
    )
    yield from place.numbers(estimate, {"max_inscribed": "mm"})
    likely = estimate.probability(lambda values: values["max_inscribed"] > HYPERTROPHY_MM)
    yield place.number("hypertrophy_probability", "1", likely)


def _flavum_of(found: CanalMap, side: Side) -> Mask:
    """Flavum on one side of the canal's middle, a band of 3 mm about the middle left out."""
    middle = found.place_mm[found.canal][:, 0].mean()
    aside = _SIGNS[side] * (found.place_mm[..., 0] - middle) > _MIDDLE_MM / 2
    return np.asarray(found.mask(CanalTissue.FLAVUM) & aside)


def _thickness(found: CanalMap, side: Side) -> Values:
    return {"max_inscribed": inscribed_mm(_flavum_of(found, side), found.pixel_mm)}


@examines(FAT)
def epidural_fat(examined: ExaminedSpine) -> list[Result]:
    """Epidural fat's share of the canal's area and depth, the sac's share of its depth, fat thickness; Borre's grade.

    Read at every disc on the slice nearest its middle, axial T1 where it carries a tissue map, else T2. Depths are
    those along the level's anterior axis in a band of 3 mm about the sac's middle. The grade's limits (Borre et al.
    2003) are recalled, not checked.
    """
    methods = (*FAT_UNITS, GRADE, PROBABILITY)
    return [
        result
        for pair in examined.spine.disc_pairs
        for result in attempt(FAT, methods, partial(_fat, examined, *pair), level=pair_level(*pair))
    ]


def _fat(examined: ExaminedSpine, upper: str, lower: str) -> Iterator[Measurement]:
    level = pair_level(upper, lower)
    maps = level_maps(examined, upper, lower, T1_FIRST)
    found = min(maps, key=lambda one: abs(one.slice.height_mm))
    estimate = Estimate.of_map(found, _fat_values)
    place = Place(
        biomarker=FAT,
        level=level,
        series=found.slice.scan.name,
        caution=examined.time_caution(level),
        drawings=(found.drawing(found.mask(CanalTissue.EPIDURAL_FAT), f"epidural fat at {level}"),),
    )
    yield from place.numbers(estimate, FAT_UNITS)
    yield from place.grade(estimate.graded(borre_rule), BORRE_GRADES)


def _fat_values(found: CanalMap) -> Values:
    fat = found.mask(CanalTissue.EPIDURAL_FAT)
    middle = found.place_mm[found.sac].mean(axis=0)
    edge = _MIDDLE_MM / 2 - np.abs(found.place_mm[..., 0] - middle[0])
    # pixels at the band's edge count by what of them lies inside: no column too many or too few
    band = np.clip(edge / found.pixel_mm + 0.5, 0, 1) * found.pixel_mm2 / _MIDDLE_MM
    behind = found.place_mm[..., 1] < middle[1]
    canal, all_fat, sac, thickness = (float(band[mask].sum()) for mask in (found.canal, fat, found.sac, fat & behind))
    return {
        "fat_to_canal_area": 100 * np.count_nonzero(fat) / np.count_nonzero(found.canal),
        "fat_to_canal_depth": 100 * all_fat / canal,
        "sac_to_canal_depth": 100 * sac / canal,
        "fat_thickness": thickness,
    }


def borre_rule(values: Values) -> int:
    """Grade of Borre et al. (2003) as an index into ``BORRE_GRADES``."""
    return int(np.searchsorted(BORRE, values["fat_to_canal_depth"], side="left"))
