"""The canal's profile of every labelled series, in the report's words."""

from __future__ import annotations

from lumbomics.core.labels import Segmentation
from lumbomics.core.visit import Visit
from lumbomics.measure import CanalProfile, NotMeasurableError, canal_profile, describe_spine
from lumbomics.report import Profile


def profiles_of(visit: Visit) -> dict[str, tuple[Profile, ...]]:
    """Series name -> area and depth along the canal, head to foot; a series whose canal gives none is left out."""
    found = {s.name: _curves(s.segmentation) for s in visit.series if s.segmentation is not None}
    return {name: curves for name, curves in found.items() if curves}


def _curves(segmentation: Segmentation) -> tuple[Profile, ...]:
    try:
        canal = canal_profile(describe_spine(segmentation))
    except NotMeasurableError:
        return ()
    return _profiles(canal) if len(canal.stations_mm) > 1 else ()


def _profiles(canal: CanalProfile) -> tuple[Profile, ...]:
    """Turn stations round: the canal counts from the tail, a reader goes from the head down."""
    top = float(canal.stations_mm.max())
    stations = (top - canal.stations_mm)[::-1]
    marks = tuple((level, top - station) for level, station in canal.level_stations_mm.items() if "-" in level)
    return (
        Profile(name="Canal area", unit="mm²", station_mm=stations, values=canal.area_mm2[::-1], marks=marks),
        Profile(name="Canal depth", unit="mm", station_mm=stations, values=canal.anteroposterior_mm[::-1], marks=marks),
    )
