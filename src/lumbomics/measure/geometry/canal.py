"""The smoothed centreline of a tube-like structure as a parametric curve: stations, tangents, local axes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import BSpline, make_lsq_spline
from scipy.spatial import cKDTree

from lumbomics.core.errors import InputError
from lumbomics.measure.geometry.frame import FloatArray, Frame, unit

BIN_MM = 2.0
"""Length of the pieces of tube whose centroids the curve follows."""
COARSE_KNOTS_MM = 50.0
"""Distance between the spline's inner knots in the first rounds. Centroids taken in planes across a curve feed its own
waves back into it; with knots this far apart, more than the tube is wide, the waves die out."""
FINE_KNOTS_MM = 20.0
"""Distance between the knots of the last round: over the tube's depth and about half a lumbar segment, so that the
curve follows every level but no single bulge. On reference objects 14 mm follow the
discs' bulges and 28 mm miss bends."""
SAMPLE_MM = 0.5
"""Distance between the points at which the curve is tabulated."""
_ROUNDS = 3
_FULL_PIECE = 0.6
_LONGEST_CLOUD = 8_000


@dataclass(frozen=True, eq=False)
class Centreline:
    """A smooth curve through the middle of a tube, running from tail to head.

    Parameters
    ----------
    points_mm
        (n, 3) RAS+ mm, ``SAMPLE_MM`` apart along the curve.
    tangents
        (n, 3) unit tangents, towards the head.
    extent_mm
        First and last station at which the tube was seen at full width; beyond it the curve goes on straight.

    Notes
    -----
    The station of a point is the arc length, in mm from the curve's tail end, of the curve's point nearest to it.
    """

    points_mm: FloatArray = field(repr=False)
    tangents: FloatArray = field(repr=False)
    extent_mm: tuple[float, float]

    @classmethod
    def through(cls, cloud_mm: ArrayLike, *, superior: ArrayLike = (0.0, 0.0, 1.0)) -> Self:
        """Fit the curve to the voxel centres of a tube.

        Parameters
        ----------
        cloud_mm
            (n, 3) RAS+ mm, points spread evenly through the tube.
        superior
            (3,) direction in which stations grow (towards the head).

        Raises
        ------
        InputError
            If the cloud holds too few points or is no longer than it is wide.
        """
        cloud = np.asarray(cloud_mm, dtype=np.float64)
        if cloud.ndim != 2 or cloud.shape[1:] != (3,) or len(cloud) < 50:
            raise InputError("too few points for a centreline", expected="(n >= 50, 3) mm", got=str(cloud.shape))
        cloud = cloud[:: max(1, len(cloud) // _LONGEST_CLOUD)]
        curve = _first_guess(cloud, np.asarray(superior, dtype=np.float64))
        for knots_mm in (*[COARSE_KNOTS_MM] * _ROUNDS, FINE_KNOTS_MM):
            curve, extent = _refit(cloud, curve, knots_mm)
        return cls(*curve, extent)

    @property
    def stations_mm(self) -> FloatArray:
        """Arc length of every tabulated point, (n,) mm."""
        return np.asarray(np.arange(len(self.points_mm)) * SAMPLE_MM, dtype=np.float64)

    def station_of(self, points_mm: ArrayLike) -> FloatArray:
        """Station (...) mm of points (..., 3) RAS+ mm."""
        return _stations(np.asarray(points_mm, dtype=np.float64), self.points_mm, self.tangents, self._tree)

    @cached_property
    def _tree(self) -> cKDTree:
        return cKDTree(self.points_mm)

    def at(self, station_mm: float) -> FloatArray:
        """Return the curve's point (3,) RAS+ mm at a station; held at the curve's ends."""
        return np.array([np.interp(station_mm, self.stations_mm, axis) for axis in self.points_mm.T])

    def tangent(self, station_mm: float) -> FloatArray:
        """Return the unit tangent (3,), towards the head, at a station."""
        mean = np.array([np.interp(station_mm, self.stations_mm, axis) for axis in self.tangents.T])
        return np.asarray(mean / np.linalg.norm(mean), dtype=np.float64)

    def frame(self, station_mm: float, anterior: ArrayLike) -> Frame:
        """Perpendicular plane at a station, ``anterior`` (3,) projected into it."""
        return Frame.from_superior(self.at(station_mm), self.tangent(station_mm), anterior)

    def contains(self, station_mm: float) -> bool:
        """Whether the tube was seen at full width at a station."""
        return self.extent_mm[0] <= station_mm <= self.extent_mm[1]


_Curve = tuple[FloatArray, FloatArray]


def _first_guess(cloud: FloatArray, superior: FloatArray) -> _Curve:
    """Straight line along the cloud's longest axis, towards the head."""
    centre = cloud.mean(axis=0)
    axis = np.linalg.svd(cloud[:: max(1, len(cloud) // 5000)] - centre, full_matrices=False)[2][0]
    axis = axis if np.dot(axis, superior) >= 0 else -axis
    along = (cloud - centre) @ axis
    steps = np.arange(along.min(), along.max() + SAMPLE_MM, SAMPLE_MM)
    return centre + steps[:, None] * axis, np.tile(axis, (len(steps), 1))


def _refit(cloud: FloatArray, curve: _Curve, knots_mm: float) -> tuple[_Curve, tuple[float, float]]:
    """One round: cut the cloud into pieces across the present curve, and run a spline through their centroids."""
    stations = _stations(cloud, *curve)
    piece = np.floor((stations - stations.min()) / BIN_MM).astype(np.intp)
    count = np.bincount(piece)
    used = count >= _FULL_PIECE * np.median(count[count > 0])  # a torn canal leaves pieces empty
    if used.sum() < 4:
        raise InputError("a tube must be longer than wide", expected="> 8 mm", got=f"{BIN_MM * len(count):.0f} mm")
    sums = np.stack([np.bincount(piece, axis) for axis in cloud.T], axis=1)
    centroids = sums[used] / count[used, None]
    reach = (float(stations.min()), float(stations.max()))
    return _tabulate(_spline(centroids, count[used], knots_mm), centroids, reach, np.flatnonzero(used))


def _spline(centroids: FloatArray, weight: NDArray[np.intp], knots_mm: float) -> tuple[BSpline, float]:
    """Least-squares cubic spline through centroids over their chord length; also that length."""
    chord = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(centroids, axis=0), axis=1))]
    length = float(chord[-1])
    degree = min(3, len(chord) - 1)
    inner = np.linspace(0, length, int(length // knots_mm) + 2)[1:-1]
    if len(chord) < 3 * (len(inner) + degree + 1):
        inner = inner[:0]
    knots = np.r_[[0.0] * (degree + 1), inner, [length] * (degree + 1)]
    return make_lsq_spline(chord, centroids, knots, degree, np.sqrt(weight.astype(np.float64))), length


def _tabulate(
    fitted: tuple[BSpline, float], centroids: FloatArray, reach: tuple[float, float], pieces: NDArray[np.intp]
) -> tuple[_Curve, tuple[float, float]]:
    """Sample the spline evenly along its length, prolonged straight to the ends of the cloud."""
    spline, length = fitted
    fine = np.linspace(0, length, max(8, int(length / 0.25)))
    middle = np.asarray(spline(fine), dtype=np.float64)
    before = BIN_MM * (pieces[0] + 0.5) + BIN_MM
    after = reach[1] - reach[0] - BIN_MM * (pieces[-1] + 0.5) + BIN_MM
    start, end = unit(middle[1] - middle[0]), unit(middle[-1] - middle[-2])
    path = np.vstack([middle[0] - before * start, middle, middle[-1] + after * end])
    arc = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))]
    even = np.arange(0, arc[-1], SAMPLE_MM)
    points = np.stack([np.interp(even, arc, axis) for axis in path.T], axis=1)
    tangents = np.gradient(points, axis=0)
    curve = points, tangents / np.linalg.norm(tangents, axis=1, keepdims=True)
    ends = _stations(centroids[[0, -1]], *curve)
    return curve, (float(ends[0]), float(ends[1]))


def _stations(points: FloatArray, curve: FloatArray, tangents: FloatArray, tree: cKDTree | None = None) -> FloatArray:
    nearest = np.asarray((tree or cKDTree(curve)).query(points)[1], dtype=np.intp)
    beyond = np.einsum("...i,...i", points - curve[nearest], tangents[nearest])
    inner = (nearest > 0) & (nearest < len(curve) - 1)
    held = np.where(inner, np.clip(beyond, -SAMPLE_MM, SAMPLE_MM), beyond)
    return np.asarray(nearest * SAMPLE_MM + held, dtype=np.float64)
