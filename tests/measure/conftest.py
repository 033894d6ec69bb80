"""Analytic spines: bodies between exactly known planes, with a canal behind, rasterised on any grid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from lumbomics.core.anatomy import CANAL
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels, Segmentation

Vector = NDArray[np.float64]
NUMBERS = (20, 21, 22, 23, 24, 26)


@dataclass(frozen=True)
class Block:
    """A vertebral body: rectangular footprint, flat endplates of known elevation (degrees, front up positive)."""

    centre: tuple[float, float, float]
    upper_deg: float
    lower_deg: float
    half_height: float = 13.0
    depth: float = 34.0
    width: float = 46.0
    turn_deg: float = 0.0
    lean_deg: float = 0.0

    @property
    def axes(self) -> Vector:
        """Rows right, anterior, superior; turned to the patient's left by ``turn_deg``."""
        mean, turn, lean = np.radians([(self.upper_deg + self.lower_deg) / 2, self.turn_deg, self.lean_deg])
        tilt = np.array([[1, 0, 0], [0, np.cos(mean), -np.sin(mean)], [0, np.sin(mean), np.cos(mean)]])
        side = np.array([[np.cos(lean), 0, np.sin(lean)], [0, 1, 0], [-np.sin(lean), 0, np.cos(lean)]])
        about = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
        return (side @ tilt @ about).T

    def body(self, points: Vector) -> NDArray[np.bool_]:
        x, y, z = np.moveaxis((points - self.centre) @ self.axes.T, -1, 0)
        half = np.tan(np.radians((self.upper_deg - self.lower_deg) / 2))
        inside = (np.abs(x) <= self.width / 2) & (np.abs(y) <= self.depth / 2)
        return inside & (np.abs(z) <= self.half_height + half * y)

    def canal(self, points: Vector) -> NDArray[np.bool_]:
        x, y, z = np.moveaxis((points - self.centre) @ self.axes.T, -1, 0)
        return (np.hypot(x, y + self.depth / 2 + 9) <= 8.0) & (np.abs(z) <= self.half_height + 6)

    def ring(self, points: Vector) -> NDArray[np.bool_]:
        """Pedicles, laminae and a spinous process: a ring round the canal."""
        x, y, z = np.moveaxis((points - self.centre) @ self.axes.T, -1, 0)
        reach = np.hypot(x, y + self.depth / 2 + 9)
        spinous = (np.abs(x) < 4) & (y < -self.depth / 2 - 17) & (y > -self.depth / 2 - 42)
        return ((((reach > 8) & (reach < 13)) | spinous) & (np.abs(z + 1) < 7)) & ~self.body(points)


@dataclass(frozen=True)
class AnalyticSpine:
    """L1 to S1 as blocks; S1 is a block whose lower part goes on downwards."""

    blocks: tuple[Block, ...]

    def segmentation(self, grid: Grid, *, canal: bool = True, arch: bool = False, sd: float = 0.0) -> Segmentation:
        whole = np.zeros(grid.shape, dtype=np.uint8)
        for number, block in zip(NUMBERS, self.blocks, strict=True):
            box = _box(grid, np.array(block.centre))
            points = grid.to_world(np.stack(np.mgrid[box], axis=-1))
            array = whole[box]  # a view
            if canal:
                array[block.canal(points) & (array == 0)] = CANAL
            if arch:
                array[block.ring(points) & (array == 0)] = number
            array[block.body(points)] = number
        return Segmentation(spine=Labels(whole, grid, boundary_sd_mm=sd, source="analytic"))

    def with_block(self, index: int, **changes: object) -> AnalyticSpine:
        blocks = list(self.blocks)
        blocks[index] = replace(blocks[index], **changes)  # type: ignore[arg-type]
        return AnalyticSpine(tuple(blocks))


def _box(grid: Grid, centre: Vector) -> tuple[slice, slice, slice]:
    """Voxels that may lie within 60 mm (front and back) and 36 mm (elsewhere) of a block's middle, axes near RAS."""
    reach = np.array([36.0, 65.0, 36.0]) + 15.0 * (np.abs(grid.axes - np.eye(3)).max() > 1e-6)
    middle, steps = grid.to_index(centre), reach / grid.spacing_mm
    low, high = np.maximum(0, np.floor(middle - steps)).astype(int), np.ceil(middle + steps).astype(int)
    first, second, third = (
        slice(int(a), max(int(a), int(b))) for a, b in zip(low, np.minimum(high, grid.shape), strict=True)
    )
    return first, second, third


def stack(upper: tuple[float, ...], lower: tuple[float, ...], disc_mm: float = 10.0) -> AnalyticSpine:
    """Stack six blocks along their own axes; S1 (last) hangs below L5."""
    blocks: list[Block] = []
    for index, (top, bottom) in enumerate(zip(upper, lower, strict=True)):
        block = Block((0.0, 0.0, 0.0), top, bottom)
        if blocks:
            last = blocks[-1]
            down = -last.axes[2] - block.axes[2]
            place = np.array(last.centre) + down / np.linalg.norm(down) * (26.0 + disc_mm)
            block = replace(block, centre=tuple(place))
        blocks.append(replace(block, half_height=13.0) if index < 5 else block)
    middle = np.mean([b.centre for b in blocks], axis=0)
    return AnalyticSpine(tuple(replace(b, centre=tuple(np.array(b.centre) - middle)) for b in blocks))


UPPER = (14.0, 8.0, 3.0, -4.0, -14.0, -36.0)
LOWER = (11.0, 5.0, -1.0, -9.0, -22.0, -36.0)


@pytest.fixture(scope="session")
def plain() -> AnalyticSpine:
    """A spine with 50 deg of lordosis L1-S1 and 36 deg L1-L5."""
    return stack(UPPER, LOWER)


def make_grid(spacing: tuple[float, float, float], rotation: Vector | None = None) -> Grid:
    size = np.array([66.0, 130.0, 250.0] if rotation is None else [140.0, 160.0, 260.0])
    shape = np.ceil(size / spacing).astype(int)
    axes = np.eye(3) if rotation is None else rotation
    origin = axes @ (-(shape - 1) / 2 * np.array(spacing)) + np.array([0.13, -0.21, 0.37])
    return Grid.from_spacing((int(shape[0]), int(shape[1]), int(shape[2])), spacing, origin_mm=origin, axes=axes)


@pytest.fixture(scope="session")
def grid_of() -> Callable[..., Grid]:
    """Grid over the analytic spine from spacing and, where asked, a rotation of its axes."""
    return make_grid


@pytest.fixture(scope="session")
def millimetre(plain: AnalyticSpine) -> Segmentation:
    return cache(plain.segmentation)(make_grid((1.0, 1.0, 1.0)))


@pytest.fixture(scope="session")
def thick(plain: AnalyticSpine) -> Segmentation:
    return plain.segmentation(make_grid((4.0, 0.6, 0.6)))


@pytest.fixture(scope="session")
def spine_of() -> Callable[..., AnalyticSpine]:
    """Stack of blocks from upper and lower endplate elevations, head to tail."""
    return stack
