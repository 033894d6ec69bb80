"""Displaced disc material at a level, gathered once from the axial slices that pass through it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from weakref import WeakKeyDictionary

import numpy as np
from scipy import ndimage

from lumbomics.core.anatomy import DISC_OFFSET, Side, vertebra_number
from lumbomics.core.examination import CanalTissue
from lumbomics.core.measurement import Reason
from lumbomics.core.sampling import sample_nearest
from lumbomics.core.visit import Plane
from lumbomics.measure.attempt import pair_level
from lumbomics.measure.examined import T2_CONTRASTS, ExaminedSpine
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.pedicle import find_pedicle
from lumbomics.measure.geometry.slices import AxialSlice, Mask

SIGNS: Mapping[Side, float] = MappingProxyType({Side.LEFT: -1.0, Side.RIGHT: 1.0})
LEAST_MM3 = 40.0
"""Displaced material below which none is spoken of; engineering default."""
REACH_MM = 20.0
"""Slices so far above and below the disc's middle are searched for material that has migrated."""
_UNTOLD_MM2 = 25.0
_TOUCH_MM = 1.6
_BETWEEN_MM = 1.5


@dataclass(frozen=True, eq=False)
class Displaced:
    """Displaced disc material of one level.

    Parameters
    ----------
    level
        Disc level.
    cuts
        Slices, from the feet to the head.
    masks
        Displaced material (rows, columns) on each.
    contacts
        The part of it that touches the disc's own space on each.
    spacing_mm
        Distance between slices.
    half_disc_mm
        Half of the disc space's height at the back.
    """

    level: str
    cuts: tuple[AxialSlice, ...]
    masks: tuple[Mask, ...] = field(repr=False)
    contacts: tuple[Mask, ...] = field(repr=False)
    spacing_mm: float
    half_disc_mm: float

    @cached_property
    def areas_mm2(self) -> FloatArray:
        """Area on each slice."""
        return np.array([mask.sum() * cut.pixel_mm2 for mask, cut in zip(self.masks, self.cuts, strict=True)])

    @property
    def volume_mm3(self) -> float:
        """Sum of areas times the slices' distance."""
        return float(self.areas_mm2.sum()) * self.spacing_mm

    @property
    def present(self) -> bool:
        """Whether there is enough to speak of."""
        return self.volume_mm3 >= LEAST_MM3

    @cached_property
    def local_mm(self) -> FloatArray:
        """Pixels of the material (n, 3) along right, anterior and superior about the disc's middle."""
        parts = [
            np.column_stack([cut.local_mm[mask][:, :2], np.full(int(mask.sum()), cut.height_mm)])
            for mask, cut in zip(self.masks, self.cuts, strict=True)
        ]
        return np.concatenate(parts) if parts else np.empty((0, 3))

    @property
    def points_mm(self) -> FloatArray:
        """World points of the material, some hundreds at most."""
        parts = [cut.points_mm[mask] for mask, cut in zip(self.masks, self.cuts, strict=True)]
        points = np.concatenate(parts)
        return np.asarray(points[:: max(1, len(points) // 200)])

    @property
    def largest(self) -> int:
        """Index of the slice with the largest area."""
        return int(np.argmax(self.areas_mm2))


_KNOWN: WeakKeyDictionary[ExaminedSpine, dict[str, Displaced | NotMeasurableError]] = WeakKeyDictionary()


def displaced_at(examined: ExaminedSpine, upper: str, lower: str) -> Displaced:
    """Gather displaced material of a level, once.

    Raises
    ------
    NotMeasurableError
        If no axial T2 slice passes through the disc, the canal's tissue is not drawn, metal spoils the canal, or the
        epidural tissue is not told apart into scar and disc.
    """
    known, level = _KNOWN.setdefault(examined, {}), pair_level(upper, lower)
    if level not in known:
        try:
            known[level] = _gather(examined, upper, lower)
        except NotMeasurableError as obstacle:
            known[level] = obstacle
    found = known[level]
    if isinstance(found, NotMeasurableError):
        raise NotMeasurableError(found.reason, found.detail)
    return found


def _gather(examined: ExaminedSpine, upper: str, lower: str) -> Displaced:
    cuts = _cuts(examined, upper, lower)
    level = pair_level(upper, lower)
    for cut in cuts:
        examined.require_clear(cut.obscured[cut.canal], f"the canal at {level}")
    untold = max(float(cut.tissue(CanalTissue.EPIDURAL_TISSUE).sum() * cut.pixel_mm2) for cut in cuts)
    if untold > _UNTOLD_MM2:
        detail = f"{untold:.0f} mm2 of epidural tissue at {level} are told neither scar nor disc"
        raise NotMeasurableError(Reason.NO_CONTRAST_SERIES, detail)
    masks = tuple(cut.tissue(CanalTissue.DISC) for cut in cuts)
    spine = examined.spine
    corners = np.array(
        [
            spine.vertebra(upper).require_inferior().posterior_corner_mm,
            spine.vertebra(lower).superior.posterior_corner_mm,
        ]
    )
    half = float(np.linalg.norm(corners[0] - corners[1])) / 2
    frame = spine.segment(upper, lower).at(spine.disc(upper, lower).points_mm.mean(axis=0))
    edge = float(frame.to_local(corners)[:, 1].mean())
    own = [_own_space(examined, cut, vertebra_number(upper) + DISC_OFFSET, edge, half) for cut in cuts]
    contacts = tuple(_contact(cut, mask, space) for cut, mask, space in zip(cuts, masks, own, strict=True))
    return Displaced(level, cuts, masks, contacts, _spacing(cuts), half)


def _cuts(examined: ExaminedSpine, upper: str, lower: str) -> tuple[AxialSlice, ...]:
    """Slices of the first axial T2 series that passes through the disc, those beyond its endplates with them."""
    examined.scan(*T2_CONTRASTS, plane=Plane.AXIAL)
    obstacle: NotMeasurableError | None = None
    for scan in examined.examination.of(T2_CONTRASTS, plane=Plane.AXIAL):
        try:
            examined.slices(scan, upper, lower)
            return examined.slices(scan, upper, lower, half_height_mm=REACH_MM)
        except NotMeasurableError as found:
            obstacle = obstacle or found
    level = pair_level(upper, lower)
    raise obstacle or NotMeasurableError(Reason.FIELD_OF_VIEW, f"no slice passes through {level}")


def _own_space(examined: ExaminedSpine, cut: AxialSlice, number: int, edge: float, half: float) -> Mask:
    """Pixels of the disc's own space: its label, in front of the posterior corners and between the endplates.

    The label alone will not do: it holds displaced material too, also where that has lost contact.
    """
    labels = examined.spine.labels
    drawn = sample_nearest(labels.array, labels.grid, cut.points_mm) == number
    if abs(cut.height_mm) > half + _BETWEEN_MM:
        return np.zeros_like(drawn)
    return np.asarray(drawn & (cut.local_mm[..., 1] > edge - _BETWEEN_MM))


def _contact(cut: AxialSlice, mask: Mask, own: Mask) -> Mask:
    """Displaced pixels within 1.6 mm, and half a pixel, of the disc's own space."""
    space = own & ~mask
    if not mask.any() or not space.any():
        return np.zeros_like(mask)
    rows, columns = np.delete(cut.scan.image.grid.spacing_mm, cut.axis)
    distance = ndimage.distance_transform_edt(~space, sampling=(rows, columns))
    return np.asarray(mask & (distance <= _TOUCH_MM + max(rows, columns) / 2))


def _spacing(cuts: tuple[AxialSlice, ...]) -> float:
    """Distance between slices along the segment, as they lie; that of the grid for a single one."""
    if len(cuts) < 2:
        return cuts[0].spacing_mm
    return float(np.median(np.diff([cut.height_mm for cut in cuts])))


@dataclass(frozen=True, eq=False)
class Borders:
    """Lines that part the axial zones of a level, along right about the disc's middle, in mm.

    Parameters
    ----------
    midline
        Midway between both pedicles' medial borders.
    facet
        Medial border of the facet joint, by side, from the midline outwards.
    medial, lateral
        Medial and lateral borders of the pedicle, by side, from the midline outwards.
    """

    midline: float
    facet: Mapping[Side, float]
    medial: Mapping[Side, float]
    lateral: Mapping[Side, float]


def zone_borders(examined: ExaminedSpine, upper: str, lower: str) -> Borders:
    """Find the borders of the zones at a disc: pedicles of the lower vertebra, facets as they lie behind the disc.

    Raises
    ------
    NotMeasurableError
        If pedicles or facets are not in the labels, as after facetectomy.
    """
    spine = examined.spine
    frame = spine.segment(upper, lower).at(spine.disc(upper, lower).points_mm.mean(axis=0))
    bone = spine.structure(vertebra_number(lower))
    at: dict[Side, tuple[float, float]] = {}
    for side, sign in SIGNS.items():
        middle = find_pedicle(spine, lower, side).middle_mm
        inner, outer = (float(bone.exits(middle[None], way * frame.right)[0]) for way in (-sign, sign))
        if not np.isfinite([inner, outer]).all():
            raise NotMeasurableError(Reason.GEOMETRY_FAILED, f"the {side} pedicle of {lower} has no borders")
        place = float(frame.to_local(middle)[0])
        at[side] = place - sign * inner, place + sign * outer
    midline = (at[Side.LEFT][0] + at[Side.RIGHT][0]) / 2
    medial = {side: sign * (at[side][0] - midline) for side, sign in SIGNS.items()}
    lateral = {side: sign * (at[side][1] - midline) for side, sign in SIGNS.items()}
    facet = {side: _facet(examined, upper, lower, side, midline) for side in SIGNS}
    return Borders(midline, facet, medial, lateral)


def _facet(examined: ExaminedSpine, upper: str, lower: str, side: Side, midline: float) -> float:
    """Medial border of the joint: innermost bone of the lower vertebra behind the canal's middle, at the disc."""
    spine, sign = examined.spine, SIGNS[side]
    frame = spine.segment(upper, lower).at(spine.disc(upper, lower).points_mm.mean(axis=0))
    canal = frame.to_local(spine.canal_points_mm)
    near = canal[(np.abs(canal[:, 2]) < 5.0) & (np.abs(canal[:, 0]) < 25.0)]
    bone = frame.to_local(spine.structure(vertebra_number(lower)).points_mm)
    if not len(near):
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, f"the canal at {upper}-{lower} is not in the labels")
    behind = float(near[:, 1].mean())
    beside = sign * (bone[:, 0] - midline)
    process = beside[(np.abs(bone[:, 2]) < 4.0) & (bone[:, 1] < behind + 2.0) & (beside > 2.0) & (beside < 30.0)]
    if len(process) < 5:
        detail = f"no {side} facet joint is in the labels at {upper}-{lower}"
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, detail)
    return float(np.quantile(process, 0.02))
