"""The cord's lower end and the fluid behind the cord, from the cord's label."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from weakref import WeakKeyDictionary

import numpy as np
from scipy import ndimage, stats

from lumbomics.core.anatomy import CORD, VERTEBRA_NUMBERS, rank
from lumbomics.core.examination import CanalTissue
from lumbomics.core.labels import Labels
from lumbomics.core.measurement import Drawing, Measurement, Reason, Result, Shape
from lumbomics.core.visit import Plane
from lumbomics.measure.attempt import attempt, both
from lumbomics.measure.canal import levelled_canal
from lumbomics.measure.dural_sac import SAC_VALUE
from lumbomics.measure.examined import T2_CONTRASTS, ExaminedSpine, examines
from lumbomics.measure.geometry.frame import FloatArray, Frame
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.rays import voxel_extent_mm
from lumbomics.measure.geometry.spine import SpineGeometry
from lumbomics.measure.geometry.stations import STATION_SE_MM, LevelledTube
from lumbomics.measure.geometry.surface import Solid
from lumbomics.measure.geometry.uncertainty import BoundaryError
from lumbomics.measure.stenosis.grading import Place

LEVEL, DORSAL = "conus_level", "dorsal_csf_thickness"
TIP_MM2 = 10.0
"""The conus ends where the cord's section falls to this (the record's)."""
LOW_LYING = ("L2", "L3")
"""A tip below the disc between these lies low (the record's; recalled, not checked)."""
TAPER_SE_MM2 = 4.0
"""Standard error of a section of some 10 mm2 read from voxels."""
RAYS_MM = (-1.0, -0.5, 0.0, 0.5, 1.0)
"""Where, beside the cord's middle, the fluid behind it is read; the mean counts."""
_BIN_MM = 1.0
_SMOOTH_BINS = 1.5
_NEAR_MM = 2.0
_LEVEL_METHODS = ("tip_position", "below_l1_endplate", "low_lying_probability")
_THIRDS = ("upper", "middle", "lower")
_CANALS: WeakKeyDictionary[SpineGeometry, LevelledTube] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Tip:
    """Where the cord ends.

    Parameters
    ----------
    station_mm, se_mm
        Along the canal's centreline, from its tail end.
    canal
        The canal and the levels beside it.
    """

    station_mm: float
    se_mm: float
    canal: LevelledTube = field(repr=False)


@examines(LEVEL)
def conus_level(examined: ExaminedSpine) -> list[Result]:
    """Where along the spine the cord's section falls to 10 mm²: vertebra and third or disc, and as a number.

    ``tip_position`` counts 1 at L1's superior endplate, 2 at L2's, 0 at T12's, evenly between (category: vertebra and
    third, or disc); ``below_l1_endplate`` is the distance along the canal. From the cord's label, in the spine map or,
    where it is not there, in the tissue map of a sagittal T2. It is only as right as the level numbers.
    """
    return attempt(LEVEL, _LEVEL_METHODS, partial(_level, examined))


def _level(examined: ExaminedSpine) -> Iterator[Measurement]:
    tip = conus_tip(examined)
    value, per_mm, name = _position(tip)
    l1, l3 = (_endplate_station(tip.canal, level) for level in ("L1", LOW_LYING[1]))
    se = both(tip.se_mm, STATION_SE_MM)
    point = tip.canal.tube.centreline.at(tip.station_mm)
    place = Place(biomarker=LEVEL, drawings=(Drawing(Shape.POINTS, point[None], "tip of the conus"),))
    yield place.category("tip_position", "{level}", name, value, se * per_mm)
    yield place.number("below_l1_endplate", "mm", l1 - tip.station_mm, se)
    yield place.number("low_lying_probability", "1", float(stats.norm.cdf((l3 - tip.station_mm) / se)))


def conus_tip(examined: ExaminedSpine) -> Tip:
    """Find the lower end of the cord.

    Raises
    ------
    NotMeasurableError
        If cord or canal are not labelled, or the cord leaves the image before it ends.
    """
    canal = canal_of(examined.spine)
    cord, _ = cord_of(examined)
    stations, areas = _areas(canal, cord)
    # stations grow to the head: the last wide section before the first narrow one, coming from the head
    wide = areas >= TIP_MM2
    if not wide.any() or wide.mean() < 2 * _BIN_MM / max(np.ptp(stations), _BIN_MM):
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, "hardly any cord is labelled")
    at = int(np.flatnonzero(wide)[0])
    if at == 0 and _cut_below(cord, canal):
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, "the cord leaves the image before it ends")
    below = areas[at - 1] if at else 0.0
    share = (areas[at] - TIP_MM2) / (areas[at] - below)
    slope = max((areas[min(at + 3, len(areas) - 1)] - below) / (4 * _BIN_MM), 0.5)
    extent = voxel_extent_mm(cord.grid, canal.tube.centreline.tangent(float(stations[at])))
    se = both(TAPER_SE_MM2 / slope, extent / np.sqrt(12))
    return Tip(float(stations[at] - share * _BIN_MM), se, canal)


def canal_of(spine: SpineGeometry) -> LevelledTube:
    """Find the canal of a spine, once."""
    if spine not in _CANALS:
        _CANALS[spine] = levelled_canal(spine)
    return _CANALS[spine]


def cord_of(examined: ExaminedSpine) -> tuple[Solid, Labels]:
    """Find the cord in the spine map, or in the tissue map of a sagittal T2, and the map it lies in."""
    labels = examined.spine.labels
    if CORD in labels.boxes:
        return examined.spine.structure(CORD), labels
    for scan in examined.examination.of(T2_CONTRASTS, plane=Plane.SAGITTAL):
        if scan.tissue is not None and CanalTissue.CORD in scan.tissue.boxes:
            return Solid.from_labels(scan.tissue, CanalTissue.CORD), scan.tissue
    raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, "the cord is not in the labels")


def _areas(canal: LevelledTube, cord: Solid) -> tuple[FloatArray, FloatArray]:
    """Stations (n,) mm every millimetre along the cord, from the tail, and its section there, mm²."""
    at = canal.tube.centreline.station_of(cord.points_mm)
    first, last = np.floor(at.min()) - 3, np.ceil(at.max()) + 3
    count, edges = np.histogram(at, np.arange(first, last + _BIN_MM / 2, _BIN_MM))
    areas = count * cord.grid.voxel_volume_mm3 / _BIN_MM
    middle = (edges[1:] + edges[:-1]) / 2
    return middle, ndimage.gaussian_filter1d(areas.astype(np.float64), _SMOOTH_BINS, mode="nearest")


def _cut_below(cord: Solid, canal: LevelledTube) -> bool:
    tangent = canal.tube.centreline.tangent(0.0)
    return any(float(normal @ tangent) < -0.5 for normal in cord.cut_faces())


def _endplate_station(canal: LevelledTube, level: str) -> float:
    return float(canal.tube.centreline.station_of(canal.spine.vertebra(level).superior.middle_mm))


def _position(tip: Tip) -> tuple[float, float, str]:
    """Position of the tip in levels, levels a millimetre, and the name of the vertebral third or disc."""
    spine, canal = tip.canal.spine, tip.canal
    known = spine.described("T1", "S1")
    stations = np.array([_endplate_station(canal, v.level) for v in known])
    above = np.flatnonzero(stations >= tip.station_mm)
    if not len(above) or above[-1] + 1 >= len(known):
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, "the conus ends beyond the labelled vertebrae")
    upper, lower = known[above[-1]], known[above[-1] + 1]
    top, next_top = stations[above[-1]], stations[above[-1] + 1]
    per_mm = 1 / (top - next_top)
    value = _count(upper.level) + (top - tip.station_mm) * per_mm
    bottom = float(canal.tube.centreline.station_of(upper.require_inferior().middle_mm))
    if tip.station_mm < bottom:
        return value, per_mm, f"{upper.level}-{lower.level}"
    third = int(min(3 * (top - tip.station_mm) / (top - bottom), 2))
    return value, per_mm, f"{upper.level} {_THIRDS[third]} third"


def _count(level: str) -> int:
    """1 for L1, 2 for L2; 0 for the lowest thoracic vertebra."""
    if level.startswith("L"):
        return int(level[1:])
    return rank(VERTEBRA_NUMBERS[level]) - rank(VERTEBRA_NUMBERS["T12"]) if level != "T13" else 0


@examines(DORSAL)
def dorsal_csf_thickness(examined: ExaminedSpine) -> list[Result]:
    """Fluid between the cord and the dura behind it, in the plane across the canal at every vertebra's middle; mm.

    Mean over five rays within 1 mm of the cord's middle, from the labels of cord and dural sac. It depends on posture
    (prone adds 2 to 3 mm) and on the pulse.
    """
    return [
        result
        for level in examined.spine.vertebra_levels
        for result in attempt(DORSAL, ("midline_mean",), partial(_dorsal, examined, level), level=level)
    ]


def _dorsal(examined: ExaminedSpine, level: str) -> Iterator[Measurement]:
    spine = examined.spine
    sac_labels = spine.segmentation.dural_sac
    if sac_labels is None or SAC_VALUE not in sac_labels.boxes:
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, "the dural sac is not in the labels")
    cord, cord_labels = cord_of(examined)
    sac = Solid.from_labels(sac_labels, SAC_VALUE)
    frame = _cord_frame(spine, cord, level)
    starts = frame.origin_mm + np.array(RAYS_MM)[:, None] * frame.right
    out = -frame.anterior
    reach = sac.exits(starts, out) - cord.exits(starts, out)
    if not np.isfinite(reach).all():
        raise NotMeasurableError(Reason.GEOMETRY_FAILED, f"no fluid is seen between cord and dura at {level}")
    value = float(np.maximum(reach, 0).mean())
    se = both(*(_border_se_mm(spine, labels, out) for labels in (sac_labels, cord_labels)))
    ends = [starts.mean(axis=0) + distance * out for distance in _ends(sac, cord, starts, out)]
    place = Place(
        biomarker=DORSAL,
        level=level,
        caution="depends on posture and pulsation",
        drawings=(Drawing.line(ends[0], ends[1], f"dorsal fluid at {level}"),),
    )
    yield place.number("midline_mean", "mm", value, se)


def _cord_frame(spine: SpineGeometry, cord: Solid, level: str) -> Frame:
    """Plane across the canal at a vertebra's middle, about the cord's middle there."""
    canal, vertebra = canal_of(spine), spine.vertebra(level)
    station = canal.at_body(level)
    points = cord.points_mm
    near = points[np.abs(canal.tube.centreline.station_of(points) - station) < _NEAR_MM]
    if len(near) * cord.grid.voxel_volume_mm3 < TIP_MM2 * 2 * _NEAR_MM:
        raise NotMeasurableError(Reason.UNDEFINED, f"no cord lies in the canal at {level}")
    return canal.tube.centreline.frame(station, vertebra.frame.anterior).at(near.mean(axis=0))


def _ends(sac: Solid, cord: Solid, starts: FloatArray, out: FloatArray) -> tuple[float, float]:
    return float(cord.exits(starts, out).mean()), float(sac.exits(starts, out).mean())


def _border_se_mm(spine: SpineGeometry, labels: Labels, direction: FloatArray) -> float:
    """Return the standard error of a border's mean place over 2 mm."""
    drawn = BoundaryError.from_labels(labels, spine.options).drawing_sd_mm
    return both(voxel_extent_mm(labels.grid, direction) / np.sqrt(12), drawn)
