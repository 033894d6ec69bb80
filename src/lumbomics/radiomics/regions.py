"""Regions of interest out of label maps: vertebral bodies, discs, canal, dural sac, muscles."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import CANAL, CORD, CRANIOCAUDAL, DISC_OFFSET, VERTEBRA_NAMES, Side, below, disc_level
from lumbomics.core.errors import GridMismatchError
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels, Muscle, Segmentation, Subregion
from lumbomics.core.sampling import sample_nearest

IndexArray = NDArray[np.intp]
_BODY = (Subregion.CORPUS, Subregion.CORPUS_BORDER)
# Levels that most spines lack; a disc's lower neighbour is looked for without them.
_USUAL = tuple(n for n in CRANIOCAUDAL if n not in {25, 28})


class Structure(StrEnum):
    """What a region is."""

    VERTEBRA = "vertebra"
    """The whole vertebra as drawn, arch and processes included."""
    VERTEBRAL_BODY = "vertebral_body"
    DISC = "disc"
    CANAL = "canal"
    """Everything in the spinal canal, a cord drawn by itself included."""
    DURAL_SAC = "dural_sac"
    PSOAS = "psoas"
    MULTIFIDUS = "multifidus"
    ERECTOR_SPINAE = "erector_spinae"

    @property
    def has_level(self) -> bool:
        """Whether there is one a vertebra or disc."""
        return self in {Structure.VERTEBRA, Structure.VERTEBRAL_BODY, Structure.DISC}


_MUSCLES = {
    Structure.PSOAS: (Muscle.PSOAS_LEFT, Muscle.PSOAS_RIGHT),
    Structure.MULTIFIDUS: (Muscle.MULTIFIDUS_LEFT, Muscle.MULTIFIDUS_RIGHT),
    Structure.ERECTOR_SPINAE: (Muscle.ERECTOR_SPINAE_LEFT, Muscle.ERECTOR_SPINAE_RIGHT),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Region:
    """Voxels of one structure at one place.

    Parameters
    ----------
    structure, level, side
        What and where.
    voxels
        (n, 3) indices on the image's grid; none where the structure is not drawn.
    """

    structure: Structure
    level: str | None = None
    side: Side | None = None
    voxels: IndexArray = field(repr=False)

    def is_cut(self, shape: tuple[int, int, int]) -> bool:
        """Whether the region reaches the edge of an image; an axis of a single voxel has no edge."""
        long = [axis for axis in range(3) if shape[axis] > 1]
        last = np.asarray(shape) - 1
        return bool(((self.voxels == 0) | (self.voxels == last))[:, long].any())


def voxels_of(labels: Labels | None, values: Collection[int], grid: Grid) -> IndexArray:
    """Voxels of ``grid`` that hold one of ``values``, (n, 3).

    Raises
    ------
    GridMismatchError
        If the label map does not lie on the grid's voxels (in any storage order, whole or in part).
    """
    if labels is None:
        return np.empty((0, 3), dtype=np.intp)
    grid.require_same_frame(labels.grid, where="label map")
    if not grid.shares_lattice(labels.grid):
        raise GridMismatchError(
            "label map and image do not share their voxels",
            expected=grid.describe(),
            got=labels.grid.describe(),
            where="label map",
            hint="resample the label map to the image (nearest neighbour), or give the image it was drawn on",
        )
    points = [labels.points_mm(value) for value in values if value in labels.boxes]
    return np.rint(grid.to_index(np.concatenate([np.empty((0, 3)), *points]))).astype(np.intp)


def drawn_structures(segmentation: Segmentation) -> tuple[Structure, ...]:
    """Structures the label maps hold; whole vertebrae only where no vertebral body is drawn."""
    spine, parts, muscle = segmentation.spine, segmentation.subregion, segmentation.muscle
    bodies = parts is not None and any(part in parts.boxes for part in _BODY)
    there = {
        Structure.VERTEBRA: bool(spine.vertebrae) and not bodies,
        Structure.VERTEBRAL_BODY: bodies,
        Structure.DISC: bool(spine.discs),
        Structure.CANAL: CANAL in spine.boxes,
        Structure.DURAL_SAC: segmentation.dural_sac is not None and bool(segmentation.dural_sac.present),
        **{name: muscle is not None and any(v in muscle.boxes for v in pair) for name, pair in _MUSCLES.items()},
    }
    return tuple(structure for structure, drawn in there.items() if drawn)


def regions_of(segmentation: Segmentation, grid: Grid, structures: Iterable[Structure]) -> tuple[Region, ...]:
    """Regions in question on an image's grid; what is asked for and not drawn has no voxels."""
    return tuple(region for structure in structures for region in _regions(segmentation, grid, structure))


def labelled_voxels(segmentation: Segmentation, grid: Grid) -> NDArray[np.bool_]:
    """Mask on ``grid`` of everything any label map draws."""
    mask = np.zeros(grid.shape, dtype=bool)
    every = ("spine", "subregion", "dural_sac", "foramina", "muscle")
    for labels in (getattr(segmentation, name) for name in every):
        if labels is not None:
            mask[tuple(voxels_of(labels, labels.present, grid).T)] = True
    return mask


def canal_voxels(segmentation: Segmentation, grid: Grid) -> IndexArray:
    """Voxels of the canal, cord included; none where no canal is drawn (a cord alone is no canal)."""
    drawn = (CANAL, CORD) if CANAL in segmentation.spine.boxes else ()
    return voxels_of(segmentation.spine, drawn, grid)


def muscle_voxels(segmentation: Segmentation, grid: Grid, structure: Structure) -> IndexArray:
    """Voxels of a muscle of both sides."""
    return voxels_of(segmentation.muscle, _MUSCLES[structure], grid)


def _regions(segmentation: Segmentation, grid: Grid, structure: Structure) -> list[Region]:
    spine = segmentation.spine
    if structure is Structure.VERTEBRA:
        return [_at(structure, VERTEBRA_NAMES[n], voxels_of(spine, (n,), grid)) for n in spine.vertebrae]
    if structure is Structure.VERTEBRAL_BODY:
        return _bodies(segmentation, grid)
    if structure is Structure.DISC:
        return [_at(structure, _disc_name(n), voxels_of(spine, (n,), grid)) for n in spine.discs]
    if structure is Structure.CANAL:
        return [Region(structure=structure, voxels=canal_voxels(segmentation, grid))]
    if structure is Structure.DURAL_SAC:
        return [Region(structure=structure, voxels=voxels_of(segmentation.dural_sac, (1,), grid))]
    return [
        Region(structure=structure, side=side, voxels=voxels_of(segmentation.muscle, (value,), grid))
        for side, value in zip((Side.LEFT, Side.RIGHT), _MUSCLES[structure], strict=True)
    ]


def _bodies(segmentation: Segmentation, grid: Grid) -> list[Region]:
    spine, voxels = segmentation.spine, voxels_of(segmentation.subregion, _BODY, grid)
    owner = sample_nearest(spine.array, spine.grid, grid.to_world(voxels))
    return [_at(Structure.VERTEBRAL_BODY, VERTEBRA_NAMES[n], voxels[owner == n]) for n in spine.vertebrae]


def _at(structure: Structure, level: str, voxels: IndexArray) -> Region:
    return Region(structure=structure, level=level, voxels=voxels)


def _disc_name(number: int) -> str:
    above = number - DISC_OFFSET
    under = below(above, _USUAL)
    return VERTEBRA_NAMES[above] if under is None else disc_level(above, under)
