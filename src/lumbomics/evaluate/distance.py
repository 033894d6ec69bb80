"""Exact Euclidean distance to the nearest marked cell of a lattice."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]

_SQUARE = 1e-6


def distances_to(marked: Mask, cells: NDArray[np.intp], axes_mm: FloatArray) -> FloatArray:
    """Distance in mm from each of some cells to the nearest marked one.

    Parameters
    ----------
    marked
        (i, j, k), at least one is true.
    cells
        (n, 3) indices into ``marked``.
    axes_mm
        (3, 3), the columns are the lattice's steps in mm; they may be oblique to each other.
    """
    spacing = np.linalg.norm(axes_mm, axis=0)
    unit = axes_mm / spacing
    if np.abs(unit.T @ unit - np.eye(3)).max() < _SQUARE:
        return np.asarray(distance_map(marked, spacing)[tuple(cells.T)], dtype=np.float64)
    found, _ = KDTree(np.argwhere(marked) @ axes_mm.T).query(cells @ axes_mm.T)
    return np.asarray(found, dtype=np.float64)


def distance_map(marked: Mask, spacing_mm: FloatArray) -> FloatArray:
    """Distance in mm of every cell to the nearest marked one, infinite where none is marked.

    The squared distance is the lower envelope of parabolas, axis by axis (Felzenszwalb and Huttenlocher 2012, doi
    10.4086/toc.2012.v008a019); exact on lattices at right angles.
    """
    squared = np.where(marked, 0.0, np.inf)
    for axis in range(3):
        lines = np.ascontiguousarray(np.moveaxis(squared, axis, -1))
        _envelopes(lines.reshape(-1, lines.shape[-1]), float(spacing_mm[axis]) ** 2)
        squared = np.moveaxis(lines, -1, axis)
    return np.asarray(np.sqrt(squared), dtype=np.float64)


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _envelopes(lines: FloatArray, step_mm2: float) -> None:
    """Replace each line by the lower envelope of the parabolas that stand on its finite values."""
    count, n = lines.shape
    feet = np.empty(n, np.int64)
    starts = np.empty(n + 1, np.float64)
    line = np.empty(n, np.float64)
    for row in range(count):
        line[:] = lines[row]
        last = -1
        for q in range(n):
            if not np.isfinite(line[q]):
                continue
            start = -np.inf
            while last >= 0:
                foot = feet[last]
                start = (line[q] - line[foot]) / (2 * step_mm2 * (q - foot)) + (q + foot) / 2
                if start > starts[last]:
                    break
                last -= 1
            if last < 0:
                start = -np.inf
            last += 1
            feet[last] = q
            starts[last] = start
        if last < 0:
            continue
        at = 0
        for q in range(n):
            while at < last and starts[at + 1] < q:
                at += 1
            lines[row, q] = step_mm2 * (q - feet[at]) ** 2 + line[feet[at]]
