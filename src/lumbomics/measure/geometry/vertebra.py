"""One vertebra: its body, its frame and its two endplates."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from lumbomics.core.labels import Labels
from lumbomics.core.measurement import Reason
from lumbomics.measure.geometry.endplate import Endplate, Footprint, describe_endplate, plane_normal
from lumbomics.measure.geometry.frame import FloatArray, Frame
from lumbomics.measure.geometry.midplane import (
    LATERAL,
    TURN_SE_DEG,
    Middle,
    even_half_width,
    find_middle,
    reach_mm,
    require_slab_in_view,
    wall_turn_deg,
)
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
_NEAR_MM = 90.0


@dataclass(frozen=True, eq=False)
class VertebraGeometry:
    """Where a vertebra lies and how it is shaped.

    Parameters
    ----------
    number, level
        Instance number and name.
    frame
        Body frame: origin at the body's centroid (S1: on the endplate), axes as in quantities/spine.yaml.
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
    cut_at_side
        Whether the image cuts the body off on its left or right: ``width_mm`` is then what lies evenly about the
        mid-sagittal plane.
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
    cut_at_side: bool = False

    def require_whole_width(self) -> VertebraGeometry:
        """Return this; NotMeasurableError where the image cuts the body off at a side."""
        if self.cut_at_side:
            raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"the body of {self.level} is cut off at the side")
        return self

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
    seed_mm
        (3,) point deep inside the body; None where it has not been looked for.
    """

    superior: FloatArray
    canal_mm: FloatArray = field(repr=False)
    error: BoundaryError
    slab_mm: float
    seed_mm: FloatArray | None = None

    def near(self, seed_mm: FloatArray) -> Surroundings:
        """Return the same with the part of the canal that a vertebra about ``seed_mm`` can have to do with."""
        close = np.abs(self.canal_mm - seed_mm).max(axis=1, initial=0.0) < _NEAR_MM
        return replace(self, canal_mm=self.canal_mm[close])


def body_extent(solid: Solid, frame: Frame, slab_mm: float) -> Footprint:
    """Extent of a body at the height of the frame's origin, by rays to the front, back, left and right.

    Where the body has open sides, a wall out of view is replaced by the image's side.
    """
    front_back, walls = _reach(solid, frame, slab_mm)
    if solid.open_sides:
        sides = reach_mm(solid.grid, frame.origin_mm, frame.right)
        walls = tuple(np.where(np.isfinite(walls), walls, np.maximum(sides, 0.0)).tolist())
    if not np.isfinite((*front_back, *walls)).all():
        raise NotMeasurableError(Reason.GEOMETRY_FAILED, "the walls of a vertebral body could not be found")
    return Footprint(-front_back[0], front_back[1], -walls[0], walls[1])


def _reach(solid: Solid, frame: Frame, slab_mm: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Distances to the back and front wall and to the left and right wall; NaN where none is met."""
    slab, heights = np.linspace(-slab_mm, slab_mm, 5), np.linspace(-3.0, 3.0, 4)
    side, height = np.meshgrid(slab, heights, indexing="ij")
    sagittal = frame.to_world(np.stack([side, np.zeros_like(side), height], axis=-1))
    coronal = frame.to_world(np.stack([np.zeros_like(side), side, height], axis=-1))
    back, front, left, right = (
        float(np.median(distances[np.isfinite(distances)])) if np.isfinite(distances).any() else np.nan
        for distances in (
            solid.exits(sagittal, -frame.anterior),
            solid.exits(sagittal, frame.anterior),
            solid.exits(coronal, -frame.right),
            solid.exits(coronal, frame.right),
        )
    )
    return (back, front), (left, right)


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
        If the body is cut off by the grid's edge in front, behind, above or below, or so much at a side that its
        middle is out of view, or if its front, walls or endplates cannot be found.
    """
    whole = Solid.from_labels(labels, number)
    if whole.volume_mm3 < _LEAST_VOLUME_MM3:
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"only {whole.volume_mm3:.0f} mm3 of {level} are in the labels")
    solid = (whole if body is None else body).opened()
    seed = deepest_point_mm(solid) if around.seed_mm is None else around.seed_mm
    around = around.near(seed)
    source, canal = _first_look(whole, solid, around, seed)
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
    cut = body_solid.cut_faces()
    if not len(cut):
        return _assemble(number, level, frame, body_solid, around, source, canal)
    if (np.abs(cut @ frame.right) < LATERAL).any():
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"the body of {level} is cut off by the edge of the image")
    frame, middle = _in_cut_body(whole, solid, frame, around, cut[0], bare=body is not None)
    require_upright(frame, level)
    body_solid = solid if body is not None else _in_front(solid, frame, body_extent(solid, frame, around.slab_mm))
    found = _assemble(number, level, frame, body_solid, around, AnteriorSource.BODY_WALLS, None)
    return with_doubt(found, middle, around.slab_mm)


def _in_cut_body(
    whole: Solid, solid: Solid, frame: Frame, around: Surroundings, side: FloatArray, *, bare: bool
) -> tuple[Frame, Middle]:
    """Place the frame on the mid-sagittal plane of a body whose sides the image cuts off.

    The right axis is at right angles to the image's side; where the middle is well known, it is turned until front
    and back walls run even.
    """
    frame = Frame.from_superior(frame.origin_mm, frame.superior, np.cross(frame.superior, side * (side @ frame.right)))
    for _ in range(_ROUNDS):
        extent, walls = body_extent(solid, frame, around.slab_mm), _reach(solid, frame, around.slab_mm)[1]
        ends = extent.posterior, extent.anterior
        middle = find_middle(whole, (-walls[0], walls[1]), ends, frame, around.canal_mm)
        depth = (extent.posterior + extent.anterior) / 2
        frame = frame.at(frame.to_world(np.array([middle.offset_mm, depth, 0.0])))
        half = _even_half_width(solid, frame, around.slab_mm)
        footprint = Footprint(-extent.depth_mm / 2, extent.depth_mm / 2, -half, half)
        planes = [plane_normal(solid, frame, footprint, up=up) for up in (True, False)]
        part = solid if bare else _in_front(solid, frame, footprint)
        turn = np.radians(wall_turn_deg(part, frame, half)) if middle.shows_turn else 0.0
        front = np.cos(turn) * frame.anterior + np.sin(turn) * frame.right
        centre = (planes[0][0] + planes[1][0]) / 2
        frame = frame.at(frame.origin_mm + ((centre - frame.origin_mm) @ frame.superior) * frame.superior)
        frame = Frame.from_superior(frame.origin_mm, planes[0][1] + planes[1][1], front)
    return frame, middle


def _even_half_width(solid: Solid, frame: Frame, slab_mm: float) -> float:
    """Half of what walls and image leave evenly to the left and right of the frame's origin."""
    extent = body_extent(solid, frame, slab_mm)
    return max(min(even_half_width(solid, frame), -extent.left, extent.right), 1.0)


def with_doubt(vertebra: VertebraGeometry, middle: Middle, slab_mm: float) -> VertebraGeometry:
    """Check that the slab lies in view, and add what an uncertain mid-sagittal plane does to lines and corners."""
    plates = [p for p in (vertebra.superior, vertebra.inferior) if p is not None]
    corners = np.array([c for p in plates for c in (p.anterior_corner_mm, p.posterior_corner_mm)])
    require_slab_in_view(vertebra.body.grid, corners, vertebra.frame.right, slab_mm, vertebra.level)
    doubtful = [_doubtful(p, middle, vertebra.frame) for p in plates]
    return replace(
        vertebra,
        superior=doubtful[0],
        inferior=doubtful[1] if len(doubtful) > 1 else None,
        side_se_mm=middle.se_mm,
        rotation_se_deg=TURN_SE_DEG,
        cut_at_side=True,
    )


def _doubtful(plate: Endplate, middle: Middle, frame: Frame) -> Endplate:
    """Add to an endplate's errors: its tilt to the side turns into height and, with the frame's turn, into tilt."""
    lean = float(plate.normal @ frame.right)
    doubt = float(np.hypot(middle.endplate_se_mm, middle.se_mm * lean))
    return replace(
        plate,
        angle_se_deg=float(np.hypot(plate.angle_se_deg, TURN_SE_DEG * lean)),
        offset_se_mm=float(np.hypot(plate.offset_se_mm, doubt)),
        corner_se_mm=float(np.hypot(plate.corner_se_mm, middle.corner_se_mm)),
        doubt_mm=doubt,
    )


def _first_look(
    whole: Solid, solid: Solid, around: Surroundings, seed: FloatArray
) -> tuple[AnteriorSource, FloatArray | None]:
    if len(around.canal_mm):
        near = np.abs((around.canal_mm - seed) @ around.superior) < 8.0
        beside = near & (np.linalg.norm(around.canal_mm - seed, axis=1) < 60.0)
        if beside.any():
            return AnteriorSource.CANAL_LABEL, around.canal_mm[beside].mean(axis=0)
    hole = foramen_centre_mm(whole, seed, around.superior)
    if hole is not None:
        return AnteriorSource.VERTEBRAL_FORAMEN, hole
    frame = Frame.from_superior(seed, around.superior, WORLD_ANTERIOR)
    wall = body_extent(solid, frame, around.slab_mm).posterior
    behind = posterior_elements_centre_mm(whole.points_mm, frame, wall)
    if behind is not None:
        return AnteriorSource.POSTERIOR_ELEMENTS, behind
    return AnteriorSource.IMAGE_ORIENTATION, None


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


def _require_believable(level: str, height_mm: float, extent: Footprint, *, cut: bool) -> None:
    """Refuse what cannot be a vertebral body of any level, child or adult."""
    sizes = {"height": height_mm, "depth": extent.depth_mm} | ({} if cut else {"width": extent.width_mm})
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
    cut = bool(len(body.cut_faces()))
    if cut:
        half = _even_half_width(body, frame, around.slab_mm)
        extent = Footprint(extent.posterior, extent.anterior, -half, half)
    upper, lower = (
        describe_endplate(body, frame, extent, around.error, up=up, slab_mm=around.slab_mm) for up in (True, False)
    )
    height = float((upper.centre_mm - lower.centre_mm) @ frame.superior)
    _require_believable(level, height, extent, cut=cut)
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
