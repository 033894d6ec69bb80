"""One pass over a label map that finds the bounding box of every value."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def bounding_boxes(array: NDArray[Any]) -> dict[int, tuple[slice, slice, slice]]:
    """Map every non-zero value of a 3D integer array to its bounding box.

    Values along each axis are gathered through a presence table (axis position x value), so the cost is three
    passes over the array whatever the number of labels.
    """
    values = array.view(np.uint8) if array.dtype == np.bool_ else array
    top = int(values.max()) if values.size else 0
    if top == 0:
        return {}
    spans = [_presence(np.moveaxis(values, axis, 0), top) for axis in range(3)]
    found = np.flatnonzero(spans[0].any(axis=0))
    return {int(value): _box(spans, int(value)) for value in found if value}


def _presence(planes: NDArray[Any], top: int) -> NDArray[np.bool_]:
    table = np.zeros((len(planes), top + 1), dtype=np.bool_)
    for position, plane in enumerate(planes):
        table[position, plane.ravel()] = True
    return table


def _box(spans: list[NDArray[np.bool_]], value: int) -> tuple[slice, slice, slice]:
    ends = [np.flatnonzero(span[:, value]) for span in spans]
    first, second, third = (slice(int(e[0]), int(e[-1]) + 1) for e in ends)
    return first, second, third
