"""The middle line of the column of bodies and discs, and positions told along it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.grid import FloatArray

STEP_MM = 1.0
EXTENSION_MM = 90.0
"""How far the line is carried on, straight, beyond both ends."""
_SMOOTHING_MM = 12.0
_TURN_SMOOTHING_MM = 30.0
_NO_WEIGHT = 1e-12
_STEEPEST = 0.5
"""How steeply the column may leave the line before, mm per mm (engineering default)."""
_MOST_TURN = 0.7
"""Sine-like limit of the column's axial turn against the image's front (about 35 degrees)."""
_ROBUST_MM = 15.0


@dataclass(frozen=True, eq=False)
class Places:
    """Where points lie: height along the line (to the head), forward and to the right of it, all (n,) mm."""

    height: FloatArray
    front: FloatArray
    right: FloatArray

    def __getitem__(self, chosen: NDArray[np.bool_]) -> Places:
        return Places(self.height[chosen], self.front[chosen], self.right[chosen])


@dataclass(frozen=True, eq=False)
class Curve:
    """A line through the column, sampled every millimetre from tail to head.

    Parameters
    ----------
    centre
        (n, 3) RAS+ mm.
    up, front, right
        (n, 3) unit vectors: along the line to the head, to the patient's front, to the patient's right.
    origin
        Sample that has height 0.
    """

    centre: FloatArray = field(repr=False)
    up: FloatArray = field(repr=False)
    front: FloatArray = field(repr=False)
    right: FloatArray = field(repr=False)
    origin: int

    @classmethod
    def through(cls, points: FloatArray, front_hint: FloatArray) -> Curve:
        """Build the line from points (n, 3) ordered tail to head, and directions (n, 3) that point about forward."""
        ends = points[0] - points[min(12, len(points) - 1)], points[-1] - points[max(-13, -len(points))]
        tail, head = (end / max(float(np.linalg.norm(end)), 1e-9) * EXTENSION_MM for end in ends)
        longer = np.vstack([points[0] + tail, points, points[-1] + head])
        hints = np.vstack([front_hint[0], front_hint, front_hint[-1]])
        length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(longer, axis=0), axis=1))])
        at = np.arange(0, length[-1], STEP_MM)
        centre = np.stack([np.interp(at, length, longer[:, axis]) for axis in range(3)], axis=1)
        hint = np.stack([np.interp(at, length, hints[:, axis]) for axis in range(3)], axis=1)
        up = _unit(np.gradient(centre, axis=0))
        front = _unit(hint - (hint * up).sum(axis=1, keepdims=True) * up)
        return cls(centre, up, front, np.cross(front, up), int(EXTENSION_MM / STEP_MM))

    def locate(self, points: FloatArray) -> Places:
        """Heights along the line and offsets from it of points (n, 3) RAS+ mm."""
        along = self.centre[-1] - self.centre[0]
        station = np.searchsorted(np.maximum.accumulate(self.centre @ along), points @ along)
        last = len(self.centre) - 1
        for _ in range(5):
            station = np.clip(station, 0, last)
            ahead = ((points - self.centre[station]) * self.up[station]).sum(axis=1)
            station = station + np.rint(0.8 * ahead / STEP_MM).astype(np.intp)
        station = np.clip(station, 0, last)
        away = points - self.centre[station]
        height, front, right = ((away * axis[station]).sum(axis=1) for axis in (self.up, self.front, self.right))
        return Places((station - self.origin) * STEP_MM + height, front, right)

    @property
    def rises(self) -> bool:
        """Whether every sample lies further to the head than the one before."""
        return bool((np.diff(self.centre @ (self.centre[-1] - self.centre[0])) > 0).all())

    def at(self, height: float) -> int:
        """Sample nearest to a height."""
        return int(np.clip(round(height / STEP_MM) + self.origin, 0, len(self.centre) - 1))


def first_line(discs: FloatArray, column: FloatArray, canal: FloatArray) -> Curve:
    """Fit a smooth line to the discs' voxels, all (n, 3) RAS+ mm; the column's own where there are no discs.

    x and y are polynomials of z (degree 0 to 3 by the length covered), fitted with weights that ignore far voxels.
    """
    base = discs if len(discs) > 20 else column
    low, high = np.percentile(base[:, 2], (1, 99))
    degree = int(np.searchsorted((20.0, 60.0, 110.0), high - low))
    z = np.arange(low, max(high, low + 10.0), 2.0)
    middle = (low + high) / 2
    scale = max(high - low, 1.0) / 2
    fits = [_robust_polynomial((base[:, 2] - middle) / scale, base[:, axis], degree) for axis in (0, 1)]
    points = np.stack([*(np.polyval(fit, (z - middle) / scale) for fit in fits), z], axis=1)
    if degree == 0 and len(canal) > 20:  # a lone disc tells no direction, the canal beside it does
        near = canal[np.abs(canal[:, 2] - middle) < 60]
        if len(near) > 20 and np.ptp(near[:, 2]) > 20:
            for axis in (0, 1):
                points[:, axis] += np.polyfit(near[:, 2], near[:, axis], 1)[0] * (z - middle)
    return Curve.through(points, np.tile([0.0, 1.0, 0.0], (len(points), 1)))


def refined_line(curve: Curve, column: FloatArray, canal: FloatArray) -> Curve:
    """Move a line into the middle of the column's voxels, and turn its front away from the canal.

    Parameters
    ----------
    column, canal
        (n, 3) RAS+ mm, voxels of bodies and discs, and of the canal (may be empty).
    """
    places = curve.locate(column)
    low, high = np.percentile(places.height, (2, 98))
    at = np.arange(low, max(high, low + 10.0), 3.0)
    front = _local_line(places.height, places.front, at, _SMOOTHING_MM)
    right = _local_line(places.height, places.right, at, _SMOOTHING_MM)
    sample = [curve.at(height) for height in at]
    points = curve.centre[sample] + front[:, None] * curve.front[sample] + right[:, None] * curve.right[sample]
    points += (at - (np.array(sample) - curve.origin) * STEP_MM)[:, None] * curve.up[sample]
    return Curve.through(points, _front_hint(curve, at, points, canal))


def _front_hint(curve: Curve, at: FloatArray, points: FloatArray, canal: FloatArray) -> FloatArray:
    ahead = np.tile([0.0, 1.0, 0.0], (len(at), 1))
    if len(canal) < 50:
        return ahead
    places = curve.locate(canal)
    inside = (places.height > at[0] - 20) & (places.height < at[-1] + 20)
    if inside.sum() < 50:
        return ahead
    offset = np.stack(
        [_local_line(places.height[inside], canal[inside, axis], at, _TURN_SMOOTHING_MM) for axis in (0,)]
    )
    depth = np.maximum(np.abs(points[:, 1] - np.interp(at, *_binned(places.height[inside], canal[inside, 1]))), 12.0)
    ahead[:, 0] = np.clip((points[:, 0] - offset[0]) / depth, -_MOST_TURN, _MOST_TURN)
    return ahead


def _binned(height: FloatArray, value: FloatArray) -> tuple[FloatArray, FloatArray]:
    which = np.floor(height / 6).astype(np.intp)
    which -= which.min()
    count = np.bincount(which)
    full = count > 0
    return tuple(np.bincount(which, v)[full] / count[full] for v in (height, value))  # type: ignore[return-value]


def _local_line(height: FloatArray, value: FloatArray, at: FloatArray, width_mm: float) -> FloatArray:
    """Local linear regression: no pull towards the inside at the ends, as a moving mean has."""
    which = np.floor(height / 2).astype(np.intp)
    base = which.min()
    count = np.bincount(which - base).astype(np.float64)
    full = count > 0
    x = (np.bincount(which - base, height)[full]) / count[full]
    y = (np.bincount(which - base, value)[full]) / count[full]
    weight = np.minimum(count[full], np.median(count[full]))
    out = np.empty(len(at))
    for i, place in enumerate(at):
        wide = width_mm + max(0.0, width_mm - (place - at[0]), width_mm - (at[-1] - place))  # steadier at the ends
        w = weight * np.exp(-0.5 * ((x - place) / wide) ** 2)
        total = w.sum()
        if total < _NO_WEIGHT:  # nothing within reach, as between two far islands
            out[i] = y[np.argmin(np.abs(x - place))]
            continue
        mean_x, mean_y = (w * x).sum() / total, (w * y).sum() / total
        spread = (w * (x - mean_x) ** 2).sum()
        slope = (w * (x - mean_x) * (y - mean_y)).sum() / spread if spread > 1e-6 * total else 0.0
        out[i] = mean_y + np.clip(slope, -_STEEPEST, _STEEPEST) * (place - mean_x)
    return out


def _robust_polynomial(x: FloatArray, y: FloatArray, degree: int) -> FloatArray:
    weight = np.ones(len(x))
    design = np.vander(x, degree + 1)
    fit: FloatArray = np.zeros(degree + 1)
    for _ in range(6):
        fit = np.asarray(np.linalg.lstsq(design * weight[:, None], y * weight, rcond=None)[0])
        weight = 1 / (1 + ((y - design @ fit) / _ROBUST_MM) ** 2)
    return np.asarray(fit)


def _unit(vectors: FloatArray) -> FloatArray:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9))
