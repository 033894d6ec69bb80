"""The surface inside one cell of eight voxels, for each of the 256 ways in which they can be filled."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Edge = tuple[int, int]

CORNERS = np.array([[(c >> axis) & 1 for axis in range(3)] for c in range(8)])
"""Place of each corner in its cell, (8, 3); corner c is bit c of the cell's code."""


def surface_areas(axes_mm: FloatArray) -> FloatArray:
    """Area in mm² of the surface within a cell, (256,), by the cell's code.

    The surface of marching cubes (Lorensen and Cline 1987, doi 10.1145/37401.37422) through the middles of all edges
    whose ends differ. On faces where filled and empty corners lie crosswise, the filled ones are parted, so that
    neighbouring cells agree; an outline that does not lie in a plane is cut into triangles at its least flat corner, as
    the published tables do. It is the area of a surface that closes, not an estimate of a smooth body's, which it
    exceeds by about a tenth.

    Parameters
    ----------
    axes_mm
        (3, 3), the columns are the steps from voxel to voxel in mm; they may be oblique.
    """
    return np.array([sum(_area(_middles(loop) @ axes_mm.T) for loop in loops(code)) for code in range(256)])


@cache
def loops(code: int) -> tuple[tuple[Edge, ...], ...]:
    """Find the closed lines in which the surface meets the faces of a cell, each as the edges it crosses, in order."""
    partners: dict[Edge, list[Edge]] = {}
    for face in _FACES:
        for one, other in _crossings(code, face):
            partners.setdefault(one, []).append(other)
            partners.setdefault(other, []).append(one)
    found = []
    while partners:
        start = next(iter(partners))
        found.append(_from_least_flat(_walk(partners, start)))
    return tuple(found)


def _from_least_flat(line: tuple[Edge, ...]) -> tuple[Edge, ...]:
    """Start a closed line at the corner from which its triangles have the largest area in a cube."""
    turned = [line[n:] + line[:n] for n in range(len(line))]
    # rounded, so that equal areas keep their order on every machine
    return max(turned, key=lambda points: round(_area(_middles(points)), 9))


def _walk(partners: dict[Edge, list[Edge]], start: Edge) -> tuple[Edge, ...]:
    """Follow a line back to its start and take it out of ``partners``."""
    line = [start]
    here = partners.pop(start)[0]
    while here != start:
        line.append(here)
        first, second = partners.pop(here)
        here = second if first == line[-2] else first
    return tuple(line)


def _crossings(code: int, face: tuple[int, int, int, int]) -> list[tuple[Edge, Edge]]:
    """Pairs of a face's edges that the surface joins."""
    filled = [bool(code >> corner & 1) for corner in face]
    edges = [_edge(face[n], face[(n + 1) % 4]) for n in range(4)]
    crossed = [n for n in range(4) if filled[n] != filled[(n + 1) % 4]]
    if len(crossed) == 4:
        return [(edges[n - 1], edges[n]) for n in range(4) if filled[n]]
    return [(edges[crossed[0]], edges[crossed[1]])] if crossed else []


def _edge(one: int, other: int) -> Edge:
    return (one, other) if one < other else (other, one)


def _faces() -> tuple[tuple[int, int, int, int], ...]:
    """Corners of the six faces, each in order around it."""
    found: list[tuple[int, int, int, int]] = []
    for axis in range(3):
        first, second = (1 << other for other in range(3) if other != axis)
        found += [(side, side + first, side + first + second, side + second) for side in (0, 1 << axis)]
    return tuple(found)


_FACES = _faces()


def _middles(loop: tuple[Edge, ...]) -> FloatArray:
    return np.array([(CORNERS[a] + CORNERS[b]) / 2 for a, b in loop])


def _area(points: FloatArray) -> float:
    """Area of the triangles from the first point to all sides that do not touch it."""
    spokes = points[1:] - points[0]
    return float(np.linalg.norm(np.cross(spokes[:-1], spokes[1:]), axis=1).sum() / 2)
