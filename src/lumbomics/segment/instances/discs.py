"""Discs told apart along the column, and the planes that stand for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.signal import find_peaks

from lumbomics.core.grid import FloatArray
from lumbomics.segment.instances.curve import Curve, Places
from lumbomics.segment.instances.lattice import BoolArray, IntArray, Lattice

LEAST_PITCH_MM = 11.0
"""Two discs closer than this would leave no room for a body, however collapsed."""
_VALLEY = 0.5
_FRAGMENT = 0.08
_LEAST_SHARE = 0.15
_LEAST_DEPTH = 0.45
_FAR_MM = 32.0
_RIDGE_MM = 4.0
_STEEPEST = 0.6


@dataclass(frozen=True, eq=False)
class Plane:
    """The middle plane of a disc, drawn or supposed.

    Parameters
    ----------
    centre, up
        (3,) RAS+ mm and unit vector to the head.
    height_mm
        Height of the centre along the middle line.
    voxels
        Rows of the disc class's voxel list that belong to it; empty where the plane is only supposed.
    """

    centre: FloatArray
    up: FloatArray
    height_mm: float
    voxels: IntArray = field(repr=False)

    @property
    def drawn(self) -> bool:
        """Whether a disc was seen here."""
        return len(self.voxels) > 0

    def above(self, points: FloatArray) -> FloatArray:
        """Distance of points (n, 3) above the plane, mm."""
        return np.asarray((points - self.centre) @ self.up)


@dataclass(frozen=True, eq=False)
class FoundDiscs:
    """Discs head to tail, and the voxels of the class that belong to none."""

    planes: list[Plane]
    rejected: IntArray


def find_discs(lattice: Lattice, index: IntArray, points: FloatArray, places: Places, curve: Curve) -> FoundDiscs:
    """Tell the discs apart by the density of their class along the middle line.

    A disc is a peak of the density; voxels go to the nearest peak across the lowest density between two. So a bridge
    between two discs is cut, and one disc drawn in pieces stays one. Peaks that are small against their neighbours and
    do not reach through the column's depth are islands, unless the image's edge cuts them.
    """
    near = (np.abs(places.front) < _FAR_MM) & (np.abs(places.right) < 40)
    if near.sum() < 3:
        return FoundDiscs([], np.arange(len(index)))
    mask = np.zeros(lattice.classes.shape, dtype=bool)
    mask[tuple(index.T)] = True
    piece = pieces(mask)[tuple(index.T)]
    group = _without_fragments(np.where(near, _groups(places, near), -1), piece)
    group = _without_islands(group, piece, places, _touching_edge(lattice, index))
    planes = [_plane(points, places, curve, group == g) for g in np.unique(group[group >= 0])]
    planes.sort(key=lambda plane: -plane.height_mm)
    return FoundDiscs(planes, np.flatnonzero(group < 0))


def _without_islands(group: IntArray, piece: IntArray, places: Places, edge: BoolArray) -> IntArray:
    """Take out groups too small or too shallow for a disc.

    What hangs together with a disc goes to that disc. Groups that hang together with each other alone are tried as one:
    a thin disc that lies steep to the line is cut by height into shallow parts.
    """
    numbers = np.unique(group[group >= 0])
    usual_size = float(np.median([(group == g).sum() for g in numbers]))
    usual_depth = float(np.median([_depth(places.front[group == g]) for g in numbers]))

    def is_disc(mine: BoolArray) -> bool:
        deep = _depth(places.front[mine]) >= _LEAST_DEPTH * usual_depth
        return bool(mine.sum() >= _LEAST_SHARE * usual_size and (deep or edge[mine].any()))

    out = group.copy()
    for g in numbers:
        if not is_disc(group == g):
            out[group == g] = -1
    for torn in np.unique(piece[(out < 0) & (group >= 0)]):
        rest = (piece == torn) & (out < 0) & (group >= 0)
        kept = out[(piece == torn) & (out >= 0)]
        if len(kept):
            out[rest] = np.bincount(kept).argmax()
        elif is_disc(rest):
            out[rest] = group[rest].min()
    return out


def _groups(places: Places, near: BoolArray) -> IntArray:
    """Peak of each voxel, numbered from tail to head."""
    base = float(places.height[near].min()) - 10
    bins = np.floor(places.height - base).astype(np.intp)
    size = int(bins[near].max()) + 12
    density = np.bincount(bins[near], minlength=size)[:size].astype(np.float64)
    smooth = ndimage.gaussian_filter1d(density, 2.0)
    peaks = _separate(smooth, [int(p) for p in find_peaks(smooth, distance=LEAST_PITCH_MM)[0]])
    borders = [lower + int(np.argmin(smooth[lower:upper])) for lower, upper in pairwise(peaks)]
    return np.asarray(np.searchsorted(np.array(borders, dtype=np.float64), bins + 0.0, side="right"))


def _separate(smooth: FloatArray, peaks: list[int]) -> list[int]:
    """Leave out the lower of two neighbouring peaks until every valley is deep."""
    while len(peaks) > 1:
        depth = [smooth[a:b].min() / min(smooth[a], smooth[b]) if b - a < 30 else 0.0 for a, b in pairwise(peaks)]
        worst = int(np.argmax(depth))
        if depth[worst] < _VALLEY:
            break
        peaks.remove(min(peaks[worst : worst + 2], key=lambda p: smooth[p]))
    return peaks


def _without_fragments(group: IntArray, piece: IntArray) -> IntArray:
    """Take small separate pieces (under 8 % of the largest) out of their disc."""
    out = group.copy()
    for g in range(int(group.max()) + 1):
        mine = np.flatnonzero(group == g)
        sizes = np.bincount(piece[mine], minlength=1)
        out[mine[sizes[piece[mine]] < _FRAGMENT * sizes.max()]] = -1
    return out


def _depth(front: FloatArray) -> float:
    return float(np.diff(np.percentile(front, (5, 95)))[0]) if len(front) else 0.0


def _touching_edge(lattice: Lattice, index: IntArray) -> BoolArray:
    return np.asarray((index[:, 2] == 0) | (index[:, 2] == lattice.classes.shape[2] - 1))


def _plane(every: FloatArray, all_places: Places, curve: Curve, mine: BoolArray) -> Plane:
    """Fit the middle plane: height against the offsets forward and to the right, slopes held by a ridge."""
    points, places = every[mine], all_places[mine]
    sample = curve.at(float(np.median(places.height)))
    up, front, right = curve.up[sample], curve.front[sample], curve.right[sample]
    away = points - curve.centre[sample]
    tall, ahead, beside = away @ up, away @ front, away @ right
    offsets = np.stack([ahead - ahead.mean(), beside - beside.mean()], axis=1)
    ridge = _RIDGE_MM**2 * len(points) * np.eye(2)
    slope = np.linalg.solve(offsets.T @ offsets + ridge, offsets.T @ (tall - tall.mean()))
    slope = np.clip(slope, -_STEEPEST, _STEEPEST)
    normal = up - slope[0] * front - slope[1] * right
    return Plane(
        points.mean(axis=0), normal / np.linalg.norm(normal), float(np.mean(places.height)), np.flatnonzero(mine)
    )


def pieces(mask: NDArray[np.bool_]) -> IntArray:
    """Give the connected pieces (by faces, edges or corners) of a mask their numbers, 0 outside."""
    return np.asarray(ndimage.label(mask, structure=np.ones((3, 3, 3)))[0])
