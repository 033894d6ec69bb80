"""Bone missing behind the canal: which part of the posterior arch no ray from the canal meets.

Labels drawn on a sagittal series by a network tend to keep an arch that is gone; the axial map, drawn from images that
show the bed of the operation, takes it away again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import CANAL, CORD, VERTEBRA_NAMES, Side
from lumbomics.core.examination import CanalTissue
from lumbomics.core.labels import Labels
from lumbomics.core.measurement import Drawing, Measurement, Reason, Result, Shape
from lumbomics.core.sampling import sample_nearest
from lumbomics.measure.attempt import pair_level
from lumbomics.measure.examined import ExaminedSpine, examines
from lumbomics.measure.geometry.frame import FloatArray, Frame
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.postoperative.view import at_sides, drawn_maps

BIOMARKER = "laminectomy_defect"
METHODS = ("mr_missing_fraction", "mr_defect_width")
REACH_MM = 15.0
WIDEST_DEG = 75.0
_RAYS = 76
_FAR_MM = 40.0
_STEP_MM = 0.5
_HEIGHT_MM = 1.5
_LOWEST, _HIGHEST = 0.1, 0.45
_PARTIAL, _MOST = 10.0, 50.0
_LEAST_CANAL = 10
_GONE = 0.7
_UNDRAWN = "from the vertebra labels alone: no axial map shows the arch at most of the heights"
_BONE = np.array(sorted(VERTEBRA_NAMES))


@dataclass(frozen=True, eq=False)
class Fan:
    """Rays from the canal's centre backwards at one height.

    Parameters
    ----------
    frame
        Origin at the canal's centre.
    open
        (rays,) whether no bone is met within 15 mm of the canal's wall, or 70 % of what is met lies where the axial map
        shows bone removed.
    walls_mm
        (rays, 2) where each ray leaves the canal, along right and anterior.
    drawn
        Whether an axial map shows the canal at this height.
    """

    frame: Frame = field(repr=False)
    open: NDArray[np.bool_] = field(repr=False)
    walls_mm: FloatArray = field(repr=False)
    drawn: bool = False

    def width_mm(self, side: Side) -> float:
        """Extent across of the gap on a side, at the canal's wall."""
        across = np.abs(self.walls_mm[self.open & of_side(side), 0])
        return float(np.ptp(across)) if len(across) > 1 else 0.0


@examines(BIOMARKER)
def laminectomy_defect(examined: ExaminedSpine) -> list[Result]:
    """Share of the posterior arch above a disc that is missing on a side, and the width of the gap.

    Rays run from the canal's centre within 75 degrees of straight back, at heights from a tenth to 45 % of the upper
    body's height above the disc's middle, where its laminae lie. A ray is open that meets no vertebra label within
    15 mm of the canal's wall, or one of which the map of an axial series shows 70 % or more, along the ray, as scar or
    fat in the place of removed bone: a label may keep an arch that is gone, and a rim of scar before bone is no gap.
    Where no axial map shows half of the heights, the value says so. A cleft arch is an innate variant, and thin laminae
    are labelled less surely in MR than in CT: 10, 50 and 70 % are engineering defaults.
    """
    return at_sides(examined, BIOMARKER, METHODS, _defect)


def of_side(side: Side) -> NDArray[np.bool_]:
    """Rays (n,) of a side."""
    return np.asarray(_angles() > 0 if side is Side.RIGHT else _angles() < 0)


def _defect(examined: ExaminedSpine, upper: str, lower: str, side: Side) -> Iterator[Result]:
    level, found = pair_level(upper, lower), fans(examined, upper, lower)
    mine = of_side(side)
    shares = np.array([fan.open[mine].mean() for fan in found])
    percent = 100 * float(shares.mean())
    se = 100 * float(shares.std(ddof=1) / np.sqrt(len(shares)))
    name = "no defect" if percent < _PARTIAL else "laminotomy" if percent <= _MOST else "hemilaminectomy"
    caution = None if 2 * sum(fan.drawn for fan in found) >= len(found) else _UNDRAWN
    widest = max(found, key=lambda fan: fan.width_mm(side))
    drawn = tuple(_drawing(fan, mine, side) for fan in found if (fan.open & mine).any())
    for method, unit, value, error, category in (
        (METHODS[0], "%", percent, se, name),
        (METHODS[1], "mm", widest.width_mm(side), None, None),
    ):
        yield Measurement(
            biomarker=BIOMARKER,
            method=method,
            unit=unit,
            level=level,
            side=side,
            value=value,
            se=error,
            category=category,
            caution=caution,
            drawings=drawn,
        )


def fans(examined: ExaminedSpine, upper: str, lower: str) -> tuple[Fan, ...]:
    """Cast the rays of a level; NotMeasurableError where the canal or the arch's level is not in the labels."""
    disc = examined.spine.disc(upper, lower).points_mm.mean(axis=0)
    body = examined.spine.vertebra(upper)
    segment = examined.spine.segment(upper, lower).at(disc)
    inferior = body.require_inferior()
    height = float((body.superior.middle_mm - inferior.middle_mm) @ segment.superior)
    local = segment.to_local(examined.spine.canal_points_mm)
    maps = drawn_maps(examined)
    found = []
    for z in np.arange(_LOWEST * height, _HIGHEST * height, _HEIGHT_MM):
        near = local[np.abs(local[:, 2] - z) <= _HEIGHT_MM]
        if len(near) >= _LEAST_CANAL:
            centre = segment.to_world(np.array([*near[:, :2].mean(axis=0), z]))
            found.append(_fan(examined.spine.labels, maps, segment.at(centre)))
    if len(found) < 3:
        raise NotMeasurableError(
            Reason.STRUCTURE_NOT_LABELLED, f"the canal above {pair_level(upper, lower)} is not in the labels"
        )
    return tuple(found)


def _angles() -> FloatArray:
    """Angles (n,) of the rays in degrees from straight back, to the patient's right positive."""
    return np.asarray(np.linspace(-WIDEST_DEG, WIDEST_DEG, _RAYS))


def _fan(labels: Labels, maps: Sequence[Labels], frame: Frame) -> Fan:
    turn, reach = np.radians(_angles()), np.arange(0, _FAR_MM, _STEP_MM)
    flat = np.stack([np.sin(turn), -np.cos(turn)], axis=-1)
    rays = reach[None, :, None] * flat[:, None]
    world = frame.to_world(np.concatenate([rays, np.zeros((*rays.shape[:2], 1))], axis=-1))
    values = sample_nearest(labels.array, labels.grid, world)
    inside = np.isin(values, (CANAL, CORD))
    walls = reach[np.maximum(inside.shape[1] - 1 - np.argmax(inside[:, ::-1], axis=1), 0)] * inside.any(axis=1)
    bone = np.isin(values, _BONE) & (reach <= walls[:, None] + REACH_MM)
    tissue = _shown(maps, world)
    removed = np.zeros_like(bone) if tissue is None else bone & (tissue == CanalTissue.DEFECT)
    # a ray that meets no bone at all is open too: 0 >= 0
    opened = removed.sum(axis=1) >= _GONE * bone.sum(axis=1)
    return Fan(frame, opened, walls[:, None] * flat, tissue is not None)


def _shown(maps: Sequence[Labels], world: FloatArray) -> NDArray[np.integer] | None:
    """Axial tissue (rays, steps) along the rays, of the first map that shows any there; ``None`` where none does."""
    sampled = (sample_nearest(one.array, one.grid, world) for one in maps)
    return next((tissue for tissue in sampled if tissue.any()), None)


def _drawing(fan: Fan, mine: NDArray[np.bool_], side: Side) -> Drawing:
    flat = fan.walls_mm[fan.open & mine]
    points = fan.frame.to_world(np.column_stack([flat, np.zeros(len(flat))]))
    return Drawing(Shape.POINTS, points, f"open arch, {side}")
