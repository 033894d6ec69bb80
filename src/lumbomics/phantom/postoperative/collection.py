"""Fluid and blood after surgery: pseudomeningocele, seroma, epidural haematoma."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError
from lumbomics.core.examination import CanalTissue
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Muscle
from lumbomics.phantom.anatomy import MUSCLE, Anatomy
from lumbomics.phantom.extra import Extra, Numbers
from lumbomics.phantom.postoperative.place import EPIDURAL, Place, bell, fill, near_canal, sign_of
from lumbomics.phantom.postoperative.tissues import Number, arrival
from lumbomics.phantom.shapes import Array, Solid, boxed, capsule, ellipsoid
from lumbomics.phantom.signal import Injection
from lumbomics.phantom.soft import SoftTissue
from lumbomics.phantom.tissue import Properties, Tissue

_WALL_MM = 1.2
_SOFT = (
    *(int(t) for t in (Tissue.MUSCLE, Tissue.FAT, Tissue.FLAVUM, Tissue.INTERSPINOUS)),
    *EPIDURAL,
    *(int(n) for n in (Tissue.REMOVED, Number.SCAR, Number.DEFECT_SCAR, Number.DEFECT_FAT, Number.TRACT)),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Collection(Extra):
    """Fluid behind the canal, in the bed of the operation.

    Parameters
    ----------
    level
        Disc level.
    side
        Side of the defect it lies behind; ``None`` for the midline.
    half_sizes_mm
        Half its width, depth and height.
    gap_mm
        Distance of its front from the canal's back.
    neck_mm
        Radius of the neck to the sac (a pseudomeningocele); ``None`` where there is none (a seroma).
    """

    level: str
    side: Side | None = None
    half_sizes_mm: tuple[float, float, float] = (11.0, 9.0, 20.0)
    gap_mm: float = 4.0
    neck_mm: float | None = 1.6

    def __post_init__(self) -> None:
        if not all(2 <= size <= 40 for size in self.half_sizes_mm) or not 0 <= self.gap_mm <= 20:
            raise InputError("no such collection", expected="half-sizes 2-40 mm, gap 0-20 mm", got=str(self))
        if self.neck_mm is not None and not 0.5 <= self.neck_mm <= 6:
            raise InputError("no such neck", expected="0.5-6 mm", got=str(self.neck_mm), where="neck_mm")

    def solid(self, place: Place, *, grow_mm: float = 0.0) -> Solid:
        """Shape of the fluid in the disc's frame, ``grow_mm`` larger all around."""
        half = np.array(self.half_sizes_mm)
        # beside the spinous process, which stands where one side was operated
        across = 0.0 if self.side is None else sign_of(self.side) * (0.75 * half[0] + 3.4)
        back = place.centre - place.half_depth
        centre = np.array([across, back - self.gap_mm - half[1], 1.0])
        blob, reach = ellipsoid(centre, half + grow_mm)
        low, high = centre - reach, centre + reach
        if self.neck_mm is None:
            return boxed(place.frame, blob, low, high)
        start = np.array([0.3 * across, back + 0.15 * place.half_depth, 1.0])
        neck, first, last = capsule(start, centre, self.neck_mm + grow_mm, self.neck_mm + grow_mm + 0.6)

        def level(x: Array, y: Array, z: Array) -> Array:
            return np.asarray(np.minimum(blob(x, y, z), neck(x, y, z)))

        return boxed(place.frame, level, np.minimum(low, first), np.maximum(high, last))

    def paint(self, tissue: Numbers, anatomy: Anatomy, soft: SoftTissue, grid: Grid) -> None:
        """Paint a wall of granulation tissue and the fluid in it; bone and sac stay."""
        place = Place.of(anatomy, self.level)
        fill(tissue, self.solid(place, grow_mm=_WALL_MM), grid, Number.COLLECTION_WALL, _SOFT)
        fill(tissue, self.solid(place), grid, Number.COLLECTION, (*_SOFT, Number.COLLECTION_WALL))

    def relabel(self, maps: MutableMapping[str, Numbers], anatomy: Anatomy, soft: SoftTissue, grid: Grid) -> None:
        """Take the muscle map out of the fluid and its wall."""
        fill(maps[MUSCLE], self.solid(Place.of(anatomy, self.level), grow_mm=_WALL_MM), grid, 0, tuple(Muscle))

    def properties(self, anatomy: Anatomy, injection: Injection | None) -> Mapping[int, Properties]:
        """Fluid like cerebrospinal fluid where there is a neck, else with some protein; the wall enhances."""
        fluid = Properties(1.0, 3800, 1000, 10, 0.02) if self.neck_mm else Properties(0.97, 2300, 420, 18, 0.03)
        return {
            Number.COLLECTION: fluid,
            Number.COLLECTION_WALL: Properties(0.62, 950, 58, 50, 0.05, 0.25 * arrival(injection)),
        }

    def canal(self) -> Mapping[int, CanalTissue]:
        """Count the fluid without its wall."""
        return {Number.COLLECTION: CanalTissue.COLLECTION}


class BloodAge(StrEnum):
    """Age of blood by what it looks like (Bradley, Radiology 1993;189:15)."""

    ACUTE = "acute"
    """1 to 3 days, deoxyhaemoglobin: dark on T2."""
    EARLY_SUBACUTE = "early_subacute"
    """To a week, methaemoglobin in cells: bright on T1, dark on T2."""
    LATE_SUBACUTE = "late_subacute"
    """To a month, free methaemoglobin: bright on both."""


_BLOOD = {
    BloodAge.ACUTE: Properties(0.85, 950, 38, 65, 0.12),
    BloodAge.EARLY_SUBACUTE: Properties(0.88, 330, 36, 60, 0.12),
    BloodAge.LATE_SUBACUTE: Properties(0.92, 320, 160, 45, 0.10),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Haematoma(Extra):
    """Blood in the epidural space behind the sac.

    Its front bulges evenly; the sac is flattened with :class:`~lumbomics.phantom.postoperative.SacShift`.

    Parameters
    ----------
    level
        Disc level.
    share
        Share of the posterior epidural depth it fills at the level.
    half_length_mm
        Reach along the canal to either side.
    age
        What the blood looks like.
    """

    level: str
    share: float = 0.9
    half_length_mm: float = 22.0
    age: BloodAge = BloodAge.EARLY_SUBACUTE

    def __post_init__(self) -> None:
        if not (0 < self.share <= 1 and 4 <= self.half_length_mm <= 60):
            raise InputError("no such haematoma", expected="share 0-1, half-length 4-60 mm", got=str(self))

    def paint(self, tissue: Numbers, anatomy: Anatomy, soft: SoftTissue, grid: Grid) -> None:
        """Paint blood from the wall behind towards the sac."""
        place, canal = Place.of(anatomy, self.level), anatomy.canal
        ends = (place.station - self.half_length_mm, place.station + self.half_length_mm)
        for flat, where, (s, x, y) in near_canal(tissue, anatomy, grid, between=ends):
            wall, sac = -canal.canal_level(s, x, y), canal.sac_level(s, x, y)
            depth = np.maximum(wall, 0) / np.maximum(wall + sac, 1e-3)
            reach = self.share * bell(s, place.station, self.half_length_mm)
            behind = (y < -0.15 * canal.at(canal.half_depth, s)) & (wall >= 0) & (sac > 0)
            blood = behind & (depth <= reach) & np.isin(flat[where], (*EPIDURAL, Number.SCAR)) & (reach > 0.02)
            flat[where[blood]] = Number.HAEMATOMA

    def properties(self, anatomy: Anatomy, injection: Injection | None) -> Mapping[int, Properties]:
        """Blood by its age; it takes up nothing."""
        return {Number.HAEMATOMA: _BLOOD[self.age]}

    def canal(self) -> Mapping[int, CanalTissue]:
        """Blood in the canal."""
        return {Number.HAEMATOMA: CanalTissue.HAEMATOMA}
