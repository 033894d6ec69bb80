"""Tissue of the canal on an axial series, from the labels of another series and the signals of this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
from lumbomics.segment.axial.evidence import Seen
from lumbomics.segment.axial.learned import Classifier, load_classifier, tissue_chances
from lumbomics.segment.axial.likeness import fluid_level
from lumbomics.segment.axial.patch import Patch, Reach, cut_patch
from lumbomics.segment.axial.place import Place, find_places
from lumbomics.segment.axial.signals import contrast_gain, signals_of
from lumbomics.segment.axial.symmetry import find_middle_line
from lumbomics.segment.axial.told import undecide
from lumbomics.segment.axial.trust import canal_trust
from lumbomics.segment.axial.walls import find_walls

FloatArray = NDArray[np.float64]

BOUNDARY_SD_MM = 0.5
"""Scatter of the drawn boundaries: an engineering default, not measured."""
_SURE = 0.6
"""Least confidence of a slice in which soft tissue is called displaced disc; engineering default."""
_REACH = Reach(side=38.0, front=26.0, back=56.0)


def draw_canal_tissue(
    axial: Scan,
    segmentation: Segmentation,
    *,
    t1: Scan | None = None,
    post: Scan | None = None,
    classifier: Classifier | None = None,
) -> DrawnTissue:
    """Draw :class:`~lumbomics.core.examination.CanalTissue` on an axial T2 series.

    In each slice the carried labels tell where the canal lies. Coil shading is taken out; the dural sac and the canal's
    wall are closed outlines that part likely from unlikely tissue best. With contrast agent, what lies about the sac is
    told apart by a classifier of pixels (see ``learned``) fitted on digital patients: fat, scar, displaced disc, blood,
    ligament; what it cannot decide stays ``EPIDURAL_TISSUE``. Without, by signal, thickness and the patient's other
    side, and nothing is learned.

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
    classifier
        Another than the shipped one, as when it is fitted.

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
    seen = look_at(axial, segmentation, t1=t1, post=post)
    surest = np.ones(array.shape)
    for slice_, chances in zip(seen.stack, _chances(seen.stack, classifier), strict=True):
        tissue = fill(slice_, chances)
        if seen.believed[slice_.patch.place.index] < _SURE:  # roots beyond a wrong outline look like disc
            tissue[tissue == CanalTissue.DISC] = CanalTissue.EPIDURAL_TISSUE
        array[slice_.patch.whole] = tissue
        if chances is not None:
            surest[slice_.patch.whole] = chances.max(axis=0)
    array = undecide(array, surest, axial.image.grid.voxel_volume_mm3)
    return _drawn(array, axial, seen)


@dataclass(frozen=True, kw_only=True, eq=False)
class SeenStack:
    """What was found in a series before tissue is told apart.

    Parameters
    ----------
    stack
        The slices whose outlines are believed.
    believed
        Position along the slice axis -> expected agreement of every slice that passes the canal.
    levels
        Position along the slice axis -> level, of the same slices.
    findings
        What was left out, and why.
    """

    stack: tuple[Seen, ...] = ()
    believed: Mapping[int, float] = field(default_factory=dict)
    levels: Mapping[int, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def look_at(axial: Scan, segmentation: Segmentation, *, t1: Scan | None = None, post: Scan | None = None) -> SeenStack:
    """Find canal, signals and outlines in every slice; arguments as of :func:`draw_canal_tissue`."""
    places = find_places(axial.image.grid, segmentation.spine)
    if not places:
        missed = Finding(check="field_of_view", message=f"no slice of {axial.name} passes the labelled canal")
        return SeenStack(findings=(missed,))
    try:
        series = _evened(axial, places, segmentation, {"t1": t1, "post": post})
    except InputError as fault:
        return SeenStack(findings=(Finding(check="signal", message=f"{axial.name}: {fault.problem}"),))
    return _outlined([cut_patch(axial, place, segmentation.spine, series, _REACH) for place in places])


def _outlined(patches: Sequence[Patch]) -> SeenStack:
    """Outlines and signals of every slice, and which are believed."""
    fluid = fluid_level(patches)
    gain = contrast_gain(patches, fluid)
    believed: dict[int, float] = {}
    stack, findings = [], []
    for patch in patches:
        index, level = patch.place.index, fluid.get(patch.place.index)
        if level is None:
            findings.append(_left_out(patch, "too little of the canal lies in it, or metal spoils it"))
            continue
        walls = find_walls(patch, level)
        believed[index] = canal_trust(patch, walls)
        if believed[index] < LEAST_CONFIDENCE:
            findings.append(_left_out(patch, f"the outlines are {100 * believed[index]:.0f} % sure"))
            continue
        stack.append(Seen.of(patch, walls, signals_of(patch, level, gain), find_middle_line(patch)))
    levels = {patch.place.index: patch.place.level for patch in patches if patch.place.index in believed}
    return SeenStack(stack=tuple(stack), believed=believed, levels=levels, findings=tuple(findings))


def _chances(stack: Sequence[Seen], classifier: Classifier | None) -> list[FloatArray | None]:
    """Chances of the learned classes in every slice; ``None`` in those without T1 and uptake."""
    shown = [seen for seen in stack if seen.signals.uptake is not None]
    if not shown:
        return [None] * len(stack)
    chances = tissue_chances(shown, classifier or load_classifier())
    found = dict(zip((seen.patch.place.index for seen in shown), chances, strict=True))
    return [found.get(seen.patch.place.index) for seen in stack]


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


def _drawn(array: NDArray[np.uint8], axial: Scan, seen: SeenStack) -> DrawnTissue:
    labels = Labels(array, axial.image.grid, TISSUE_NAMES, drawn_by(), BOUNDARY_SD_MM)
    trust: dict[str, list[float]] = {}
    for index, believed in seen.believed.items():
        trust.setdefault(seen.levels[index], []).append(believed)
    confidence = {level: float(np.mean(values)) for level, values in trust.items()}
    return DrawnTissue(labels=labels, confidence=confidence, findings=seen.findings)


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
