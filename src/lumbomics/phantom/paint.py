"""Sampling of the closed-form anatomy on a voxel grid or at loose points, always from the same geometry."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import CANAL, CORD
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Subregion
from lumbomics.phantom.anatomy import FORAMINA, SAC, SPINE, SUBREGION, Anatomy, Layer
from lumbomics.phantom.canal import REACH_MM, STEP_MM
from lumbomics.phantom.shapes import Array, Frame, Solid

FloatArray = NDArray[np.float64]
Box = tuple[slice, slice, slice]
Maps = dict[str, NDArray[np.uint8]]

MAPS = (SPINE, SUBREGION, SAC, FORAMINA)


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
    _mark_canal(maps, anatomy, near, (s[near], x[near], y[near]), 0.0)
    mark_fronts(maps, anatomy, points_mm)
    return maps


def mark_fronts(maps: Maps, anatomy: Anatomy, points_mm: FloatArray) -> None:
    """Paint discs, herniations, bodies and foramina over maps (n,) in which the canal is already marked."""
    _mark_near(maps, anatomy.fronts, points_mm)


def index_box(grid: Grid, corners_mm: FloatArray) -> Box | None:
    """Voxels that may lie inside the hull of world points; ``None`` where the grid misses it."""
    index = grid.to_index(corners_mm)
    low = np.maximum(np.ceil(index.min(axis=0)), 0).astype(int)
    high = np.minimum(np.floor(index.max(axis=0)) + 1, grid.shape).astype(int)
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
    box = index_box(sheet.grid, layer.solid.corners_mm)
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


def _paint_canal(sheet: Sheet, anatomy: Anatomy) -> None:
    canal, grid = anatomy.canal, sheet.grid
    pieces = int(np.ceil(len(canal.points) * STEP_MM / 40))
    for stretch in np.array_split(np.arange(len(canal.points)), pieces):
        reach = canal.half_width[stretch].max() + 3
        centre = canal.points[stretch]
        box = index_box(grid, np.vstack([centre - reach, centre + reach]))
        if box is None:
            continue
        _paint_stretch(sheet, anatomy, box, (stretch[0] * STEP_MM, (stretch[-1] + 1) * STEP_MM))


def _paint_stretch(sheet: Sheet, anatomy: Anatomy, box: Box, span: tuple[float, float]) -> None:
    frame = Frame(np.eye(3), np.zeros(3))
    x, y, z = local_coordinates(sheet.grid, box, frame)
    points = np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1)
    s, across, forward = anatomy.canal.coordinates(points)
    near = (s >= span[0]) & (s < span[1]) & (across**2 + forward**2 < REACH_MM**2)
    error = 0.0 if sheet.error is None else sheet.error[box].ravel()[near]
    views = {name: values[box].ravel() for name, values in sheet.maps.items()}
    _mark_canal(views, anatomy, near, (s[near], across[near], forward[near]), error)
    for name, values in sheet.maps.items():
        values[box] = views[name].reshape(x.shape)


def _mark_canal(
    maps: Maps, anatomy: Anatomy, near: NDArray[np.bool_], place: tuple[Array, Array, Array], error: float | Array
) -> None:
    """Paint canal, sac and cord at the points ``near``, whose canal coordinates are ``place``."""
    where = np.flatnonzero(near)
    canal = anatomy.canal
    inside = where[canal.canal_level(*place) <= error]
    maps[SPINE][inside], maps[SUBREGION][inside], maps[FORAMINA][inside] = CANAL, Subregion.CANAL, 0
    maps[SAC][where[canal.sac_level(*place) <= error]] = 1
    cord = where[canal.cord_level(*place) <= error]
    maps[SPINE][cord], maps[SUBREGION][cord] = CORD, Subregion.CORD
