"""Tissue and muscle maps of the axial series: drawn on the T2, carried to the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lumbomics.core.errors import InputError
from lumbomics.core.examination import Scan
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.visit import Plane
from lumbomics.prepare.resample import resample_labels
from lumbomics.segment.axial import DrawnTissue, draw_canal_tissue, draw_muscles

_T2 = (Contrast.T2, Contrast.T2_SPACE)
_SHARED = 0.5
"""A series belongs to another's stack where it shows at least this share of it."""
_LATTICE = 12


def draw_on_axial(scans: Sequence[Scan], segmentation: Segmentation) -> tuple[tuple[Scan, ...], tuple[str, ...]]:
    """Draw the canal's tissue and the muscles on every axial T2 series, and carry the maps to the series beside it.

    A T1 before and one after contrast agent that show the same stack help to draw. Where a stack has no T2, nothing is
    drawn on its series.

    Returns
    -------
    scans
        All series, in the order given.
    told
        What the drawing noticed, in words.
    """
    axial = [scan for scan in scans if scan.plane is Plane.AXIAL]
    done = {scan.name: scan for scan in scans}
    told: list[str] = []
    for contrast in _T2:
        for scan in axial:
            if scan.contrast is not contrast or scan.fat_suppressed or done[scan.name].tissue is not None:
                continue
            beside = _beside(scan, axial)
            tissue = _tissue(scan, segmentation, beside, told)
            muscle = _muscle(scan, segmentation, told)
            done[scan.name] = replace(scan, tissue=tissue, muscle=muscle)
            for other in beside:
                if done[other.name].tissue is None:
                    done[other.name] = _with_maps(other, tissue, muscle)
    return tuple(done[scan.name] for scan in scans), tuple(told)


def _tissue(scan: Scan, segmentation: Segmentation, beside: Sequence[Scan], told: list[str]) -> Labels | None:
    t1, post = _of(beside, Contrast.T1, None), _of(beside, Contrast.T1_POST, None)
    if t1 is not None and post is not None and t1.fat_suppressed != post.fat_suppressed:
        alike = _of(beside, Contrast.T1, post.fat_suppressed)
        t1 = alike or t1
    try:
        drawn = draw_canal_tissue(scan, segmentation, t1=t1, post=post if t1 is not None else None)
    except InputError as error:
        told.append(f"{scan.name}: no tissue of the canal was drawn: {error.problem}")
        return None
    return _kept(scan, drawn, told)


def _muscle(scan: Scan, segmentation: Segmentation, told: list[str]) -> Labels | None:
    try:
        return _kept(scan, draw_muscles(scan, segmentation), told)
    except InputError as error:
        told.append(f"{scan.name}: no muscles were drawn: {error.problem}")
        return None


def _kept(scan: Scan, drawn: DrawnTissue, told: list[str]) -> Labels:
    told += [f"{scan.name}: {finding.message}" for finding in drawn.findings]
    return drawn.labels


def _beside(scan: Scan, axial: Sequence[Scan]) -> list[Scan]:
    """Other axial series that show this one's stack, the one that shows most of it first."""
    shares = [(_share(scan.image.grid, other.image.grid), other) for other in axial if other.name != scan.name]
    found = [(share, other) for share, other in shares if share >= _SHARED]
    return [other for _, other in sorted(found, key=lambda pair: -pair[0])]


def _share(grid: Grid, other: Grid) -> float:
    ways = [np.linspace(0, n - 1, min(n, _LATTICE)) for n in grid.shape]
    points = grid.to_world(np.stack(np.meshgrid(*ways, indexing="ij"), axis=-1).reshape(-1, 3))
    index = other.to_index(points)
    return float(((index > -0.5) & (index < np.array(other.shape) - 0.5)).all(axis=1).mean())


def _of(scans: Sequence[Scan], contrast: Contrast, fat_suppressed: bool | None) -> Scan | None:
    fit = (s for s in scans if s.contrast is contrast and fat_suppressed in {None, s.fat_suppressed})
    return next(fit, None)


def _with_maps(scan: Scan, tissue: Labels | None, muscle: Labels | None) -> Scan:
    carried = [None if one is None else _carried(one, scan) for one in (tissue, muscle)]
    return replace(scan, tissue=carried[0], muscle=carried[1])


def _carried(labels: Labels, scan: Scan) -> Labels:
    if labels.grid.same_place(scan.image.grid):
        return labels
    return resample_labels(labels, scan.image.grid)
