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
REACH_MM = 4.0
"""A vertebral body reaches its disc within this distance; a posterior element does not."""


def split_components(segmentation: Segmentation, structure: Structure) -> Instances:
    """Take the connected parts of a semantic map's discs or vertebrae as instances.

    Parts are connected through voxel faces. For vertebrae, only parts within 4 mm of a disc count: in a narrow slab the
    posterior elements lie apart from their body and would count as vertebrae of their own. Parts under 0.3 mL do
    not count. Vertebrae that touch one another are one part: this is a count for maps whose vertebrae lie apart, not a
    segmentation.

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
    labelled, count = _label(found.mask(everywhere))
    sizes = np.bincount(labelled.ravel(), minlength=count + 1)[1:]
    kept = np.flatnonzero(sizes * grid.voxel_volume_mm3 / 1000 >= SMALLEST_ML) + 1
    if structure is not Structure.DISC:
        kept = np.intersect1d(
            kept, _near_discs(labelled, part(segmentation, Structure.DISC).mask(everywhere), grid.spacing_mm)
        )
    return Instances(array=labelled, values=tuple(int(v) for v in kept), levels=False)


def _label(mask: NDArray[np.bool_]) -> tuple[NDArray[Any], int]:
    labelled, count = ndimage.label(mask)
    return labelled, int(count)


def _near_discs(labelled: NDArray[Any], discs: NDArray[np.bool_], spacing_mm: NDArray[np.float64]) -> NDArray[np.intp]:
    """Parts with a voxel within reach of a disc."""
    if not discs.any():
        return np.empty(0, dtype=np.intp)
    return np.setdiff1d(labelled[distance_map(discs, spacing_mm) <= REACH_MM], [0])
