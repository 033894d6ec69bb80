"""The mid-sagittal plane of a body that the image cuts off at its sides.

The centroid of what is left of such a body lies off its middle, so the plane rests on the first of these that the
image shows whole: both side walls at mid-height, the canal, the spinous process; one side of the body or of the canal
with an ordinary width; and on the middle of the image where it cuts both on both sides, since a slab so thin was laid
through the spine's middle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lumbomics.core.grid import Grid
from lumbomics.core.measurement import Reason
from lumbomics.measure.geometry.frame import FloatArray, Frame
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.surface import Solid

LATERAL = float(np.cos(np.radians(45)))
"""Least cosine between the normal of an image's face and the right axis for the face to count as a side."""
TURN_SE_DEG = 4.0
"""Error of the right axis read from walls or slices; engineering default."""
CANAL_SE_MM, SLAB_SE_MM = 1.5, 3.0
"""Error of the mid-sagittal plane taken from the canal, and from the middle of the image; engineering defaults."""
_WALLS_SE_MM, _SPINOUS_SE_MM = 1.0, 2.5
_ONE_SIDE_SE_MM = 2.5
_CANAL_HALF_WIDTH_MM = 11.0
_WIDTH_TO_DEPTH = 1.27
"""Width over depth of lumbar endplates, mean of L1 to L5 in Panjabi et al., Spine 17 (1992) 299; 1.21 to 1.36."""
_CANAL_REACH_MM = 60.0
_CANAL_HALF_HEIGHT_MM = 8.0
_LEAST_SPINOUS_MM = 25.0
_REAR_SHARE = 0.6
_LEAST_HALF_WIDTH_MM = 1.0
_WALL_WINDOW_MM = 12.0
_MOST_TURN_DEG = 15.0
_CORONAL_RADIUS_MM = 100.0
_WALL_RADIUS_MM = 30.0


@dataclass(frozen=True)
class Middle:
    """Where the mid-sagittal plane lies along the right axis, from the frame's origin, and its SE, mm."""

    offset_mm: float
    se_mm: float

    @property
    def shows_turn(self) -> bool:
        """Whether it is sure enough for the walls to show the turn: beside the middle a round wall slants anyway."""
        return self.se_mm <= CANAL_SE_MM

    @property
    def endplate_se_mm(self) -> float:
        """What a plane this far off changes at a hollow endplate: the sagitta of its curve."""
        return self.se_mm**2 / (2 * _CORONAL_RADIUS_MM)

    @property
    def corner_se_mm(self) -> float:
        """What it changes at the rounded front and back walls."""
        return self.se_mm**2 / (2 * _WALL_RADIUS_MM)


def reach_mm(grid: Grid, points_mm: FloatArray, right: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Distances, against and along ``right``, from points (..., 3) to the image's sides; negative outside."""
    index = grid.to_index(points_mm)[..., 0]
    rate = float(grid.inverse[0, :3] @ right)
    if rate == 0.0:  # along the slices the image has no side to reach
        endless = np.full_like(index, np.inf)
        return endless, endless
    to_first, to_last = (index + 0.5) / abs(rate), (grid.shape[0] - 0.5 - index) / abs(rate)
    return (to_first, to_last) if rate > 0 else (to_last, to_first)


def even_half_width(solid: Solid, frame: Frame) -> float:
    """Half of what the image shows evenly to the left and right of the frame's origin, mm."""
    left, right = reach_mm(solid.grid, frame.origin_mm, frame.right)
    return max(float(np.minimum(left, right)), _LEAST_HALF_WIDTH_MM)


def require_slab_in_view(grid: Grid, points_mm: FloatArray, right: FloatArray, slab_mm: float, level: str) -> None:
    """Raise NotMeasurableError where the mid-sagittal slab round any of the points (n, 3) leaves the image.

    An image thinner than the slab has to hold the plane itself; a millimetre beyond the edge is passed over.
    """
    left, right_reach = reach_mm(grid, points_mm, right)
    needed = np.minimum(slab_mm, (left + right_reach) / 2) - 1.0
    if bool((np.minimum(left, right_reach) < needed).any()):
        raise NotMeasurableError(
            Reason.FIELD_OF_VIEW, f"the middle of {level} lies at the edge of the image, which cuts it off at the side"
        )


def find_middle(
    whole: Solid, walls: tuple[float, float], ends: tuple[float, float], frame: Frame, canal_mm: FloatArray
) -> Middle:
    """Find the mid-sagittal plane of a cut body.

    Parameters
    ----------
    whole
        The vertebra with whatever the labels hold of its posterior elements.
    walls
        Left and right side wall at mid-height, coordinates along the frame's right axis; NaN where not in view.
    ends
        Posterior and anterior wall along the anterior axis.
    canal_mm
        (n, 3) canal points.
    """
    if np.isfinite(walls).all():
        return Middle(sum(walls) / 2, _WALLS_SE_MM)
    canal = _canal_sides(whole.grid, frame, canal_mm)
    if np.isfinite(canal).all():
        return Middle(sum(canal) / 2, CANAL_SE_MM)
    spinous = _spinous_middle(whole, frame, ends[0])
    if spinous is not None:
        return Middle(spinous, _SPINOUS_SE_MM)
    half_body = _WIDTH_TO_DEPTH * (ends[1] - ends[0]) / 2
    for sides, half in ((walls, half_body), (canal, _CANAL_HALF_WIDTH_MM)):
        if np.isfinite(sides).any():
            return Middle(float(np.nanmean([sides[0] + half, sides[1] - half])), _ONE_SIDE_SE_MM)
    left, right = reach_mm(whole.grid, frame.origin_mm, frame.right)
    return Middle(float(right - left) / 2, SLAB_SE_MM)


def canal_in_view(grid: Grid, canal_mm: FloatArray) -> bool:
    """Tell whether canal points (n, 3) are there and none lies in the image's outermost layers at the sides."""
    index = np.rint(grid.to_index(canal_mm)[:, 0])
    return bool(len(index)) and bool(index.min() > 0) and bool(index.max() < grid.shape[0] - 1)


def _canal_sides(grid: Grid, frame: Frame, canal_mm: FloatArray) -> tuple[float, float]:
    """Left and right side of the canal along the right axis; NaN where not in view.

    A canal in view on both sides gives its centroid twice, which is steadier than its edges.
    """
    local = frame.to_local(canal_mm)
    beside = (np.abs(local[:, 2]) < _CANAL_HALF_HEIGHT_MM) & (np.linalg.norm(local, axis=1) < _CANAL_REACH_MM)
    if not beside.any():
        return np.nan, np.nan
    across = local[beside, 0]
    if canal_in_view(grid, canal_mm[beside]):
        return float(across.mean()), float(across.mean())
    low, high = (canal_mm[beside][[pick]] for pick in (int(np.argmin(across)), int(np.argmax(across))))
    return (
        float(across.min()) if canal_in_view(grid, low) else np.nan,
        float(across.max()) if canal_in_view(grid, high) else np.nan,
    )


def _spinous_middle(whole: Solid, frame: Frame, posterior_mm: float) -> float | None:
    """Middle of the rear part of the posterior elements, which is the spinous process."""
    local = frame.to_local(whole.points_mm)
    length = posterior_mm - float(local[:, 1].min())
    if length < _LEAST_SPINOUS_MM:
        return None
    rear = local[:, 1] < posterior_mm - _REAR_SHARE * length
    return float(np.median(local[rear, 0])) if canal_in_view(whole.grid, whole.points_mm[rear]) else None


def wall_turn_deg(solid: Solid, frame: Frame, half_width_mm: float) -> float:
    """Turn of a body about its superior axis, to the right positive, from how its front and back walls run.

    Both walls are even about the mid-sagittal plane, so the mean slope of both over an even window is the turn.
    """
    half = min(half_width_mm, _WALL_WINDOW_MM)
    across = np.linspace(-half, half, 13)
    side, height = np.meshgrid(across, np.linspace(-4.0, 4.0, 5), indexing="ij")
    starts = frame.to_world(np.stack([side, np.zeros_like(side), height], axis=-1))
    slopes = []
    for sign in (1.0, -1.0):
        wall = sign * solid.exits(starts, sign * frame.anterior)
        if not np.isfinite(wall).all():
            return 0.0
        slopes.append(float(np.polyfit(across, np.median(wall, axis=1), 1)[0]))
    return float(np.clip(-np.degrees(np.arctan(np.mean(slopes))), -_MOST_TURN_DEG, _MOST_TURN_DEG))
