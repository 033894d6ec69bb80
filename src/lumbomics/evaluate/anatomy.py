"""Structures of a segmentation: which values of which map they are, and what of two maps can be compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import CANAL, CORD, CRANIOCAUDAL, DISC_OFFSET, SACRUM, VERTEBRA_NAMES, disc_level, rank
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels, Segmentation, Subregion
from lumbomics.evaluate.scores import Structure

OPTIONAL_VERTEBRAE = frozenset({28, 25})
"""T13 and L6: most spines lack them."""
_MOBILE = frozenset(n for n in VERTEBRA_NAMES if rank(n) < rank(SACRUM))
_SACRAL = frozenset({SACRUM, *range(29, 34)})
_BODY = frozenset({int(Subregion.CORPUS), int(Subregion.CORPUS_BORDER)})
_VERTEBRAL_PARTS = frozenset(range(Subregion.VERTEBRA, Subregion.CORPUS + 1))
COUNTED = (Structure.VERTEBRA, Structure.VERTEBRAL_BODY, Structure.DISC)
"""Structures that come as instances."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """Some values of one label map.

    Parameters
    ----------
    labels
        The map.
    values
        Those of its values that belong to the structure; may be none.
    """

    labels: Labels
    values: frozenset[int]

    @property
    def box(self) -> tuple[slice, ...] | None:
        """Slices around the structure; ``None`` where the map does not hold it."""
        boxes = [self.labels.boxes[value] for value in self.values]
        return joint_box(boxes) if boxes else None

    def mask(self, box: tuple[slice, ...]) -> NDArray[np.bool_]:
        """Where the structure is, within ``box``."""
        if not self.values:
            return np.zeros([s.stop - s.start for s in box], dtype=np.bool_)
        table = np.zeros(max(self.labels.present) + 1, dtype=np.bool_)
        table[list(self.values)] = True
        return np.asarray(table[self.labels.array[box].astype(np.intp)], dtype=np.bool_)


def part(segmentation: Segmentation, structure: Structure) -> Part:
    """Find a structure in a segmentation: in the spine map, or else in the semantic map."""
    spine, regions = segmentation.spine, segmentation.subregion
    if structure is Structure.DURAL_SAC:
        sac = segmentation.dural_sac
        return Part(labels=spine, values=frozenset()) if sac is None else _of(sac, {1})
    if structure is Structure.VERTEBRAL_BODY:
        return Part(labels=spine, values=frozenset()) if regions is None else _of(regions, _BODY)
    own, semantic = _VALUES[structure]
    found = _of(spine, own)
    if structure is Structure.CANAL and CANAL not in found.values:
        found = Part(labels=spine, values=frozenset())
    if found.values or regions is None:
        return found
    return _of(regions, semantic)


def _of(labels: Labels, values: Iterable[int]) -> Part:
    return Part(labels=labels, values=frozenset(values) & frozenset(labels.present))


_VALUES: dict[Structure, tuple[frozenset[int], frozenset[int]]] = {
    Structure.VERTEBRA: (_MOBILE, _VERTEBRAL_PARTS),
    Structure.DISC: (frozenset(n + DISC_OFFSET for n in VERTEBRA_NAMES), frozenset({int(Subregion.DISC)})),
    Structure.SACRUM: (_SACRAL, frozenset()),
    # a cord drawn inside the canal takes the canal's voxels there
    Structure.CANAL: (frozenset({CANAL, CORD}), frozenset({int(Subregion.CANAL), int(Subregion.CORD)})),
    Structure.CORD: (frozenset({CORD}), frozenset({int(Subregion.CORD)})),
}
"""Structure -> its values in the spine map, and in the semantic map."""


def draws_bodies_alone(segmentation: Segmentation) -> bool:
    """Tell whether vertebrae are drawn without their posterior elements."""
    regions = segmentation.subregion
    if regions is None:
        return False
    vertebral = frozenset(regions.present) & _VERTEBRAL_PARTS
    if not vertebral or not vertebral <= _BODY:
        return False
    spine = segmentation.spine
    bodies = sum(regions.voxels[value] for value in vertebral)
    return sum(spine.voxels[value] for value in _of(spine, _MOBILE).values) <= bodies


def comparable(prediction: Segmentation, reference: Segmentation) -> tuple[Structure, ...]:
    """Structures that at least one of both maps holds.

    Bodies are compared where both maps tell them apart, and in place of vertebrae where both draw nothing else.
    """
    pair = (prediction, reference)
    wanted = {s for s in Structure if any(part(x, s).values for x in pair)}
    if not all(part(x, Structure.VERTEBRAL_BODY).values for x in pair):
        wanted -= {Structure.VERTEBRAL_BODY}
    elif all(draws_bodies_alone(x) for x in pair):
        wanted -= {Structure.VERTEBRA}
    return tuple(s for s in Structure if s in wanted)


def same_extent(prediction: Segmentation, reference: Segmentation, structure: Structure) -> bool:
    """Tell whether both maps mean the same by a structure: whole vertebrae are not compared with bodies."""
    return structure is not Structure.VERTEBRA or draws_bodies_alone(prediction) == draws_bodies_alone(reference)


def instance_values(segmentation: Segmentation, structure: Structure) -> tuple[int, ...]:
    """Values of a structure's instances in the spine map, head to tail; none where the map does not count it."""
    if structure is Structure.DISC:
        return segmentation.spine.discs
    if structure in COUNTED:
        return tuple(n for n in segmentation.spine.vertebrae if n in _MOBILE)
    return ()


def level_name(value: int, vertebrae: Iterable[int]) -> str:
    """Name of a spine map's vertebra (``L4``) or disc (``L4-L5``), in a spine that has ``vertebrae``.

    T13 and L6 stand below a disc only where they are among ``vertebrae``.
    """
    if value in VERTEBRA_NAMES:
        return VERTEBRA_NAMES[value]
    above = value - DISC_OFFSET
    left_out = OPTIONAL_VERTEBRAE - set(vertebrae)
    under = next((n for n in CRANIOCAUDAL[rank(above) + 1 :] if n not in left_out), None)
    return VERTEBRA_NAMES[above] if under is None else disc_level(above, under)


def joint_box(boxes: Iterable[tuple[slice, ...]]) -> tuple[slice, ...]:
    """Smallest box around several."""
    axes = zip(*boxes, strict=True)
    return tuple(slice(min(s.start for s in axis), max(s.stop for s in axis)) for axis in axes)


def grown(box: tuple[slice, ...], grid: Grid) -> tuple[slice, ...]:
    """Give a box one more voxel on every side, as far as the grid goes."""
    return tuple(slice(max(s.start - 1, 0), min(s.stop + 1, n)) for s, n in zip(box, grid.shape, strict=True))


def cropped(grid: Grid, box: tuple[slice, ...]) -> Grid:
    """Cut the part inside a box out of a grid."""
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_world([s.start for s in box])
    first, second, third = (s.stop - s.start for s in box)
    return Grid((first, second, third), affine, grid.frame)
