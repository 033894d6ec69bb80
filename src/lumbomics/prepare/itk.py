"""The project's arrays as SimpleITK's images and back, in RAS+ millimetres: no axis is turned on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from lumbomics.core.grid import Grid

FloatArray = NDArray[np.float64]


class _OneThread:
    """Who asks for one thread: the number is SimpleITK's for the whole process, and set back by the last to leave."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._before = 1

    def enter(self) -> None:
        with self._lock:
            if not self._inside:
                self._before = SimpleITK.ProcessObject.GetGlobalDefaultNumberOfThreads()
                SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(self._before)


_ONE = _OneThread()


@contextmanager
def one_thread() -> Iterator[None]:
    """Run each SimpleITK call on one thread: sums in another order change the last digits, and with them a whole path.

    Several threads of ours may be inside at once; each of their calls then runs on one.
    """
    _ONE.enter()
    try:
        yield
    finally:
        _ONE.leave()


def to_itk(array: NDArray[Any], grid: Grid) -> Any:
    """Make a SimpleITK image whose physical space is the project's world, RAS+ mm."""
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(array.transpose(2, 1, 0)))
    place(image, grid)
    return image


def place(image: Any, grid: Grid) -> None:
    """Set a SimpleITK image's geometry."""
    image.SetSpacing(grid.spacing_mm.tolist())
    image.SetOrigin(grid.affine[:3, 3].tolist())
    image.SetDirection(grid.axes.ravel().tolist())


def from_itk(image: Any) -> NDArray[Any]:
    """Take the values (i, j, k) out of a SimpleITK image."""
    return np.asarray(SimpleITK.GetArrayFromImage(image).transpose(2, 1, 0))


def matrix_of(transform: Any) -> FloatArray:
    """Write a centred SimpleITK transform as a 4 x 4 matrix."""
    matrix = np.eye(4)
    rotation = np.array(transform.GetMatrix()).reshape(3, 3)
    centre = np.array(transform.GetCenter())
    matrix[:3, :3] = rotation
    matrix[:3, 3] = np.array(transform.GetTranslation()) + centre - rotation @ centre
    return matrix
