"""Neural foramina left and right: the free room between two pedicles, behind body and disc."""

from __future__ import annotations

from itertools import pairwise
from types import MappingProxyType

import numpy as np

from lumbomics.core.anatomy import DISC_OFFSET
from lumbomics.core.grid import FloatArray
from lumbomics.core.labels import Labels
from lumbomics.segment.instances.level import Level

COARSEST_MM = 5.0
"""Slices further apart than this may miss a pedicle (8 mm and more wide) altogether."""
HALF_WIDTH_MM = 4.0
HALF_DEPTH_MM = 7.5
_BEHIND_WALL_MM = (0.5, 5.0)
_LEAST_VOXELS = 8
_PEDICLE_MM = 18.0


def foramina_map(spine: Labels, levels: list[Level]) -> Labels | None:
    """Mark the foramina between neighbouring vertebrae.

    A foramen is the free room (no bone, disc or canal) in a box 8 mm wide and 15 mm deep between the lower border of
    the upper pedicle and the upper border of the lower one, as the reference objects draw it. Numbers are
    2 x (disc - 100) on the patient's left, that + 1 on the right. It is a region to look at, not the measured foramen;
    the lumbosacral one is left out: the sacrum's pedicle passes into its wing without a border.

    Parameters
    ----------
    spine
        Instance map.
    levels
        Vertebrae head to tail.

    Returns
    -------
    Labels or None
        ``None`` where slices are too coarse or no pair of pedicles lies in the image.
    """
    across = int(np.argmax(np.abs(spine.grid.axes[0])))
    if spine.grid.spacing_mm[across] > COARSEST_MM or spine.grid.shape[across] < 2:
        return None
    out = np.zeros(spine.grid.shape, dtype=np.uint8)
    pedicles = {level.value: [_pedicle(spine, level, sign) for sign in (-1, 1)] for level in levels}
    for upper, lower in pairwise(levels):
        for side in (0, 1):
            above, below = pedicles[upper.value][side], pedicles[lower.value][side]
            if above is not None and below is not None:
                value = 2 * upper.value + side
                _draw(out, spine, upper, (above[0], below[1]), value)
    if not out.any():
        return None
    names = {
        2 * level.value + side: f"foramen below {DISC_OFFSET + level.value} {word}"
        for level in levels[:-1]
        for side, word in enumerate(("left", "right"))
    }
    return Labels(out, spine.grid, names=MappingProxyType(names), source=spine.source)


def _pedicle(spine: Labels, level: Level, sign: int) -> tuple[FloatArray, FloatArray] | None:
    """Middle of the lower and of the upper border of one pedicle, (3,) RAS+ mm each; ``None`` where it is not seen."""
    points = spine.points_mm(level.value)
    right, front, up = level.local(points).T
    behind = -front - level.depth_mm
    inside = (behind > _BEHIND_WALL_MM[0]) & (behind < _BEHIND_WALL_MM[1]) & (np.abs(up) < 0.5 * level.height_mm)
    beside = sign * right - level.canal_half_width_mm
    inside &= (beside > -3.0) & (beside < _PEDICLE_MM)
    if inside.sum() < _LEAST_VOXELS:
        return None
    middle = np.median(right[inside])
    inside &= np.abs(right - middle) < 0.5 * max(HALF_WIDTH_MM, float(spine.grid.spacing_mm.max()))
    low, high = np.percentile(up[inside], (3, 97))
    if high - low < 4.0:
        return None
    at = float(np.median(front[inside]))
    lower, upper = level.world(np.array([[middle, at, low], [middle, at, high]]))
    return lower, upper


def _draw(
    out: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
    spine: Labels,
    level: Level,
    ends: tuple[FloatArray, FloatArray],
    value: int,
) -> None:
    """Fill the free voxels of the box between the two borders, where the whole box lies in the image."""
    top, bottom = level.local(np.stack(ends))
    half_height = float(top[2] - bottom[2]) / 2
    if half_height <= 0:
        return
    middle = (top + bottom) / 2
    half = np.array([HALF_WIDTH_MM, HALF_DEPTH_MM + abs(top[1] - bottom[1]) / 2, half_height])
    corners = level.world(middle + half * (np.array(list(np.ndindex(2, 2, 2))) * 2 - 1))
    index = spine.grid.to_index(corners)
    if (index < -0.5).any() or (index > np.array(spine.grid.shape) - 0.5).any():
        return
    low, high = np.floor(index.min(axis=0)).astype(int), np.ceil(index.max(axis=0)).astype(int) + 1
    box = tuple(slice(max(int(a), 0), int(b)) for a, b in zip(low, high, strict=True))
    place = np.stack(
        np.meshgrid(*(np.arange(s.start, min(s.stop, n)) for s, n in zip(box, out.shape, strict=True)), indexing="ij"),
        axis=-1,
    )
    local = level.local(spine.grid.to_world(place).reshape(-1, 3)).reshape(place.shape)
    lean = middle[1] + (local[..., 2] - middle[2]) * (top[1] - bottom[1]) / (2 * half_height)
    inside = (np.abs(local[..., 0] - middle[0]) <= HALF_WIDTH_MM) & (np.abs(local[..., 1] - lean) <= HALF_DEPTH_MM)
    inside &= np.abs(local[..., 2] - middle[2]) <= half_height
    out[box][inside & (spine.array[box] == 0)] = value
