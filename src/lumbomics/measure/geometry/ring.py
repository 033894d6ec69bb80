"""The hole that body, pedicles and arch of one vertebra enclose."""

from __future__ import annotations

import numpy as np

from lumbomics.core.measurement import Reason
from lumbomics.measure.geometry.frame import FloatArray, Frame
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.rays import entries
from lumbomics.measure.geometry.section import Crossings, Section, fit_section
from lumbomics.measure.geometry.surface import Solid
from lumbomics.measure.geometry.uncertainty import BoundaryError

_RAYS = 72
_REACH_MM = 25.0
_WIDEST_GAP = 1 / 15
_NEAR_MM = 0.8
_SLIP_MM = 3.0


def hole_section(bone: Solid, frame: Frame, drawing: BoundaryError) -> Section:
    """Outline of the hole around a frame's origin, in the frame's plane.

    Only bone in sight of the origin bounds the hole. A gap in the ring of up to 24 degrees (a cleft between
    laminae) is bridged by the outline's smoothness, which its standard error accounts for.

    Raises
    ------
    NotMeasurableError
        If the ring is open wider than that in this plane.
    """
    angles = np.arange(_RAYS) * 2 * np.pi / _RAYS
    around = np.cos(angles)[:, None] * frame.right + np.sin(angles)[:, None] * frame.anterior
    sight = entries(bone, np.tile(frame.origin_mm, (_RAYS, 1)), around, reach_mm=_REACH_MM)
    if _widest_gap(np.isfinite(sight)) > _WIDEST_GAP * _RAYS:
        raise NotMeasurableError(Reason.GEOMETRY_FAILED, "body and arch enclose no hole in the plane of the pedicles")
    section = fit_section(_in_sight(Crossings.of_solid(bone), frame, angles, _levelled(sight)), frame, drawing)
    if section is None:
        raise NotMeasurableError(Reason.GEOMETRY_FAILED, "too little bone bounds the hole in the plane of the pedicles")
    return section


def _widest_gap(seen: np.ndarray) -> int:
    """Longest run of rays that meet nothing, around the circle."""
    if not seen.any():
        return len(seen)
    hits = np.flatnonzero(seen)
    return int(np.diff(np.r_[hits, hits[0] + len(seen)]).max()) - 1


def _levelled(sight: FloatArray) -> FloatArray:
    """Distances without those of rays that slip into a cleft: 3 mm beyond the median of the nine rays around."""
    around = np.stack([np.roll(sight, shift) for shift in range(-4, 5)])
    seen = np.where(np.isfinite(around), around, np.inf)
    return np.where(sight > np.median(seen, axis=0) + _SLIP_MM, np.nan, sight)


def _in_sight(crossings: Crossings, frame: Frame, angles: FloatArray, sight: FloatArray) -> Crossings:
    """Bone's crossings next to where rays from the origin first meet bone, turned to face outwards from the hole."""
    local = frame.to_local(crossings.points_mm)
    turn = np.mod(np.arctan2(local[:, 1], local[:, 0]), 2 * np.pi)
    nearest = np.rint(turn / (angles[1] - angles[0])).astype(np.intp) % len(angles)
    off = np.abs(np.hypot(local[:, 0], local[:, 1]) - sight[nearest])
    step = np.linalg.norm(crossings.outward_mm, axis=1)
    near = (off < np.maximum(_NEAR_MM, 0.6 * step)) & (np.abs(local[:, 2]) < _REACH_MM)
    return Crossings(crossings.points_mm[near], -crossings.outward_mm[near], crossings.shared[near])
