"""Where the roots lie in the sac: sedimented behind, or floating, or drawn aside."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import Scan
from lumbomics.core.measurement import Measurement, Reason, Result
from lumbomics.measure.attempt import attempt, pair_level
from lumbomics.measure.examined import ExaminedSpine, examines
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.slices import AxialSlice, Mask, slices_at
from lumbomics.measure.stenosis.canal_map import CanalMap, level_maps, maps_of, narrowest, require_cauda
from lumbomics.measure.stenosis.grading import Estimate, Place, Values
from lumbomics.measure.stenosis.sac import Sac

SIGN, DISPLACEMENT = "sedimentation_sign", "cauda_equina_displacement"
BODY_HALF_MM = 9.0
"""Slices so near a body's middle are away from its discs."""
FREE_MM2 = 75.0
"""Sac area from which on a slice is free of stenosis (the record's limit of absolute stenosis)."""
SEDIMENTED = 0.5
"""Share of roots in the sac's dorsal half below which the sign is positive (the record's)."""
SUPINE = "holds for supine images only; after surgery, tethered roots give the same sign"
_SIGN_METHODS = ("dorsal_share", "sign", "positive_probability")
_SIGNS = {Side.LEFT: -1.0, Side.RIGHT: 1.0}


@examines(SIGN)
def sedimentation_sign(examined: ExaminedSpine) -> list[Result]:
    """Share of roots in the dorsal half of the sac at the middle of every vertebral body, and the sign.

    The two roots about to leave do not count. Of the slices within 9 mm of the body's middle whose sac is free of
    stenosis, that with the lowest share is stated; the sign is positive where the share is below one half (Barz et
    al., Spine 2010;35:892). It does not tell stenosis from adhesion.
    """
    return [
        result
        for level in examined.spine.vertebra_levels
        for result in attempt(SIGN, _SIGN_METHODS, partial(_sign, examined, level), level=level)
    ]


def _sign(examined: ExaminedSpine, level: str) -> Iterator[Measurement]:
    if not level.startswith("L"):
        raise NotMeasurableError(Reason.UNDEFINED, f"{level} lies above the cauda equina")
    frame = examined.spine.vertebra(level).frame

    def cuts(scan: Scan) -> tuple[AxialSlice, ...]:
        return slices_at(scan, frame, frame.origin_mm, half_height_mm=BODY_HALF_MM, level=level)

    found = _least_sedimented(maps_of(examined, cuts, level, what="body"), level)
    estimate = Estimate.of_map(found, _dorsal)
    share = estimate.values["dorsal_share"]
    positive = share < SEDIMENTED
    place = Place(
        biomarker=SIGN,
        level=level,
        series=found.slice.scan.name,
        caution=SUPINE,
        drawings=(found.drawing(Sac.of(found).resting, f"roots at {level}"),),
    )
    yield place.number("dorsal_share", "1", share, estimate.se("dorsal_share"))
    yield place.category("sign", "{flag}", "positive" if positive else "negative", float(positive))
    likely = estimate.probability(lambda values: values["dorsal_share"] < SEDIMENTED)
    yield place.number("positive_probability", "1", likely)


def _least_sedimented(maps: tuple[CanalMap, ...], level: str) -> CanalMap:
    free = [one for one in maps if one.area_mm2(one.sac) >= FREE_MM2]
    if not free:
        raise NotMeasurableError(Reason.UNDEFINED, f"no slice at {level} is free of stenosis")
    for one in free:
        require_cauda(one, level)
    with_roots = [one for one in free if Sac.of(one).resting.any()]
    if not with_roots:
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, f"no root is labelled in the sac at {level}")
    return min(with_roots, key=lambda one: _dorsal(one)["dorsal_share"])


def _dorsal(found: CanalMap) -> Values:
    sac = Sac.of(found)
    dorsal = sac.own[sac.resting][:, 1]
    return {"dorsal_share": float(np.mean(dorsal > 0)) if len(dorsal) else 0.0}


@examines(DISPLACEMENT)
def cauda_equina_displacement(examined: ExaminedSpine) -> list[Result]:
    """Where the roots' mass lies in the sac's own axes at every disc, for each side; 1 is half the width or depth.

    ``lateral``: centroid of all roots but those about to leave, positive towards the side of the row. ``dorsal``:
    the same of the roots on that side, positive backwards. ``angular_spread``: circular SD of their directions from the
    sac's centre. Posture and scoliosis shift roots too.
    """
    return [
        result
        for upper, lower in examined.spine.disc_pairs
        for side in _SIGNS
        for method, unit in (("lateral", "1"), ("dorsal", "1"), ("angular_spread", "deg"))
        for result in attempt(
            DISPLACEMENT,
            [method],
            partial(_displacement, examined, upper, lower, side, method, unit),
            level=pair_level(upper, lower),
            side=side,
        )
    ]


def _displacement(
    examined: ExaminedSpine, upper: str, lower: str, side: Side, method: str, unit: str
) -> Iterator[Measurement]:
    level = pair_level(upper, lower)
    found = narrowest(level_maps(examined, upper, lower))
    require_cauda(found, level)
    sac = Sac.of(found)
    sac.require_roots(sac.resting if method == "lateral" else _half(sac, side), level)
    compute = {"lateral": _lateral, "dorsal": _dorsal_of, "angular_spread": _spread_deg}[method]
    estimate = Estimate.of_map(found, lambda one: {method: compute(Sac.of(one), side)})
    place = Place(
        biomarker=DISPLACEMENT,
        level=level,
        side=side,
        series=found.slice.scan.name,
        caution=examined.time_caution(level),
        drawings=(found.drawing(sac.resting, f"roots at {level}"), found.drawing(found.sac, f"dural sac at {level}")),
    )
    yield place.number(method, unit, estimate.values[method], estimate.se(method))


def _half(sac: Sac, side: Side) -> Mask:
    return np.asarray(sac.resting & (_SIGNS[side] * sac.own[..., 0] > 0))


def _lateral(sac: Sac, side: Side) -> float:
    places = sac.own[sac.resting]
    return float(_SIGNS[side] * places[:, 0].mean()) if len(places) else 0.0


def _dorsal_of(sac: Sac, side: Side) -> float:
    places = sac.own[_half(sac, side)]
    return float(places[:, 1].mean()) if len(places) else 0.0


def _spread_deg(sac: Sac, side: Side) -> float:
    """Circular standard deviation, sqrt(-2 ln R), in degrees."""
    places = sac.own[_half(sac, side)]
    if not len(places):
        return 0.0
    length = np.abs(np.mean(np.exp(1j * np.arctan2(places[:, 1], places[:, 0]))))
    return float(np.degrees(np.sqrt(-2 * np.log(max(min(length, 1.0), 1e-6)))))
