"""The superior endplate of S1, read off a whole sacrum or an S1 label."""

from __future__ import annotations

import numpy as np

from lumbomics.core.labels import Labels
from lumbomics.core.measurement import Reason
from lumbomics.measure.geometry.endplate import Footprint, describe_endplate, fit_plane, plane_normal, surface_heights
from lumbomics.measure.geometry.frame import FloatArray, Frame, unit
from lumbomics.measure.geometry.midplane import CANAL_SE_MM, SLAB_SE_MM, Middle, canal_in_view, even_half_width
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.orientation import AnteriorSource, foramen_centre_mm, require_upright
from lumbomics.measure.geometry.surface import Solid
from lumbomics.measure.geometry.vertebra import Surroundings, VertebraGeometry, with_doubt

_ROUNDS = 3
_BASE_MM = -6.0
_CANAL_DEPTH_MM = 10.0
_RING_DEPTH_MM = 15.0
_PLATEAU_MM = 3.0
_WIDEST_MM = 40.0
_PLATEAU_STEP_MM = 0.5


def describe_sacrum(
    labels: Labels, number: int, level: str, around: Surroundings, above: VertebraGeometry
) -> VertebraGeometry:
    """Describe S1 from its superior endplate, found by looking down from the vertebra above.

    Raises
    ------
    NotMeasurableError
        If no endplate faces the vertebra above, or it is cut off by the grid's edge, at a side so much that its
        middle is out of view.
    """
    solid = Solid.from_labels(labels, number).opened()
    frame = _facing(solid, above, level)
    width = above.width_mm
    for _ in range(_ROUNDS):
        frame, extent = _centred(solid, frame, width, around.slab_mm)
        centre, normal = plane_normal(solid, frame, extent, up=True, base=_BASE_MM)
        frame = Frame.from_superior(
            frame.origin_mm + ((centre - frame.origin_mm) @ normal) * normal, normal, frame.anterior
        )
        plateau = _plateau(solid, frame, extent)
        if plateau is not None:
            frame, width = frame.at(frame.to_world(np.array([sum(plateau) / 2, 0.0, 0.0]))), plateau[1] - plateau[0]
    if plateau is None and any(solid.at_sides):
        return _cut_at_side(number, level, solid, frame, around, above)
    canal, source = _canal(solid, frame, around)
    front = above.frame.anterior if canal is None else frame.origin_mm - canal
    if canal is None:
        frame = Frame.from_right(frame.origin_mm, above.frame.right, frame.superior)
    else:
        frame = Frame.from_superior(frame.origin_mm, frame.superior, front)
    require_upright(frame, level)
    return _assemble(number, level, solid, _centred(solid, frame, width, around.slab_mm), around, source, canal)


def _cut_at_side(
    number: int, level: str, solid: Solid, frame: Frame, around: Surroundings, above: VertebraGeometry
) -> VertebraGeometry:
    """Place S1 in the mid-sagittal plane of its canal or else of the vertebra above, whose right axis it takes."""
    frame = Frame.from_right(frame.origin_mm, above.frame.right, frame.superior)
    canal = _canal_points(frame, around)
    if canal_in_view(solid.grid, canal):
        middle = Middle(float(frame.to_local(canal)[:, 0].mean()), CANAL_SE_MM)
    else:
        middle = Middle(float(frame.to_local(above.require_inferior().middle_mm)[0]), SLAB_SE_MM)
    frame = frame.at(frame.to_world(np.array([middle.offset_mm, 0.0, 0.0])))
    require_upright(frame, level)
    half = even_half_width(solid, frame)
    placed = _centred(solid, frame, 2 * half, around.slab_mm)
    found = _assemble(number, level, solid, placed, around, AnteriorSource.NEIGHBOUR, None)
    return with_doubt(found, middle, around.slab_mm)


def _facing(solid: Solid, above: VertebraGeometry, level: str) -> Frame:
    """Frame on the part of the sacrum met by rays falling from the lower endplate of the vertebra above."""
    plate = above.require_inferior()
    look = Frame.from_superior(plate.middle_mm, plate.normal, plate.direction)
    side = np.linspace(-0.25 * above.width_mm, 0.25 * above.width_mm, 9)
    front = np.linspace(-0.45 * above.depth_mm, 0.45 * above.depth_mm, 15)
    right, forward = np.meshgrid(side, front, indexing="ij")
    starts = np.stack([right, forward, np.full_like(right, 4.0)], axis=-1)
    fall = solid.entries(look.to_world(starts), -look.superior, reach_mm=35.0)
    points = np.stack([right, forward, 4.0 - fall], axis=-1)[np.isfinite(fall)]
    if len(points) < 0.4 * fall.size:
        raise NotMeasurableError(Reason.GEOMETRY_FAILED, f"no endplate of {level} faces {above.level}")
    centre, slopes = fit_plane(points)
    normal = unit(np.array([-slopes[0], -slopes[1], 1.0]) @ look.axes)
    return Frame.from_superior(look.to_world(centre), normal, look.anterior)


def _centred(solid: Solid, frame: Frame, width_mm: float, slab_mm: float) -> tuple[Frame, Footprint]:
    """Move the origin midway between the front and the back of the body a little below the endplate."""
    side, depth = np.meshgrid(np.linspace(-slab_mm, slab_mm, 5), np.linspace(-9.0, -3.0, 4), indexing="ij")
    starts = frame.to_world(np.stack([side, np.zeros_like(side), depth], axis=-1))
    reach = [solid.exits(starts, sign * frame.anterior) for sign in (-1.0, 1.0)]
    if any(np.isfinite(r).sum() < r.size / 2 for r in reach):
        raise NotMeasurableError(Reason.GEOMETRY_FAILED, "front or back of S1 could not be found")
    back, front = (float(np.nanmedian(r)) for r in reach)
    half = (front + back) / 2
    return frame.at(frame.to_world(np.array([0.0, (front - back) / 2, 0.0]))), Footprint(
        -half, half, -width_mm / 2, width_mm / 2
    )


def _plateau(solid: Solid, frame: Frame, extent: Footprint) -> tuple[float, float] | None:
    """Left and right end of the endplate, where it falls off towards the alae; None where an end is not in view."""
    across = np.arange(-_WIDEST_MM, _WIDEST_MM + 0.5, _PLATEAU_STEP_MM)
    along = np.linspace(-0.2 * extent.depth_mm, 0.3 * extent.depth_mm, 7)
    heights = surface_heights(solid, frame, across, along, up=True, base=_BASE_MM)
    level = np.median(np.nan_to_num(heights, nan=-np.inf), axis=1) > -_PLATEAU_MM
    middle = len(across) // 2
    off = np.flatnonzero(~level)
    left, right = off[off < middle], off[off > middle]
    if not len(left) or not len(right):
        return None
    return float(across[left[-1]] + _PLATEAU_STEP_MM / 2), float(across[right[0]] - _PLATEAU_STEP_MM / 2)


def _canal_points(frame: Frame, around: Surroundings) -> FloatArray:
    local = frame.to_local(around.canal_mm)
    near = (local[:, 2] < 0) & (local[:, 2] > -_CANAL_DEPTH_MM) & (np.abs(local[:, :2]) < 60).all(axis=1)
    return around.canal_mm[near]


def _canal(solid: Solid, frame: Frame, around: Surroundings) -> tuple[FloatArray | None, AnteriorSource]:
    near = _canal_points(frame, around)
    if len(near):
        return near.mean(axis=0), AnteriorSource.CANAL_LABEL
    top = solid.keep(frame.to_local(solid.points_mm)[:, 2] > -_RING_DEPTH_MM)
    hole = foramen_centre_mm(top, frame.origin_mm, frame.superior) if top.mask.any() else None
    return hole, AnteriorSource.NEIGHBOUR if hole is None else AnteriorSource.VERTEBRAL_FORAMEN


def _assemble(
    number: int,
    level: str,
    solid: Solid,
    placed: tuple[Frame, Footprint],
    around: Surroundings,
    source: AnteriorSource,
    canal: FloatArray | None,
) -> VertebraGeometry:
    frame, extent = placed
    plate = describe_endplate(solid, frame, extent, around.error, up=True, slab_mm=around.slab_mm, base=_BASE_MM)
    corners = np.array([plate.anterior_corner_mm, plate.posterior_corner_mm])
    if _outside(solid, corners):
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"the endplate of {level} is cut off by the edge of the image")
    frame = frame.at(plate.middle_mm)
    rim = around.error.position_se_mm(frame.right, (frame.anterior, 0.5 * extent.depth_mm), (frame.superior, 4.0))
    lever = extent.depth_mm if canal is None else float(np.linalg.norm(frame.origin_mm - canal))
    return VertebraGeometry(
        number=number,
        level=level,
        frame=frame,
        body=solid,
        superior=plate,
        inferior=None,
        depth_mm=extent.depth_mm,
        width_mm=extent.width_mm,
        anterior_source=source,
        side_se_mm=float(np.hypot(rim, _PLATEAU_STEP_MM / 2) / np.sqrt(2)),
        rotation_se_deg=float(np.degrees(rim / lever)),
    )


def _outside(solid: Solid, points_mm: FloatArray) -> bool:
    """Tell whether points lie in the image's outermost layers; open sides are looked at by themselves."""
    index, last = solid.grid.to_index(points_mm), np.array(solid.grid.shape) - 1
    beyond = (index < 0.5) | (index > last - 0.5)
    return bool(np.any(beyond[:, 1:] if solid.open_sides else beyond))
