"""Which drawn disc is the reader's first, second, ...: counted from below as the reader counts, not by drawn names."""

from __future__ import annotations

import numpy as np

from lumbomics.core.anatomy import DISC_OFFSET, SACRUM, rank
from lumbomics.core.labels import Labels
from lumbomics.measure.degeneration.patch import drawn_levels

_FRAGMENT = 0.4
_TOUCHING = 20


def levels_from_below(labels: Labels, *, graded: int) -> tuple[str | None, ...]:
    """List the drawn discs from the lowest, by the names they were drawn with.

    A reader counts the discs that are seen. Drawn names may differ from that: a body cut in halves by mistake makes a
    level without a disc, a fragment of bone within a disc makes two of one, and a disc above a sacrum that was not
    drawn has no name, but is the reader's first.

    Parameters
    ----------
    labels
        Spine map of one sagittal slice.
    graded
        Number of discs that the reader graded. Where bodies touch at the very bottom, this tells whether the disc
        between them was overlooked (the reader graded more than are drawn) or does not exist.

    Returns
    -------
    Names such as ``L5-S1``; ``None`` for a disc that lies between no two drawn vertebrae.
    """
    pairs = {upper: (lower, level) for upper, lower, level in drawn_levels(labels)}
    drawn = [v - DISC_OFFSET for v in reversed(labels.discs) if v - DISC_OFFSET != SACRUM]
    counted = [upper for upper in drawn if not _below_fragment(labels, upper)]
    names = [pairs[upper][1] if upper in pairs else None for upper in counted]
    bottom = max(pairs, key=rank, default=None)
    if bottom is not None and bottom not in drawn and (graded > len(names) or not _touch(labels, bottom, pairs)):
        names.insert(0, pairs[bottom][1])
    return tuple(names)


def _below_fragment(labels: Labels, number: int) -> bool:
    """Whether the vertebra above a disc is a fragment within it: far smaller than the others, and not the top one."""
    areas = {v: labels.voxels[v] for v in labels.vertebrae if v != SACRUM}
    above = [v for v in areas if rank(v) < rank(number)]
    return number in areas and bool(above) and areas[number] < _FRAGMENT * float(np.median(list(areas.values())))


def _touch(labels: Labels, upper: int, pairs: dict[int, tuple[int, str]]) -> bool:
    """Whether a vertebra borders on the next one with no disc between."""
    lower = pairs[upper][0]
    plane = labels.array.squeeze()
    borders = 0
    for axis in range(plane.ndim):
        first = np.take(plane, range(plane.shape[axis] - 1), axis)
        second = np.take(plane, range(1, plane.shape[axis]), axis)
        borders += int(
            (np.minimum(first, second) == min(upper, lower))[np.maximum(first, second) == max(upper, lower)].sum()
        )
    return borders > _TOUCHING
