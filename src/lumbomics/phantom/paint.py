"""Sampling of the closed-form anatomy on a voxel grid or at loose points, always from the same geometry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import CANAL, CORD
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Subregion
from lumbomics.phantom.anatomy import DISPLACED, FORAMINA, SAC, SPINE, SUBREGION, Anatomy, Layer
from lumbomics.phantom.canal import STEP_MM, Canal
from lumbomics.phantom.shapes import Array, Frame, Solid

FloatArray = NDArray[np.float64]
Box = tuple[slice, slice, slice]
Maps = dict[str, NDArray[np.uint8]]

MAPS = (SPINE, SUBREGION, SAC, FORAMINA, DISPLACED)


@dataclass(frozen=True, eq=False)
class Sheet:
    """Label maps being painted on one grid.

    Parameters
    ----------
    grid
        Where the voxels lie.
    maps
        Name -> array.
    error
        Boundary error in mm added to every structure's size, or ``None``.
    """

    grid: Grid
    maps: Maps = field(repr=False)
    error: NDArray[np.float32] | None = field(default=None, repr=False)

    @cached_property
    def margin_mm(self) -> float:
        """How far the error can push a boundary outwards."""
        return 0.0 if self.error is None else float(self.error.max())


@dataclass(frozen=True, eq=False)
class Stretch:
    """Voxels about a stretch of the canal.

    Parameters
    ----------
    box
        Part of the grid.
    where
        (n,) positions in the raveled box.
    place
        Canal coordinates s, x, y (n,) of those voxels.
    """

    box: Box
    where: NDArray[np.intp] = field(repr=False)
    place: tuple[Array, Array, Array] = field(repr=False)


def paint_grid(anatomy: Anatomy, grid: Grid, *, error: NDArray[np.float32] | None = None) -> Maps:
    """Sample all label maps on ``grid``; a voxel belongs to what its centre lies in."""
    sheet = Sheet(grid, {name: np.zeros(grid.shape, dtype=np.uint8) for name in MAPS}, error)
    for layer in anatomy.arches:
        _paint(sheet, layer)
    _paint_canal(sheet, anatomy)
    for layer in anatomy.fronts:
        _paint(sheet, layer)
    return sheet.maps


def classify(anatomy: Anatomy, points_mm: FloatArray) -> Maps:
    """Sample the same maps at loose world points (n, 3)."""
    maps = {name: np.zeros(len(points_mm), dtype=np.uint8) for name in MAPS}
    _mark_near(maps, anatomy.arches, points_mm)
    s, x, y = anatomy.canal.coordinates(points_mm)
    near = np.isfinite(s)
    _mark_canal(maps, anatomy, np.flatnonzero(near), (s[near], x[near], y[near]), 0.0)
    mark_fronts(maps, anatomy, points_mm)
    return maps


def mark_fronts(maps: Maps, anatomy: Anatomy, points_mm: FloatArray) -> None:
    """Paint discs, herniations, bodies and foramina over maps (n,) in which the canal is already marked."""
    _mark_near(maps, anatomy.fronts, points_mm)


def index_box(grid: Grid, corners_mm: FloatArray, *, margin_mm: float = 0.0) -> Box | None:
    """Voxels that may lie within a margin of the hull of world points; ``None`` where the grid misses it."""
    index, margin = grid.to_index(corners_mm), margin_mm / grid.spacing_mm
    low = np.maximum(np.ceil(index.min(axis=0) - margin), 0).astype(int)
    high = np.minimum(np.floor(index.max(axis=0) + margin) + 1, grid.shape).astype(int)
    if (low >= high).any():
        return None
    first, second, third = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return first, second, third


def local_coordinates(grid: Grid, box: Box, frame: Frame) -> tuple[Array, Array, Array]:
    """Coordinates in ``frame`` of the voxel centres of a box, each (i, j, k), float32."""
    linear = frame.rotation.T @ grid.affine[:3, :3]
    shift = frame.to_local(grid.affine[:3, 3])
    steps = [np.arange(part.start, part.stop) for part in box]
    shapes = ((-1, 1, 1), (1, -1, 1), (1, 1, -1))
    x, y, z = (
        sum((linear[row, axis] * steps[axis]).reshape(shapes[axis]).astype(np.float32) for axis in range(3))
        + np.float32(shift[row])
        for row in range(3)
    )
    return x, y, z


def level_on(grid: Grid, box: Box, solid: Solid) -> Array:
    """Level of a solid at the voxel centres of a box; values beyond the solid's own box are not meant."""
    return solid.level(*local_coordinates(grid, box, solid.frame))


def _mark_near(maps: Maps, layers: tuple[Layer, ...], points_mm: FloatArray) -> None:
    """Paint the layers whose boxes reach the points' own box."""
    if len(points_mm) == 0:
        return
    low, high = points_mm.min(axis=0), points_mm.max(axis=0)
    first, last = _bounds(layers)
    for index in np.flatnonzero(((first <= high) & (last >= low)).all(axis=1)):
        _mark(maps, layers[index], layers[index].solid.at_points(points_mm) <= 0)


@lru_cache(maxsize=64)
def _bounds(layers: tuple[Layer, ...]) -> tuple[FloatArray, FloatArray]:
    corners = np.array([layer.solid.bounds_mm for layer in layers])
    return corners[:, 0], corners[:, 1]


def _paint(sheet: Sheet, layer: Layer) -> None:
    box = index_box(sheet.grid, layer.solid.corners_mm, margin_mm=sheet.margin_mm)
    if box is None:
        return
    level = level_on(sheet.grid, box, layer.solid)
    limit = 0.0 if sheet.error is None else sheet.error[box]
    _mark({name: values[box] for name, values in sheet.maps.items()}, layer, level <= limit)


def _mark(maps: Maps, layer: Layer, inside: NDArray[np.bool_]) -> None:
    if layer.over is not None:
        inside = inside & np.isin(maps[SPINE], layer.over)
    for name, value in layer.values.items():
        if name in maps:
            maps[name][inside] = value
    if SPINE in layer.values and SAC not in layer.values:
        maps[SAC][inside] = 0


def canal_stretches(
    canal: Canal, grid: Grid, margin_mm: float, *, between: tuple[float, float] | None = None
) -> Iterator[Stretch]:
    """Walk along the canal in pieces: the voxels within ``margin_mm`` of its wall and their canal coordinates.

    ``between`` bounds the stations (mm) walked.
    """
    first, last = (0.0, np.inf) if between is None else between
    walked = np.arange(max(int(first / STEP_MM), 0), int(min(last / STEP_MM + 1, len(canal.points))))
    for part in np.array_split(walked, max(int(np.ceil(len(walked) * STEP_MM / 40)), 1)):
        reach = canal.half_width[part].max() + margin_mm
        box = index_box(grid, canal.points[part], margin_mm=reach)
        if box is None:
            continue
        x, y, z = local_coordinates(grid, box, Frame(np.eye(3), np.zeros(3)))
        s, across, forward = canal.coordinates(np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1))
        near = (s >= part[0] * STEP_MM) & (s < (part[-1] + 1) * STEP_MM)
        near &= across**2 + forward**2 < reach**2
        yield Stretch(box, np.flatnonzero(near), (s[near], across[near], forward[near]))


def _paint_canal(sheet: Sheet, anatomy: Anatomy) -> None:
    for stretch in canal_stretches(anatomy.canal, sheet.grid, 1.0 + sheet.margin_mm):
        error = 0.0 if sheet.error is None else sheet.error[stretch.box].ravel()[stretch.where]
        views = {name: values[stretch.box] for name, values in sheet.maps.items()}
        flat = {name: view.ravel() for name, view in views.items()}
        _mark_canal(flat, anatomy, stretch.where, stretch.place, error)
        for name, view in views.items():
            view[...] = flat[name].reshape(view.shape)


def _mark_canal(
    maps: Maps, anatomy: Anatomy, where: NDArray[np.intp], place: tuple[Array, Array, Array], error: float | Array
) -> None:
    """Paint canal, sac and cord at the points ``where``, whose canal coordinates are ``place``."""
    canal = anatomy.canal
    inside = where[canal.canal_level(*place) <= error]
    maps[SPINE][inside], maps[SUBREGION][inside], maps[FORAMINA][inside] = CANAL, Subregion.CANAL, 0
    maps[SAC][where[canal.sac_level(*place) <= error]] = 1
    cord = where[canal.cord_level(*place) <= error]
    maps[SPINE][cord], maps[SUBREGION][cord] = CORD, Subregion.CORD
