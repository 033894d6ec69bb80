"""Foraminal stenosis: fat around the root by direction, the root's size and shape, and two grades from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import Scan
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Drawing, Measurement, Reason, Result, Shape
from lumbomics.core.visit import Plane
from lumbomics.measure.attempt import attempt, pair_level
from lumbomics.measure.examined import T2_CONTRASTS, ExaminedSpine, examines
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.stenosis.grading import GRADE, PROBABILITY, Estimate, Place, Values
from lumbomics.measure.stenosis.perineural import DIRECTIONS, Perineural

LEE, SARTORETTI = "lee_foraminal_grade", "sartoretti_foraminal_grade"
OBLITERATED = 0.5
"""Share of a quarter's directions with fat below which fat is obliterated there (the records')."""
COLLAPSED_AREA = 0.6
"""Area of a root, as a share of the other side's or the neighbours', below which it has collapsed (the record's)."""
COLLAPSED_SHAPE = 0.5
"""Anteroposterior over craniocaudal size of a root below which it has collapsed (the record's)."""
FINE_MM3 = 0.6
"""Largest voxel of the 3-D series that the finer grade needs; the record says 0.5 mm3."""
SCAR = "after surgery scar may take the place of fat"
FAT_UNITS: Mapping[str, str] = MappingProxyType({f"fat_{name}": "1" for name in DIRECTIONS})
LEE_UNITS: Mapping[str, str] = MappingProxyType({**FAT_UNITS, "root_area": "mm2", "root_axis_ratio": "1"})
LEE_GRADES = ("0", "1", "2", "3")
SARTORETTI_GRADES = ("A", "B", "C", "D", "E", "F")
_SIDES = (Side.LEFT, Side.RIGHT)
_Site = tuple[str, str, Side]
_Found = tuple[Perineural, Estimate, FloatArray] | NotMeasurableError


@dataclass(frozen=True)
class _Kind:
    """One of the two grades."""

    biomarker: str
    units: Mapping[str, str]
    scan: Callable[[ExaminedSpine], Scan]


@examines(LEE)
def lee_foraminal_grade(examined: ExaminedSpine) -> list[Result]:
    """Fat around the root in four directions, area and shape of the root, on sagittal T1; the grade 0 to 3.

    The foramen is that of the labels (``foraminal_dimensions``), read in the slice nearest to the pedicles' middle.
    From the root's middle 72 rays look for fat at least 0.5 mm thick before the foramen's wall; ``fat_superior`` and so
    on are the shares of each quarter's rays that find it. A root has collapsed where its area is below 60 % of the
    larger of the other side's and the neighbouring levels', or its depth below half of its height. Where fat is gone
    the root's edge is the foramen's wall: a root without fat in two directions or more is no measure of another's area.
    """
    return _grades(examined, _Kind(LEE, LEE_UNITS, _sagittal_t1))


@examines(SARTORETTI)
def sartoretti_foraminal_grade(examined: ExaminedSpine) -> list[Result]:
    """Sides on which the root touches its surroundings, on 3-D T2; the grade A to F with digits for the sides.

    As :func:`lee_foraminal_grade`; needs voxels of at most 0.6 mm³. Digits: 1 above, 2 behind, 3 below, 4 in front.
    """
    return _grades(examined, _Kind(SARTORETTI, FAT_UNITS, _fine_t2))


def _sagittal_t1(examined: ExaminedSpine) -> Scan:
    return examined.scan(Contrast.T1, plane=Plane.SAGITTAL, fat_suppressed=False)


def _fine_t2(examined: ExaminedSpine) -> Scan:
    series = [one for one in examined.examination.of(T2_CONTRASTS) if not one.fat_suppressed]
    fine = [one for one in series if one.image.grid.voxel_volume_mm3 <= FINE_MM3]
    if fine:
        return fine[0]
    if series:
        raise NotMeasurableError(
            Reason.RESOLUTION_TOO_COARSE, f"no T2 series has voxels of {FINE_MM3} mm3 or less, which this grade needs"
        )
    raise NotMeasurableError(Reason.NO_SUITABLE_SERIES, "the examination has no T2 series")


def _grades(examined: ExaminedSpine, kind: _Kind) -> list[Result]:
    sites = [(*pair, side) for pair in examined.spine.disc_pairs for side in _SIDES]
    found = {site: _look(examined, kind, site) for site in sites}
    return [
        result
        for site in sites
        for result in attempt(
            kind.biomarker,
            (*kind.units, GRADE, PROBABILITY),
            partial(_grade, examined, kind, found, site),
            level=pair_level(site[0], site[1]),
            side=site[2],
        )
    ]


def _look(examined: ExaminedSpine, kind: _Kind, site: _Site) -> _Found:
    try:
        seen = Perineural.of(examined, kind.scan(examined), *site)
        return seen, *seen.estimate()
    except NotMeasurableError as obstacle:
        return obstacle


def _grade(examined: ExaminedSpine, kind: _Kind, found: Mapping[_Site, _Found], site: _Site) -> Iterator[Measurement]:
    one = found[site]
    if isinstance(one, NotMeasurableError):
        raise NotMeasurableError(one.reason, one.detail)
    seen, estimate, outline = one
    place = Place(
        biomarker=kind.biomarker,
        level=seen.level,
        side=seen.side,
        series=seen.scan.name,
        caution=SCAR if examined.examination.operated(seen.level) else None,
        drawings=(
            Drawing(Shape.POLYGON, seen.plane.world(outline[::3]), f"{seen.side} root at {seen.level}"),
            Drawing(Shape.POLYGON, seen.plane.world(seen.rows.polygon_mm[::2]), f"{seen.side} foramen {seen.level}"),
        ),
    )
    usual = _usual_area(found, site)
    yield from place.numbers(estimate, kind.units)
    if kind.biomarker == LEE:
        yield from place.grade(estimate.graded(partial(lee_rule, usual_mm2=usual)), LEE_GRADES)
        return
    graded = estimate.graded(partial(sartoretti_rule, usual_mm2=usual))
    named = [*SARTORETTI_GRADES]
    named[graded.index] += "".join(str(n) for n, touches in enumerate(_touching(estimate.values), 1) if touches)
    yield from place.grade(graded, named)


def _usual_area(found: Mapping[_Site, _Found], site: _Site) -> float:
    """Larger of the other side's root and the median of the neighbouring levels'; 0 where none is seen all around."""
    seen = {key: one[1].values for key, one in found.items() if not isinstance(one, NotMeasurableError)}
    areas = {key: values["root_area"] for key, values in seen.items() if _edge_is_its_own(values)}
    upper, lower, side = site
    other = [area for key, area in areas.items() if key[:2] == (upper, lower) and key[2] is not side]
    beside = [area for key, area in areas.items() if key[0] == lower or key[1] == upper]
    return max([*other, *([float(np.median(beside))] if beside else []), 0.0])


def _edge_is_its_own(values: Values) -> bool:
    """Whether fat parts a root from the foramen's wall in all directions but one."""
    return sum(_touching(values)) < 2


def _touching(values: Values) -> tuple[bool, ...]:
    """Whether fat is gone, direction by direction."""
    return tuple(values[f"fat_{name}"] < OBLITERATED for name in DIRECTIONS)


def _collapsed(values: Values, usual_mm2: float) -> bool:
    return values["root_area"] < COLLAPSED_AREA * usual_mm2 or values["root_axis_ratio"] < COLLAPSED_SHAPE


def lee_rule(values: Values, *, usual_mm2: float) -> int:
    """Grade of Lee et al. (AJR 2010;194:1095) as an index into ``LEE_GRADES``."""
    above, behind, below, front = _touching(values)
    vertical, transverse = above and below, behind and front
    if not (vertical or transverse):
        return 0
    if _collapsed(values, usual_mm2):
        return 3
    return 2 if vertical and transverse else 1


def sartoretti_rule(values: Values, *, usual_mm2: float) -> int:
    """Grade of Sartoretti et al. (Sci Rep 2021) as an index into ``SARTORETTI_GRADES``."""
    touching = sum(_touching(values))
    return 5 if touching and _collapsed(values, usual_mm2) else touching
