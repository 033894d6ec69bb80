"""Epidural scar that fills a wanted share of every quadrant of the epidural space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import CANAL
from lumbomics.core.errors import InputError
from lumbomics.core.examination import CanalTissue
from lumbomics.core.grid import Grid
from lumbomics.phantom.anatomy import SAC, SPINE, Anatomy
from lumbomics.phantom.extra import Extra, Numbers
from lumbomics.phantom.paint import mark_fronts
from lumbomics.phantom.postoperative.place import EPIDURAL, Place, bell, near_canal
from lumbomics.phantom.postoperative.tissues import Number, ScarTissue, soft_properties
from lumbomics.phantom.shapes import Array
from lumbomics.phantom.signal import Injection
from lumbomics.phantom.soft import SoftTissue
from lumbomics.phantom.tissue import Properties

FloatArray = NDArray[np.float64]

_RASTER_MM = 0.25
_STATION_MM = 1.0


class Quadrant(StrEnum):
    """Quarter of the canal, by the patient's sides."""

    LEFT_ANTERIOR = "left_anterior"
    LEFT_POSTERIOR = "left_posterior"
    RIGHT_ANTERIOR = "right_anterior"
    RIGHT_POSTERIOR = "right_posterior"

    @property
    def signs(self) -> tuple[float, float]:
        """Sign of x (to the right) and of y (to the front)."""
        side, depth = self.value.split("_")
        return (-1.0 if side == "left" else 1.0), (1.0 if depth == "anterior" else -1.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class EpiduralScar(Extra):
    """Scar about one level.

    In every section across the canal it starts at the recess and spreads until it fills the wanted share of the
    quadrant's epidural area (canal without dural sac and disc); towards the ends of its length the share falls to 0.
    Disc material and leaving roots keep their place in it.

    Parameters
    ----------
    level
        Disc level.
    fraction
        Share of each quadrant's epidural area at the level, 0 to 1; none where left out.
    half_length_mm
        Reach along the canal to either side.
    tissue
        Its age and vascularity.
    start
        Where scar of a quadrant starts: shares of the canal's half-width and half-depth from its centre. The recess
        where left out; (0.4, 0.9) makes a lump on the disc in an anterior quadrant.
    """

    level: str
    fraction: Mapping[Quadrant, float]
    half_length_mm: float = 16.0
    tissue: ScarTissue = field(default_factory=ScarTissue)
    start: Mapping[Quadrant, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        outside = {str(q): at for q, at in self.start.items() if not all(0 <= share <= 1.2 for share in at)}
        if outside:
            raise InputError("scar starts outside the canal", expected="shares 0-1.2", got=str(outside), where="start")
        faulty = {str(q): f for q, f in self.fraction.items() if not 0 <= f <= 1}
        if faulty or not 4 <= self.half_length_mm <= 60:
            raise InputError(
                "no such scar", expected="shares 0-1, half-length 4-60 mm", got=f"{faulty}, {self.half_length_mm} mm"
            )

    def paint(self, tissue: Numbers, anatomy: Anatomy, soft: SoftTissue, grid: Grid) -> None:
        """Paint scar over fat, veins and dura."""
        place = Place.of(anatomy, self.level)
        ends = (place.station - self.half_length_mm, place.station + self.half_length_mm)
        limits = _limits(self, anatomy)
        for flat, where, (s, x, y) in near_canal(tissue, anatomy, grid, between=ends):
            epidural = (anatomy.canal.canal_level(s, x, y) <= 0) & np.isin(flat[where], EPIDURAL)
            scar = np.zeros(len(where), dtype=np.bool_)
            for quadrant in self.fraction:
                side, front = quadrant.signs
                inside = (x * side >= 0) & (y * front > 0)
                limit = np.interp(s, *limits[quadrant])
                scar |= inside & (_spread(self, quadrant, place, s, x, y) <= limit)
            flat[where[epidural & scar]] = Number.SCAR

    def properties(self, anatomy: Anatomy, injection: Injection | None) -> Mapping[int, Properties]:
        """Scar by its age."""
        return soft_properties(Number.SCAR, injection=injection, scar=self.tissue)

    def canal(self) -> Mapping[int, CanalTissue]:
        """Scar in the canal."""
        return {Number.SCAR: CanalTissue.SCAR}


@lru_cache(maxsize=8)
def _limits(scar: EpiduralScar, anatomy: Anatomy) -> dict[Quadrant, tuple[FloatArray, FloatArray]]:
    """How far scar spreads at stations: (stations, limits) by quadrant, so that the share comes out as wanted."""
    place = Place.of(anatomy, scar.level)
    s = np.arange(place.station - scar.half_length_mm, place.station + scar.half_length_mm + 0.1, _STATION_MM)
    half = place.half_width + 4.0
    x, y = np.meshgrid(np.arange(-half, half, _RASTER_MM), np.arange(-half, half, _RASTER_MM))
    x, y = x.ravel(), y.ravel()
    found: dict[Quadrant, list[float]] = {quadrant: [] for quadrant in scar.fraction}
    for at, share in zip(s, bell(s, place.station, scar.half_length_mm), strict=True):
        here = np.full(len(x), at)
        epidural = _is_epidural(anatomy, float(at), x, y)
        for quadrant, wanted in scar.fraction.items():
            side, front = quadrant.signs
            spread = _spread(scar, quadrant, place, here, x, y)[epidural & (x * side >= 0) & (y * front > 0)]
            found[quadrant].append(_threshold(spread, wanted * float(share)))
    return {quadrant: (s, np.array(limits)) for quadrant, limits in found.items()}


def _is_epidural(anatomy: Anatomy, station: float, x: FloatArray, y: FloatArray) -> NDArray[np.bool_]:
    """Points (n,) of a section that lie in the canal and neither in sac, disc nor bone."""
    here = np.full(len(x), station)
    open_space = (anatomy.canal.canal_level(here, x, y) <= 0) & (anatomy.canal.sac_level(here, x, y) > 0)
    centre, _, right, anterior = anatomy.canal.frame_at(station)
    inside = np.flatnonzero(open_space)
    points = centre + x[inside, None] * right + y[inside, None] * anterior
    maps = {SPINE: np.full(len(inside), CANAL, dtype=np.uint8), SAC: np.zeros(len(inside), dtype=np.uint8)}
    mark_fronts(maps, anatomy, points)
    open_space[inside] = maps[SPINE] == CANAL
    return np.asarray(open_space)


def _threshold(spread: FloatArray, share: float) -> float:
    """Value below which a share of the values lies."""
    if share <= 0 or not len(spread):
        return float(spread.min()) - 1.0 if len(spread) else 0.0
    if share >= 1:
        return float(spread.max()) + 1.0
    return float(np.quantile(spread, share))


def _spread(scar: EpiduralScar, quadrant: Quadrant, place: Place, s: Array, x: Array, y: Array) -> Array:
    """Order in which scar takes the epidural space: from its start on, with an uneven front."""
    side, front = quadrant.signs
    across, deep = scar.start.get(quadrant, (0.75, 0.45 if front > 0 else 0.75))
    start = (side * across * place.half_width, front * deep * place.half_depth)
    uneven = 0.5 * np.sin(0.9 * x + 0.35 * s) + 0.5 * np.sin(1.1 * y - 0.3 * s + 1.0)
    return np.asarray(np.hypot(x - start[0], y - start[1]) + uneven)
