"""Fat inside the back muscles and their wasting, muscle by muscle and side by side."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.errors import InputError
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Muscle
from lumbomics.phantom.anatomy import Anatomy
from lumbomics.phantom.extra import Numbers
from lumbomics.phantom.lesions.ranges import require_range
from lumbomics.phantom.soft import SoftTissue, muscle_labels
from lumbomics.phantom.tissue import Tissue

FloatArray = NDArray[np.float64]

GOUTALLIER_LIMITS = (0.05, 0.15, 0.45, 0.55)
"""Fat share at which the grades 1, 2, 3 and 4 begin: the catalogue's default mapping, an engineering default."""
_TYPICAL = (0.02, 0.10, 0.30, 0.50, 0.70)
_STEPS = 201
_SAMPLE_MM = (1.5, 1.5, 4.0)
_MOST = 0.95


@dataclass(frozen=True, kw_only=True)
class MuscleState:
    """One muscle on one side.

    Parameters
    ----------
    muscle
        Which.
    fat
        Share of the muscle's section that is fat, at L4-L5; streaks, then marbling, then fat with strands of muscle.
    caudal_rise
        How much that share grows from one disc to the next lower one.
    size
        Section of the muscle as a share of the plain phantom's; what it gives up is fat outside the muscle.
    """

    muscle: Muscle
    fat: float = 0.05
    caudal_rise: float = 0.0
    size: float = 1.0

    def __post_init__(self) -> None:
        where = self.muscle.name.lower()
        require_range("fat", self.fat, 0.0, 0.9, where=where)
        require_range("caudal_rise", self.caudal_rise, -0.1, 0.2, where=where)
        require_range("size", self.size, 0.3, 1.0, where=where)

    @classmethod
    def of_grade(cls, muscle: Muscle, grade: int, *, size: float = 1.0) -> MuscleState:
        """Return a muscle of a Goutallier grade, with the fat share in the middle of its range."""
        if grade not in range(5):
            raise InputError("no such grade", expected="0 to 4", got=str(grade), where="Goutallier")
        return cls(muscle=muscle, fat=_TYPICAL[grade], size=size)


def goutallier_grade(fat_share: float) -> int:
    """Grade 0 to 4 of a fat share (0 to 1) by the catalogue's default limits; upper grades begin at their limit."""
    return int(np.searchsorted(GOUTALLIER_LIMITS, fat_share, side="right"))


@dataclass(frozen=True, eq=False)
class _Thresholds:
    """Quantiles (201,) of the pattern in one muscle, and fat share by world height."""

    quantiles: FloatArray = field(repr=False)
    heights: FloatArray = field(repr=False)
    fat: FloatArray = field(repr=False)


def apply_muscles(
    tissue: Numbers | None,
    labels: Numbers | None,
    states: tuple[MuscleState, ...],
    anatomy: Anatomy,
    soft: SoftTissue,
    grid: Grid,
) -> None:
    """Change tissue numbers and the muscle map (either may be ``None``) in place as the states say.

    Only what is still muscle or fat in the tissue map, and still muscle in the label map, is changed.
    """
    if not states:
        return
    codes = soft.codes(grid)
    shares = soft.outline_share(grid, codes)
    muscles = muscle_labels(codes)
    for state in states:
        index = np.nonzero(muscles == state.muscle)
        outside = shares[index] > state.size
        if labels is not None:
            gone = tuple(axis[outside] for axis in index)
            labels[gone] = np.where(labels[gone] == state.muscle, 0, labels[gone])
        if tissue is None:
            continue
        points = grid.to_world(np.column_stack(index))
        fatty = outside | _is_fat(state, points, shares[index], anatomy, soft)
        open_space = np.isin(tissue[index], (Tissue.MUSCLE, Tissue.FAT))
        tissue[index] = np.where(open_space, np.where(fatty, Tissue.FAT, Tissue.MUSCLE), tissue[index])


def _is_fat(
    state: MuscleState, points: FloatArray, shares: NDArray[np.float32], anatomy: Anatomy, soft: SoftTissue
) -> NDArray[np.bool_]:
    found = _thresholds(state, anatomy, soft)
    fat = np.interp(points[:, 2], found.heights, found.fat)
    limit = np.interp(fat, np.linspace(0, 1, _STEPS), found.quantiles)
    return np.asarray(_pattern(state.muscle, points, shares / state.size) < limit)


def _pattern(muscle: Muscle, points: FloatArray, outline: NDArray[np.float32]) -> FloatArray:
    """Order in which a muscle turns to fat: streaks along its fibres first, the rim and the deep part before the rest.

    Left and right muscles have their own streaks.
    """
    x, y, z = (points[:, axis] for axis in range(3))
    phase = 1.7 * float(muscle)
    # coordinates bent by slow waves of unlike lengths, so that no lattice shows
    u = x + 2.6 * np.sin(0.11 * y + 0.06 * z + phase) + 1.1 * np.sin(0.29 * y - 0.13 * x + 2.1 * phase)
    v = y + 2.9 * np.sin(0.13 * x + 0.04 * z + 1.3 * phase) + 1.2 * np.sin(0.31 * x + 0.17 * y)
    streaks = np.sin(0.83 * u + 0.21 * v + phase) * np.sin(0.27 * v - 0.12 * u)
    fine = np.sin(1.45 * u - 0.37 * v) * np.sin(0.95 * v + 0.41 * u + 0.07 * z + phase)
    patches = np.sin(0.19 * u + 0.08 * v + phase) * np.sin(0.16 * v - 0.05 * u + 0.03 * z)
    rim = np.clip((outline - 0.55) / 0.45, 0, 1)
    return np.asarray(0.6 * streaks + 0.4 * fine + 0.35 * patches - 0.5 * rim)


@lru_cache(maxsize=64)
def _thresholds(state: MuscleState, anatomy: Anatomy, soft: SoftTissue) -> _Thresholds:
    """Calibrate the pattern on the muscle itself from L3 to S1, so that the share asked for comes out."""
    discs = [name for name in anatomy.parameters.discs if name.startswith("L")]
    heights = np.array([anatomy.canal.frame_at(anatomy.canal.stations[name])[0][2] for name in discs])
    level = np.arange(len(discs)) - discs.index("L4-L5")
    fat = np.clip(state.fat + state.caudal_rise * level, 0, _MOST)
    points, shares = _samples(state.muscle, float(heights.min()) - 8, float(heights[1]) + 8, anatomy, soft)
    kept = shares <= state.size
    values = _pattern(state.muscle, points[kept], shares[kept] / state.size)
    quantiles = np.quantile(values, np.linspace(0, 1, _STEPS))
    return _Thresholds(quantiles, heights[::-1].copy(), fat[::-1].copy())


@lru_cache(maxsize=16)
def _samples(
    muscle: Muscle, low: float, high: float, anatomy: Anatomy, soft: SoftTissue
) -> tuple[FloatArray, NDArray[np.float32]]:
    """Points (n, 3) mm in a muscle between two heights, and how far out in it they lie."""
    middle = anatomy.canal.frame_at(anatomy.canal.stations["L4"])[0]
    size = np.array([180.0, 160.0, high - low])
    shape = np.ceil(size / _SAMPLE_MM).astype(int)
    origin = (middle[0] - size[0] / 2, middle[1] - 90.0, low)
    grid = Grid.from_spacing((int(shape[0]), int(shape[1]), int(shape[2])), _SAMPLE_MM, origin_mm=origin)
    codes = soft.codes(grid)
    inside = muscle_labels(codes) == muscle
    return grid.to_world(np.argwhere(inside)), soft.outline_share(grid, codes)[inside]
