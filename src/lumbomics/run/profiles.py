"""The canal's profile in the report's words."""

from __future__ import annotations

from lumbomics.measure import CanalProfile, NotMeasurableError, SpineGeometry, canal_profile
from lumbomics.report import Profile


def profiles_of(spine: SpineGeometry) -> tuple[Profile, ...]:
    """Area and depth along the canal, head to foot; empty where the canal gives none."""
    try:
        canal = canal_profile(spine)
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
