"""One operated level: where it lies along the canal, and painting about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError
from lumbomics.core.grid import Grid
from lumbomics.phantom.anatomy import Anatomy
from lumbomics.phantom.canal import STEP_MM
from lumbomics.phantom.chain import Vertebra, disc_frame
from lumbomics.phantom.extra import Numbers
from lumbomics.phantom.paint import canal_stretches, index_box, local_coordinates
from lumbomics.phantom.shapes import Array, Frame, Solid
from lumbomics.phantom.tissue import Tissue

BONE = (int(Tissue.CORTEX), int(Tissue.MARROW))
EPIDURAL = (int(Tissue.EPIDURAL_FAT), int(Tissue.EPIDURAL_VEINS), int(Tissue.LIGAMENT))


def sign_of(side: Side) -> float:
    """-1 on the left, +1 on the right; InputError for the midline."""
    if side is Side.MIDLINE:
        raise InputError("this has a side", expected="left or right", got="midline", where="side")
    return -1.0 if side is Side.LEFT else 1.0


@dataclass(frozen=True, eq=False)
class Place:
    """A disc level.

    Parameters
    ----------
    upper, lower
        The vertebrae.
    frame
        The disc's: right, anterior, superior.
    station
        Of the disc along the canal, mm.
    half_width, half_depth
        Of the canal there, mm.
    back, centre
        Local y (mm) of the disc's posterior edge and of the canal's centre.
    front
        (n, 2) local height and local y (mm) of the canal's front along the level, from the top.
    """

    upper: Vertebra = field(repr=False)
    lower: Vertebra = field(repr=False)
    frame: Frame = field(repr=False)
    station: float
    half_width: float
    half_depth: float
    back: float
    centre: float
    front: NDArray[np.float64] = field(repr=False)

    @classmethod
    def of(cls, anatomy: Anatomy, level: str) -> Place:
        """Find a disc level; InputError where the phantom has none of that name."""
        pairs = {name: (upper, lower) for name, upper, lower in anatomy.pairs}
        if level not in pairs:
            raise InputError("the phantom has no such disc", expected=", ".join(pairs), got=level, where="level")
        upper, lower = pairs[level]
        frame, canal = disc_frame(upper, lower), anatomy.canal
        station = canal.stations[level]
        corners = [upper.corner(superior=False, anterior=False), lower.corner(superior=True, anterior=False)]
        at = np.array([station])
        return cls(
            upper=upper,
            lower=lower,
            frame=frame,
            station=station,
            half_width=float(canal.at(canal.half_width, at)[0]),
            half_depth=float(canal.at(canal.half_depth, at)[0]),
            back=float(frame.to_local(np.mean(corners, axis=0))[1]),
            centre=float(frame.to_local(canal.frame_at(station)[0])[1]),
            front=_front(anatomy, frame, station),
        )

    def behind(self, height_mm: float) -> float:
        """Local y (mm) of the edge of disc or body in front of the canal at a height over the disc's middle."""
        here, level = (float(np.interp(-z, -self.front[:, 0], self.front[:, 1])) for z in (height_mm, 0.0))
        return self.back + here - level


def _front(anatomy: Anatomy, frame: Frame, station: float) -> NDArray[np.float64]:
    """Local (height, y) of the canal's front wall within 30 mm of a station, from the top."""
    canal = anatomy.canal
    near = np.flatnonzero(np.abs(stations(anatomy) - station) <= 30.0)
    wall = canal.points[near] + canal.anterior[near] * canal.half_depth[near, None]
    return np.asarray(frame.to_local(wall)[:, [2, 1]])


def near_canal(
    tissue: Numbers, anatomy: Anatomy, grid: Grid, *, between: tuple[float, float], margin_mm: float = 1.0
) -> Iterator[tuple[Numbers, NDArray[np.intp], tuple[Array, Array, Array]]]:
    """Yield flat tissue numbers, the positions near the canal in them and their canal coordinates; keep changes."""
    for stretch in canal_stretches(anatomy.canal, grid, margin_mm, between=between):
        view = tissue[stretch.box]
        flat = view.ravel()
        yield flat, stretch.where, stretch.place
        view[...] = flat.reshape(view.shape)


def within(tissue: Numbers, solid: Solid, grid: Grid) -> tuple[Numbers, Array] | None:
    """Return the part of the tissue (a view) in a solid's box and the solid's level there; ``None`` beyond the grid."""
    box = index_box(grid, solid.corners_mm)
    if box is None:
        return None
    return tissue[box], solid.level(*local_coordinates(grid, box, solid.frame))


def fill(tissue: Numbers, solid: Solid, grid: Grid, number: int, over: tuple[int, ...] | None) -> None:
    """Paint a solid over some tissues, or over all but bone."""
    found = within(tissue, solid, grid)
    if found is not None:
        view, level = found
        open_space = ~np.isin(view, BONE) if over is None else np.isin(view, over)
        view[(level <= 0) & open_space] = number


def stations(anatomy: Anatomy) -> NDArray[np.float64]:
    """Stations (n,) of the canal's table, mm."""
    return np.asarray(np.arange(len(anatomy.canal.points)) * STEP_MM, dtype=np.float64)


def bell(s: Array, centre: float, half_mm: float, *, flat: float = 0.6) -> NDArray[np.float64]:
    """1 within ``flat`` of the half-length about a station, falling as a cosine to 0 at the half-length."""
    share = np.clip((np.abs(np.asarray(s, dtype=np.float64) - centre) / half_mm - flat) / (1 - flat), 0, 1)
    return np.asarray((1 + np.cos(np.pi * share)) / 2)
