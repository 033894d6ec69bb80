"""Muscles, fat, vessels and skin: sections over the height that follow the spine."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from lumbomics.core.grid import Grid
from lumbomics.core.labels import Muscle
from lumbomics.phantom.canal import Canal
from lumbomics.phantom.chain import Vertebra
from lumbomics.phantom.parameters import PhantomParameters
from lumbomics.phantom.tissue import Tissue

FloatArray = NDArray[np.float64]

_FIRST_MUSCLE, _FIRST_STREAK = 100, 110
"""Codes 101-106 stand for the six muscles and 111-116 for fat inside them, until split into tissue and label."""
_STREAK = 0.8
_COLUMNS = (
    "centre_x",
    "canal_y",
    "body_front_y",
    "tip_y",
    "skin_y",
    "multifidus",
    "erector",
    "psoas",
    "aorta_x",
    "vessel",
    "half_width",
)


@dataclass(frozen=True, eq=False)
class SoftTissue:
    """Soft tissue around a spine, a table over world height.

    Parameters
    ----------
    start_mm
        World z of the first row; rows are 1 mm apart.
    table
        (n, 11): centre of the spine, middle of the canal, front of the bodies, tips of the spinous processes, skin,
        sizes of multifidus, erector and psoas, aorta's place and size, half-width of the trunk; mm.
    """

    start_mm: float
    table: FloatArray = field(repr=False)

    def codes(self, grid: Grid) -> NDArray[np.uint8]:
        """Sample the soft tissue on a grid: tissue numbers, from 101 on the muscles; read-only."""
        return _codes(self, grid)

    def outline_share(self, grid: Grid, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        """How far out in its muscle each voxel lies: the area of the similar outline through it, share of the whole.

        ``codes`` are those of :meth:`codes`; 0 outside the muscles.
        """
        return np.asarray(_outline_shares(codes, grid.affine, self.table, self.start_mm))

    def skin_y(self, z: FloatArray) -> FloatArray:
        """World y (mm) of the back's skin at heights z."""
        rows = np.arange(len(self.table)) + self.start_mm
        return np.interp(z, rows, self.table[:, _COLUMNS.index("skin_y")])

    def front_y(self, z: FloatArray) -> FloatArray:
        """World y (mm) of the bodies' front at heights z."""
        rows = np.arange(len(self.table)) + self.start_mm
        return np.interp(z, rows, self.table[:, _COLUMNS.index("body_front_y")])


@lru_cache(maxsize=2)
def _codes(soft: SoftTissue, grid: Grid) -> NDArray[np.uint8]:
    """Codes on a grid; those of the last two are kept, several painters ask for the same."""
    codes = np.asarray(_sample(np.array(grid.shape), grid.affine, soft.table, soft.start_mm))
    codes.flags.writeable = False
    return codes


def build_soft_tissue(chain: tuple[Vertebra, ...], canal: Canal, parameters: PhantomParameters) -> SoftTissue:
    """Lay soft tissue around a spine."""
    start, stop = float(canal.points[:, 2].min()) - 60.0, float(canal.points[:, 2].max()) + 60.0
    z = np.arange(start, stop, 1.0)
    order = np.argsort(canal.points[:, 2])
    height = canal.points[order, 2]
    centre_x, canal_y = (_smooth(np.interp(z, height, canal.points[order, axis]), 12) for axis in (0, 1))
    bodies = [v.frame.to_world((0.0, v.body.depth / 2, 0.0)) for v in chain]
    sacral = [
        canal.frame_at(canal.stations[name])[0] - np.array([0.0, 21.0 * parameters.size, 0.0]) for name in ("S2", "S4")
    ]
    tips = [*(_tip(v) for v in chain), *sacral]
    front, tip = (_smooth(_over(z, points), 14) for points in (bodies, tips))
    level = _over(z, [np.array([0.0, i, v.frame.origin_mm[2]]) for i, v in enumerate(chain)])
    low = np.clip((level - 3) / (len(chain) - 4), 0, 1)
    fat = parameters.fat_mm * (0.5 + 0.7 * low**1.5) + 3
    size = parameters.size
    shrink = np.clip((z - chain[-1].frame.origin_mm[2] + 45) / 70, 0.25, 1)
    columns = (
        centre_x,
        canal_y,
        front,
        tip,
        _smooth(tip, 16) - fat - 4,
        size * (7 + 7 * low) * shrink,
        size * (17 + 4 * np.sin(np.pi * low)) * shrink**2,
        size * np.clip(3 + 19 * (level - 2.5) / (len(chain) - 4.5), 0, 20),
        centre_x - 7 * size,
        _smooth(np.where(level < len(chain) - 2.4, 9.5 * size, 6.5 * size), 6),
        np.full_like(z, 145 * size),
    )
    return SoftTissue(start, np.ascontiguousarray(np.column_stack(columns)))


def muscle_labels(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Turn codes into the muscle map; fat streaks belong to their muscle."""
    table = np.zeros(256, dtype=np.uint8)
    for muscle in Muscle:
        table[[_FIRST_MUSCLE + muscle, _FIRST_STREAK + muscle]] = muscle
    return np.asarray(table[codes])


def tissue_numbers(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Turn codes into tissue numbers."""
    table = np.arange(256, dtype=np.uint8)
    for muscle in Muscle:
        table[_FIRST_MUSCLE + muscle], table[_FIRST_STREAK + muscle] = Tissue.MUSCLE, Tissue.FAT
    return np.asarray(table[codes])


def _tip(vertebra: Vertebra) -> FloatArray:
    back = vertebra.body.depth / 2 + vertebra.norm.canal_depth + vertebra.norm.spinous + 6
    return vertebra.frame.to_world((0.0, -back, -0.3 * vertebra.body.height))


def _over(z: FloatArray, points: list[FloatArray]) -> FloatArray:
    """Interpolate the points' y over height, evenly continued beyond the ends."""
    rows = np.array(sorted((point[2], point[1]) for point in points))
    return np.asarray(np.interp(z, rows[:, 0], rows[:, 1]))


def _smooth(values: FloatArray, sd_mm: float) -> FloatArray:
    return np.asarray(gaussian_filter1d(values, sd_mm, mode="nearest"))


@njit(cache=True)  # type: ignore[untyped-decorator]
def _ellipse(x: float, y: float, half_x: float, half_y: float) -> float:
    return (x / half_x) ** 2 + (y / half_y) ** 2


@njit(cache=True)  # type: ignore[untyped-decorator]
def _squircle(x: float, y: float, half_x: float, half_y: float) -> float:
    return abs(x / half_x) ** 3 + abs(y / half_y) ** 3


@njit(cache=True)  # type: ignore[untyped-decorator]
def _place(muscle: int, side: float, y: float, row: FloatArray, behind: float, depth: float) -> float:
    """Where a point lies in a left muscle's outline, 1 on it; infinite where the muscle has ended."""
    if muscle == 103 and row[5] > 3.0:
        return float(_squircle(side - row[5] - 3.5, behind + 1.0, row[5] + 0.5, depth + 3.0))
    if muscle == 105 and row[6] > 3.0:
        return float(_squircle(side - 2.0 * row[5] - row[6] - 5.5, behind, row[6], depth + 5.0))
    if muscle == 101 and row[7] > 3.0:
        return float(_ellipse(side - 22.0 - 0.8 * row[7], y - row[1] - 20.0, row[7] * 0.9, row[7] * 1.15))
    return float(np.inf)


@njit(cache=True)  # type: ignore[untyped-decorator]
def _muscle(side: float, y: float, row: FloatArray, canal_back: float, depth: float) -> int:
    """Code of the left muscle at a distance from the midline, 0 where there is none."""
    behind = y - canal_back + depth
    for muscle in (103, 105, 101):
        if _place(muscle, side, y, row, behind, depth) < 1.0:
            return muscle
    return 0


@njit(cache=True)  # type: ignore[untyped-decorator]
def _code(x: float, y: float, z: float, row: FloatArray) -> int:
    """Tissue or muscle code of one point; ``row`` is the table at its height."""
    side = abs(x - row[0])
    right = 1 if x > row[0] else 0
    behind = y - row[4]
    trunk = ((x - row[0]) / row[10]) ** 4 + ((y - row[4] - 120.0) / 120.0) ** 4
    if trunk > 1.0:
        return 0
    if behind < 2.0:
        return 15
    canal_back = row[1] - 9.0
    depth = (canal_back - row[3]) / 2.0
    if side < 3.5 and row[3] - 4.0 < y < canal_back:
        return 14
    muscle = _muscle(side, y, row, canal_back, depth)
    if muscle > 0:
        fibre = np.sin(0.45 * x + 2.1 * np.sin(0.21 * y)) * np.sin(0.5 * y + 1.9 * np.sin(0.17 * x + 0.03 * z))
        patch = 0.72 + 0.28 * np.sin(0.13 * y + 0.19 * x + 0.05 * z)
        return int(muscle + right + (10 if fibre * patch > _STREAK and muscle > 101 else 0))
    if _ellipse(x - row[8], y - row[2] - row[9] - 3.0, row[9], row[9]) < 1.0:
        return 11
    if _ellipse(x - row[0] - 17.0, y - row[2] - row[9] - 2.0, row[9] * 1.15, row[9] * 0.8) < 1.0:
        return 11
    if y > row[2] + 26.0:
        return 13
    return 1


@njit(cache=True)  # type: ignore[untyped-decorator]
def _sample(shape: NDArray[np.int64], affine: FloatArray, table: FloatArray, start: float) -> NDArray[np.uint8]:
    codes = np.zeros((shape[0], shape[1], shape[2]), dtype=np.uint8)
    last = len(table) - 1
    for i in range(shape[0]):
        for j in range(shape[1]):
            for k in range(shape[2]):
                x = affine[0, 0] * i + affine[0, 1] * j + affine[0, 2] * k + affine[0, 3]
                y = affine[1, 0] * i + affine[1, 1] * j + affine[1, 2] * k + affine[1, 3]
                z = affine[2, 0] * i + affine[2, 1] * j + affine[2, 2] * k + affine[2, 3]
                place = min(max(int(z - start), 0), last)
                codes[i, j, k] = _code(x, y, z, table[place])
    return codes


@njit(cache=True)  # type: ignore[untyped-decorator]
def _outline_shares(
    codes: NDArray[np.uint8], affine: FloatArray, table: FloatArray, start: float
) -> NDArray[np.float32]:
    shares = np.zeros(codes.shape, dtype=np.float32)
    last = len(table) - 1
    for i in range(codes.shape[0]):
        for j in range(codes.shape[1]):
            for k in range(codes.shape[2]):
                code = codes[i, j, k]
                if code < _FIRST_MUSCLE:
                    continue
                x = affine[0, 0] * i + affine[0, 1] * j + affine[0, 2] * k + affine[0, 3]
                y = affine[1, 0] * i + affine[1, 1] * j + affine[1, 2] * k + affine[1, 3]
                z = affine[2, 0] * i + affine[2, 1] * j + affine[2, 2] * k + affine[2, 3]
                row = table[min(max(int(z - start), 0), last)]
                canal_back = row[1] - 9.0
                depth = (canal_back - row[3]) / 2.0
                muscle = 101 + 2 * ((code - 1) % 10 // 2)
                place = _place(muscle, abs(x - row[0]), y, row, y - canal_back + depth, depth)
                # areas of a squircle's similar outlines grow with the power 2/3 of its value, of an ellipse's with it
                shares[i, j, k] = place if muscle == 101 else place ** (2.0 / 3.0)
    return shares
