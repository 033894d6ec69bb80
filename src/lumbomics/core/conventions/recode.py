"""Exchange of all values of a label map through one table, in one pass."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.labels import Labels

_LARGEST = 255
"""No convention here has a number above it."""


def recode(labels: Labels, table: Mapping[int, int]) -> NDArray[np.uint8]:
    """Label map (i, j, k) with every value exchanged; values that ``table`` lacks become 0.

    Bytes are exchanged by the interpreter's own translation table, which is several times faster than indexing.
    """
    narrow = _as_bytes(labels)
    exchange = bytes(table.get(value, 0) if value else 0 for value in range(_LARGEST + 1))
    if narrow.flags.f_contiguous:
        return _translated(narrow.T, exchange).T
    return _translated(narrow, exchange)


def _translated(array: NDArray[np.uint8], exchange: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(array.tobytes().translate(exchange), dtype=np.uint8).reshape(array.shape)


def _as_bytes(labels: Labels) -> NDArray[np.uint8]:
    array = labels.array
    if array.dtype.itemsize == 1:
        return array.view(np.uint8)
    if max(labels.present, default=0) > _LARGEST:
        array = np.where(array > _LARGEST, 0, array)
    return array.astype(np.uint8)
