"""Tissue and muscle maps of the axial series: drawn on the T2, carried to the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lumbomics.core.errors import InputError
from lumbomics.core.examination import Scan
from lumbomics.core.image import Contrast
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.prepare.resample import resample_labels
from lumbomics.run.examination_stacks import stacks_of
from lumbomics.segment.axial import DrawnTissue, draw_canal_tissue, draw_muscles


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
    done = {scan.name: scan for scan in scans}
    told: list[str] = []
    for scan, beside in stacks_of(scans):
        if done[scan.name].tissue is not None:
            continue
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
