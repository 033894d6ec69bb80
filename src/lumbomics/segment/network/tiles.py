"""Windows over pictures too large to look at in one go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

TILE = 1024
"""Largest side seen at once, pixels; a multiple of 32."""
OVERLAP = 256
"""Pixels that neighbouring windows share; each keeps its half."""

Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True)
class Span:
    """One window along one direction: what it sees, and which part of that is kept.

    Parameters
    ----------
    start, stop
        Pixels seen.
    first, last
        Pixels kept, half open, inside ``start`` to ``stop``.
    """

    start: int
    stop: int
    first: int
    last: int


def spans(length: int, *, tile: int = TILE, overlap: int = OVERLAP) -> list[Span]:
    """Cover ``length`` pixels by windows of ``tile`` that share at least ``overlap``; one if it fits."""
    if length <= tile:
        return [Span(0, length, 0, length)]
    starts = [*range(0, length - tile, tile - overlap), length - tile]
    seams = [(after + before + tile) // 2 for before, after in pairwise(starts)]
    edges = [0, *seams, length]
    return [Span(start, start + tile, edges[n], edges[n + 1]) for n, start in enumerate(starts)]


def run_tiled(run: Run, stack: NDArray[np.float32], *, tile: int = TILE, overlap: int = OVERLAP) -> NDArray[np.float32]:
    """Apply ``run`` to windows of ``stack`` (n, channels, h, w) and put the parts together.

    The same as one look at the whole wherever ``run`` looks no further than half the overlap.
    """
    rows, columns = (spans(n, tile=tile, overlap=overlap) for n in stack.shape[2:])
    if len(rows) == len(columns) == 1:
        return run(stack)
    parts = [np.concatenate([_part(run, stack, row, column) for column in columns], axis=3) for row in rows]
    return np.concatenate(parts, axis=2)


def _part(run: Run, stack: NDArray[np.float32], row: Span, column: Span) -> NDArray[np.float32]:
    seen = np.ascontiguousarray(stack[:, :, row.start : row.stop, column.start : column.stop])
    keep_rows = slice(row.first - row.start, row.last - row.start)
    keep_columns = slice(column.first - column.start, column.last - column.start)
    return run(seen)[:, :, keep_rows, keep_columns]
