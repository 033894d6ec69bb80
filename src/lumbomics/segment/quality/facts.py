"""What a spine map tells of itself, found once: where bodies, discs and canal lie and how large they are.

These are rough sizes for plausibility, good to a few millimetres; they feed no measurement.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import CANAL, CORD, SACRUM, rank
from lumbomics.core.labels import Labels

FloatArray = NDArray[np.float64]

_MOST_POINTS = 5000
_BIN_MM = 3.0
_DEEPEST_BODY_MM = 55.0  # deeper from front to back than any body alone
_BODY_SHARE = 0.6  # of a whole vertebra's voxels, about this part lies in the body, in front
_SACRUM_TOP_MM = 20.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """A vertebral body or a disc.

    Parameters
    ----------
    value
        Its value in the spine map.
    centre_mm
        (3,) RAS+ mm.
    height_mm, depth_mm
        Extent along the spine and from front to back.
    volume_mm3
        Of the body, or of the disc.
    left_mm, right_mm
        Reach to both sides of the canal's middle (of the block's own middle where no canal is labelled).
    """

    value: int
    centre_mm: FloatArray
    height_mm: float
    depth_mm: float
    volume_mm3: float
    left_mm: float
    right_mm: float


@dataclass(frozen=True, kw_only=True, eq=False)
class SpineFacts:
    """The blocks of a spine map.

    Parameters
    ----------
    labels
        The spine map.
    bodies
        Vertebra's number -> its body, in the order in which they lie, from the head; the sacrum by its uppermost part.
    discs
        Value -> disc, in the order in which they lie, from the head.
    canal_mm
        (n, 3) points of canal and cord, n 0 where not labelled.
    """

    labels: Labels
    bodies: dict[int, Block] = field(repr=False)
    discs: dict[int, Block] = field(repr=False)
    canal_mm: FloatArray = field(repr=False)

    @property
    def presacral(self) -> list[Block]:
        """Bodies above the sacrum, from the head."""
        return [body for number, body in self.bodies.items() if rank(number) < rank(SACRUM)]


def gather_facts(labels: Labels) -> SpineFacts:
    """Describe the blocks of a spine map.

    Parameters
    ----------
    labels
        The spine map, in any orientation; the patient is taken to lie upright in world coordinates.
    """
    canal = np.concatenate([_thinned(labels.points_mm(value)) for value in (CANAL, CORD)])
    front, middle = _canal_lines(canal)
    clouds = {number: _body_points(labels, number, front) for number in labels.vertebrae}
    clouds = {number: cloud for number, cloud in clouds.items() if len(cloud[0])}
    heights = sorted(clouds, key=lambda number: -_height_of(number, clouds[number][0]))
    centres = [_centre(number, clouds[number][0]) for number in heights]
    ups = _directions(centres)
    bodies = {n: _block(n, *clouds[n], centre, up, middle) for n, centre, up in zip(heights, centres, ups, strict=True)}
    discs = [_disc(labels, value, centres, ups, middle) for value in labels.discs]
    ordered = sorted(discs, key=lambda disc: -disc.centre_mm[2])
    return SpineFacts(labels=labels, bodies=bodies, discs={disc.value: disc for disc in ordered}, canal_mm=canal)


def _thinned(points: FloatArray) -> FloatArray:
    return points[:: max(1, len(points) // _MOST_POINTS)]


Line = tuple[FloatArray, FloatArray]
"""Heights (mm) and a coordinate at each; empty where there is no canal."""


def _canal_lines(canal: FloatArray) -> tuple[Line, Line]:
    """Front edge (anterior coordinate) and middle (right coordinate) of the canal against height."""
    empty = (np.empty(0), np.empty(0))
    if not len(canal):
        return empty, empty
    bins = np.floor(canal[:, 2] / _BIN_MM).astype(int)
    groups = [canal[bins == b] for b in np.unique(bins)]
    height = np.array([group[:, 2].mean() for group in groups])
    front = np.array([np.quantile(group[:, 1], 0.98) for group in groups])
    middle = np.array([group[:, 0].mean() for group in groups])
    return (height, front), (height, middle)


def _body_points(labels: Labels, number: int, front: Line) -> tuple[FloatArray, float]:
    """Points of the body, in front of the canal, and its volume (mm³)."""
    points = _thinned(labels.points_mm(number))
    whole_mm3 = labels.voxels[number] * labels.grid.voxel_volume_mm3
    if len(front[0]):
        inside = points[:, 1] > np.interp(points[:, 2], *front)
    elif np.ptp(points[:, 1]) > _DEEPEST_BODY_MM and number != SACRUM:
        inside = points[:, 1] >= np.quantile(points[:, 1], 1 - _BODY_SHARE)
    else:
        inside = np.ones(len(points), dtype=bool)
    return points[inside], whole_mm3 * float(inside.mean())


def _centre(number: int, points: FloatArray) -> FloatArray:
    if number == SACRUM:
        points = points[points[:, 2] >= points[:, 2].max() - _SACRUM_TOP_MM]
    return np.asarray(points.mean(axis=0))


def _height_of(number: int, points: FloatArray) -> float:
    return float(_centre(number, points)[2])


def _directions(centres: list[FloatArray]) -> list[FloatArray]:
    """Headward direction at each centre, from its neighbours."""
    if len(centres) < 2:
        return [np.array([0.0, 0.0, 1.0])] * len(centres)
    last = len(centres) - 1
    steps = [centres[max(i - 1, 0)] - centres[min(i + 1, last)] for i in range(len(centres))]
    return [step / max(float(np.linalg.norm(step)), 1e-9) for step in steps]


def _disc(labels: Labels, value: int, centres: list[FloatArray], ups: list[FloatArray], middle: Line) -> Block:
    points = _thinned(labels.points_mm(value))
    centre = np.asarray(points.mean(axis=0))
    near = np.argsort([float(np.linalg.norm(centre - c)) for c in centres])[:2]
    up = np.mean([ups[i] for i in near], axis=0) if len(near) else np.array([0.0, 0.0, 1.0])
    volume = labels.voxels[value] * labels.grid.voxel_volume_mm3
    return _block(value, points, volume, centre, up / max(float(np.linalg.norm(up)), 1e-9), middle)


def _block(
    value: int, points: FloatArray, volume_mm3: float, centre: FloatArray, up: FloatArray, middle: Line
) -> Block:
    anterior = np.array([0.0, 1.0, 0.0]) - up[1] * up
    anterior /= max(float(np.linalg.norm(anterior)), 1e-9)
    along, across = points @ up, points @ anterior
    low, high = np.quantile(across, (0.25, 0.75))
    core = along[(across >= low) & (across <= high)]
    canal = np.interp(points[:, 2], *middle) if len(middle[0]) else centre[0]
    offset = np.quantile(points[:, 0] - canal, (0.025, 0.975))
    return Block(
        value=value,
        centre_mm=centre,
        height_mm=_extent(core if len(core) else along),  # a handful of voxels may have none in the middle
        depth_mm=_extent(across),
        volume_mm3=volume_mm3,
        left_mm=max(0.0, -float(offset[0])),
        right_mm=max(0.0, float(offset[1])),
    )


def _extent(positions: FloatArray) -> float:
    """Extent of an evenly filled span, blind to single stray voxels."""
    low, high = np.quantile(positions, (0.025, 0.975))
    return float(high - low) / 0.95
