"""Closed-form solids in a local frame: functions that are negative inside and grow about one per millimetre outside.

Every function takes coordinate arrays (x to the right, y to the front, z to the head; mm, matching shapes) and returns
the level in mm. Only the zero level is exact; a little away from it the values approximate the distance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Level = Callable[[Array, Array, Array], Array]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Frame:
    """A place and three axes at right angles.

    Parameters
    ----------
    rotation
        3 x 3, columns right, anterior, superior.
    origin_mm
        (3,) RAS+ mm.
    """

    rotation: FloatArray = field(repr=False)
    origin_mm: FloatArray

    @property
    def right(self) -> FloatArray:
        """Unit vector to the right."""
        return self.rotation[:, 0]

    @property
    def anterior(self) -> FloatArray:
        """Unit vector to the front."""
        return self.rotation[:, 1]

    @property
    def superior(self) -> FloatArray:
        """Unit vector to the head."""
        return self.rotation[:, 2]

    def to_world(self, local: ArrayLike) -> FloatArray:
        """Map local coordinates (..., 3) to RAS+ mm."""
        return np.asarray(np.asarray(local, dtype=np.float64) @ self.rotation.T + self.origin_mm)

    def to_local(self, world: ArrayLike) -> FloatArray:
        """Map RAS+ mm (..., 3) to local coordinates."""
        return np.asarray((np.asarray(world, dtype=np.float64) - self.origin_mm) @ self.rotation)

    def at(self, local: ArrayLike) -> Frame:
        """Return the same axes about another local point (3,)."""
        return Frame(self.rotation, self.to_world(local))


@dataclass(frozen=True, eq=False)
class Solid:
    """A closed-form solid, its frame and the local box that holds it.

    Parameters
    ----------
    frame
        Where its local coordinates lie.
    low, high
        (3,) mm, corners of the box in local coordinates; the solid is inside.
    level
        Negative inside.
    """

    frame: Frame = field(repr=False)
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    level: Level = field(repr=False)

    @property
    def corners_mm(self) -> FloatArray:
        """World corners of the box, (8, 3)."""
        ends = np.array([self.low, self.high])
        return self.frame.to_world([[ends[i, 0], ends[j, 1], ends[k, 2]] for i, j, k in np.ndindex(2, 2, 2)])

    @cached_property
    def bounds_mm(self) -> tuple[FloatArray, FloatArray]:
        """Corners (3,) of the smallest upright world box around it."""
        corners = self.corners_mm
        return corners.min(axis=0), corners.max(axis=0)

    def at_points(self, points_mm: FloatArray) -> FloatArray:
        """Level at world points (..., 3); +infinity outside the box."""
        levels = np.full(points_mm.shape[:-1], np.inf)
        places = np.moveaxis(self.frame.to_local(points_mm), -1, 0)
        inside = np.ones(levels.shape, dtype=np.bool_)
        for place, low, high in zip(places, self.low, self.high, strict=True):
            inside &= (place >= low) & (place <= high)
        if inside.any():
            x, y, z = (place[inside] for place in places)
            levels[inside] = self.level(x, y, z)
        return levels


def rounded_intersection(first: Array, second: Array, radius_mm: float) -> Array:
    """Level of the common part of two solids whose shared edge is rounded with a positive radius."""
    edge = np.hypot(np.maximum(first + radius_mm, 0), np.maximum(second + radius_mm, 0)) - radius_mm
    return np.where((first > -radius_mm) & (second > -radius_mm), edge, np.maximum(first, second))


def ellipsoid(centre: ArrayLike, semi_axes: ArrayLike, axes: ArrayLike | None = None) -> tuple[Level, FloatArray]:
    """Level of an ellipsoid and the half-size of its box; ``axes`` holds its unit axes in columns (3 x 3)."""
    middle = np.asarray(centre, dtype=np.float64)
    turn = np.eye(3) if axes is None else np.asarray(axes, dtype=np.float64)
    semi = np.asarray(semi_axes, dtype=np.float64)
    scaled = turn / semi

    def level(x: Array, y: Array, z: Array) -> Array:
        parts = [
            (x - middle[0]) * scaled[0, i] + (y - middle[1]) * scaled[1, i] + (z - middle[2]) * scaled[2, i]
            for i in range(3)
        ]
        radius = np.sqrt(parts[0] ** 2 + parts[1] ** 2 + parts[2] ** 2)
        slope = np.sqrt(sum((part / semi[i]) ** 2 for i, part in enumerate(parts)))
        return np.asarray(radius * (radius - 1) / np.maximum(slope, 1e-6))

    return level, np.sqrt(((turn * semi) ** 2).sum(axis=1))


def capsule(
    start: ArrayLike, end: ArrayLike, start_radius: float, end_radius: float, flatten: float = 1.0
) -> tuple[Level, FloatArray, FloatArray]:
    """Level of a rod with round ends between two points, and its box; ``flatten`` > 1 stretches it along z."""
    first, last = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
    run = last - first
    run_z = run[2] / flatten
    length2 = max(float(run[0] ** 2 + run[1] ** 2 + run_z**2), 1e-9)

    def level(x: Array, y: Array, z: Array) -> Array:
        dx, dy, dz = x - first[0], y - first[1], (z - first[2]) / flatten
        along = np.clip((dx * run[0] + dy * run[1] + dz * run_z) / length2, 0, 1)
        distance = np.sqrt((dx - along * run[0]) ** 2 + (dy - along * run[1]) ** 2 + (dz - along * run_z) ** 2)
        return np.asarray(distance - (start_radius + along * (end_radius - start_radius)))

    reach = max(start_radius, end_radius) * np.array([1.0, 1.0, flatten])
    return level, np.minimum(first, last) - reach, np.maximum(first, last) + reach


def plate(
    start: ArrayLike, end: ArrayLike, half_thickness: float, half_height: float
) -> tuple[Level, FloatArray, FloatArray]:
    """Level of an upright plate between two points: thin across its run, tall along z, edges rounded; and its box."""
    first, last = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
    run = last - first
    length2 = float(run[0] ** 2 + run[1] ** 2)

    def level(x: Array, y: Array, z: Array) -> Array:
        dx, dy = x - first[0], y - first[1]
        along = np.clip((dx * run[0] + dy * run[1]) / length2, 0, 1)
        across = np.hypot(dx - along * run[0], dy - along * run[1]) - half_thickness
        height = np.abs(z - first[2] - along * run[2]) - half_height
        return rounded_intersection(across, height, min(half_thickness, half_height) * 0.8)

    reach = np.array([half_thickness, half_thickness, half_height])
    return level, np.minimum(first, last) - reach, np.maximum(first, last) + reach


def boxed(frame: Frame, level: Level, low: ArrayLike, high: ArrayLike) -> Solid:
    """Place a level in a frame, its box (two local corners, (3,) mm) widened by 1 mm."""
    first, last = np.asarray(low, dtype=np.float64) - 1, np.asarray(high, dtype=np.float64) + 1
    return Solid(frame, (first[0], first[1], first[2]), (last[0], last[1], last[2]), level)
