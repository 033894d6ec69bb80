"""Infection of a disc: its five signs, each by its own knob."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError
from lumbomics.core.grid import Grid
from lumbomics.phantom.anatomy import Anatomy
from lumbomics.phantom.canal import STEP_MM
from lumbomics.phantom.chain import disc_frame
from lumbomics.phantom.extra import Numbers
from lumbomics.phantom.lesions.discs import disc_solid_of
from lumbomics.phantom.lesions.marrow import Endplate, body_voxels, endplate_depth, vertebra_of
from lumbomics.phantom.lesions.ranges import require_range
from lumbomics.phantom.lesions.tissues import Lesion, border_of
from lumbomics.phantom.paint import canal_stretches, index_box, local_coordinates
from lumbomics.phantom.shapes import Solid, boxed, ellipsoid
from lumbomics.phantom.tissue import Tissue, annulus_of, nucleus_of

_BONE = (Tissue.CORTEX, Tissue.MARROW)
_SOFT = (Tissue.FAT, Tissue.MUSCLE, Tissue.VISCERA, Tissue.LIGAMENT)
_EPIDURAL_HALF_LENGTH_MM = 16.0
OEDEMA_SIGN_SHARE = 1 / 3
"""Band of marrow oedema that counts as a sign: a third of both bodies."""


@dataclass(frozen=True, kw_only=True)
class Discitis:
    """An infected disc.

    Parameters
    ----------
    disc
        Where.
    bright
        Disc bright on T2 and STIR.
    erosion_mm
        Greatest depth to which both endplates are eaten; 0 leaves the dark line whole.
    oedema_share
        Height of the marrow oedema as a share of each body's.
    enhancing
        Disc, marrow and granulation tissue take up contrast agent.
    paraspinal_mm
        Thickness of inflamed tissue about disc and bodies in front and beside.
    abscess
        Side of a psoas abscess, or ``None``.
    epidural_mm
        Thickness of a collection between disc and dural sac.
    """

    disc: str
    bright: bool = True
    erosion_mm: float = 3.0
    oedema_share: float = 0.6
    enhancing: bool = True
    paraspinal_mm: float = 6.0
    abscess: Side | None = None
    epidural_mm: float = 0.0

    def __post_init__(self) -> None:
        where = f"discitis {self.disc}"
        require_range("erosion_mm", self.erosion_mm, 0.0, 6.0, where=where)
        require_range("oedema_share", self.oedema_share, 0.0, 0.95, where=where)
        require_range("paraspinal_mm", self.paraspinal_mm, 0.0, 12.0, where=where)
        require_range("epidural_mm", self.epidural_mm, 0.0, 6.0, where=where)
        if self.abscess is Side.MIDLINE:
            raise InputError("a psoas abscess has a side", expected="left or right", got="midline", where=where)

    @property
    def signs(self) -> Mapping[str, bool]:
        """The five signs of the catalogue's count, by letter."""
        soft = self.paraspinal_mm > 0 or self.abscess is not None or self.epidural_mm > 0
        return MappingProxyType(
            {
                "a": self.bright,
                "b": self.erosion_mm > 0,
                "c": self.oedema_share >= OEDEMA_SIGN_SHARE,
                "d": self.enhancing,
                "e": soft,
            }
        )


def displaced_sac(anatomy: Anatomy, item: Discitis) -> Anatomy:
    """Return the anatomy with the sac pushed back by an epidural collection."""
    if item.epidural_mm <= 0:
        return anatomy
    canal = anatomy.canal
    station = _station(anatomy, item.disc)
    away = (np.arange(len(canal.points)) * STEP_MM - station) / _EPIDURAL_HALF_LENGTH_MM
    pushed = np.minimum(item.epidural_mm * np.exp(-(away**4)), 1.2 * canal.sac_half_depth)
    depth = np.maximum(canal.sac_half_depth - pushed / 2, 0.25 * canal.sac_half_depth)
    moved = replace(canal, sac_half_depth=depth, sac_shift=canal.sac_shift - (canal.sac_half_depth - depth))
    along = depth / np.maximum(canal.sac_half_depth, 1e-6)
    roots = tuple(replace(root, y=(root.y - canal.sac_shift) * along + moved.sac_shift) for root in anatomy.cauda.roots)
    return replace(anatomy, canal=moved, cauda=replace(anatomy.cauda, roots=roots))


def paint_discitis(tissue: Numbers, item: Discitis, anatomy: Anatomy, grid: Grid) -> None:
    """Paint one infected disc with all that surrounds it."""
    for endplate in Endplate:
        _paint_marrow(tissue, item, endplate, anatomy, grid)
    if item.bright:
        _paint_core(tissue, item, anatomy, grid)
    if item.paraspinal_mm > 0:
        _fill(tissue, _phlegmon(anatomy, item), grid, Lesion.GRANULATION, _SOFT)
    if item.abscess is not None:
        _fill(tissue, _psoas(anatomy, item, 3.0), grid, Lesion.GRANULATION, _SOFT)
        _fill(tissue, _psoas(anatomy, item, 0.0), grid, Lesion.ABSCESS, (*_SOFT, Lesion.GRANULATION))
    if item.epidural_mm > 0:
        _paint_epidural(tissue, item, anatomy, grid)


def _paint_marrow(tissue: Numbers, item: Discitis, endplate: Endplate, anatomy: Anatomy, grid: Grid) -> None:
    """Paint oedema, then the eaten endplate."""
    vertebra, superior = vertebra_of(anatomy, item.disc, endplate)
    seen = body_voxels(vertebra, grid)
    if seen is None:
        return
    box, x, y, z = seen
    body, view = vertebra.body, tissue[box]
    depth = endplate_depth(vertebra, x, y, z, superior=superior)
    inside = (body.level(x, y, z) <= 0) & np.isin(view, _BONE)
    wave = 1.3 * np.sin(0.17 * x + 0.4) * np.sin(0.13 * y + 1.1) + 0.5 * np.sin(0.45 * y + 0.2 * x)
    if item.oedema_share > 0:
        marrow = inside & (view == Tissue.MARROW)
        view[marrow & (depth <= item.oedema_share * body.height + wave)] = Lesion.INFECTED_MARROW
    if item.erosion_mm > 0:
        uneven = 0.45 + 0.55 * np.sin(0.21 * x + 0.4) ** 2 * np.sin(0.19 * y + 0.9) ** 2
        core = (x / (0.47 * body.width)) ** 2 + (y / (0.47 * body.depth)) ** 2 < 1
        eaten = inside & core & (depth <= np.maximum(item.erosion_mm * uneven, 0.4))
        view[eaten] = Lesion.INFECTED_DISC if item.bright else Lesion.GRANULATION
        view[inside & core & (view == Tissue.CORTEX) & (depth < 2.5)] = Lesion.INFECTED_MARROW


def _paint_core(tissue: Numbers, item: Discitis, anatomy: Anatomy, grid: Grid) -> None:
    solid = disc_solid_of(anatomy, item.disc)
    box = index_box(grid, solid.corners_mm)
    if box is None:
        return
    level = solid.level(*local_coordinates(grid, box, solid.frame))
    index = anatomy.parameters.discs.index(item.disc)
    view = tissue[box]
    own = np.isin(view, (nucleus_of(index), annulus_of(index), border_of(index), Lesion.CLEFT))
    view[own & (level <= 0)] = Lesion.INFECTED_DISC


def _phlegmon(anatomy: Anatomy, item: Discitis) -> Solid:
    """Ellipsoid about the disc space; what it may replace leaves its shell in front and beside."""
    upper, lower = next((u, v) for name, u, v in anatomy.pairs if name == item.disc)
    frame, body = disc_frame(upper, lower), lower.body
    half = np.array([body.width / 2, body.depth / 2, 0.45 * body.height]) + item.paraspinal_mm
    centre = np.array([0.0, 3.0, 0.0])
    level, _ = ellipsoid(centre, half)
    low = centre - half
    low[1] = -6.0  # the foramina and the canal have their own
    return boxed(frame, level, low, centre + half)


def _psoas(anatomy: Anatomy, item: Discitis, rim_mm: float) -> Solid:
    upper, lower = next((u, v) for name, u, v in anatomy.pairs if name == item.disc)
    frame, body = disc_frame(upper, lower), lower.body
    sign = -1.0 if item.abscess is Side.LEFT else 1.0
    half = np.array([8.0, 9.5, 17.0]) + rim_mm
    centre = np.array([sign * (body.width / 2 + 12.0), -4.0, -4.0])
    level, _ = ellipsoid(centre, half)
    return boxed(frame, level, centre - half, centre + half)


def _fill(tissue: Numbers, solid: Solid, grid: Grid, value: int, over: tuple[int, ...]) -> None:
    box = index_box(grid, solid.corners_mm)
    if box is None:
        return
    places = local_coordinates(grid, box, solid.frame)
    inside = solid.level(*places) <= 0
    for place, low, high in zip(places, solid.low, solid.high, strict=True):
        inside &= (place >= low) & (place <= high)
    view = tissue[box]
    view[inside & np.isin(view, over)] = value


def _paint_epidural(tissue: Numbers, item: Discitis, anatomy: Anatomy, grid: Grid) -> None:
    """Fill the room in front of the sac: pus inside a wall of inflamed tissue."""
    canal, station = anatomy.canal, _station(anatomy, item.disc)
    between = (station - _EPIDURAL_HALF_LENGTH_MM, station + _EPIDURAL_HALF_LENGTH_MM)
    for stretch in canal_stretches(canal, grid, 1.0, between=between):
        s, x, y = stretch.place
        front = y > canal.at(canal.sac_shift, s) + 0.3 * canal.at(canal.sac_half_depth, s)
        view = tissue[stretch.box]
        flat = view.ravel()
        epidural = np.isin(flat[stretch.where], (Tissue.EPIDURAL_FAT, Tissue.EPIDURAL_VEINS)) & front
        core = epidural & (canal.sac_level(s, x, y) > 1.2) & (canal.canal_level(s, x, y) < -0.7)
        flat[stretch.where[epidural]] = Lesion.EPIDURAL_WALL
        flat[stretch.where[core]] = Lesion.EPIDURAL_ABSCESS
        view[...] = flat.reshape(view.shape)


def _station(anatomy: Anatomy, disc: str) -> float:
    if disc not in anatomy.parameters.discs:
        raise InputError("the phantom has no such disc", expected=", ".join(anatomy.parameters.discs), got=disc)
    return anatomy.canal.stations[disc]
