"""Whether discs, canal and single structures hold together: leaks, gaps, islands, cut edges."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy import ndimage

from lumbomics.core.anatomy import CANAL, DISC_OFFSET, SACRUM, VERTEBRA_NAMES, below, rank
from lumbomics.core.labels import spine_name
from lumbomics.core.quality import Finding
from lumbomics.segment.quality.facts import Block, SpineFacts
from lumbomics.segment.quality.settings import QualitySettings

_CANAL_BIN_MM = 2.0
_ANY_NEIGHBOUR = np.ones((3, 3, 3), dtype=bool)


def check_discs(facts: SpineFacts, limits: QualitySettings) -> list[Finding]:
    """Whether a disc stays between its bodies and keeps a disc's size; a leak leaves it out."""
    usual_mm3 = float(np.median([disc.volume_mm3 for disc in facts.discs.values()] or [0.0]))
    found = []
    for disc in facts.discs.values():
        faults = _disc_faults(disc, facts, limits)
        if len(facts.discs) > 2 and disc.volume_mm3 > limits.largest_disc * usual_mm3:
            faults.append(f"it holds {disc.volume_mm3 / 1000:.1f} mL, the others about {usual_mm3 / 1000:.1f} mL")
        if faults:
            message = f"the {spine_name(disc.value)} leaks: {'; '.join(faults)}"
            found.append(Finding(check="disc", message=message, structures=(disc.value,), excludes=True))
    return found


def _disc_faults(disc: Block, facts: SpineFacts, limits: QualitySettings) -> list[str]:
    upper = disc.value - DISC_OFFSET
    lower = below(upper, facts.bodies) if upper in facts.bodies else None
    if lower is None:
        return []
    above, under = facts.bodies[upper], facts.bodies[lower]
    line = under.centre_mm - above.centre_mm
    step = float(np.linalg.norm(line))
    faults = []
    if disc.height_mm > limits.highest_disc * step:
        faults.append(f"{disc.height_mm:.0f} mm tall between bodies {step:.0f} mm apart")
    if disc.depth_mm > limits.deepest_disc * above.depth_mm:
        faults.append(f"{disc.depth_mm:.0f} mm deep below a body of {above.depth_mm:.0f} mm")
    share = (facts.labels.points_mm(disc.value) - above.centre_mm) @ line / max(step**2, 1e-9)
    outside = float(((share < 0) | (share > 1)).mean())
    if outside > limits.disc_outside and lower != SACRUM:
        faults.append(f"{100 * outside:.0f} % of it lie beyond the middle of a neighbouring body")
    return faults


def check_disc_present(facts: SpineFacts, limits: QualitySettings) -> list[Finding]:
    """Pairs of vertebrae without a disc between them: told, since discs can be fused or collapsed."""
    del limits
    present = list(facts.bodies)
    missing = [
        number
        for number in present
        if rank(number) < rank(SACRUM) and below(number, present) and number + DISC_OFFSET not in facts.discs
    ]
    return [
        Finding(
            check="disc_missing",
            message=f"no disc is labelled below {VERTEBRA_NAMES[number]}: fused, collapsed or missed",
            structures=(number,),
        )
        for number in missing
    ]


def check_canal(facts: SpineFacts, limits: QualitySettings) -> list[Finding]:
    """Whether the canal runs without a gap along the bodies found; a gap leaves the canal out."""
    bodies = facts.presacral
    if len(bodies) < 2:
        return []
    if not len(facts.canal_mm):
        return [Finding(check="canal", message="no canal is labelled")]
    top, foot = bodies[0].centre_mm[2], bodies[-1].centre_mm[2]
    heights = facts.canal_mm[:, 2]
    coarse = max(_CANAL_BIN_MM, 1.5 * float(np.abs(facts.labels.grid.affine[2, :3]).max()))
    filled = np.unique(np.floor(heights[(heights >= foot) & (heights <= top)] / coarse)) * coarse
    edges = np.concatenate([[foot], filled, [top]])
    widest = float(np.diff(edges).max()) - coarse
    if widest <= limits.longest_canal_gap_mm:
        return []
    message = f"the canal is interrupted over {widest:.0f} mm, at most {limits.longest_canal_gap_mm:g} mm expected"
    return [Finding(check="canal", message=message, structures=(CANAL,), excludes=True)]


def check_islands(facts: SpineFacts, limits: QualitySettings) -> list[Finding]:
    """Structures with a part far away from the rest; such a part that is large leaves the structure out."""
    bodies = facts.presacral
    steps = [float(np.linalg.norm(a.centre_mm - b.centre_mm)) for a, b in pairwise(bodies)]
    if not steps:
        return []
    far = limits.island_distance * float(np.median(steps))
    found = []
    for value in (*(b.value for b in bodies), *facts.discs):
        share, distance = _far_parts(facts, value, far)
        if share > 0:
            name = spine_name(value)
            message = f"{100 * share:.0f} % of {name} lie apart, up to {distance:.0f} mm along the spine"
            large = share > limits.island_share
            found.append(Finding(check="islands", message=message, structures=(value,), excludes=large))
    return found


def _far_parts(facts: SpineFacts, value: int, far_mm: float) -> tuple[float, float]:
    """Share of the voxels in parts that lie farther along the spine than allowed, and the largest distance (mm)."""
    labels = facts.labels
    box = labels.boxes[value]
    parts, count = ndimage.label(labels.array[box] == value, structure=_ANY_NEIGHBOUR)
    if count < 2:
        return 0.0, 0.0
    numbers = np.arange(1, count + 1)
    voxels = ndimage.sum_labels(parts > 0, parts, numbers)
    middles = np.array(ndimage.center_of_mass(parts > 0, parts, numbers)) + [s.start for s in box]
    points = labels.grid.to_world(middles)
    main = points[int(np.argmax(voxels))]
    # Spinous processes hang down behind the body, those of thoracic vertebrae by more than a level.
    behind = points[:, 1] < main[1] - 15.0
    down = main[2] - points[:, 2]
    distance = np.where(behind, np.maximum(-down, down - 1.5 * far_mm), np.abs(down))
    away = distance > far_mm
    return float(voxels[away].sum() / voxels.sum()), float(np.abs(down[away]).max(initial=0.0))


def check_edges(facts: SpineFacts, limits: QualitySettings) -> list[Finding]:
    """Bodies and discs that the image cuts above, below, in front or behind; told only: measuring knows it."""
    del limits
    labels = facts.labels
    lateral = int(np.argmax(np.abs(labels.grid.axes[0])))
    cut = []
    for value in (*(b.value for b in facts.presacral), *facts.discs):
        box = labels.boxes[value]
        ends = [(box[a].start == 0) or (box[a].stop == labels.grid.shape[a]) for a in range(3) if a != lateral]
        if any(ends):
            cut.append(value)
    if not cut:
        return []
    names = ", ".join(spine_name(value) or str(value) for value in cut)
    return [Finding(check="edge", message=f"cut by the edge of the image: {names}", structures=tuple(cut))]
