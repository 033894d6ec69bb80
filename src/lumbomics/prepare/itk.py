"""The project's arrays as SimpleITK's images and back, in RAS+ millimetres: no axis is turned on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from lumbomics.core.grid import Grid

FloatArray = NDArray[np.float64]


@contextmanager
def one_thread() -> Iterator[None]:
    """Run SimpleITK on one thread: sums in another order change the last digits, and with them a whole path."""
    before = SimpleITK.ProcessObject.GetGlobalDefaultNumberOfThreads()
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    try:
        yield
    finally:
        SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(before)


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
