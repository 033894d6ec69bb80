"""Arches and processes given to their body: along the bone where it is seen, by their slope where it is not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra

from lumbomics.core.grid import FloatArray
from lumbomics.segment.instances.lattice import DROPPED, BoolArray, IntArray, Lattice

SLOPE_DEG = 10.0
"""How far lamina and spinous process point downwards from the body's own front-back axis."""
START_SHARE = 0.15
"""How far below the body's middle, in body heights, that line leaves the canal's back wall."""
_REACH_MM = 42.0
_SEED_REACH_MM = 22.0
_SEED_MM = 4.0
_MIDLINE_MM = 5.0
_LONELY_MM = 14.0
_NARROW = 3.0
"""Way through bone this many mm thin counts double: borders settle in joints and interspinous gaps."""


@dataclass(frozen=True, eq=False)
class Ray:
    """The line along which a level's lamina and spinous process are expected.

    Parameters
    ----------
    start, along
        (3,) RAS+ mm on the canal's back wall, and unit vector backwards and down.
    right
        (3,) unit vector.
    value
        Label it stands for.
    """

    start: FloatArray
    along: FloatArray
    right: FloatArray
    value: int

    def distance(self, points: FloatArray, reach_mm: float) -> FloatArray:
        """Distance in the sagittal plane of points (n, 3) from the line's first millimetres."""
        away = points - self.start
        away = away - (away @ self.right)[:, None] * self.right
        reach = np.clip(away @ self.along, 0, reach_mm)
        return np.asarray(np.linalg.norm(away - reach[:, None] * self.along, axis=1))


def make_ray(
    middle: FloatArray, frame: tuple[FloatArray, FloatArray], depth_mm: float, height_mm: float, value: int
) -> Ray:
    """Lay the line of one level.

    Parameters
    ----------
    middle
        (3,) RAS+ mm, the body's middle.
    frame
        Unit vectors (3,) up and front of the body.
    depth_mm
        From the body's middle to the canal's back wall.
    height_mm
        Body height.
    """
    up, ahead = frame
    front = ahead - (ahead @ up) * up
    front /= np.linalg.norm(front)
    angle = np.radians(SLOPE_DEG)
    start = middle - depth_mm * front - START_SHARE * height_mm * up
    return Ray(start, -np.cos(angle) * front - np.sin(angle) * up, np.cross(front, up), value)


def assign_posterior(
    lattice: Lattice, labels: NDArray[np.uint8], index: IntArray, points: FloatArray, rays: list[Ray]
) -> None:
    """Give every voxel of the posterior elements a level, in place.

    Levels grow from the bodies through the pedicles and, near the midline, from the expected lines of laminae and
    spinous processes, along the bone; thin bone is a long way, so that two levels meet where bone is thinnest (facet
    joints, kissing processes). Pieces that no level reaches go to the nearest line within 14 mm, else they are dropped.

    Parameters
    ----------
    labels
        Working labels; bodies are filled in, posterior voxels (0 there) are written.
    index, points
        Posterior voxels: (n, 3) indices, (n, 3) RAS+ mm.
    rays
        Expected lines of all levels.
    """
    if not len(index) or not rays:
        labels[tuple(index.T)] = DROPPED
        return
    values = np.array([ray.value for ray in rays], dtype=np.uint8)
    close = np.stack([ray.distance(points, _SEED_REACH_MM) for ray in rays], axis=1)
    sown = (close.min(axis=1) < _SEED_MM) & _near_midline(points, rays, close)
    seeds = np.where(sown, values[close.argmin(axis=1)], 0)
    distance = np.stack([ray.distance(points, _REACH_MM) for ray in rays], axis=1)
    nearest = values[distance.argmin(axis=1)]
    labels[tuple(index.T)] = 0
    grown = _grow(lattice, labels, index, seeds.astype(np.uint8))
    lonely = np.where(distance.min(axis=1) < _LONELY_MM, nearest, DROPPED)
    labels[tuple(index.T)] = np.where(grown > 0, grown, _by_piece(lattice, index, grown == 0, lonely))


def _near_midline(points: FloatArray, rays: list[Ray], distance: FloatArray) -> BoolArray:
    best = distance.argmin(axis=1)
    start = np.array([ray.start for ray in rays])[best]
    right = np.array([ray.right for ray in rays])[best]
    return np.asarray(np.abs(((points - start) * right).sum(axis=1)) < _MIDLINE_MM)


def _by_piece(lattice: Lattice, index: IntArray, open_: BoolArray, choice: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Let each connected piece that no seed reached take one label, its voxels' commonest."""
    out = choice.copy()
    mask = np.zeros(lattice.classes.shape, dtype=bool)
    mask[tuple(index[open_].T)] = True
    piece = ndimage.label(mask, structure=np.ones((3, 3, 3)))[0][tuple(index.T)]
    for number in range(1, int(piece.max(initial=0)) + 1):
        mine = piece == number
        out[mine] = np.bincount(choice[mine]).argmax()
    return out


def _grow(lattice: Lattice, labels: NDArray[np.uint8], index: IntArray, seeds: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Nearest seed along the bone of each posterior voxel; 0 where none can be reached."""
    node = np.zeros(lattice.classes.shape, dtype=np.int32)
    node[tuple(index.T)] = np.arange(1, len(index) + 1)
    body = (labels > 0) & (labels < DROPPED)
    touching = body & ndimage.binary_dilation(node > 0)
    bodies = np.argwhere(touching)
    node[tuple(bodies.T)] = np.arange(1, len(bodies) + 1) + len(index)
    values = np.concatenate([seeds, labels[tuple(bodies.T)]])
    half_width = ndimage.distance_transform_edt((node > 0) | body, sampling=lattice.spacing_mm)
    cost = 1 + (_NARROW / 2 / half_width[node > 0]) ** 2
    by_node = np.empty(len(values) + 1)
    by_node[node[node > 0]] = cost
    graph = _graph(node, lattice.spacing_mm, by_node)
    sources = np.flatnonzero(values)
    if not len(sources):
        return np.zeros(len(index), dtype=np.uint8)
    _, _, source = dijkstra(graph, directed=False, indices=sources, min_only=True, return_predecessors=True)
    reached = source >= 0
    out = np.zeros(len(values), dtype=np.uint8)
    out[reached] = values[source[reached]]
    return out[: len(index)]


def _graph(node: NDArray[np.int32], spacing: FloatArray, cost: FloatArray) -> csr_array:
    """Join face neighbours, and diagonal ones in the plane of the finest two axes."""
    first, second = np.argsort(spacing)[:2]
    steps = [np.eye(3, dtype=np.int64)[axis] for axis in range(3)]
    steps += [steps[first] + steps[second], steps[first] - steps[second]]
    rows, columns, weights = [], [], []
    for step in steps:
        here = node[tuple(slice(max(0, -s), node.shape[a] - max(0, s)) for a, s in enumerate(step))]
        there = node[tuple(slice(max(0, s), node.shape[a] - max(0, -s)) for a, s in enumerate(step))]
        both = (here > 0) & (there > 0)
        a, b = here[both], there[both]
        rows.append(a - 1)
        columns.append(b - 1)
        weights.append(np.linalg.norm(step * spacing) * (cost[a] + cost[b]) / 2)
    size = len(cost) - 1
    return coo_array((np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))), (size, size)).tocsr()
