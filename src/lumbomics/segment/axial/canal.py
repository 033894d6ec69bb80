"""Tissue of the canal on an axial series, from the labels of another series and the signals of this one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.errors import InputError
from lumbomics.core.evenness import Evenness
from lumbomics.core.examination import CanalTissue, Scan
from lumbomics.core.image import Image
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.quality import Finding
from lumbomics.segment.axial.contents import fill
from lumbomics.segment.axial.drawn import LEAST_CONFIDENCE, TISSUE_NAMES, DrawnTissue, drawn_by
from lumbomics.segment.axial.evenness import estimate_evenness
from lumbomics.segment.axial.fragment import undecide_small
from lumbomics.segment.axial.likeness import fluid_level
from lumbomics.segment.axial.patch import Patch, Reach, cut_patch
from lumbomics.segment.axial.place import Place, find_places
from lumbomics.segment.axial.signals import contrast_gain, signals_of
from lumbomics.segment.axial.trust import canal_trust
from lumbomics.segment.axial.walls import find_walls

BOUNDARY_SD_MM = 0.5
"""Scatter of the drawn boundaries: an engineering default, not measured."""
_SURE = 0.8
"""Least confidence of a slice in which soft tissue is called displaced disc; engineering default."""
_REACH = Reach(side=38.0, front=26.0, back=56.0)


def draw_canal_tissue(
    axial: Scan, segmentation: Segmentation, *, t1: Scan | None = None, post: Scan | None = None
) -> DrawnTissue:
    """Draw :class:`~lumbomics.core.examination.CanalTissue` on an axial T2 series by classical means.

    In each slice the carried labels tell where the canal lies. Coil shading is taken out; the dural sac and the canal's
    wall are closed outlines that part likely from unlikely tissue best; what lies between and about them is told apart
    by its signal relative to fluid and fat, by its thickness, by the patient's other side and by its uptake of contrast
    agent. Nothing is learned from images.

    Parameters
    ----------
    axial
        Axial T2 series, angled or not, in the space of the labels; ``obscured`` voxels get no tissue.
    segmentation
        Label maps of another series (usually sagittal): vertebrae, discs, canal.
    t1
        Axial T1 series in the same space; its lattice may differ. Without it fat and fluid are told apart by T2 alone.
    post
        Axial T1 series after contrast agent; only with ``t1``. Without it epidural soft tissue stays
        ``EPIDURAL_TISSUE``: neither scar nor disc.

    Returns
    -------
    The tissue map on the series' voxels, an expected agreement a level, and what was left out.

    Raises
    ------
    InputError
        If the series is no T2, or a post-contrast series comes without its T1.
    FrameMismatchError
        If labels or series lie in other frames of reference.
    """
    _require(axial, segmentation, t1, post)
    array = np.zeros(axial.image.grid.shape, dtype=np.uint8)
    places = find_places(axial.image.grid, segmentation.spine)
    if not places:
        missed = Finding(check="field_of_view", message=f"no slice of {axial.name} passes the labelled canal")
        return _drawn(array, axial, {}, (missed,))
    try:
        series = _evened(axial, places, segmentation, {"t1": t1, "post": post})
    except InputError as fault:
        return _drawn(array, axial, {}, (Finding(check="signal", message=f"{axial.name}: {fault.problem}"),))
    patches = [cut_patch(axial, place, segmentation.spine, series, _REACH) for place in places]
    fluid = fluid_level(patches)
    gain = contrast_gain(patches, fluid)
    trust: dict[str, list[float]] = {}
    findings = []
    for patch in patches:
        if patch.place.index not in fluid:
            findings.append(_left_out(patch, "too little of the canal lies in it, or metal spoils it"))
            continue
        walls = find_walls(patch, fluid[patch.place.index])
        believed = canal_trust(patch, walls)
        trust.setdefault(patch.place.level, []).append(believed)
        if believed < LEAST_CONFIDENCE:
            findings.append(_left_out(patch, f"the outlines are {100 * believed:.0f} % sure"))
            continue
        tissue = fill(patch, walls, signals_of(patch, fluid[patch.place.index], gain))
        if believed < _SURE:  # roots beyond a wrong outline look like disc
            tissue[tissue == CanalTissue.DISC] = CanalTissue.EPIDURAL_TISSUE
        array[patch.whole] = tissue
    array = undecide_small(array, axial.image.grid.voxel_volume_mm3)
    return _drawn(array, axial, {level: float(np.mean(values)) for level, values in trust.items()}, tuple(findings))


def _evened(
    axial: Scan, places: tuple[Place, ...], segmentation: Segmentation, others: Mapping[str, Scan | None]
) -> dict[str, tuple[Image, Evenness]]:
    """Every series with its evenness; a series that misses the canal is left out."""
    series = {"t2": (axial.image, estimate_evenness(axial.image, places))}
    for name, scan in others.items():
        if scan is None:
            continue
        same = scan.image.grid.same_place(axial.image.grid)
        own = places if same else find_places(scan.image.grid, segmentation.spine)
        if own:
            # before and after contrast agent share one shading: what differs between them is uptake
            series[name] = (scan.image, series["t1"][1] if name == "post" else estimate_evenness(scan.image, own))
    return series


def _left_out(patch: Patch, why: str) -> Finding:
    return Finding(
        check="confidence",
        message=f"slice {patch.place.index} at {patch.place.level} is left blank: {why}",
        excludes=True,
    )


def _drawn(
    array: NDArray[np.uint8], axial: Scan, confidence: Mapping[str, float], findings: tuple[Finding, ...]
) -> DrawnTissue:
    labels = Labels(array, axial.image.grid, TISSUE_NAMES, drawn_by(), BOUNDARY_SD_MM)
    return DrawnTissue(labels=labels, confidence=confidence, findings=findings)


def _require(axial: Scan, segmentation: Segmentation, t1: Scan | None, post: Scan | None) -> None:
    if not axial.contrast.is_t2:
        raise InputError(
            "tissue of the canal is drawn on T2", expected="a T2 series", got=axial.contrast.value, where=axial.name
        )
    if post is not None and t1 is None:
        raise InputError(
            "uptake of contrast agent needs the series before it",
            expected="t1 beside post",
            got="post alone",
            where=post.name,
        )
    for scan in (axial, t1, post):
        if scan is not None:
            segmentation.spine.grid.require_same_frame(scan.image.grid, where=scan.name)
