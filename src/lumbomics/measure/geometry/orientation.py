"""Which way is front: the middle of a body and the direction from the canal to it."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumbomics.core.measurement import Reason
from lumbomics.measure.geometry.frame import FloatArray, Frame, perpendicular
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.surface import Solid

WORLD_ANTERIOR = np.array([0.0, 1.0, 0.0])
WORLD_SUPERIOR = np.array([0.0, 0.0, 1.0])
_SEED_SPACING_MM = 2.0
_HOLE_AREA_MM2 = 60.0
_POSTERIOR_SHARE = 0.05
_LONG_AXIS_RATIO = 1.1


class AnteriorSource(StrEnum):
    """What the anterior axis of a vertebra rests on."""

    CANAL_LABEL = "canal_label"
    VERTEBRAL_FORAMEN = "vertebral_foramen"
    POSTERIOR_ELEMENTS = "posterior_elements"
    NEIGHBOUR = "neighbour"
    IMAGE_ORIENTATION = "image_orientation"
    BODY_WALLS = "body_walls"


def deepest_point_mm(solid: Solid) -> FloatArray:
    """Middle of the largest ball inside a structure, (3,) RAS+ mm: in a whole vertebra it lies in the body.

    The sides of the map do not count as the structure's surface: a slab that cuts all of it off says nothing there.
    """
    stride = np.maximum(1, np.floor(_SEED_SPACING_MM / solid.grid.spacing_mm)).astype(int)
    coarse = solid.mask[:: stride[0], :: stride[1], :: stride[2]]
    padded = np.pad(coarse, 1)
    if solid.at_sides[0]:
        padded[0] = padded[1]
    if solid.at_sides[1]:
        padded[-1] = padded[-2]
    depth = ndimage.distance_transform_edt(padded, sampling=solid.grid.spacing_mm * stride)
    depth = depth[1:-1, 1:-1, 1:-1]
    deepest = np.argwhere(depth >= depth.max() - 0.5 * float(solid.grid.spacing_mm.min())).mean(axis=0)
    return solid.grid.to_world(deepest * stride + solid.start)


def foramen_centre_mm(solid: Solid, seed_mm: FloatArray, superior: FloatArray) -> FloatArray | None:
    """Middle of the hole that a whole vertebra shows when looked at along ``superior``; None without a hole.

    The shadow of body, pedicles and laminae along the canal's direction is a ring; ligament-sized gaps between
    laminae do not open it because every height casts its shadow.
    """
    frame = Frame.from_superior(seed_mm, superior, WORLD_ANTERIOR)
    local = frame.to_local(solid.points_mm)[:, :2]
    pixel = np.maximum(1.0, 1.01 * np.abs(frame.axes[:2] @ solid.grid.axes) @ solid.grid.spacing_mm)
    cell = np.floor((local - local.min(axis=0)) / pixel).astype(int) + 1
    shadow = np.zeros(cell.max(axis=0) + 2, dtype=np.bool_)
    shadow[tuple(cell.T)] = True
    holes, count = ndimage.label(ndimage.binary_fill_holes(shadow) & ~shadow)
    if count == 0:
        return None
    sizes = np.bincount(holes.ravel())[1:]
    largest = int(np.argmax(sizes)) + 1
    if sizes[largest - 1] * pixel[0] * pixel[1] < _HOLE_AREA_MM2:
        return None
    middle = (np.argwhere(holes == largest).mean(axis=0) - 0.5) * pixel + local.min(axis=0)
    return frame.to_world(np.array([middle[0], middle[1], 0.0]))


def posterior_elements_centre_mm(points_mm: FloatArray, frame: Frame, posterior_wall_mm: float) -> FloatArray | None:
    """Centroid of what lies more than 3 mm behind the posterior wall; None if that is less than a twentieth of all."""
    behind = frame.to_local(points_mm)[:, 1] < posterior_wall_mm - 3.0
    return points_mm[behind].mean(axis=0) if behind.mean() > _POSTERIOR_SHARE else None


def across_body(points_mm: FloatArray, superior: FloatArray) -> FloatArray:
    """Anterior direction of a bare body: across its long axis where it has one, towards the image's front."""
    frame = Frame.from_superior(points_mm.mean(axis=0), superior, WORLD_ANTERIOR)
    spread, axes = np.linalg.eigh(np.cov(frame.to_local(points_mm)[:, :2].T))
    short: NDArray[np.float64] = axes[:, 0] * np.sign(axes[1, 0])
    if spread[1] < _LONG_AXIS_RATIO**2 * spread[0] or short[1] < np.cos(np.radians(30)):
        return frame.anterior
    return perpendicular(short @ frame.axes[:2], frame.superior)


def require_upright(frame: Frame, level: str) -> None:
    """Raise NotMeasurableError where front or top contradict the image's orientation."""
    if frame.anterior @ WORLD_ANTERIOR < 0.3 or frame.superior @ WORLD_SUPERIOR < 0.1:
        raise NotMeasurableError(
            Reason.GEOMETRY_FAILED,
            f"front and top of {level} cannot be decided: its labels and the image's orientation contradict each other",
        )
