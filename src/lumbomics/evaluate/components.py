"""Instances of a semantic map: connected parts, without numbers of levels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumbomics.core.errors import InputError
from lumbomics.core.labels import Segmentation
from lumbomics.evaluate.anatomy import part
from lumbomics.evaluate.distance import distance_map
from lumbomics.evaluate.instances import Instances
from lumbomics.evaluate.scores import Structure

SMALLEST_ML = 0.3
"""Connected parts below this volume are crumbs; the smallest disc that an image cuts in our real masks has 0.8 mL."""
DEPTH_MM = 2.0
"""What lies deeper than this is a body's core; bridges between vertebrae are thinner than twice this."""
REACH_MM = 4.0
"""A vertebral body's core reaches its disc within this distance; that of a posterior element does not."""


def split_components(segmentation: Segmentation, structure: Structure) -> Instances:
    """Take the parts of a semantic map's discs or vertebrae as instances.

    Discs are parts connected through voxel faces, of 0.3 mL or more. Vertebrae are such parts too, parted where they
    touch: voxels deeper than 2 mm make up cores, cores of 0.3 mL or more within 4 mm of a disc are bodies, and
    every voxel connected with a body belongs to the nearest one. So a posterior element that a narrow slab shows apart
    from its body is no vertebra of its own, and is left out. This is a count for judging detection, not a segmentation.

    Parameters
    ----------
    segmentation
        Its semantic map, or its spine map, holds the structure.
    structure
        Disc, vertebra or vertebral body.

    Raises
    ------
    InputError
        If the structure has no instances, such as the canal.
    """
    if structure not in {Structure.DISC, Structure.VERTEBRA, Structure.VERTEBRAL_BODY}:
        raise InputError("this structure has no instances", expected="vertebra, vertebral_body or disc", got=structure)
    found = part(segmentation, structure)
    grid = found.labels.grid
    everywhere = tuple(slice(0, n) for n in grid.shape)
    mask = found.mask(everywhere)
    smallest = SMALLEST_ML * 1000 / grid.voxel_volume_mm3
    if structure is Structure.DISC:
        labelled, values = _large(mask, smallest)
        return Instances(array=labelled, values=values, levels=False)
    discs = part(segmentation, Structure.DISC).mask(everywhere)
    cores, values = _cores(mask, discs, grid.spacing_mm, smallest)
    return Instances(array=_around(cores, mask, grid.spacing_mm), values=values, levels=False)


def _large(mask: NDArray[np.bool_], smallest: float) -> tuple[NDArray[Any], tuple[int, ...]]:
    """Find connected parts, and the numbers of those of at least ``smallest`` voxels."""
    labelled, count = ndimage.label(mask)
    sizes = np.bincount(labelled.ravel(), minlength=int(count) + 1)[1:]
    return labelled, tuple(int(n) for n in np.flatnonzero(sizes >= smallest) + 1)


def _cores(
    mask: NDArray[np.bool_], discs: NDArray[np.bool_], spacing_mm: NDArray[np.float64], smallest: float
) -> tuple[NDArray[Any], tuple[int, ...]]:
    """Cores of the bodies, everything else 0, and their numbers."""
    labelled, large = _large(distance_map(~mask, spacing_mm) > DEPTH_MM, smallest)
    near = np.unique(labelled[distance_map(discs, spacing_mm) <= REACH_MM])
    values = np.intersect1d(large, near)
    return np.where(np.isin(labelled, values), labelled, 0), tuple(int(n) for n in values)


def _around(cores: NDArray[Any], mask: NDArray[np.bool_], spacing_mm: NDArray[np.float64]) -> NDArray[Any]:
    """Give every voxel of the mask to the nearest core, where it is connected with any."""
    if not cores.any():
        return cores
    nearest = ndimage.distance_transform_edt(
        cores == 0, sampling=spacing_mm, return_distances=False, return_indices=True
    )
    connected, _ = ndimage.label(mask)
    held = np.isin(connected, np.setdiff1d(connected[cores > 0], [0]))
    return np.where(held, cores[tuple(nearest)], 0)
