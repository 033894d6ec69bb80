"""The depth of a tube in the spine's midline, where the edge of the image cuts its sides off."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.measurement import Reason
from lumbomics.measure.geometry.frame import FloatArray, Frame
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.rays import voxel_extent_mm
from lumbomics.measure.geometry.section import CORRELATION_VOXELS, Chord
from lumbomics.measure.geometry.tube import Tube

OFF_CENTRE_SE_MM = 0.3
"""Standard error for reading beside the section's centroid: 2 mm aside, an ellipse of half-axes 11 and 8 mm is 0.27 mm
less deep."""
_ASIDE_MM = np.linspace(-2.0, 2.0, 5)
_ALONG_MM = np.array([-1.0, 0.0, 1.0])
_LEAST_SEEN = 0.6


def midline_depth(tube: Tube, station_mm: float, spine: Frame) -> Chord:
    """Depth of a tube along the anterior axis, in the sagittal plane of a vertebra or segment.

    The median over rays within 2 mm of the plane through ``spine``'s origin and 1 mm of the station. It stands in for
    the chord through the section's centroid where the tube's sides, and so its centroid, are not in the image.

    Raises
    ------
    NotMeasurableError
        If the tube's label, its front or its back is not in the image there.
    """
    plane = tube.centreline.frame(station_mm, spine.anterior)
    middle = plane.origin_mm + ((spine.origin_mm - plane.origin_mm) @ plane.right) * plane.right
    aside, along = np.meshgrid(_ASIDE_MM, _ALONG_MM, indexing="ij")
    starts = middle + aside[..., None] * plane.right + along[..., None] * plane.superior
    front, back = tube.solid.exits(starts, plane.anterior), tube.solid.exits(starts, -plane.anterior)
    seen = np.isfinite(front + back) & _on_grid(tube, starts, front, back, plane.anterior)
    if seen.mean() < _LEAST_SEEN:
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"the middle of the {tube.name} is not in the image here")
    reach = float(np.median(front[seen])), float(np.median(back[seen]))
    ends = np.stack([middle - reach[1] * plane.anterior, middle + reach[0] * plane.anterior])
    return Chord(sum(reach), _depth_se_mm(tube, plane.anterior), ends)


def _on_grid(
    tube: Tube, starts: FloatArray, front: FloatArray, back: FloatArray, anterior: FloatArray
) -> NDArray[np.bool_]:
    """Whether both ends of every ray have a further voxel beyond them: a label cut off by the image has no wall."""
    size, inside = np.asarray(tube.solid.grid.shape), np.isfinite(front)
    for reach, sign in ((front, 1.0), (back, -1.0)):
        beyond = np.nan_to_num(reach) + voxel_extent_mm(tube.solid.grid, anterior) / 2
        index = tube.solid.grid.to_index(starts + sign * beyond[..., None] * anterior)
        inside &= ((index >= -0.5) & (index <= size - 0.5)).all(axis=-1)
    return inside


def _depth_se_mm(tube: Tube, anterior: FloatArray) -> float:
    extent = voxel_extent_mm(tube.solid.grid, anterior)
    shared = max(1.0, float(np.ptp(_ASIDE_MM)) / (CORRELATION_VOXELS * extent))
    wall = extent**2 / (12 * shared) + tube.drawing.drawing_sd_mm**2
    return float(np.sqrt(2 * wall + OFF_CENTRE_SE_MM**2))
