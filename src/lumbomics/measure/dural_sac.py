"""The dural sac: area and diameters perpendicular to its own centreline at every disc."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from weakref import WeakKeyDictionary

from lumbomics.core.image import Image
from lumbomics.core.measurement import Drawing, Measurement, Reason, Result
from lumbomics.measure.attempt import attempt, both, pair_level
from lumbomics.measure.canal import outline
from lumbomics.measure.geometry.gate import require_resolved
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.profile import Profile, area, depth
from lumbomics.measure.geometry.section import Section
from lumbomics.measure.geometry.spine import SpineGeometry
from lumbomics.measure.geometry.stations import STATION_SE_MM, LevelledTube
from lumbomics.measure.geometry.surface import Solid
from lumbomics.measure.geometry.tube import Tube
from lumbomics.measure.geometry.uncertainty import BoundaryError
from lumbomics.measure.registry import implements

AREA = "dural_sac_area"
DIAMETERS = "dural_sac_diameters"
_AREA_METHODS = ("perpendicular_at_disc", "minimum_within_6mm")
_DIAMETER_METHODS = ("anteroposterior", "transverse", "ratio_ap_transverse")
WITHIN_MM = 6.0
SAC_VALUE = 1
"""Value of the sac in its label map."""

_FOUND: WeakKeyDictionary[SpineGeometry, tuple[Tube, dict[str, _AtDisc]]] = WeakKeyDictionary()
_Sac = LevelledTube | NotMeasurableError
_Compute = Callable[[_Sac, str, str], Iterator[Result]]


def levelled_sac(spine: SpineGeometry) -> LevelledTube:
    """Find the dural sac of a spine.

    Raises
    ------
    NotMeasurableError
        If the sac is not labelled (the canal is no substitute) or too short to follow.
    """
    labels = spine.segmentation.dural_sac
    if labels is None or SAC_VALUE not in labels.boxes:
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, "the dural sac is not in the labels")
    if spine not in _FOUND:
        drawing, solid = BoundaryError.from_labels(labels, spine.options), Solid.from_labels(labels, SAC_VALUE)
        _FOUND[spine] = Tube.of_solid(solid, drawing, name="dural sac"), {}
    return LevelledTube(_FOUND[spine][0], spine)


@dataclass(frozen=True, eq=False)
class _AtDisc:
    """The sac at a disc: station, section, the profile within 6 mm, and a caution where the disc is not labelled."""

    station_mm: float
    section: Section
    profile: Profile
    caution: str | None


def _at_disc(sac: LevelledTube, upper: str, lower: str) -> _AtDisc:
    """Cut the sac at a disc, once for areas and diameters."""
    known, level = _FOUND[sac.spine][1], pair_level(upper, lower)
    if level not in known:
        station, caution = sac.at_disc(upper, lower)
        section = sac.tube.section(station, sac.spine.segment(upper, lower).anterior)
        known[level] = _AtDisc(station, section, sac.profile(station - WITHIN_MM, station + WITHIN_MM), caution)
    return known[level]


@implements(AREA)
def dural_sac_area(spine: SpineGeometry, image: Image | None = None) -> list[Result]:
    """Area of the dural sac at every disc, and the smallest within 6 mm of it; mm².

    The area is that of the smooth outline fitted to the label's boundary (``geometry.section``). It is not the area of
    the bony canal, and no image is used.
    """
    del image
    return _at_every_disc(spine, AREA, _AREA_METHODS, _areas)


@implements(DIAMETERS)
def dural_sac_diameters(spine: SpineGeometry, image: Image | None = None) -> list[Result]:
    """Anteroposterior and transverse diameter (mm) of the dural sac at every disc, and their ratio; no image used."""
    del image
    return _at_every_disc(spine, DIAMETERS, _DIAMETER_METHODS, _diameters)


def _at_every_disc(spine: SpineGeometry, biomarker: str, methods: tuple[str, ...], compute: _Compute) -> list[Result]:
    sac: _Sac
    try:
        sac = levelled_sac(spine)
    except NotMeasurableError as obstacle:
        sac = obstacle
    return [
        result
        for pair in spine.disc_pairs
        for result in attempt(biomarker, methods, partial(compute, sac, *pair), level=pair_level(*pair))
    ]


def _areas(found: _Sac, upper: str, lower: str) -> Iterator[Result]:
    sac, level = _require(found), pair_level(upper, lower)
    cut = _at_disc(sac, upper, lower)
    se = both(cut.section.area_se_mm2, STATION_SE_MM * cut.profile.slope_at(cut.station_mm, area))
    require_resolved(cut.section.area_mm2, se, "mm2", sac.spine.options)
    yield Measurement(
        biomarker=AREA,
        method="perpendicular_at_disc",
        unit="mm2",
        level=level,
        value=cut.section.area_mm2,
        se=se,
        caution=cut.caution,
        drawings=(outline(cut.section, f"dural sac at {level}"),),
    )
    yield from attempt(AREA, _AREA_METHODS[1:], partial(_smallest, sac, cut, level), level=level)


def _smallest(sac: LevelledTube, cut: _AtDisc, level: str) -> Iterator[Result]:
    ends = cut.station_mm - WITHIN_MM, cut.station_mm + WITHIN_MM
    narrowest, se = sac.smallest(cut.profile, *ends, [(cut.station_mm, cut.section)])
    require_resolved(narrowest.area_mm2, se, "mm2", sac.spine.options)
    yield Measurement(
        biomarker=AREA,
        method="minimum_within_6mm",
        unit="mm2",
        level=level,
        value=narrowest.area_mm2,
        se=se,
        caution=cut.caution,
        drawings=(outline(narrowest, f"smallest section of the dural sac near {level}"),),
    )


def _diameters(found: _Sac, upper: str, lower: str) -> Iterator[Result]:
    level, cut = pair_level(upper, lower), _at_disc(_require(found), upper, lower)
    section, caution = cut.section, cut.caution
    depth_chord, width = section.chord_along_anterior(), section.width_along_right()
    ratio = depth_chord.length_mm / width.length_mm
    depth_se = both(depth_chord.se_mm, STATION_SE_MM * cut.profile.slope_at(cut.station_mm, depth))
    lines = (
        Drawing.line(
            depth_chord.ends_mm[0], depth_chord.ends_mm[1], f"anteroposterior diameter of the dural sac at {level}"
        ),
        Drawing.line(width.ends_mm[0], width.ends_mm[1], f"transverse diameter of the dural sac at {level}"),
    )
    for method, unit, value, se, drawings in (
        ("anteroposterior", "mm", depth_chord.length_mm, depth_se, lines[:1]),
        ("transverse", "mm", width.length_mm, width.se_mm, lines[1:]),
        (
            "ratio_ap_transverse",
            "1",
            ratio,
            ratio * both(depth_se / depth_chord.length_mm, width.se_mm / width.length_mm),
            lines,
        ),
    ):
        yield Measurement(
            biomarker=DIAMETERS,
            method=method,
            unit=unit,
            level=level,
            value=value,
            se=se,
            caution=caution,
            drawings=(outline(section, f"dural sac at {level}"), *drawings),
        )


def _require(sac: _Sac) -> LevelledTube:
    if isinstance(sac, NotMeasurableError):
        raise NotMeasurableError(sac.reason, sac.detail)
    return sac
