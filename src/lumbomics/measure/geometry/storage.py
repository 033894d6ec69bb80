"""One storage order for all label maps, so that how a file stores its voxels cannot change a digit of a result."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels, Segmentation

_WORLD = {"R": 0, "L": 0, "A": 1, "P": 1, "S": 2, "I": 2}


def canonical_labels(labels: Labels) -> Labels:
    """Return the same map stored right, anterior, superior as nearly as its axes allow; no voxel moves."""
    codes = labels.grid.axis_codes
    if codes == "RAS":
        return labels
    order = [next(i for i, code in enumerate(codes) if _WORLD[code] == axis) for axis in range(3)]
    flips = [codes[axis] in "LPI" for axis in order]
    array = labels.array.transpose(order)[tuple(slice(None, None, -1 if flip else 1) for flip in flips)]
    steps = labels.grid.affine[:3, order]
    affine = np.eye(4)
    affine[:3, :3] = steps * np.where(flips, -1.0, 1.0)
    last = np.array([labels.grid.shape[axis] - 1 if flip else 0 for axis, flip in zip(order, flips, strict=True)])
    affine[:3, 3] = labels.grid.affine[:3, 3] + steps @ last
    grid = Grid((array.shape[0], array.shape[1], array.shape[2]), affine, labels.grid.frame)
    return replace(labels, array=np.ascontiguousarray(array), grid=grid)


def canonical(segmentation: Segmentation) -> Segmentation:
    """Return the same label maps, each in canonical storage order."""
    return replace(
        segmentation,
        spine=canonical_labels(segmentation.spine),
        subregion=_optional(segmentation.subregion),
        dural_sac=_optional(segmentation.dural_sac),
        foramina=_optional(segmentation.foramina),
        muscle=_optional(segmentation.muscle),
    )


def _optional(labels: Labels | None) -> Labels | None:
    return None if labels is None else canonical_labels(labels)
