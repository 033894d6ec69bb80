"""How the spine lies in space, found from the labels alone, to lay pictures along it.

Pictures need a plane, not a measurement: the directions here are good to a few degrees and feed no number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import CANAL, CORD, DISC_OFFSET, SACRUM, rank
from lumbomics.core.labels import Labels, Segmentation, Subregion

FloatArray = NDArray[np.float64]

_FIRST_SHOWN = rank(17)  # T10: the lumbar picture needs no more of the chest
_LUMBAR = range(20, 27)
_BODY_SHARE = 0.6  # of a whole vertebra's voxels, about this part lies in the body, in front
_MOST_POINTS = 4000
_DEEPEST_BODY_MM = 55.0  # deeper from front to back than any body alone, even one turned by 30 degrees


@dataclass(frozen=True, eq=False)
class SpineFrame:
    """Directions and middle line of a labelled spine.

    Parameters
    ----------
    up, anterior, right
        (3,) unit vectors at right angles, RAS+ mm.
    bodies
        Vertebra's instance number -> (3,) mm, about the middle of its body; head to tail.
    middle_mm
        (n, 3) points of the canal's middle line, or of the bodies' where no canal is labelled; head to tail.
    extent_mm
        (2, 3) lowest and highest coordinate along right, anterior and up of everything labelled.
    has_canal
        Whether ``middle_mm`` follows the canal.
    """

    up: FloatArray
    anterior: FloatArray
    right: FloatArray
    bodies: dict[int, FloatArray]
    middle_mm: FloatArray = field(repr=False)
    extent_mm: FloatArray = field(repr=False)
    has_canal: bool

    @property
    def axes(self) -> FloatArray:
        """Right, anterior and up as the rows of a 3 x 3."""
        return np.stack([self.right, self.anterior, self.up])

    def coordinates(self, points_mm: FloatArray) -> FloatArray:
        """Positions (..., 3) along right, anterior and up."""
        return np.asarray(points_mm @ self.axes.T, dtype=np.float64)

    def discs(self) -> list[tuple[int, int]]:
        """Neighbouring vertebrae (above, below) among those shown."""
        return list(pairwise(self.bodies))

    def tangent(self, point_mm: FloatArray, *, window_mm: float = 15.0) -> FloatArray | None:
        """Direction of the canal's middle line near a point, (3,), headwards; ``None`` where no canal is labelled."""
        near = self.middle_mm[np.abs((self.middle_mm - point_mm) @ self.up) <= window_mm]
        if not self.has_canal or len(near) < 3:
            return None
        direction = _principal(near)
        return direction if direction @ self.up > 0 else -direction


def find_frame(segmentation: Segmentation) -> SpineFrame | None:
    """Lay a frame along the labelled spine; ``None`` where no vertebra is labelled."""
    spine = segmentation.spine
    shown = _shown(spine)
    if not shown:
        return None
    anterior = np.array([0.0, 1.0, 0.0])
    clouds = {number: _thinned(spine.points_mm(number)) for number in shown}
    canal = _canal_points(segmentation)
    # Where the body ends depends on where the front is, and the other way round: three rounds settle both.
    for _ in range(3):
        bodies = _bodies(segmentation, clouds, anterior)
        up = _upwards(list(bodies.values()))
        anterior = _forwards(bodies, clouds, canal, up)
    right = np.cross(anterior, up)
    everything = np.concatenate(list(clouds.values())) @ np.stack([right, anterior, up]).T
    extent = np.stack([everything.min(axis=0), everything.max(axis=0)])
    middle = np.stack(list(bodies.values())) if canal is None else _middle_line(canal, up, extent[:, 2])
    return SpineFrame(up, anterior, right, bodies, middle, extent, canal is not None)


def _shown(spine: Labels) -> list[int]:
    present = list(spine.vertebrae)
    if any(number in _LUMBAR for number in present):
        present = [number for number in present if _FIRST_SHOWN <= rank(number) <= rank(26)]
    return present


def _thinned(points: FloatArray) -> FloatArray:
    return points[:: max(1, len(points) // _MOST_POINTS)]


def _bodies(segmentation: Segmentation, clouds: dict[int, FloatArray], anterior: FloatArray) -> dict[int, FloatArray]:
    return {number: _body_centre(segmentation, number, cloud, anterior) for number, cloud in clouds.items()}


def _body_centre(segmentation: Segmentation, number: int, cloud: FloatArray, anterior: FloatArray) -> FloatArray:
    """Middle of the body by the semantic map where there is one on the same grid, else of the frontmost voxels."""
    parts, spine = segmentation.subregion, segmentation.spine
    if parts is not None and parts.grid.same_place(spine.grid):
        box = spine.boxes[number]
        body = np.isin(parts.array[box], (Subregion.CORPUS, Subregion.CORPUS_BORDER)) & (spine.array[box] == number)
        if body.any():
            start = np.array([s.start for s in box])
            return spine.grid.to_world(np.argwhere(body).mean(axis=0) + start)
    depth = cloud @ anterior
    return np.asarray(cloud[depth >= np.quantile(depth, 1 - _BODY_SHARE)].mean(axis=0))


def _upwards(centres: list[FloatArray]) -> FloatArray:
    if len(centres) < 2:
        return np.array([0.0, 0.0, 1.0])
    direction = _principal(np.stack(centres))
    return direction if direction @ (centres[0] - centres[-1]) > 0 else -direction


def _principal(points: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[2][0], dtype=np.float64)


def _canal_points(segmentation: Segmentation) -> FloatArray | None:
    for labels, value in (
        (segmentation.spine, CANAL),
        (segmentation.dural_sac, 1),
        (segmentation.spine, CORD),
        (segmentation.subregion, int(Subregion.CANAL)),
    ):
        if labels is not None and value in labels.boxes:
            return _thinned(labels.points_mm(value))
    return None


def _forwards(
    bodies: dict[int, FloatArray], clouds: dict[int, FloatArray], canal: FloatArray | None, up: FloatArray
) -> FloatArray:
    """Mean direction from canal (or, without one, from the hind part of each vertebra) to the bodies."""
    steps = []
    world = _unit(_across(np.array([0.0, 1.0, 0.0]), up))
    # Bodies alone say nothing about rotation: the picture then follows the scanner's front.
    # The sacrum is deep by itself.
    telling = [n for n in bodies if canal is not None or (n != SACRUM and np.ptp(clouds[n] @ world) > _DEEPEST_BODY_MM)]
    for number, centre in ((n, bodies[n]) for n in telling):
        behind = clouds[number] if canal is None else canal[np.abs((canal - centre) @ up) < 12]
        if len(behind):
            steps.append(_unit(_across(centre - behind.mean(axis=0), up)))
    mean = np.sum(steps, axis=0) if steps else world
    return _unit(mean) if np.linalg.norm(mean) > 0.5 * len(steps) and mean @ world > 0 else world


def _across(vector: FloatArray, axis: FloatArray) -> FloatArray:
    return np.asarray(vector - (vector @ axis) * axis, dtype=np.float64)


def _unit(vector: FloatArray) -> FloatArray:
    length = np.linalg.norm(vector)
    return np.asarray(vector / length if length > 0 else np.zeros(3), dtype=np.float64)


def _middle_line(points: FloatArray, up: FloatArray, span: FloatArray, *, step_mm: float = 6.0) -> FloatArray:
    height = points @ up
    edges = np.arange(max(span[0], height.min()), min(span[1], height.max()) + step_mm, step_mm)
    slabs = (points[(height >= low) & (height < low + step_mm)] for low in edges[::-1])
    centres = [slab.mean(axis=0) for slab in slabs if len(slab)]
    return np.stack(centres) if centres else points.mean(axis=0)[None]


def disc_centre(segmentation: Segmentation, frame: SpineFrame, above: int, below: int) -> FloatArray:
    """Middle of a disc: of its label, or halfway between the bodies where it is not labelled."""
    points = segmentation.spine.points_mm(above + DISC_OFFSET)
    if len(points):
        return np.asarray(points.mean(axis=0))
    return np.asarray((frame.bodies[above] + frame.bodies[below]) / 2)
