"""Any stored volume seen as a stack of sagittal slices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.grid import Grid

_RISING = ("R", "I", "P")
"""Direction in which slices, rows and columns run: to the patient's right, to the feet, to the back."""
_AXES = ("RL", "SI", "AP")


@dataclass(frozen=True)
class SagittalView:
    """Which storage axis holds slices, rows and columns, and which of them run backwards.

    Slices rise to the patient's right, rows to the feet, columns to the back. Nothing is resampled: an oblique volume
    is seen along its own axes.

    Parameters
    ----------
    order
        Storage axis of slices, rows and columns.
    backwards
        Whether each of the three is stored against its direction.
    """

    order: tuple[int, int, int]
    backwards: tuple[bool, bool, bool]

    @classmethod
    def of(cls, grid: Grid) -> Self:
        """View of a grid, each storage axis taken for the anatomical direction it lies closest to."""
        codes = grid.axis_codes
        slices, rows, columns = (next(a for a in range(3) if codes[a] in pair) for pair in _AXES)
        order = (slices, rows, columns)
        first, second, third = (codes[a] != letter for a, letter in zip(order, _RISING, strict=True))
        return cls(order, (first, second, third))

    @property
    def _steps(self) -> tuple[slice, ...]:
        return tuple(slice(None, None, -1 if backwards else 1) for backwards in self.backwards)

    def turn(self, array: NDArray[Any]) -> NDArray[Any]:
        """Show a storage-order array (i, j, k) as (slices, rows, columns); no copy."""
        return array.transpose(self.order)[self._steps]

    def turn_back(self, array: NDArray[Any]) -> NDArray[Any]:
        """Show an array (slices, rows, columns) in storage order (i, j, k); no copy."""
        return array[self._steps].transpose(np.argsort(self.order).tolist())

    def affine(self, grid: Grid) -> NDArray[np.float64]:
        """4 x 4 from (slice, row, column) indices of the turned array to RAS+ mm."""
        turned = np.eye(4)
        start = np.zeros(3)
        for place, (axis, backwards) in enumerate(zip(self.order, self.backwards, strict=True)):
            turned[:3, place] = grid.affine[:3, axis] * (-1 if backwards else 1)
            start[axis] = grid.shape[axis] - 1 if backwards else 0
        turned[:3, 3] = grid.to_world(start)
        return turned
