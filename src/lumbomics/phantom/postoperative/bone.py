"""What surgery took away behind the canal, and what filled the place: laminotomy, laminectomy, the approach to it."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, replace

import numpy as np

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError
from lumbomics.core.examination import CanalTissue, Operation, Surgery
from lumbomics.core.grid import Grid
from lumbomics.phantom.anatomy import MUSCLE, SPINE, SUBREGION, Anatomy, Layer
from lumbomics.phantom.extra import Extra, Numbers
from lumbomics.phantom.paint import index_box, local_coordinates
from lumbomics.phantom.postoperative.place import Place, near_canal, sign_of, within
from lumbomics.phantom.postoperative.tissues import Number, ScarTissue, soft_properties
from lumbomics.phantom.shapes import Array, Solid, boxed
from lumbomics.phantom.signal import Injection
from lumbomics.phantom.soft import SoftTissue
from lumbomics.phantom.tissue import Properties, Tissue

_KINDS = (Surgery.DISCECTOMY, Surgery.LAMINOTOMY, Surgery.LAMINECTOMY)
_GONE = (int(Tissue.REMOVED), int(Tissue.FLAVUM))
_EDGE_MM = 1.2


@dataclass(frozen=True, kw_only=True, eq=False)
class BoneDefect(Extra):
    """Removed lamina and flavum at one level, filled with scar and fat, and the scarred approach behind it.

    Parameters
    ----------
    level
        Disc level.
    side
        ``None`` for a laminectomy of both sides, spinous process included.
    kind
        A discectomy's or laminotomy's window leaves the upper lamina's upper half; a laminectomy takes the lamina.
    width_mm
        From the midline (5 mm beside it for both sides) outwards.
    fat_mm
        Thickness of the fat graft that lies on the dura.
    months
        Since the operation.
    """

    level: str
    side: Side | None
    kind: Surgery = Surgery.DISCECTOMY
    width_mm: float = 11.0
    fat_mm: float = 1.0
    months: float = 12.0

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise InputError("no such approach", expected=", ".join(_KINDS), got=str(self.kind), where="kind")
        if self.side is None and self.kind is not Surgery.LAMINECTOMY:
            raise InputError("only a laminectomy opens both sides", got=str(self.kind), where="side")
        if not (5 <= self.width_mm <= 16 and 0 <= self.fat_mm <= 6):
            raise InputError("no such defect", expected="5-16 mm wide, 0-6 mm of fat", got=str(self))
        _ = ScarTissue(months=self.months)

    def build(self, anatomy: Anatomy) -> Anatomy:
        """Cut the bone out of the arches."""
        place = Place.of(anatomy, self.level)
        layer = Layer(self.cut(place), {SPINE: 0, SUBREGION: 0}, (place.upper.number, place.lower.number))
        return replace(anatomy, arches=(*anatomy.arches, layer))

    def relabel(self, maps: MutableMapping[str, Numbers], anatomy: Anatomy, soft: SoftTissue, grid: Grid) -> None:
        """Take the muscle map out of the defect."""
        found = within(maps[MUSCLE], self.cut(Place.of(anatomy, self.level)), grid)
        if found is not None:
            view, level = found
            view[level <= 0] = 0

    def cut(self, place: Place) -> Solid:
        """Shape of the defect: a rounded block behind the canal."""
        low_x, high_x = self.reach_mm
        tall = place.upper.body.height
        high_z = 0.42 * tall if self.kind is not Surgery.LAMINECTOMY else 0.95 * tall
        back = 34.0 if self.side is None else 11.0
        low = np.array([low_x, place.centre - place.half_depth - back, -8.0])
        high = np.array([high_x, place.centre - 0.25 * place.half_depth, high_z])
        middle, half = (low + high) / 2, (high - low) / 2

        def level(x: Array, y: Array, z: Array) -> Array:
            past = [np.abs(v - m) - h + 3.0 for v, m, h in zip((x, y, z), middle, half, strict=True)]
            outside = np.sqrt(sum(np.maximum(p, 0) ** 2 for p in past))
            uneven = _EDGE_MM * np.sin(0.55 * y + 0.9) * np.cos(0.4 * z - 0.5)
            return np.asarray(outside + np.minimum(np.maximum.reduce(past), 0) - 3.0 + uneven)

        return boxed(place.frame, level, low, high)

    @property
    def reach_mm(self) -> tuple[float, float]:
        """Left and right end of the defect in the disc's frame, mm."""
        if self.side is None:
            return -self.width_mm, self.width_mm
        ends = sorted((0.8 * sign_of(self.side), self.width_mm * sign_of(self.side)))
        return ends[0], ends[1]

    def paint(self, tissue: Numbers, anatomy: Anatomy, soft: SoftTissue, grid: Grid) -> None:
        """Fill the place of bone and flavum with scar behind and fat on the dura; scar the way to the skin."""
        place = Place.of(anatomy, self.level)
        self._paint_tract(tissue, place, soft, grid)
        solid = self.cut(place)
        found = within(tissue, solid, grid)
        if found is not None:
            view, level = found
            view[(level <= 0) & np.isin(view, self._removed)] = Number.DEFECT_SCAR
            view[view == Tissue.REMOVED] = Number.DEFECT_SCAR
        low_x, high_x = self.reach_mm
        reach = 30.0
        for flat, where, (s, x, y) in near_canal(
            tissue, anatomy, grid, between=(place.station - reach, place.station + reach), margin_mm=8.0
        ):
            wall = anatomy.canal.canal_level(s, x, y)
            thickness = self.fat_mm * (1 + 0.35 * np.sin(0.6 * x + 0.3 * s))
            graft = (wall > 0) & (wall <= thickness) & (flat[where] == Number.DEFECT_SCAR) & (x > low_x) & (x < high_x)
            flat[where[graft]] = Number.DEFECT_FAT

    @property
    def _removed(self) -> tuple[int, ...]:
        # interspinous tissue goes with the spinous process only
        return (*_GONE, int(Tissue.INTERSPINOUS)) if self.side is None else _GONE

    def _paint_tract(self, tissue: Numbers, place: Place, soft: SoftTissue, grid: Grid) -> None:
        """Scar the multifidus beside the spinous process and the fat behind it in the midline."""
        skin = float(soft.skin_y(np.array([place.frame.origin_mm[2]]))[0])
        skin_y = float(place.frame.to_local((place.frame.origin_mm[0], skin, place.frame.origin_mm[2]))[1])
        low = np.array([-16.0, skin_y - 3.0, -16.0])
        high = np.array([16.0, place.centre - place.half_depth - 4.0, 18.0])
        solid = boxed(place.frame, lambda x, y, z: self._tract(x, y, z, place, skin_y), low, high)
        box = index_box(grid, solid.corners_mm)
        if box is None:
            return
        level = solid.level(*local_coordinates(grid, box, solid.frame))
        view = tissue[box]
        view[(level <= 0) & np.isin(view, (Tissue.MUSCLE, Tissue.FAT))] = Number.TRACT

    def _tract(self, x: Array, y: Array, z: Array, place: Place, skin_y: float) -> Array:
        """Level of the approach: wide at the lamina, a thin line in the midline fat."""
        start = place.centre - place.half_depth - 4.0
        depth = np.clip((start - y) / max(start - skin_y, 1.0), 0, 1)
        wavy = 1.1 * np.sin(0.35 * y + 0.2 * z) + 0.7 * np.sin(0.9 * y + 0.6 * x)
        beside = np.abs(x) - 3.4 if self.side is None else x * sign_of(self.side) - 3.4
        deep = np.maximum(-beside - 0.5, beside - 6.5 * np.maximum(1 - depth / 0.5, 0) ** 1.5 + wavy)
        shallow = np.abs(x + 0.9 * np.sin(0.12 * y + 0.08 * z)) - 0.9
        end = np.abs(z - 1.0) - 15.0 + 5.0 * depth + 1.5 * np.sin(0.3 * y)
        return np.asarray(np.maximum(np.where(depth < 0.5, deep, shallow), end))

    def properties(self, anatomy: Anatomy, injection: Injection | None) -> Mapping[int, Properties]:
        """Scar by its age; fat."""
        scar = ScarTissue(months=self.months)
        return soft_properties(Number.DEFECT_SCAR, Number.DEFECT_FAT, Number.TRACT, injection=injection, scar=scar)

    def canal(self) -> Mapping[int, CanalTissue]:
        """Scar and fat in the place of bone are the defect."""
        return {Number.DEFECT_SCAR: CanalTissue.DEFECT, Number.DEFECT_FAT: CanalTissue.DEFECT}

    def operations(self) -> tuple[Operation, ...]:
        """Tell what was done here."""
        return (Operation(level=self.level, kind=self.kind, side=self.side, months=self.months),)
