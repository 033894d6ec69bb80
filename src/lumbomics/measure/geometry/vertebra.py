"""One vertebra: its body, its frame and its two endplates."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lumbomics.core.labels import Labels
from lumbomics.core.measurement import Reason
from lumbomics.measure.geometry.endplate import Endplate, Footprint, describe_endplate, plane_normal
from lumbomics.measure.geometry.frame import FloatArray, Frame
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.orientation import (
    WORLD_ANTERIOR,
    AnteriorSource,
    across_body,
    deepest_point_mm,
    foramen_centre_mm,
    posterior_elements_centre_mm,
    require_upright,
)
from lumbomics.measure.geometry.surface import Solid
from lumbomics.measure.geometry.uncertainty import BoundaryError

_ROUNDS = 3
_LEAST_VOLUME_MM3 = 1000.0
_SIZES_MM = (6.0, 80.0)


@dataclass(frozen=True, eq=False)
class VertebraGeometry:
    """Where a vertebra lies and how it is shaped.

    Parameters
    ----------
    number, level
        Instance number and name.
    frame
        Body frame: origin at the body's centroid (S1: on the endplate), axes as in quantities.yaml.
    body
        The vertebral body (S1: the whole structure that carries the endplate).
    superior, inferior
        Endplates; ``inferior`` is None for S1.
    depth_mm, width_mm
        Anteroposterior and left-right extent of the body.
    anterior_source
        What the anterior axis rests on.
    side_se_mm
        Standard error of the origin along the right axis.
    rotation_se_deg
        Standard error of the anterior axis about the superior one.
    """

    number: int
    level: str
    frame: Frame
    body: Solid = field(repr=False)
    superior: Endplate
    inferior: Endplate | None
    depth_mm: float
    width_mm: float
    anterior_source: AnteriorSource
    side_se_mm: float
    rotation_se_deg: float

    def require_inferior(self) -> Endplate:
        """Return the inferior endplate; NotMeasurableError for S1, which has none."""
        if self.inferior is None:
            raise NotMeasurableError(Reason.UNDEFINED, f"{self.level} has no inferior endplate of its own")
        return self.inferior


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What is known before a vertebra is looked at.

    Parameters
    ----------
    superior
        First guess of the superior axis: the spine's direction there.
    canal_mm
        (n, 3) points of the spinal canal (or cord) of the whole map; n may be 0.
    error
        Error sources of the label map.
    slab_mm
        Half-width of the mid-sagittal slab.
    """

    superior: FloatArray
    canal_mm: FloatArray = field(repr=False)
    error: BoundaryError
    slab_mm: float


def body_extent(solid: Solid, frame: Frame, slab_mm: float) -> Footprint:
    """Extent of a body at the height of the frame's origin, by rays to the front, back, left and right."""
    slab, heights = np.linspace(-slab_mm, slab_mm, 5), np.linspace(-3.0, 3.0, 4)
    side, height = np.meshgrid(slab, heights, indexing="ij")
    sagittal = frame.to_world(np.stack([side, np.zeros_like(side), height], axis=-1))
    coronal = frame.to_world(np.stack([np.zeros_like(side), side, height], axis=-1))
    reach = [
        float(np.median(distances[np.isfinite(distances)])) if np.isfinite(distances).any() else np.nan
        for distances in (
            solid.exits(sagittal, -frame.anterior),
            solid.exits(sagittal, frame.anterior),
            solid.exits(coronal, -frame.right),
            solid.exits(coronal, frame.right),
        )
    ]
    if not np.isfinite(reach).all():
        raise NotMeasurableError(Reason.GEOMETRY_FAILED, "the walls of a vertebral body could not be found")
    return Footprint(-reach[0], reach[1], -reach[2], reach[3])


def describe_vertebra(
    labels: Labels, number: int, level: str, around: Surroundings, body: Solid | None
) -> VertebraGeometry:
    """Describe a vertebra with two endplates.

    Parameters
    ----------
    labels
        Spine map.
    body
        The body where a semantic map marks it; None to part it from the posterior elements by geometry.

    Raises
    ------
    NotMeasurableError
        If the body is cut off by the grid's edge or its front, walls or endplates cannot be found.
    """
    whole = Solid.from_labels(labels, number)
    if whole.volume_mm3 < _LEAST_VOLUME_MM3:
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"only {whole.volume_mm3:.0f} mm3 of {level} are in the labels")
    solid = whole if body is None else body
    seed, source, canal = _first_look(whole, solid, around)
    front = across_body(solid.points_mm, around.superior) if canal is None else seed - canal
    frame = Frame.from_superior(seed, around.superior, front)
    for _ in range(_ROUNDS):
        frame, extent, planes = _centred(solid, frame, around.slab_mm)
        frame = Frame.from_superior(frame.origin_mm, planes[0][1] + planes[1][1], frame.anterior)
        if source is AnteriorSource.CANAL_LABEL:
            canal = _canal_between(around.canal_mm, planes, canal)
        elif source is AnteriorSource.VERTEBRAL_FORAMEN:
            canal = foramen_centre_mm(whole, frame.origin_mm, frame.superior)
        body_solid = solid if body is not None else _in_front(solid, frame, extent)
        centroid = body_solid.points_mm.mean(axis=0)
        front = frame.anterior if canal is None else centroid - canal
        frame = Frame.from_superior(centroid, frame.superior, front)
    require_upright(frame, level)
    if body_solid.touches_edge():
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"the body of {level} is cut off by the edge of the image")
    return _assemble(number, level, frame, body_solid, around, source, canal)


def _first_look(
    whole: Solid, solid: Solid, around: Surroundings
) -> tuple[FloatArray, AnteriorSource, FloatArray | None]:
    seed = deepest_point_mm(solid)
    if len(around.canal_mm):
        near = np.abs((around.canal_mm - seed) @ around.superior) < 8.0
        beside = near & (np.linalg.norm(around.canal_mm - seed, axis=1) < 60.0)
        if beside.any():
            return seed, AnteriorSource.CANAL_LABEL, around.canal_mm[beside].mean(axis=0)
    hole = foramen_centre_mm(whole, seed, around.superior)
    if hole is not None:
        return seed, AnteriorSource.VERTEBRAL_FORAMEN, hole
    frame = Frame.from_superior(seed, around.superior, WORLD_ANTERIOR)
    wall = body_extent(solid, frame, around.slab_mm).posterior
    behind = posterior_elements_centre_mm(whole.points_mm, frame, wall)
    if behind is not None:
        return seed, AnteriorSource.POSTERIOR_ELEMENTS, behind
    return seed, AnteriorSource.IMAGE_ORIENTATION, None


def _centred(
    solid: Solid, frame: Frame, slab_mm: float
) -> tuple[Frame, Footprint, tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]]:
    """Move the origin to the middle of the walls and fit both faces' planes from there."""
    extent = body_extent(solid, frame, slab_mm)
    shift = np.array([(extent.left + extent.right) / 2, (extent.posterior + extent.anterior) / 2, 0.0])
    moved = frame.at(frame.to_world(shift))
    half_depth, half_width = extent.depth_mm / 2, extent.width_mm / 2
    footprint = Footprint(-half_depth, half_depth, -half_width, half_width)
    planes = (
        plane_normal(solid, moved, footprint, up=True),
        plane_normal(solid, moved, footprint, up=False),
    )
    return moved, footprint, planes


def _canal_between(
    canal_mm: FloatArray, planes: tuple[tuple[FloatArray, FloatArray], ...], otherwise: FloatArray | None
) -> FloatArray | None:
    (top, upper), (bottom, lower) = planes
    between = ((canal_mm - top) @ upper < 0) & ((canal_mm - bottom) @ lower > 0)
    beside = between & (np.linalg.norm(canal_mm - (top + bottom) / 2, axis=1) < 60.0)
    return canal_mm[beside].mean(axis=0) if beside.any() else otherwise


def _in_front(solid: Solid, frame: Frame, extent: Footprint) -> Solid:
    """Part the body from pedicles and arch: what lies in front of the posterior wall and between the side walls."""
    local = frame.to_local(solid.points_mm)
    inside = (local[:, 1] > extent.posterior - 1.0) & (np.abs(local[:, 0]) < extent.width_mm / 2 + 4.0)
    return solid.keep(inside)


def _require_believable(level: str, height_mm: float, extent: Footprint) -> None:
    """Refuse what cannot be a vertebral body of any level, child or adult."""
    sizes = {"height": height_mm, "depth": extent.depth_mm, "width": extent.width_mm}
    strange = [f"{name} {size:.0f} mm" for name, size in sizes.items() if not _SIZES_MM[0] <= size <= _SIZES_MM[1]]
    if strange:
        raise NotMeasurableError(Reason.GEOMETRY_FAILED, f"{level} is no vertebral body: {', '.join(strange)}")


def _assemble(
    number: int,
    level: str,
    frame: Frame,
    body: Solid,
    around: Surroundings,
    source: AnteriorSource,
    canal: FloatArray | None,
) -> VertebraGeometry:
    extent = body_extent(body, frame, around.slab_mm)
    upper, lower = (
        describe_endplate(body, frame, extent, around.error, up=up, slab_mm=around.slab_mm) for up in (True, False)
    )
    height = float((upper.centre_mm - lower.centre_mm) @ frame.superior)
    _require_believable(level, height, extent)
    wall = around.error.position_se_mm(frame.right, (frame.anterior, 0.6 * extent.depth_mm), (frame.superior, height))
    side_se = wall / np.sqrt(2)
    lever = extent.depth_mm if canal is None else float(np.linalg.norm(frame.origin_mm - canal))
    return VertebraGeometry(
        number=number,
        level=level,
        frame=frame,
        body=body,
        superior=upper,
        inferior=lower,
        depth_mm=extent.depth_mm,
        width_mm=extent.width_mm,
        anterior_source=source,
        side_se_mm=side_se,
        rotation_se_deg=float(np.degrees(np.sqrt(2) * side_se / lever)),
    )
