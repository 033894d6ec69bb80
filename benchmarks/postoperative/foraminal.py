"""Foraminal grades against the truth: a facet that grows into the foramen, disc that fills it from the front, or both.

Each seed makes a healthy spine whose foramina L2-L3 to L4-L5 are narrowed at random: the superior facet moves forward
by 10 mm x 0 to 0.7, and in every second foramen disc material of 4 to 12 mm reaches into it. Read from sagittal T1 of
0.6 x 0.6 x 4 mm with the exact bone labels. The truth is the fat around the root in the exact tissues at 0.2 mm, in the
sagittal plane through the middle of the upper pedicle, by the same definition and other code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score, confusion_matrix

from lumbomics.core.anatomy import Side, Transition
from lumbomics.core.examination import Examination, Scan
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Measurement
from lumbomics.core.visit import Plane
from lumbomics.measure import ExaminedSpine, describe_spine, measure_examination
from lumbomics.measure.stenosis.foraminal import lee_rule
from lumbomics.phantom import Herniation, Phantom, PhantomParameters, Zone, make_phantom
from lumbomics.phantom.posterior import pedicle
from lumbomics.phantom.tissue import Tissue
from postoperative.operated import collect

LEVELS, FIRST = ("L2-L3", "L3-L4", "L4-L5"), 6000
DIRECTIONS = ("superior", "posterior", "inferior", "anterior")
_SIGN = {Side.LEFT: -1.0, Side.RIGHT: 1.0}
_STEP_MM, _HALF_MM, _RAYS, _THIN_MM = 0.2, 12.0, 72, 0.5
_BELOW_MM = 3.4
_FAT, _ROOT = (Tissue.FAT, Tissue.EPIDURAL_FAT), (Tissue.ROOT,)
_OPEN = (*_FAT, *_ROOT, Tissue.EPIDURAL_VEINS, Tissue.VESSEL)
Row = dict[str, Any]


def record(seed: int) -> Row:
    """Every foramen of one spine, measured and true."""
    phantom = patient(seed)
    grid = phantom.sagittal_grid()
    scan = Scan(name="t1", image=phantom.image(grid, Contrast.T1), plane=Plane.SAGITTAL)
    labels = phantom.segmentation(grid)
    spine = ExaminedSpine(spine=describe_spine(labels), examination=Examination(segmentation=labels, scans=(scan,)))
    found = {
        (r.level, r.side, r.method): r.value
        for r in measure_examination(spine, only=["lee_foraminal_grade"])
        if isinstance(r, Measurement)
    }
    rows = []
    for level in LEVELS:
        for side in _SIGN:
            measured = {what: found.get((level, side, what)) for what in ("grade", *(f"fat_{d}" for d in DIRECTIONS))}
            rows.append({"level": level, "side": side.value, "true": true_values(phantom, level, side)} | measured)
    return {"seed": seed, "rows": rows}


def patient(seed: int) -> Phantom:
    """Make a spine with narrowed foramina."""
    rng = np.random.default_rng([seed, 3])
    drawn = PhantomParameters.random(seed, healthy=True, transition=Transition.NONE)
    sites = [(level, side) for level in LEVELS for side in _SIGN]
    knob = {site: float(rng.uniform(0, 0.7)) for site in sites}
    filled = tuple(
        Herniation(
            level=level,
            zone=Zone.FORAMINAL,
            side=side,
            size_mm=float(rng.uniform(4, 12)),
            migration_mm=float(rng.uniform(0, 8)),
        )
        for level, side in sites
        if rng.random() < 0.5
    )
    parameters = PhantomParameters(
        size=drawn.size, disc_height_mm=drawn.disc_height_mm, foraminal_narrowing=knob, herniations=filled
    )
    return make_phantom(seed, parameters)


def true_values(phantom: Phantom, level: str, side: Side) -> dict[str, float]:
    """Shares of every quarter's directions with fat of 0.5 mm and more, and Lee's grade."""
    upper = phantom.anatomy.vertebra(level.split("-", maxsplit=1)[0])
    place = pedicle(upper, _SIGN[side])
    under = upper.frame.to_world((place.x, place.y, place.z - place.half_height - _BELOW_MM))
    count = int(2 * _HALF_MM / _STEP_MM) + 1
    frame = phantom.disc_frame(level)
    origin = under - frame.rotation @ np.array([0.0, _HALF_MM, _HALF_MM])
    grid = Grid.from_spacing((1, count, count), _STEP_MM, origin_mm=origin, axes=frame.rotation)
    tissue = phantom.scene.tissue(grid)[0]
    root = _nearest(np.isin(tissue, _ROOT))
    centre = np.argwhere(root).mean(axis=0) if root.any() else np.full(2, (count - 1) / 2)
    thick = _fat_mm(tissue, centre)
    turn = np.arange(_RAYS) * 2 * np.pi / _RAYS
    values = {}
    for name, at in zip(DIRECTIONS, (np.pi / 2, np.pi, 3 * np.pi / 2, 0.0), strict=True):
        apart = np.abs((turn - at + np.pi) % (2 * np.pi) - np.pi)
        values[f"fat_{name}"] = float((thick[apart <= np.pi / 4 + 1e-9] >= _THIN_MM).mean())
    size = np.ptp(np.argwhere(root), axis=0) + 1 if root.any() else np.array([1, 100])
    values |= {"root_area": float(root.sum()) * _STEP_MM**2, "root_axis_ratio": float(size[0] / size[1])}
    # a whole ganglion of the reference object: an ellipse of 2.6 x 3.6 mm
    return values | {"grade": float(lee_rule(values, usual_mm2=np.pi * 2.6 * 3.6))}


def _nearest(mask: np.ndarray) -> np.ndarray:
    """Piece of a mask that lies nearest to the middle."""
    pieces, count = ndimage.label(mask)
    if not count:
        return np.zeros_like(mask)
    away = np.hypot(*(index - (n - 1) / 2 for index, n in zip(np.indices(mask.shape), mask.shape, strict=True)))
    least = ndimage.minimum(away, pieces, np.arange(1, count + 1))
    return np.asarray(pieces == 1 + int(np.argmin(least)))


def _fat_mm(tissue: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Fat along every ray from the root's middle until what is neither fat nor root nor vessel."""
    turn = np.arange(_RAYS) * 2 * np.pi / _RAYS
    reach = np.arange(0.0, 10.0, _STEP_MM / 2) / _STEP_MM
    at = centre + reach[None, :, None] * np.stack([np.cos(turn), np.sin(turn)], axis=-1)[:, None]
    index = np.clip(np.rint(at).astype(int), 0, np.array(tissue.shape) - 1)
    seen = tissue[index[..., 0], index[..., 1]]
    free = np.logical_and.accumulate(np.isin(seen, _OPEN), axis=1)
    return np.asarray((free & np.isin(seen, _FAT)).sum(axis=1) * _STEP_MM / 2)


def lines(rows: Sequence[Row]) -> Iterator[str]:
    """The page's part: agreement of the fat by direction, and of the grade."""
    every = [one for row in rows for one in row["rows"]]
    known = [one for one in every if one["grade"] is not None]
    yield f"{len(rows)} spines, {len(known)} foramina read ({len(every) - len(known)} absent), narrowed by a facet from"
    yield "behind and, every second one, by disc from the front; sagittal T1 of 0.6 x 0.6 x 4 mm, exact bone labels."
    yield ""
    yield "| share of directions with fat | n | bias | SD | rank correlation |"
    yield "|---|---|---|---|---|"
    for name in DIRECTIONS:
        measured, true = (np.array(v, dtype=float) for v in zip(*_both(known, f"fat_{name}"), strict=True))
        error = measured - true
        rank = f"{spearmanr(measured, true)[0]:.2f}" if np.ptp(true) > 0 and np.ptp(measured) > 0 else "n/a"
        yield f"| {name} | {len(error)} | {error.mean():.2f} | {error.std(ddof=1):.2f} | {rank} |"
    measured, true = (np.array(v, dtype=int) for v in zip(*_both(known, "grade"), strict=True))
    kappa = cohen_kappa_score(true, measured, weights="quadratic")
    yield ""
    yield f"Lee's foraminal grade, {len(true)} foramina: quadratic weighted kappa {kappa:.2f}, agreement"
    missed = int(((true > 0) & (measured == 0)).sum())
    yield f"{100 * (true == measured).mean():.0f} %; of {(true > 0).sum()} true grades above 0 {missed} came out as 0."
    yield ""
    yield "| true, across: measured | 0 | 1 | 2 | 3 |"
    yield "|---|---|---|---|---|"
    for grade, counts in enumerate(confusion_matrix(true, measured, labels=range(4))):
        yield f"| {grade} | " + " | ".join(str(int(n)) for n in counts) + " |"


def _both(rows: Sequence[Row], name: str) -> list[tuple[float, float]]:
    return [(row[name], row["true"][name]) for row in rows if row[name] is not None]


def section_lines(folder: Path, spines: int) -> list[str]:
    """Measure what the folder does not hold yet and return the page's part."""
    return list(lines(collect(range(FIRST, FIRST + spines), folder / "foraminal.jsonl", record)))
