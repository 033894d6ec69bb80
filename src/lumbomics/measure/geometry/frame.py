"""Right-handed frames that sit on vertebrae and segments, and angles in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumbomics.core.errors import InputError

FloatArray = NDArray[np.float64]


def unit(vector: ArrayLike) -> FloatArray:
    """Vector of length one in the direction of ``vector`` (3,); InputError if it has no length."""
    array = np.asarray(vector, dtype=np.float64)
    length = float(np.linalg.norm(array))
    if not np.isfinite(length) or length < 1e-9:
        raise InputError("a direction needs a length", got=str(array))
    return np.asarray(array / length, dtype=np.float64)


def perpendicular(vector: ArrayLike, axis: FloatArray) -> FloatArray:
    """Return the unit part of ``vector`` at right angles to the unit vector ``axis``."""
    array = np.asarray(vector, dtype=np.float64)
    return unit(array - (array @ axis) * axis)


@dataclass(frozen=True, eq=False)
class Frame:
    """Origin and three unit axes: right = anterior x superior (RAS+ mm, the patient's sides).

    Parameters
    ----------
    origin_mm
        (3,) RAS+ mm.
    right, anterior, superior
        (3,) unit vectors at right angles, right-handed.
    """

    origin_mm: FloatArray = field(repr=False)
    right: FloatArray
    anterior: FloatArray
    superior: FloatArray

    def __post_init__(self) -> None:
        basis = np.array([self.right, self.anterior, self.superior])
        if not np.allclose(basis @ basis.T, np.eye(3), atol=1e-6) or np.linalg.det(basis) < 0:
            raise InputError("a frame needs three unit axes at right angles, right-handed", got=str(basis.tolist()))

    @classmethod
    def from_superior(cls, origin_mm: ArrayLike, superior: ArrayLike, towards_front: ArrayLike) -> Self:
        """Keep ``superior``; take the part of ``towards_front`` at right angles to it as anterior axis."""
        up = unit(superior)
        front = perpendicular(towards_front, up)
        return cls(np.asarray(origin_mm, dtype=np.float64), np.cross(front, up), front, up)

    @classmethod
    def from_right(cls, origin_mm: ArrayLike, right: ArrayLike, towards_head: ArrayLike) -> Self:
        """Keep ``right``; take the part of ``towards_head`` at right angles to it as superior axis."""
        across = unit(right)
        up = perpendicular(towards_head, across)
        return cls(np.asarray(origin_mm, dtype=np.float64), across, np.cross(up, across), up)

    @property
    def axes(self) -> FloatArray:
        """Rows right, anterior, superior, 3 x 3."""
        return np.array([self.right, self.anterior, self.superior])

    def to_local(self, points_mm: ArrayLike) -> FloatArray:
        """Coordinates (..., 3) along right, anterior, superior about the origin, mm."""
        relative = np.asarray(points_mm, dtype=np.float64) - self.origin_mm
        return np.asarray(relative @ self.axes.T, dtype=np.float64)

    def to_world(self, local_mm: ArrayLike) -> FloatArray:
        """World points (..., 3) of coordinates (..., 3) along right, anterior, superior."""
        return np.asarray(np.asarray(local_mm, dtype=np.float64) @ self.axes + self.origin_mm, dtype=np.float64)

    def at(self, origin_mm: ArrayLike) -> Frame:
        """Return the same axes about another origin."""
        return Frame(np.asarray(origin_mm, dtype=np.float64), self.right, self.anterior, self.superior)

    def sagittal_angle_deg(self, direction: ArrayLike) -> float:
        """Angle of a direction (3,) above the anterior axis, in this frame's sagittal plane."""
        vector = np.asarray(direction, dtype=np.float64)
        return float(np.degrees(np.arctan2(vector @ self.superior, vector @ self.anterior)))


def mean_frame(frames: Sequence[Frame]) -> Frame:
    """Segment frame: unit means of the axes, right first, made orthogonal; origin at the mean origin."""
    if not frames:
        raise InputError("a mean frame needs frames", expected="at least one", got="none")
    middle = np.mean([f.origin_mm for f in frames], axis=0)
    right = np.mean([f.right for f in frames], axis=0)
    return Frame.from_right(middle, right, np.mean([f.superior for f in frames], axis=0))
