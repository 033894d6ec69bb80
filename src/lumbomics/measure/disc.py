"""Heights, height indices and volume of discs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from lumbomics.core.image import Image
from lumbomics.core.measurement import Drawing, Measurement, Reason, Result, Shape
from lumbomics.measure.attempt import at_discs, both, endplate_drawing, pair_level
from lumbomics.measure.geometry.endplate import Endplate, surface_heights
from lumbomics.measure.geometry.frame import FloatArray, Frame, unit
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.spine import SpineGeometry
from lumbomics.measure.geometry.surface import Solid
from lumbomics.measure.registry import implements
from lumbomics.measure.vertebra import end_se_mm, mid_height

_CENTRAL = 0.8
_LEAST_CROSSINGS = 0.7


@dataclass(frozen=True, eq=False)
class DiscSpace:
    """The two facing endplates of a disc and what is read between them.

    Parameters
    ----------
    above, below
        Inferior endplate of the upper, superior endplate of the lower vertebra.
    frame
        Segment frame, at the middle between both endplates' middles.
    shared_mm
        Posterior and anterior end of the width both endplates share, along the frame's anterior axis.
    """

    above: Endplate
    below: Endplate
    frame: Frame
    shared_mm: tuple[float, float]
    upper_body: Solid = field(repr=False)
    lower_body: Solid = field(repr=False)


def disc_space(spine: SpineGeometry, upper: str, lower: str) -> DiscSpace:
    """Collect the facing endplates of two neighbours; NotMeasurableError where they share less than 5 mm."""
    first, second = spine.vertebra(upper), spine.vertebra(lower)
    above, below = first.require_inferior(), second.superior
    frame = spine.segment(upper, lower).at((above.middle_mm + below.middle_mm) / 2)
    ends = [
        [float(frame.to_local(c)[1]) for c in (p.posterior_corner_mm, p.anterior_corner_mm)] for p in (above, below)
    ]
    shared = max(ends[0][0], ends[1][0]), min(ends[0][1], ends[1][1])
    if shared[1] - shared[0] < 5.0:
        raise NotMeasurableError(Reason.UNDEFINED, f"the endplates of {upper} and {lower} share less than 5 mm")
    return DiscSpace(above, below, frame, shared, first.body, second.body)


def mean_height(spine: SpineGeometry, space: DiscSpace) -> tuple[float, float, tuple[Drawing, ...]]:
    """Mean distance along the segment's superior axis of the facing surfaces, central 80 %, its SE, its outline."""
    slab = spine.options.slab_half_width_mm
    rim = (1 - _CENTRAL) / 2 * (space.shared_mm[1] - space.shared_mm[0])
    along = np.arange(space.shared_mm[0] + rim + 0.25, space.shared_mm[1] - rim, 0.5)
    across = np.linspace(-slab, slab, 11)
    top = _surface(space.upper_body, space.above, space.frame, across, along, up=False)
    bottom = _surface(space.lower_body, space.below, space.frame, across, along, up=True)
    gap = top - bottom
    if np.isfinite(gap).mean() < _LEAST_CROSSINGS:
        raise NotMeasurableError(Reason.GEOMETRY_FAILED, "the facing endplates could not be followed")
    patch = (space.frame.anterior, float(along[-1] - along[0])), (space.frame.right, 2 * slab)
    plates = space.above, space.below
    spread = both(*(spine.error.position_se_mm(p.normal, *patch) for p in plates), *(p.doubt_mm for p in plates))
    lines = (_profile(space.frame, along, top, "upper surface"), _profile(space.frame, along, bottom, "lower surface"))
    return float(np.nanmean(gap)), spread, lines


def _surface(
    body: Solid, plate: Endplate, frame: Frame, across: FloatArray, along: FloatArray, *, up: bool
) -> FloatArray:
    """Heights of a face above the frame's origin, seen from 8 mm inside the body."""
    inside = float(frame.to_local(plate.middle_mm)[2]) + (-8.0 if up else 8.0)
    return surface_heights(body, frame, across, along, up=up, base=inside)


def _profile(frame: Frame, along: FloatArray, heights: FloatArray, label: str) -> Drawing:
    middle = heights[len(heights) // 2]
    seen = np.isfinite(middle)
    points = np.stack([np.zeros(int(seen.sum())), along[seen], middle[seen]], axis=-1)
    return Drawing(shape=Shape.POLYLINE, points_mm=frame.to_world(points), label=label)


def corner_gap(space: DiscSpace, *, front: bool) -> tuple[float, float, Drawing]:
    """Distance across the bisector of the facing endplate lines between their corners on one side, and its SE."""
    side = "anterior" if front else "posterior"
    upper, lower = (getattr(plate, f"{side}_corner_mm") for plate in (space.above, space.below))
    bisector = unit(space.above.direction + space.below.direction)
    across = unit(np.cross(space.frame.right, bisector))
    spread = both(end_se_mm(space.above), end_se_mm(space.below))
    return float((upper - lower) @ across), spread, Drawing.line(upper, lower, f"{side} disc height")


@implements("disc_height")
def disc_height(spine: SpineGeometry, image: Image | None = None) -> list[Result]:
    """Mean central, anterior and posterior disc heights, and two height indices."""
    del image
    direct = at_discs(spine, "disc_height", ("mean_central80", "anterior", "posterior", "dhi_farfan"), _heights)
    return direct + at_discs(spine, "disc_height", ("dhi_vertebral",), _vertebral_index)


def _row(
    upper: str, lower: str, method: str, unit_code: str, value: float, se: float, drawings: tuple[Drawing, ...]
) -> Result:
    return Measurement(
        biomarker="disc_height",
        method=method,
        level=pair_level(upper, lower),
        unit=unit_code,
        value=value,
        se=se,
        drawings=drawings,
    )


def _heights(spine: SpineGeometry, upper: str, lower: str) -> Iterator[Result]:
    space = disc_space(spine, upper, lower)
    mean, mean_se, outline = mean_height(spine, space)
    front, back = corner_gap(space, front=True), corner_gap(space, front=False)
    yield _row(upper, lower, "mean_central80", "mm", mean, mean_se, outline)
    yield _row(upper, lower, "anterior", "mm", front[0], front[1], (front[2],))
    yield _row(upper, lower, "posterior", "mm", back[0], back[1], (back[2],))
    lengths = space.above.length_mm + space.below.length_mm
    total = front[0] + back[0]
    offset = 2 * both(space.above.offset_se_mm, space.below.offset_se_mm)
    length_se = both(*(p.corner_se_mm for p in (space.above, space.below) for _ in range(2)))
    lines = (
        endplate_drawing(space.above, f"{upper} inferior endplate"),
        endplate_drawing(space.below, f"{lower} superior endplate"),
    )
    index = total / lengths
    yield _row(
        upper, lower, "dhi_farfan", "1", index, both(offset, index * length_se) / lengths, (front[2], back[2], *lines)
    )


def _vertebral_index(spine: SpineGeometry, upper: str, lower: str) -> Iterator[Result]:
    if lower == "S1":
        raise NotMeasurableError(Reason.UNDEFINED, "S1 has no mid height of its own")
    space = disc_space(spine, upper, lower)
    height, height_se, outline = mean_height(spine, space)
    bodies = [mid_height(spine, level) for level in (upper, lower)]
    mean = (bodies[0][0] + bodies[1][0]) / 2
    index = height / mean
    spread = both(height_se, index * both(bodies[0][1], bodies[1][1]) / 2) / mean
    lines = tuple(
        Drawing.line(points[0], points[1], f"{level} mid height")
        for level, (_, _, points) in zip((upper, lower), bodies, strict=True)
    )
    yield _row(upper, lower, "dhi_vertebral", "1", index, spread, (*outline, *lines))


@implements("disc_volume")
def disc_volume(spine: SpineGeometry, image: Image | None = None) -> list[Result]:
    """Volume of each disc label."""
    del image
    return at_discs(spine, "disc_volume", ("label_volume",), _volume)


def _volume(spine: SpineGeometry, upper: str, lower: str) -> Iterator[Result]:
    solid = spine.disc(upper, lower)
    centre = solid.points_mm.mean(axis=0)
    far = solid.points_mm - centre
    axes = np.linalg.svd(far, full_matrices=False)[2][:2]
    reach = [(float((far @ axis).min()), float((far @ axis).max())) for axis in axes]
    yield Measurement(
        biomarker="disc_volume",
        method="label_volume",
        level=pair_level(upper, lower),
        unit="mm3",
        value=solid.volume_mm3,
        se=spine.error.volume_se_mm3(solid),
        drawings=tuple(
            Drawing.line(centre + low * axis, centre + high * axis, "extent of the disc label")
            for axis, (low, high) in zip(axes, reach, strict=True)
        ),
    )
