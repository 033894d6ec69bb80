"""The patient's middle line in one slice, by the likeness of both sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from lumbomics.segment.axial.patch import Patch

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]

_SMOOTH_MM, _STEP_MM = 1.2, 1.5
_SIDE_MM, _FRONT_MM, _BACK_MM = 30.0, 20.0, -45.0
_SHIFTS_MM, _TURNS_DEG = np.arange(-5, 5.1, 1.0), np.arange(-6, 6.1, 3.0)
_PENALTY = 0.002


@dataclass(frozen=True)
class MiddleLine:
    """The line about which a slice is most alike on both sides.

    Parameters
    ----------
    shift_mm
        Its distance to the patient's right of the canal's middle.
    turn_deg
        Its turn against the front, to the patient's right.
    """

    shift_mm: float = 0.0
    turn_deg: float = 0.0

    def opposite(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mirror image of local coordinates."""
        turn = np.radians(self.turn_deg)
        away = (x - self.shift_mm) * np.cos(turn) - y * np.sin(turn)
        return x - 2 * away * np.cos(turn), y + 2 * away * np.sin(turn)

    def across(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Distance to the right of the line, mm."""
        turn = np.radians(self.turn_deg)
        return np.asarray((x - self.shift_mm) * np.cos(turn) - y * np.sin(turn))

    def mirrored(self, values: FloatArray | Mask, patch: Patch) -> FloatArray:
        """Values (rows, columns) that the mirror image of every pixel has."""
        return patch.at(values.astype(np.float64), *self.opposite(patch.x, patch.y))


def find_middle_line(patch: Patch) -> MiddleLine:
    """Find the line about which muscles, bone and fat of a slice mirror best.

    The canal's own middle is no line of symmetry after surgery: labels follow the dura, and scar or disc shift it.

    Parameters
    ----------
    patch
        One slice.
    """
    side = np.arange(_STEP_MM / 2, _SIDE_MM, _STEP_MM)
    x, y = np.meshgrid(np.concatenate([-side[::-1], side]), np.arange(_BACK_MM, _FRONT_MM, _STEP_MM), indexing="ij")
    pictures = [
        gaussian_filter(np.nan_to_num(patch.signals[name]), _SMOOTH_MM / patch.pixel_mm)
        for name in ("t2", "t1")
        if name in patch.signals
    ]
    best, found = -np.inf, MiddleLine()
    for turn in _TURNS_DEG:
        for shift in _SHIFTS_MM:
            line = MiddleLine(float(shift), float(turn))
            like = _likeness(patch, pictures, line, x, y) - _PENALTY * (abs(shift) + abs(turn) / 2)
            if like > best:
                best, found = like, line
    return found


def _likeness(patch: Patch, pictures: list[FloatArray], line: MiddleLine, x: FloatArray, y: FloatArray) -> float:
    """Mean correlation of both sides."""
    turn = np.radians(line.turn_deg)
    right_x = line.shift_mm + x * np.cos(turn) + y * np.sin(turn)
    right_y = y * np.cos(turn) - x * np.sin(turn)
    half = len(x) // 2
    total = 0.0
    for picture in pictures:
        values = patch.at(picture, right_x, right_y)
        left, right = values[:half][::-1].ravel(), values[half:].ravel()
        spread = float(left.std() * right.std())
        total += float(((left - left.mean()) * (right - right.mean())).mean()) / spread if spread > 0 else 0.0
    return total / len(pictures)
