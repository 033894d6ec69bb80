"""Linear interpolation along the rows and columns of a slice, anti-aliased where it shrinks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


def working_size(size: int, spacing_mm: float, wanted_mm: float) -> int:
    """Count the samples, at least 1, that cover ``size`` samples of ``spacing_mm`` at ``wanted_mm``."""
    return max(1, round(size * spacing_mm / wanted_mm))


@dataclass(frozen=True, eq=False)
class PlaneResampler:
    """Interpolation of slices between two rasters that share their middle.

    Parameters
    ----------
    rows, columns
        Weights (out, in) of each direction; ``None`` where the two rasters are the same.
    """

    rows: csr_array[np.float32] | None = field(repr=False)
    columns: csr_array[np.float32] | None = field(repr=False)

    @classmethod
    def between(
        cls,
        *,
        size: tuple[int, int],
        spacing_mm: tuple[float, float],
        wanted_size: tuple[int, int],
        wanted_mm: tuple[float, float],
    ) -> PlaneResampler:
        """Prepare the step from ``size`` at ``spacing_mm`` to ``wanted_size`` at ``wanted_mm`` (rows, columns)."""
        rows, columns = (_weights(size[a], wanted_size[a], step=wanted_mm[a] / spacing_mm[a]) for a in range(2))
        return cls(rows, columns)

    def __call__(self, plane: NDArray[Any]) -> NDArray[np.float32]:
        """Interpolate ``plane`` (rows, columns)."""
        values = np.ascontiguousarray(plane, dtype=np.float32)
        if self.rows is not None:
            values = self.rows @ values
        if self.columns is not None:
            values = np.ascontiguousarray((self.columns @ np.ascontiguousarray(values.T)).T)
        return values


def _weights(size: int, wanted: int, *, step: float) -> csr_array[np.float32] | None:
    """Triangle filter, one input sample wide where it enlarges and ``step`` wide where it shrinks.

    Its rows sum to 1; beyond the outer samples the edge's value holds.
    """
    if wanted == size and abs(step - 1) * size < 1e-3:
        return None
    reach = max(1.0, step)
    centre = (size - 1) / 2 + (np.arange(wanted) - (wanted - 1) / 2) * step
    taps = np.floor(centre - reach).astype(np.intp)[:, None] + np.arange(int(np.ceil(2 * reach)) + 2)
    weight = np.maximum(1 - np.abs(taps - centre[:, None]) / reach, 0)
    weight /= weight.sum(axis=1, keepdims=True)
    row = np.repeat(np.arange(wanted), taps.shape[1])
    column = np.clip(taps, 0, size - 1).ravel()
    matrix = csr_array((weight.astype(np.float32).ravel(), (row, column)), shape=(wanted, size))
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix
