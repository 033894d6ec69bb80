"""From tissue classes to numbered vertebrae and discs, by the spine's own geometry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from lumbomics.core.anatomy import CANAL
from lumbomics.core.image import Image
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.prediction import SemanticMap, Tissue
from lumbomics.core.provenance import Decision
from lumbomics.segment.instances.assemble import Assembly, assemble
from lumbomics.segment.instances.foramina import foramina_map
from lumbomics.segment.instances.lattice import working_lattice
from lumbomics.segment.instances.numbering import judge
from lumbomics.segment.instances.sac import dural_sac_map

_SOURCE = "lumbomics"
_CUT = 0.7
_SUPPOSED = 0.6


@dataclass(frozen=True, kw_only=True, eq=False)
class Instances:
    """What became of a class map.

    Parameters
    ----------
    segmentation
        Spine map with vertebrae, discs and canal, foramina and dural sac where they can be told, on the map's own grid.
    confidence
        Value in the spine map -> probability in [0, 1] that the structure is there and well drawn: the mean of its
        voxels' probabilities, lowered where the image's edge cuts it (x 0.7) or a border was supposed (x 0.6). Both
        factors are engineering defaults. The level's number is not part of it.
    decisions
        Numbering, splits, cuts and what was left out, each with the fact that decided.
    """

    segmentation: Segmentation
    confidence: Mapping[int, float]
    decisions: tuple[Decision, ...] = field(default=())


def split(semantic: SemanticMap, *, image: Image | None = None, source: str = _SOURCE) -> Instances:
    """Split tissue classes into numbered instances.

    Parameters
    ----------
    semantic
        Classes of every voxel; any affine.
    image
        The image it was drawn on, same grid; refines the dural sac where its contrast is T2.
    source
        Who drew the classes, kept in the label maps.

    Returns
    -------
    Instances
        Structures that are seen, never one that is not: an empty map gives an empty result.

    Raises
    ------
    GridMismatchError
        If the image lies on another grid.

    Notes
    -----
    Connected pieces are not used to count: discs are peaks of their class along the column's middle line, bodies the
    bone between two disc planes, arches grow from pedicles and from the expected lines of the laminae. Numbers count up
    from the sacrum; where neither sacrum nor open end is seen, the confidence of the numbering is 0.
    """
    if image is not None:
        semantic.grid.require_same_place(image.grid, where="image")
    lattice = working_lattice(semantic)
    assembly = None if lattice is None else assemble(lattice)
    if lattice is None or assembly is None:
        return _nothing(semantic, source)
    numbering, decision = judge(assembly.junction)
    crop = lattice.spread(assembly.labels[Tissue.VERTEBRA], Tissue.VERTEBRA)
    for tissue in (Tissue.DISC, Tissue.CANAL, Tissue.SACRUM):
        part = lattice.spread(assembly.labels[tissue], tissue)
        crop[part > 0] = part[part > 0]
    array = lattice.restore(crop, semantic.grid.shape)
    spine = Labels(array, semantic.grid, source=source)
    segmentation = Segmentation(
        spine=spine,
        dural_sac=dural_sac_map(spine, image),
        foramina=foramina_map(spine, assembly.levels),
        numbering=numbering,
    )
    confidence, cuts = _confidences(semantic, spine, assembly)
    return Instances(
        segmentation=segmentation,
        confidence=MappingProxyType(confidence),
        decisions=(decision, *assembly.decisions, *cuts),
    )


def _nothing(semantic: SemanticMap, source: str) -> Instances:
    empty = Labels(np.zeros(semantic.grid.shape, dtype=np.uint8), semantic.grid, source=source)
    decision = Decision(what="instances", choice="none", because="no vertebra or disc is among the classes")
    return Instances(segmentation=Segmentation(spine=empty), confidence={}, decisions=(decision,))


def _confidences(
    semantic: SemanticMap, spine: Labels, assembly: Assembly
) -> tuple[dict[int, float], tuple[Decision, ...]]:
    """Mean probability of each structure, lowered where it is cut or was split by a supposed border."""
    drawn = np.nonzero(spine.array)
    total = np.bincount(spine.array[drawn], weights=semantic.probability[drawn].astype(np.float32), minlength=256)
    confidence = {value: float(min(total[value] / spine.voxels[value], 1.0)) for value in spine.present}
    cut = [value for value in _cut(spine) if value != CANAL]
    for value in cut:
        confidence[value] *= _CUT
    for value in assembly.supposed:
        if value in confidence:
            confidence[value] *= _SUPPOSED
    if not cut:
        return confidence, ()
    names = ", ".join(map(str, cut))
    because = "they touch the upper or lower, front or back edge of the image"
    return confidence, (Decision(what="cut structures", choice=f"kept, confidence lowered: {names}", because=because),)


def _cut(spine: Labels) -> list[int]:
    """Values that touch the image's edge other than to the left and right, where slabs always end."""
    across = int(np.argmax(np.abs(spine.grid.axes[0])))
    axes = [axis for axis in range(3) if axis != across]
    return [
        value
        for value, box in spine.boxes.items()
        if any(box[axis].start == 0 or box[axis].stop == spine.grid.shape[axis] for axis in axes)
    ]
