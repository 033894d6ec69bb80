"""Pedicles of a whole-vertebra mask, found where the bone beside the canal is narrowest."""

from __future__ import annotations

from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import numpy as np

from lumbomics.core.anatomy import VERTEBRA_NAMES, Side
from lumbomics.core.measurement import Reason
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.orientation import foramen_centre_mm
from lumbomics.measure.geometry.spine import SpineGeometry
from lumbomics.measure.geometry.surface import Solid
from lumbomics.measure.geometry.vertebra import VertebraGeometry, body_extent

_STEP_MM = 0.8
_BESIDE_CANAL_MM = (3.0, 32.0)
_REACH_MM = 20.0
_LEAST_AREA_MM2 = 15.0
_CANAL_NEAR_MM = 60.0
_MOST_APART_MM = 5.0
_MOST_GROWTH = 2.0
LUMBAR_LEVELS = ("L1", "L2", "L3", "L4", "L5", "L6")
_ENOUGH_POINTS = 50_000
_CENTRES: WeakKeyDictionary[SpineGeometry, dict[int, FloatArray]] = WeakKeyDictionary()
_FOUND: WeakKeyDictionary[SpineGeometry, dict[tuple[str, Side], Pedicle]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Pedicle:
    """One pedicle.

    Parameters
    ----------
    side
        The patient's side.
    middle_mm
        (3,) RAS+ mm, centroid of its narrowest section.
    area_mm2
        Area of that section.
    """

    side: Side
    middle_mm: FloatArray = field(repr=False)
    area_mm2: float


def canal_centre_mm(spine: SpineGeometry, vertebra: VertebraGeometry) -> FloatArray:
    """Middle of the canal beside a body, (3,) RAS+ mm: from the canal's label, or else from the vertebra's own hole.

    Raises
    ------
    NotMeasurableError
        If there is neither.
    """
    known = _CENTRES.setdefault(spine, {})
    if vertebra.number not in known:
        known[vertebra.number] = _centre(spine, vertebra)
    return known[vertebra.number]


def _centre(spine: SpineGeometry, vertebra: VertebraGeometry) -> FloatArray:
    beside = spine.canal_points_mm[:: max(1, len(spine.canal_points_mm) // _ENOUGH_POINTS)]
    if len(beside):
        local = vertebra.frame.to_local(beside)
        half = _half_height(vertebra)
        near = (np.abs(local[:, 2]) < half) & (np.hypot(local[:, 0], local[:, 1]) < _CANAL_NEAR_MM)
        if near.any():
            return np.asarray(beside[near].mean(axis=0), dtype=np.float64)
    hole = foramen_centre_mm(spine.structure(vertebra.number), vertebra.frame.origin_mm, vertebra.frame.superior)
    if hole is None:
        raise NotMeasurableError(
            Reason.STRUCTURE_NOT_LABELLED,
            f"neither canal nor a closed arch tells where the canal of {vertebra.level} is",
        )
    return hole


def require_alike(spine: SpineGeometry, level: str) -> None:
    """Raise NotMeasurableError where the pedicles of both sides lie more than 5 mm apart, seen from the side."""
    frame = spine.vertebra(level).frame
    left, right = (frame.to_local(find_pedicle(spine, level, side).middle_mm)[1:] for side in (Side.LEFT, Side.RIGHT))
    if np.linalg.norm(left - right) > _MOST_APART_MM:
        raise NotMeasurableError(
            Reason.GEOMETRY_FAILED, f"the two pedicles of {level} were not found at the same place"
        )


def find_pedicle(spine: SpineGeometry, level: str, side: Side) -> Pedicle:
    """Find a pedicle: the smallest section, perpendicular to the body's anterior axis, of the bone beside the canal.

    Sections are compared from the body's posterior wall back to the canal's centre.

    Raises
    ------
    NotMeasurableError
        If the mask holds no bone there (bodies only), or the wall cannot be found.
    """
    known = _FOUND.setdefault(spine, {})
    if (level, side) not in known:
        found = _search(spine, level, side)
        _require_lumbar_shape(spine, level, found)
        known[level, side] = found
    return known[level, side]


def _require_lumbar_shape(spine: SpineGeometry, level: str, found: Pedicle) -> None:
    """Refuse what is no pedicle but the broad wing of a vertebra that is fused with the sacrum.

    Lumbar pedicles spring from the upper half of the body, and from one level to the next their section grows by a
    quarter. Where a costal process as stout as the sacral ala joins pedicle and body, there is no narrowest section.
    """
    vertebra = spine.vertebra(level)
    if vertebra.inferior is None:
        return
    height = float(vertebra.frame.to_local(found.middle_mm)[2])
    above = spine.labels.vertebrae.index(vertebra.number) - 1
    upper = VERTEBRA_NAMES[spine.labels.vertebrae[above]] if above >= 0 else None
    growth = _growth(spine, upper, found) if upper in LUMBAR_LEVELS and level in LUMBAR_LEVELS else 1.0
    if height < 0 or growth > _MOST_GROWTH:
        detail = f"the narrowest bone beside the canal of {level} is no pedicle: {found.area_mm2:.0f} mm2"
        raise NotMeasurableError(Reason.GEOMETRY_FAILED, f"{detail}, its middle {height:+.0f} mm up from the body's")


def _growth(spine: SpineGeometry, upper: str, found: Pedicle) -> float:
    """Area of a pedicle over that of the vertebra above; 1 where that has none."""
    try:
        return found.area_mm2 / find_pedicle(spine, upper, found.side).area_mm2
    except NotMeasurableError:
        return 1.0


def _search(spine: SpineGeometry, level: str, side: Side) -> Pedicle:
    vertebra = spine.vertebra(level)
    whole = spine.structure(vertebra.number)
    centre = vertebra.frame.to_local(canal_centre_mm(spine, vertebra))
    wall = body_extent(vertebra.body, vertebra.frame, spine.options.slab_half_width_mm).posterior
    if wall - centre[1] < 2 * _STEP_MM:
        raise NotMeasurableError(Reason.GEOMETRY_FAILED, f"canal and posterior wall of {level} overlap")
    columns = np.arange(centre[1], wall, _STEP_MM)
    areas, middles = _sections(whole, vertebra, columns, centre[0], 1.0 if side is Side.RIGHT else -1.0)
    best = int(np.argmin(_smoothed(areas)))
    if areas[best] < _LEAST_AREA_MM2:
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, f"no {side} pedicle of {level} in the labels")
    middle = np.array([middles[best, 0], columns[best], middles[best, 1]])
    return Pedicle(side, vertebra.frame.to_world(middle), float(areas[best]))


def _half_height(vertebra: VertebraGeometry) -> float:
    """Half the body's height; for S1 the first centimetre below its endplate."""
    if vertebra.inferior is None:
        return 10.0
    return float(np.linalg.norm(vertebra.superior.middle_mm - vertebra.inferior.middle_mm)) / 2


def _sections(
    whole: Solid, vertebra: VertebraGeometry, columns: FloatArray, canal_right_mm: float, sign: float
) -> tuple[FloatArray, FloatArray]:
    """Areas (n,) of the bone beside the canal at columns (n,), and its centroids (n, 2) along right and superior."""
    aside = canal_right_mm + sign * np.arange(*_BESIDE_CANAL_MM, _STEP_MM)
    # S1's superior articular processes stand above its endplate, beside the canal: no part of its pedicles
    top = 0.0 if vertebra.inferior is None else _REACH_MM
    heights = np.arange(-_REACH_MM, top, _STEP_MM)
    column, right, height = np.meshgrid(columns, aside, heights, indexing="ij")
    filled = whole.value_at(vertebra.frame.to_world(np.stack([right, column, height], axis=-1)))
    total = np.maximum(filled.sum(axis=(1, 2)), 1e-6)
    middles = np.stack([(filled * axis).sum(axis=(1, 2)) / total for axis in (right, height)], axis=1)
    return total * _STEP_MM**2, middles


def _smoothed(areas: FloatArray) -> FloatArray:
    """Areas averaged over three neighbours, so that one noisy column does not decide."""
    padded = np.pad(areas, 1, mode="edge")
    return (padded[:-2] + padded[1:-1] + padded[2:]) / 3
