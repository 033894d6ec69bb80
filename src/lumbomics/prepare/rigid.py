"""Rigid motions of space as 4 x 4 matrices."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

from lumbomics.core.errors import InputError

FloatArray = NDArray[np.float64]


def checked_rigid(matrix: ArrayLike) -> FloatArray:
    """Return a 4 x 4 that is a rotation and a shift, read-only; InputError otherwise."""
    found = np.array(matrix, dtype=np.float64)
    rigid = found.shape == (4, 4) and np.allclose(found[3], (0, 0, 0, 1))
    if not (rigid and np.allclose(found[:3, :3] @ found[:3, :3].T, np.eye(3), atol=1e-6)):
        raise InputError("not a rigid motion", expected="a 4 x 4 of rotation and shift", got=str(found.tolist()))
    if np.linalg.det(found[:3, :3]) < 0:
        raise InputError("the motion mirrors space: left would become right", expected="a rotation", where="motion")
    found.flags.writeable = False
    return found


def rotation_deg(matrix: FloatArray) -> float:
    """Angle of the rotation of a motion, degrees."""
    return float(np.degrees(Rotation.from_matrix(matrix[:3, :3]).magnitude()))


def moved(matrix: FloatArray, points_mm: FloatArray) -> FloatArray:
    """Move points (..., 3)."""
    return np.asarray(points_mm @ matrix[:3, :3].T + matrix[:3, 3], dtype=np.float64)


def rms_distance_mm(one: FloatArray, other: FloatArray, points_mm: FloatArray) -> float:
    """Root mean square distance between where two motions take the same points (n, 3)."""
    apart = moved(one, points_mm) - moved(other, points_mm)
    return float(np.sqrt((apart**2).sum(axis=-1).mean()))


def halfway(one: FloatArray, other: FloatArray, centre_mm: FloatArray) -> FloatArray:
    """Motion in the middle of two: half the turn between them, and the mean of where they take ``centre_mm``."""
    first = Rotation.from_matrix(one[:3, :3])
    turn = (Rotation.from_matrix(other[:3, :3]) * first.inv()).as_rotvec()
    matrix = np.eye(4)
    matrix[:3, :3] = (Rotation.from_rotvec(turn / 2) * first).as_matrix()
    target = (moved(one, centre_mm) + moved(other, centre_mm)) / 2
    matrix[:3, 3] = target - matrix[:3, :3] @ centre_mm
    return matrix


def inverse(matrix: FloatArray) -> FloatArray:
    """Motion back."""
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)
