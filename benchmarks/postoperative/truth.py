"""What is true of an operated level: counted on a fine raster of the exact maps, without the measuring code."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import IN_CANAL, IN_SAC, CanalTissue
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast
from lumbomics.phantom.canalmap import canal_tissue
from lumbomics.phantom.signal import signal_table
from lumbomics.phantom.tissue import Tissue
from postoperative.patients import Patient, injection

FINE_MM, STEP_MM, REACH_MM = 0.3, 2.0, 8.0
_HALF_MM = np.array([17.0, 14.0])
_CANAL_BEHIND_MM = 27.0
Key = tuple[str, str, str]


def true_values(one: Patient) -> dict[Key, float]:
    """(biomarker, method, side) -> value, from planes parallel to the disc within 8 mm of its middle."""
    scene, frame = one.phantom.scene, one.phantom.disc_frame(one.level)
    shape = (*(2 * _HALF_MM / FINE_MM).astype(int) + 1, int(2 * REACH_MM / STEP_MM) + 1)
    origin = frame.to_world(np.array([-_HALF_MM[0], -_CANAL_BEHIND_MM - _HALF_MM[1], -REACH_MM]))
    size = (int(shape[0]), int(shape[1]), int(shape[2]))
    grid = Grid.from_spacing(size, (FINE_MM, FINE_MM, STEP_MM), origin_mm=origin, axes=frame.rotation)
    numbers = scene.tissue(grid)
    kinds = canal_tissue(scene, numbers, scene.label_maps(grid))
    x, y = np.meshgrid(np.arange(size[0]) * FINE_MM, np.arange(size[1]) * FINE_MM, indexing="ij")
    canal = np.isin(kinds, list(IN_CANAL))
    area = np.maximum(canal.sum(axis=(0, 1)), 1)
    right = x[..., None] - (x[..., None] * canal).sum(axis=(0, 1)) / area
    front = y[..., None] - (y[..., None] * canal).sum(axis=(0, 1)) / area
    found: dict[Key, float] = {}
    for side, sign in ((Side.LEFT, -1), (Side.RIGHT, 1)):
        mine = right * sign > 0
        found |= {(a, b, side): v for a, b, v in _fibrosis(kinds, canal, mine, front)}
        found |= {(a, b, side): v for a, b, v in _traction(kinds, mine, right, front)}
        found |= {(a, b, side): v for a, b, v in _enhancement(one, kinds, numbers, mine)}
    return found


def _fibrosis(
    kinds: NDArray[np.uint8], canal: NDArray[np.bool_], mine: NDArray[np.bool_], front: NDArray[np.float64]
) -> Iterator[tuple[str, str, float]]:
    scar, epidural = kinds == CanalTissue.SCAR, canal & ~np.isin(kinds, list(IN_SAC))
    for depth, half in (("anterior", front > 0), ("posterior", front < 0)):
        for what, space in (("epidural", epidural), ("quadrant", canal)):
            share = (scar & mine & half).sum() / max(int((space & mine & half).sum()), 1)
            yield "ross_fibrosis_sum", f"{depth}_{what}_percent", 100 * float(share)
    yield "ross_fibrosis_sum", "scar_percent_of_epidural", 100 * float((scar & mine).sum() / (epidural & mine).sum())


def _traction(
    kinds: NDArray[np.uint8], mine: NDArray[np.bool_], right: NDArray[np.float64], front: NDArray[np.float64]
) -> Iterator[tuple[str, str, float]]:
    soft = np.isin(kinds, (CanalTissue.SCAR, CanalTissue.DISC, CanalTissue.EPIDURAL_TISSUE)) & mine
    sac = np.isin(kinds, list(IN_SAC))
    rows = []
    for plane in range(kinds.shape[2]):
        area = float(soft[..., plane].sum()) * FINE_MM**2
        if area > 10 and sac[..., plane].any():
            towards, middle = (
                np.array([right[..., plane][m].mean(), front[..., plane][m].mean()])
                for m in (soft[..., plane], sac[..., plane])
            )
            rows.append((area, float(middle @ towards / np.linalg.norm(towards))))
    if rows:
        areas, shifts = np.array(rows).T
        yield "sac_traction", "towards_tissue", float(np.average(shifts, weights=areas))


def _enhancement(
    one: Patient, kinds: NDArray[np.uint8], numbers: NDArray[np.uint8], mine: NDArray[np.bool_]
) -> Iterator[tuple[str, str, float]]:
    """Enhancement from the tissues' relaxation times, over muscle's."""
    scene, given = one.phantom.scene, injection(one)
    pre = signal_table(scene.properties(), Contrast.T1)
    post = signal_table(scene.properties(given), Contrast.T1_POST, injection=given)
    muscle = post[Tissue.MUSCLE] / pre[Tissue.MUSCLE]
    for method, kind in (("scar", CanalTissue.SCAR), ("disc", CanalTissue.DISC)):
        here = numbers[(kinds == kind) & mine]
        if len(here) * FINE_MM**2 * STEP_MM > 40:
            yield "enhancement_ratio", method, 100 * float(post[here].mean() / pre[here].mean() / muscle - 1)
