"""Thick ligamentum flavum and epidural lipomatosis: the canal's contents reshaped, roots carried along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError
from lumbomics.core.grid import Grid
from lumbomics.phantom.anatomy import SPINE, SUBREGION, Anatomy, Layer
from lumbomics.phantom.canal import STEP_MM, Canal
from lumbomics.phantom.cauda import Cauda
from lumbomics.phantom.chain import disc_frame
from lumbomics.phantom.extra import Numbers
from lumbomics.phantom.lesions.ranges import require_range
from lumbomics.phantom.paint import canal_stretches
from lumbomics.phantom.shapes import Array, Frame, boxed
from lumbomics.phantom.tissue import Tissue

FloatArray = NDArray[np.float64]

NORMAL_FLAVUM_MM = 3.2
"""Thickness of the flavum in the plain phantom."""
_REACH_MM = 9.0
_LEAST_GAP_MM = 0.6
_BEHIND = 0.25


@dataclass(frozen=True, kw_only=True)
class ThickFlavum:
    """A thickened ligamentum flavum on one side of a level.

    What it gains pushes the canal's back wall on that side inwards; the rest of the canal stays.

    Parameters
    ----------
    disc, side
        Where.
    thickness_mm
        In the middle of the level where no bone stands behind it; 3.2 mm is the plain phantom's. The true values are
        read from the finished body.
    """

    disc: str
    side: Side
    thickness_mm: float = 5.5

    def __post_init__(self) -> None:
        require_range("thickness_mm", self.thickness_mm, NORMAL_FLAVUM_MM, 8.0, where=f"flavum {self.disc}")
        if self.side is Side.MIDLINE:
            raise InputError("a ligamentum flavum has a side", expected="left or right", where=f"flavum {self.disc}")


@dataclass(frozen=True, kw_only=True)
class Lipomatosis:
    """Fat that squeezes the dural sac.

    Parameters
    ----------
    disc
        Level of its middle.
    sac_share
        Size (width and depth) of the sac at the level as a share of what it was.
    half_length_mm
        Reach along the canal to either side.
    """

    disc: str
    sac_share: float = 0.65
    half_length_mm: float = 35.0

    def __post_init__(self) -> None:
        require_range("sac_share", self.sac_share, 0.35, 1.0, where=f"lipomatosis {self.disc}")
        require_range("half_length_mm", self.half_length_mm, 10.0, 80.0, where=f"lipomatosis {self.disc}")


@dataclass(frozen=True, eq=False)
class ThickenedCanal(Canal):
    """A canal whose back wall stands further in.

    Parameters
    ----------
    inwards_left_mm, inwards_right_mm
        (n,) shift of the back wall on either side, mm.
    """

    inwards_left_mm: FloatArray = field(repr=False)
    inwards_right_mm: FloatArray = field(repr=False)

    def canal_level(self, s: Array, x: Array, y: Array) -> Array:
        """Level of the canal, negative inside."""
        return np.asarray(super().canal_level(s, x, y) + self.inwards_mm(s, x, y))

    def sac_level(self, s: Array, x: Array, y: Array) -> Array:
        """Level of the dural sac, negative inside; where the wall stands further in, the sac gives way."""
        inwards = self.inwards_mm(s, x, y)
        pushed = super().canal_level(s, x, y) + inwards + _LEAST_GAP_MM
        return np.where(inwards > 0, np.maximum(super().sac_level(s, x, y), pushed), super().sac_level(s, x, y))

    def inwards_mm(self, s: Array, x: Array, y: Array) -> Array:
        """How far the wall nearest to a point stands in: behind only, with a soft step at the midline."""
        depth = np.maximum(self.at(self.half_depth, s), 1e-3)
        behind = np.clip((-y / depth - 0.05) / 0.35, 0, 1)
        right = 1 / (1 + np.exp(-np.clip(x / 0.8, -30, 30)))
        shift = self.at(self.inwards_left_mm, s) * (1 - right) + self.at(self.inwards_right_mm, s) * right
        inwards: Array = np.asarray(behind * shift)
        return inwards


def thickened(anatomy: Anatomy, flava: Sequence[ThickFlavum]) -> Anatomy:
    """Return the anatomy with thick flaval ligaments."""
    if not flava:
        return anatomy
    canal = anatomy.canal
    shift = {side: np.zeros(len(canal.points)) for side in (Side.LEFT, Side.RIGHT)}
    for item in flava:
        bell = np.exp(-(((_stations(canal) - _station(anatomy, item.disc)) / _REACH_MM) ** 4))
        shift[item.side] = np.maximum(shift[item.side], (item.thickness_mm - NORMAL_FLAVUM_MM) * bell)
    plain = {entry.name: getattr(canal, entry.name) for entry in fields(Canal)}
    moved = ThickenedCanal(**plain, inwards_left_mm=shift[Side.LEFT], inwards_right_mm=shift[Side.RIGHT])
    freed = [_freed(anatomy, moved, disc) for disc in dict.fromkeys(item.disc for item in flava)]
    return replace(anatomy, canal=moved, arches=(*anatomy.arches, *freed))


def _freed(anatomy: Anatomy, canal: ThickenedCanal, disc: str) -> Layer:
    """Keep bone out of the room the canal gives up at a disc: processes and laminae reach into the plain canal."""
    upper, lower = next((u, v) for name, u, v in anatomy.pairs if name == disc)
    place = anatomy.canal.frame_at(anatomy.canal.stations[disc])[0]
    frame = Frame(disc_frame(upper, lower).rotation, place)
    before = anatomy.canal

    def level(x: Array, y: Array, z: Array) -> Array:
        x, y, z = np.broadcast_arrays(x, y, z)
        points = frame.to_world(np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1))
        coordinates = canal.coordinates(points)
        inside = np.maximum(before.canal_level(*coordinates), -canal.canal_level(*coordinates))
        return np.asarray(np.nan_to_num(inside, nan=1e3).reshape(x.shape))

    half = np.array([18.0, 16.0, 1.6 * _REACH_MM])
    return Layer(boxed(frame, level, -half, half), {SPINE: 0, SUBREGION: 0})


def squeezed(anatomy: Anatomy, fats: Sequence[Lipomatosis]) -> Anatomy:
    """Return the anatomy with sacs squeezed by fat; the sac moves to the front, the roots with it."""
    if not fats:
        return anatomy
    canal, share = anatomy.canal, np.ones(len(anatomy.canal.points))
    for item in fats:
        away = (_stations(canal) - _station(anatomy, item.disc)) / item.half_length_mm
        share = np.minimum(share, 1 - (1 - item.sac_share) * np.exp(-(away**4)))
    depth = canal.sac_half_depth * share
    # most of the fat lies behind: two thirds of the room that the sac gives up
    shift = canal.sac_shift + (canal.sac_half_depth - depth) / 3
    moved = replace(canal, sac_half_width=canal.sac_half_width * share, sac_half_depth=depth, sac_shift=shift)
    return replace(anatomy, canal=moved, cauda=_carried(anatomy.cauda, canal, moved))


def paint_flavum(tissue: Numbers, flava: Sequence[ThickFlavum], anatomy: Anatomy, grid: Grid) -> None:
    """Fill the room between the canal's wall and where the ligament ended before."""
    canal = anatomy.canal
    if not flava or not isinstance(canal, ThickenedCanal):
        return
    for stretch in canal_stretches(canal, grid, NORMAL_FLAVUM_MM + 1):
        s, x, y = stretch.place
        wall, inwards = canal.canal_level(s, x, y), canal.inwards_mm(s, x, y)
        band = (inwards > 0.05) & (wall > 0) & (wall <= NORMAL_FLAVUM_MM + inwards)
        band &= y < -_BEHIND * canal.at(canal.half_depth, s)
        view = tissue[stretch.box]
        flat = view.ravel()
        place = stretch.where[band]
        open_space = ~np.isin(flat[place], (Tissue.CORTEX, Tissue.MARROW))
        flat[place[open_space]] = Tissue.FLAVUM
        view[...] = flat.reshape(view.shape)


def paint_lipomatosis(tissue: Numbers, fats: Sequence[Lipomatosis], anatomy: Anatomy, grid: Grid) -> None:
    """Turn the veins in front of a squeezed sac into fat, but for a thin layer at the bodies."""
    canal = anatomy.canal
    for item in fats:
        middle = _station(anatomy, item.disc)
        between = (middle - item.half_length_mm, middle + item.half_length_mm)
        for stretch in canal_stretches(canal, grid, 1.0, between=between):
            view = tissue[stretch.box]
            flat = view.ravel()
            deep = canal.canal_level(*stretch.place) <= -1.0
            veins = flat[stretch.where] == Tissue.EPIDURAL_VEINS
            flat[stretch.where[deep & veins]] = Tissue.EPIDURAL_FAT
            view[...] = flat.reshape(view.shape)


def _stations(canal: Canal) -> FloatArray:
    return np.arange(len(canal.points), dtype=np.float64) * STEP_MM


def _station(anatomy: Anatomy, disc: str) -> float:
    if disc not in anatomy.parameters.discs:
        raise InputError("the phantom has no such disc", expected=", ".join(anatomy.parameters.discs), got=disc)
    return anatomy.canal.stations[disc]


def _carried(cauda: Cauda, before: Canal, after: Canal) -> Cauda:
    """Keep every root's relative place in the sac."""
    across = after.sac_half_width / np.maximum(before.sac_half_width, 1e-6)
    along = after.sac_half_depth / np.maximum(before.sac_half_depth, 1e-6)
    moved = (
        replace(root, x=root.x * across, y=(root.y - before.sac_shift) * along + after.sac_shift)
        for root in cauda.roots
    )
    return replace(cauda, roots=tuple(moved))
