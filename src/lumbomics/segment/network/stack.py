"""The network's input: each slice between its neighbours, padded to what the network can halve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

NEIGHBOUR_MM = 2.5
"""Distance at which the neighbouring slices are wanted."""
MULTIPLE = 32
"""Rows and columns must be a multiple of this: the network halves them five times."""


def neighbour_step(slice_spacing_mm: float) -> int:
    """Count the slices, at least 1, that come closest to ``NEIGHBOUR_MM``."""
    return max(1, round(NEIGHBOUR_MM / slice_spacing_mm))


def stack_neighbours(
    array: NDArray[np.float32], *, slice_spacing_mm: float, numbers: Sequence[int] | None = None
) -> NDArray[np.float32]:
    """Put each slice between its neighbours.

    Parameters
    ----------
    array
        (slices, rows, columns), slices rising to the patient's right.
    slice_spacing_mm
        Distance between neighbouring slices.
    numbers
        Slices wanted; all where ``None``.

    Returns
    -------
    (n, 3, rows, columns): the neighbour on the patient's left, the slice itself, the neighbour on the right; a
    neighbour outside the volume is 0.
    """
    step = neighbour_step(slice_spacing_mm)
    wanted = range(len(array)) if numbers is None else numbers
    stack = np.zeros((len(wanted), 3, *array.shape[1:]), dtype=np.float32)
    for place, number in enumerate(wanted):
        for channel, other in enumerate((number - step, number, number + step)):
            if 0 <= other < len(array):
                stack[place, channel] = array[other]
    return stack


def pad_to_multiple(stack: NDArray[np.float32], multiple: int = MULTIPLE) -> NDArray[np.float32]:
    """Add zeros at the feet and the back until rows and columns (the last two axes) are multiples of ``multiple``."""
    missing = [-n % multiple for n in stack.shape[-2:]]
    if not any(missing):
        return stack
    return np.pad(stack, [(0, 0)] * (stack.ndim - 2) + [(0, m) for m in missing])
