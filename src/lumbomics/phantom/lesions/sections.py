"""Dense sections through the discs of a finished body: muscles, fat in them, epidural fat, ligamentum flavum."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from lumbomics.core.anatomy import DISC_OFFSET, Side
from lumbomics.core.examination import IN_CANAL, IN_SAC, CanalTissue
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Muscle
from lumbomics.core.measurement import Measurement, Result
from lumbomics.phantom.anatomy import MUSCLE, SPINE
from lumbomics.phantom.canalmap import canal_tissue
from lumbomics.phantom.chain import Vertebra, disc_frame
from lumbomics.phantom.lesions.muscles import goutallier_grade
from lumbomics.phantom.scene import Scene
from lumbomics.phantom.shapes import Frame

Mask = NDArray[np.bool_]
FloatArray = NDArray[np.float64]

_MUSCLE_MM, _CANAL_MM = 0.6, 0.25
_AXIS_REACH_MM = 12.0
_BAND_MM = 3.0
_FLAVUM_REACH_MM = 8.0
_NAMES = {"psoas": 1, "multifidus": 3, "erector_spinae": 5}
_SIDES = ((Side.LEFT, 0), (Side.RIGHT, 1))
BORRE_LIMITS = (40.0, 50.0, 75.0)
"""Fat over canal depth (%) above which the grades I, II, III begin (Borre et al., Eur Radiol 2003;13:1709)."""


def muscle_truth(scene: Scene, *, discs: Collection[str] | None = None) -> Iterator[Result]:
    """Yield section areas, fat shares and grades of the muscles at every lumbar disc, as ``muscle.yaml`` defines them.

    ``discs`` names some of them. Sections are those in the disc's plane, times the cosine between its normal and
    the muscle's axis.
    """
    for disc, upper, lower in _pairs(scene, discs):
        frame = disc_frame(upper, lower)
        grid = _plane(frame, (200.0, 150.0), _MUSCLE_MM, (-_AXIS_REACH_MM, 0.0, _AXIS_REACH_MM), back=95.0)
        maps = scene.label_maps(grid)
        fat = np.array([values.fat for values in scene.properties()])[scene.tissue(grid)]
        disc_mm2 = float((maps[SPINE][:, :, 1] == DISC_OFFSET + upper.number).sum()) * _MUSCLE_MM**2
        for name, first in _NAMES.items():
            areas = {}
            for side, step in _SIDES:
                found = _section(maps[MUSCLE] == Muscle(first + step), fat, grid, frame)
                if found is not None:
                    areas[side] = found[0]
                    yield from _muscle_rows(name, disc, side, *found, disc_mm2)
            if len(areas) == 2:
                left, right = areas[Side.LEFT], areas[Side.RIGHT]
                value = 200 * (left - right) / (left + right)
                yield _row("paraspinal_csa", f"asymmetry_{name}", "%", value, disc, Side.LEFT)
                yield _row("paraspinal_csa", f"asymmetry_{name}", "%", -value, disc, Side.RIGHT)


def canal_truth(scene: Scene, *, discs: Collection[str] | None = None) -> Iterator[Result]:
    """Yield epidural fat and thickness of the flavum at every lumbar disc, as ``stenosis.yaml`` defines them."""
    for disc, upper, lower in _pairs(scene, discs):
        frame = disc_frame(upper, lower)
        heights = np.arange(-_FLAVUM_REACH_MM, _FLAVUM_REACH_MM + 1, 4.0)
        grid = _plane(frame, (44.0, 40.0), _CANAL_MM, tuple(heights), back=46.0)
        kinds = canal_tissue(scene, scene.tissue(grid), scene.label_maps(grid))
        yield from _fat_rows(kinds[:, :, len(heights) // 2], disc)
        for side, step in _SIDES:
            sizes = [_inscribed(kinds[:, :, k], step) for k in range(len(heights))]
            yield _row("ligamentum_flavum_thickness", "max_inscribed", "mm", max(sizes), disc, side)


def _pairs(scene: Scene, discs: Collection[str] | None) -> list[tuple[str, Vertebra, Vertebra]]:
    """Lumbar discs with their vertebrae, or those named."""
    return [pair for pair in scene.anatomy.pairs if (pair[0].startswith("L") if discs is None else pair[0] in discs)]


def _plane(frame: Frame, size_mm: tuple[float, float], step_mm: float, heights: tuple[float, ...], back: float) -> Grid:
    """Grid of planes across a disc's axis: columns to the right, rows to the front from ``back`` mm behind it."""
    shape = (int(size_mm[0] / step_mm), int(size_mm[1] / step_mm), len(heights))
    apart = heights[1] - heights[0] if len(heights) > 1 else 1.0
    origin = frame.to_world((-size_mm[0] / 2, -back, heights[0]))
    return Grid.from_spacing(shape, (step_mm, step_mm, apart), origin_mm=origin, axes=frame.rotation)


def _section(mask: Mask, fat: FloatArray, grid: Grid, frame: Frame) -> tuple[float, float] | None:
    """Area (mm²) across the muscle and fat share (0 to 1) of a muscle in the middle plane."""
    middle = mask[:, :, 1]
    if not middle.any():
        return None
    centres = [
        grid.to_world([*(axis.mean() for axis in np.nonzero(mask[:, :, k])), k])
        for k in range(mask.shape[2])
        if mask[:, :, k].any()
    ]
    run = centres[-1] - centres[0] if len(centres) > 1 else frame.superior
    cosine = abs(float(run @ frame.superior)) / float(np.linalg.norm(run))
    return float(middle.sum()) * _MUSCLE_MM**2 * cosine, float(fat[:, :, 1][middle].mean())


def _muscle_rows(name: str, disc: str, side: Side, area: float, fat: float, disc_mm2: float) -> Iterator[Measurement]:
    yield _row("paraspinal_csa", f"area_{name}", "mm2", area, disc, side)
    yield _row("paraspinal_csa", f"lean_area_{name}", "mm2", area * (1 - fat), disc, side)
    yield _row("paraspinal_csa", f"to_disc_{name}", "%", 100 * area / disc_mm2, disc, side)
    if name == "psoas":
        return
    yield _row("paraspinal_fat_fraction", f"dixon_{name}", "%", 100 * fat, disc, side)
    grade = goutallier_grade(fat)
    yield _row("goutallier_grade", f"from_fat_fraction_{name}", "{grade}", float(grade), disc, side, str(grade))


def _fat_rows(kinds: NDArray[np.uint8], disc: str) -> Iterator[Measurement]:
    """Shares of epidural fat of one plane (columns right, rows front)."""
    canal, sac = np.isin(kinds, list(IN_CANAL)), np.isin(kinds, list(IN_SAC))
    fat = kinds == CanalTissue.EPIDURAL_FAT
    if not canal.any() or not sac.any():
        return
    column, row = (axis.mean() for axis in np.nonzero(sac))
    half = int(np.rint(_BAND_MM / 2 / _CANAL_MM))
    band = slice(int(np.rint(column)) - half, int(np.rint(column)) + half + 1)
    depth = {key: float(mask[band].sum(axis=1).mean()) for key, mask in (("canal", canal), ("sac", sac), ("fat", fat))}
    behind = float(fat[band, : int(np.rint(row))].sum(axis=1).mean()) * _CANAL_MM
    share = 100 * depth["fat"] / depth["canal"]
    yield _row("epidural_fat", "fat_to_canal_area", "%", 100 * float(fat.sum() / canal.sum()), disc)
    yield _row("epidural_fat", "fat_to_canal_depth", "%", share, disc)
    yield _row("epidural_fat", "sac_to_canal_depth", "%", 100 * depth["sac"] / depth["canal"], disc)
    yield _row("epidural_fat", "fat_thickness", "mm", behind, disc)
    grade = int(np.searchsorted(BORRE_LIMITS, share, side="left"))
    yield _row("epidural_fat", "grade", "{grade}", float(grade), disc, None, ("0", "I", "II", "III")[grade])


def _inscribed(kinds: NDArray[np.uint8], right: int) -> float:
    """Diameter (mm) of the largest circle inside the flavum of one side, the canal's middle band left out."""
    canal = np.isin(kinds, list(IN_CANAL))
    if not canal.any():
        return 0.0
    offset = (np.arange(kinds.shape[0]) - np.nonzero(canal)[0].mean()) * _CANAL_MM
    own = offset > _BAND_MM / 2 if right else offset < -_BAND_MM / 2
    flavum = np.pad((kinds == CanalTissue.FLAVUM) & own[:, None], 1)
    # from pixel centres to the border: half a pixel less at either end
    return max(2 * float(distance_transform_edt(flavum).max()) - 1, 0.0) * _CANAL_MM


def _row(
    biomarker: str,
    method: str,
    unit: str,
    value: float,
    level: str,
    side: Side | None = None,
    category: str | None = None,
) -> Measurement:
    return Measurement(
        biomarker=biomarker, method=method, unit=unit, value=value, level=level, side=side, category=category, se=0.0
    )
