"""The root that is about to leave: how much room the recess leaves it, and whether a mass touches or presses it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from types import MappingProxyType

import numpy as np
from scipy import ndimage

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import CanalTissue, Scan
from lumbomics.core.measurement import Absent, Reason, Result
from lumbomics.measure.attempt import attempt, pair_level
from lumbomics.measure.examined import ExaminedSpine, examines
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.slices import AxialSlice, Mask, slices_at
from lumbomics.measure.stenosis.canal_map import CanalMap, level_maps, maps_of, require_cauda
from lumbomics.measure.stenosis.grading import GRADE, PROBABILITY, Estimate, Place, Values
from lumbomics.measure.stenosis.recess import SIGNS
from lumbomics.measure.stenosis.sac import Sac, fluid_signal

BARTYNSKI, COMPROMISE = "bartynski_lateral_recess_grade", "root_compromise_grade"
RECESS_SHARE = 0.6
"""The recess begins at this share of the canal's half-width; engineering default."""
NARROW_DEPTH_MM = 5.0
"""Mean depth of the recess below which it is narrowed (the record of the recess' height; recalled, not checked)."""
OBLITERATED_MM2 = 2.0
"""Area of fluid in the recess below which it is obliterated; engineering default."""
FLATTENED = 0.5
"""Short over long axis of a root below which it is flattened; engineering default."""
DEVIATION_MM = 2.0
"""Shift of a root against the mirrored other one from which on it deviates (the record's engineering default)."""
COMPRESSED = 0.6
"""Short axis of a root, as a share of the other side's, below which it is compressed (the record's)."""
CONTACT_MM = 0.5
"""A mass no farther than this touches a root (the record's)."""
BELOW_MM, ABOUT_MM = 2.0, 4.0
"""The recess is read within 4 mm of a place 2 mm below the lower vertebra's upper endplate."""
BRIGHT = 0.6
AXIS_SE, FLUID_SE_MM2 = 0.15, 1.0
"""Standard errors beyond those of drawing: a root's axes from a few pixels, fluid from blurred signal; calibrated on
reference objects of seeds 5000 to 5002."""
LEAST_MASS_MM2 = 1.5
"""A piece of disc or scar smaller than this presses nothing: a few stray pixels (engineering default)."""
FAR_MM = 40.0
"""Distance stated in draws without any mass."""
MASSES = (CanalTissue.DISC, CanalTissue.SCAR, CanalTissue.EPIDURAL_TISSUE)
RECESS_UNITS: Mapping[str, str] = MappingProxyType(
    {"fluid_area": "mm2", "recess_depth": "mm", "root_axis_ratio": "1", "medial_shift": "mm"}
)
COMPROMISE_UNITS: Mapping[str, str] = MappingProxyType({"distance": "mm", "deviation": "mm", "short_axis_ratio": "1"})
GRADES = ("0", "1", "2", "3")
_OTHER = {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT}


@examines(BARTYNSKI)
def bartynski_lateral_recess_grade(examined: ExaminedSpine) -> list[Result]:
    """Fluid and depth of each lateral recess, shape and shift of the root in it; the grade 0 to 3.

    Read on axial T2 with a tissue map, at the lower vertebra's upper endplate, on the slice with the least fluid in
    the recess. The root is the foremost single one beside the sac's middle. A recess without a root of its own has no
    shape and no shift: the grade then rests on fluid and depth. Scar shifts roots too.
    """
    return [
        result
        for upper, lower in examined.spine.disc_pairs
        for side in SIGNS
        for result in attempt(
            BARTYNSKI,
            (*RECESS_UNITS, GRADE, PROBABILITY),
            partial(_recess_grade, examined, upper, lower, side),
            level=pair_level(upper, lower),
            side=side,
        )
    ]


def _recess_grade(examined: ExaminedSpine, upper: str, lower: str, side: Side) -> Iterator[Result]:
    level = pair_level(upper, lower)
    vertebra = examined.spine.vertebra(lower)
    centre = vertebra.superior.middle_mm - BELOW_MM * vertebra.frame.superior

    def cuts(scan: Scan) -> tuple[AxialSlice, ...]:
        return slices_at(scan, vertebra.frame, centre, half_height_mm=ABOUT_MM, level=level)

    maps = maps_of(examined, cuts, level, what="recess")
    found = min(maps, key=lambda one: _recess_values(one, side, fluid_signal(one.slice.scan))["fluid_area"])
    require_cauda(found, level)
    compute = partial(_recess_values, side=side, reference=fluid_signal(found.slice.scan))
    estimate = Estimate.of_map(found, compute).with_error(fluid_area=FLUID_SE_MM2, root_axis_ratio=AXIS_SE)
    place = _place(examined, BARTYNSKI, level, side, found)
    both_roots = all(Sac.of(found).exiting(sign).any() for sign in SIGNS.values())
    has_root = Sac.of(found).exiting(SIGNS[side]).any()
    for method, unit in RECESS_UNITS.items():
        if (method == "root_axis_ratio" and not has_root) or (method == "medial_shift" and not both_roots):
            yield _rootless(BARTYNSKI, method, level, side)
        else:
            yield place.number(method, unit, estimate.values[method], estimate.se(method))
    yield from place.grade(estimate.graded(recess_rule), GRADES)


def _rootless(biomarker: str, method: str, level: str, side: Side) -> Absent:
    return Absent(
        biomarker=biomarker,
        method=method,
        level=level,
        side=side,
        reason=Reason.STRUCTURE_NOT_LABELLED,
        detail=f"no single root is seen on the {side} (or, to compare with, on the other side) at {level}",
    )


def _place(examined: ExaminedSpine, biomarker: str, level: str, side: Side, found: CanalMap) -> Place:
    root = Sac.of(found).exiting(SIGNS[side])
    drawn = (found.drawing(root, f"{side} root at {level}"),) if root.any() else ()
    return Place(
        biomarker=biomarker,
        level=level,
        side=side,
        series=found.slice.scan.name,
        caution=examined.time_caution(level),
        drawings=(*drawn, found.drawing(found.canal, f"canal at {level}")),
    )


def _recess_values(found: CanalMap, side: Side, reference: float) -> Values:
    sac, sign = Sac.of(found), SIGNS[side]
    places = found.place_mm[found.canal][:, 0]
    middle, half = (places.max() + places.min()) / 2, (np.ptp(places) + found.pixel_mm) / 2
    aside = sign * (found.place_mm[..., 0] - middle)
    # pixels at the recess' inner edge count by what of them lies inside: half a column would be 0.6 mm of depth
    within = np.clip((aside - RECESS_SHARE * half) / found.pixel_mm + 0.5, 0, 1) * found.pixel_mm2
    width = (1 - RECESS_SHARE) * half
    root, other = sac.exiting(sign), sac.exiting(-sign)
    short, long = _axes_mm(found, root)
    return {
        "fluid_area": float(within[sac.bright(reference, BRIGHT)].sum()),
        "recess_depth": float(within[found.canal].sum()) / width,
        "root_axis_ratio": short / long if root.any() else 1.0,
        "medial_shift": float(np.mean(-aside[other]) - np.mean(aside[root])) if root.any() and other.any() else 0.0,
    }


def recess_rule(values: Values) -> int:
    """Grade of Bartynski and Lin (AJNR 2003;24:348) as an index into ``GRADES``."""
    narrow = values["recess_depth"] < NARROW_DEPTH_MM
    if values["fluid_area"] < OBLITERATED_MM2 and narrow:
        return 3
    if narrow and (values["root_axis_ratio"] < FLATTENED or values["medial_shift"] > DEVIATION_MM):
        return 2
    return int(narrow)


@examines(COMPROMISE)
def root_compromise_grade(examined: ExaminedSpine) -> list[Result]:
    """Distance of displaced disc or scar to the root about to leave, its shift and its flattening; the grade 0 to 3.

    Read on axial T2 with a tissue map, on the slice through the disc where a mass comes nearest to the root (the one
    that leaves below: L5 at L4-L5). Shift and flattening compare with the other side's root, mirrored about the
    canal's middle: where both are pressed alike neither shows. Roots outside the sac are not in the tissue map.
    """
    return [
        result
        for upper, lower in examined.spine.disc_pairs
        for side in SIGNS
        for result in attempt(
            COMPROMISE,
            (*COMPROMISE_UNITS, GRADE, PROBABILITY),
            partial(_compromise, examined, upper, lower, side),
            level=pair_level(upper, lower),
            side=side,
        )
    ]


def _compromise(examined: ExaminedSpine, upper: str, lower: str, side: Side) -> Iterator[Result]:
    level = pair_level(upper, lower)
    maps = [one for one in level_maps(examined, upper, lower) if _has_both_roots(one)]
    if not maps:
        raise NotMeasurableError(
            Reason.STRUCTURE_NOT_LABELLED, f"no slice at {level} shows a single root about to leave on both sides"
        )
    found = min(maps, key=lambda one: (_compromise_values(one, side)["distance"], abs(one.slice.height_mm)))
    require_cauda(found, level)
    estimate = Estimate.of_map(found, partial(_compromise_values, side=side)).with_error(
        distance=found.pixel_mm / 2, short_axis_ratio=AXIS_SE
    )
    place = _place(examined, COMPROMISE, level, side, found)
    for method, unit in COMPROMISE_UNITS.items():
        if method == "distance" and not _mass(found).any():
            yield Absent(
                biomarker=COMPROMISE,
                method=method,
                level=level,
                side=side,
                reason=Reason.UNDEFINED,
                detail=f"no displaced disc, scar or unclassified tissue lies in the canal at {level}",
            )
        else:
            yield place.number(method, unit, estimate.values[method], estimate.se(method))
    yield from place.grade(estimate.graded(compromise_rule), GRADES)


def _has_both_roots(found: CanalMap) -> bool:
    sac = Sac.of(found)
    return all(sac.exiting(sign).any() for sign in SIGNS.values())


def _compromise_values(found: CanalMap, side: Side) -> Values:
    sac, sign = Sac.of(found), SIGNS[side]
    root, other = sac.exiting(sign), sac.exiting(-sign)
    if not (root.any() and other.any()):
        return {"distance": FAR_MM, "deviation": 0.0, "short_axis_ratio": 1.0}
    places = found.place_mm[found.canal][:, 0]
    middle = np.array([(places.max() + places.min()) / 2, 0.0])
    mirrored = (found.place_mm[other].mean(axis=0) - middle) * (-1.0, 1.0)
    shift = np.linalg.norm(found.place_mm[root].mean(axis=0) - middle - mirrored)
    return {
        "distance": _distance_mm(found, root, _mass(found)),
        "deviation": float(shift),
        "short_axis_ratio": _axes_mm(found, root)[0] / _axes_mm(found, other)[0],
    }


def _mass(found: CanalMap) -> Mask:
    """Pixels of displaced disc, scar and unclassified tissue in pieces that can press a root."""
    pieces, count = ndimage.label(found.mask(*MASSES), np.ones((3, 3)))
    areas = np.bincount(pieces.ravel(), minlength=count + 1) * found.pixel_mm2
    areas[0] = 0.0
    return np.asarray((areas >= LEAST_MASS_MM2)[pieces])


def compromise_rule(values: Values) -> int:
    """Grade of Pfirrmann et al. (Radiology 2004;230:583) as an index into ``GRADES``."""
    if values["distance"] > CONTACT_MM:
        return 0
    if values["short_axis_ratio"] < COMPRESSED:
        return 3
    return 2 if values["deviation"] > DEVIATION_MM else 1


def _distance_mm(found: CanalMap, root: Mask, mass: Mask) -> float:
    """Least distance between the pixels of a root and of a mass, 0 where they touch; ``FAR_MM`` without a mass."""
    if not mass.any():
        return FAR_MM
    return max(float(ndimage.distance_transform_edt(~mass)[root].min()) - 1.0, 0.0) * found.pixel_mm


def _axes_mm(found: CanalMap, mask: Mask) -> tuple[float, float]:
    """Short and long axis of the ellipse with a mask's second moments, mm; pixels have an extent of their own."""
    places = found.place_mm[mask]
    if len(places) == 0:
        return 0.0, 0.0
    spread = np.cov(places.T, bias=True) if len(places) > 1 else np.zeros((2, 2))
    variance = np.linalg.eigvalsh(spread) + found.pixel_mm2 / 12
    short, long = 4 * np.sqrt(np.maximum(variance, 0))
    return float(short), float(long)
