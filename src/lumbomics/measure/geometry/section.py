"""Cross-sections of a voxel mask with sub-voxel accuracy, as smooth outlines with their standard errors.

A mask says only between which two voxel centres a boundary passes. Every such crossing of a lattice edge is a reading
of the boundary with a known error: sharp along a short voxel edge, vague along a long one. An outline r(theta) that is
smooth a priori (a Gaussian process on the circle, written in harmonics) is fitted to all readings near a plane. Thick
slices thereby contribute what they know (their sharp in-plane edges) and no more, and every length or area comes with
its error.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.grid import Grid
from lumbomics.measure.geometry.frame import FloatArray, Frame
from lumbomics.measure.geometry.surface import Solid
from lumbomics.measure.geometry.uncertainty import BoundaryError

HARMONICS = 10
"""Highest angular harmonic of an outline."""
PRIOR_AMPLITUDE = 0.2
"""Prior standard deviation of harmonic k is ``PRIOR_AMPLITUDE`` x mean radius / k², after the outline has been brought
to equal width and depth: 0.02 of the radius at k = 3 (a rounded triangle), 0.0125 at k = 4 (a rounded square). It and
the next two are calibrated on the coverage of reference objects' dural sacs, seeds 1000 and up."""
WALL_SLOPE = 0.1
"""Inclination of the wall to the centreline that is allowed for when readings are moved into the plane (tan 6 deg)."""
SLAB_SD_MM = 0.7
"""Standard deviation of the weight given to readings off the plane."""
REACH_SD = 2.5
"""Readings farther off the plane than this many standard deviations are left out."""
CORRELATION_VOXELS = 1.2
"""Neighbouring readings share their rounding error over about this many voxels of a surface …"""
LONGEST_CORRELATION_MM = 1.5
"""… but over no more than this, on which a wall 8 mm from the middle turns by 11 deg."""
_ROUNDS = 2
_ANGLES = np.linspace(0, 2 * np.pi, 180, endpoint=False)
_STEP = 2 * np.pi / len(_ANGLES)
_ORDER = np.arange(1, HARMONICS + 1)


def _basis(angles: FloatArray) -> FloatArray:
    turns = np.cumprod(np.repeat(np.exp(1j * angles)[:, None], HARMONICS, axis=1), axis=1)
    return np.hstack([np.ones((len(angles), 1)), turns.real, turns.imag])


_TABLE = _basis(_ANGLES)


@dataclass(frozen=True, eq=False)
class Crossings:
    """Lattice edges that join a voxel inside a mask to one outside.

    Parameters
    ----------
    points_mm
        (n, 3) RAS+ mm, middles of the edges.
    outward_mm
        (n, 3) mm, from the inner to the outer voxel centre.
    shared
        (n,) number of neighbouring edges that share one rounding error, at least 1.
    """

    points_mm: FloatArray = field(repr=False)
    outward_mm: FloatArray = field(repr=False)
    shared: FloatArray = field(repr=False)

    @classmethod
    def of_solid(cls, solid: Solid) -> Self:
        """Collect the crossings of a structure's surface; the grid's own border is no surface."""
        grid, offset = solid.grid, solid.start - 1
        padded = np.pad(solid.mask, 1).astype(np.int8)
        parts = [_along_axis(padded, axis) for axis in range(3)]
        within = [_inside(middle + offset, grid) for middle, _ in parts]
        middles = np.vstack([(m + offset)[w] for (m, _), w in zip(parts, within, strict=True)])
        outward = np.vstack([d[w] for (_, d), w in zip(parts, within, strict=True)])
        shared = np.concatenate([np.full(int(w.sum()), _shared(grid, axis)) for axis, w in enumerate(within)])
        return cls(grid.to_world(middles), outward @ grid.affine[:3, :3].T, shared)

    def chosen(self, which: NDArray[Any] | slice) -> Self:
        """Return the crossings picked by an index, a mask or a slice."""
        return type(self)(self.points_mm[which], self.outward_mm[which], self.shared[which])


def _along_axis(padded: NDArray[np.int8], axis: int) -> tuple[FloatArray, FloatArray]:
    step = np.diff(padded, axis=axis)
    at = np.argwhere(step)
    outward = np.zeros((len(at), 3))
    outward[:, axis] = -step[tuple(at.T)]
    middle = at.astype(np.float64)
    middle[:, axis] += 0.5
    return middle, outward


def _inside(middles: FloatArray, grid: Grid) -> NDArray[np.bool_]:
    return np.asarray(((middles >= 0) & (middles <= np.asarray(grid.shape) - 1)).all(axis=1))


def _shared(grid: Grid, axis: int) -> float:
    """Edges along ``axis`` inside one patch of surface over which their rounding error is one and the same."""
    length = grid.spacing_mm[axis]
    across = np.delete(grid.spacing_mm, axis)
    patch = min(CORRELATION_VOXELS * length, LONGEST_CORRELATION_MM)
    return float(np.prod(np.maximum(1.0, np.minimum(patch, [patch, 4 * SLAB_SD_MM]) / across)))


@dataclass(frozen=True, eq=False)
class Section:
    """A smooth closed outline in a plane, star-shaped about its middle.

    The outline is r(theta) (cos theta, q sin theta): the picture, flattened by q along the anterior axis, of a curve
    that is nearly a circle.

    Parameters
    ----------
    frame
        The plane; its origin is the middle from which radii are counted.
    flattening
        Ratio q of the anteroposterior to the transverse size.
    coefficients
        Harmonic coefficients of r in mm: constant, cosines, sines.
    covariance
        Of the coefficients, from voxel rounding and from what the voxels leave open.
    drawing
        Error of the drawn boundary about the true one.
    """

    frame: Frame
    flattening: float
    coefficients: FloatArray = field(repr=False)
    covariance: FloatArray = field(repr=False)
    drawing: BoundaryError = field(repr=False)

    @cached_property
    def radii_mm(self) -> FloatArray:
        """The radius r at every tabulated angle (n,), counted from the right axis towards the anterior axis."""
        return np.asarray(np.maximum(_TABLE @ self.coefficients, 0.1), dtype=np.float64)

    @cached_property
    def outline_mm(self) -> FloatArray:
        """Outline in the plane, (n, 2) mm along right and anterior from the frame's origin."""
        direction = np.stack([np.cos(_ANGLES), self.flattening * np.sin(_ANGLES)], axis=1)
        return np.asarray(self.radii_mm[:, None] * direction, dtype=np.float64)

    @property
    def polygon_mm(self) -> FloatArray:
        """Outline in the world, (n, 3) RAS+ mm."""
        return in_plane(self.frame, self.outline_mm)

    @property
    def area_mm2(self) -> float:
        """Enclosed area, ½ q ∫ r² dθ."""
        return float(0.5 * self.flattening * _STEP * (self.radii_mm**2).sum())

    @property
    def perimeter_mm(self) -> float:
        """Length of the outline."""
        return float(np.linalg.norm(self.outline_mm - np.roll(self.outline_mm, 1, axis=0), axis=1).sum())

    @property
    def area_se_mm2(self) -> float:
        """Standard error of the area.

        From the outline's covariance, δA = q ∫ r δr dθ, and from the drawn boundary: a stray of standard deviation s
        that stays alike over a length c, along an outline of length L, moves the area by s √(c L).
        """
        gradient = self.flattening * _STEP * self.radii_mm @ _TABLE
        drawn = self.drawing.drawing_sd_mm**2 * self.drawing.correlation_mm * self.perimeter_mm
        return float(np.sqrt(gradient @ self.covariance @ gradient + drawn))

    @cached_property
    def centroid(self) -> FloatArray:
        """Centroid in the plane, (2,) mm along right and anterior from the frame's origin."""
        weight = self.radii_mm**2 / (self.radii_mm**2).sum()
        return np.asarray(2 / 3 * weight @ self.outline_mm, dtype=np.float64)

    @property
    def centroid_mm(self) -> FloatArray:
        """Centroid in the world, (3,) RAS+ mm."""
        return in_plane(self.frame, self.centroid)

    def chord_along_anterior(self) -> Chord:
        """Extent along the anterior axis through the centroid."""
        across, along = self.outline_mm[:, 0] - self.centroid[0], self.outline_mm[:, 1]
        following = np.roll(across, -1)
        hit = np.flatnonzero((across <= 0) != (following <= 0))
        share = across[hit] / (across[hit] - following[hit])
        heights = along[hit] + share * (np.roll(along, -1)[hit] - along[hit])
        back, front = int(np.argmin(heights)), int(np.argmax(heights))
        angles = _ANGLES[hit] + share * _STEP
        return self._chord(
            (self.centroid[0], heights[back]), (self.centroid[0], heights[front]), angles[[back, front]], axis=1
        )

    def width_along_right(self) -> Chord:
        """Largest extent along the right axis among lines parallel to it."""
        rows, widths, ends = _row_widths(self.outline_mm)
        best = int(np.argmax(widths))
        left, right = ends[best]
        angles = np.arctan2([rows[best] / self.flattening] * 2, [left, right])
        return self._chord((left, rows[best]), (right, rows[best]), angles, axis=0)

    def _chord(self, start: tuple[float, float], end: tuple[float, float], angles: FloatArray, *, axis: int) -> Chord:
        ends = np.array([start, end], dtype=np.float64)
        gradient = _signed_shift(self, angles, axis)
        variance = gradient @ self.covariance @ gradient + 2 * self.drawing.drawing_sd_mm**2
        return Chord(float(ends[1, axis] - ends[0, axis]), float(np.sqrt(variance)), in_plane(self.frame, ends))


@dataclass(frozen=True, eq=False)
class Chord:
    """A straight extent of a section.

    Parameters
    ----------
    length_mm, se_mm
        Length and its standard error.
    ends_mm
        (2, 3) RAS+ mm.
    """

    length_mm: float
    se_mm: float
    ends_mm: FloatArray = field(repr=False)


def _signed_shift(section: Section, angles: FloatArray, axis: int) -> FloatArray:
    """Gradient, by the outline's coefficients, of end minus start of a chord along ``axis``.

    In the unflattened picture a radial shift δr moves the wall by δr (n·r̂) along its normal n, and so the chord's end
    by δr (n·r̂) / n_axis along the axis; flattening multiplies shifts along the anterior axis by q.
    """
    at = _basis(angles)
    slope = _relative_slope(section, at)
    normal = np.stack([np.cos(angles) + slope * np.sin(angles), np.sin(angles) - slope * np.cos(angles)], axis=1)
    along = normal[:, axis]
    shift = (1.0, section.flattening)[axis] / np.where(np.abs(along) < 0.3, np.copysign(0.3, along), along)
    return np.asarray(shift[1] * at[1] - shift[0] * at[0], dtype=np.float64)


def _derivative(basis: FloatArray) -> FloatArray:
    cosines, sines = basis[:, 1 : HARMONICS + 1], basis[:, HARMONICS + 1 :]
    return np.hstack([np.zeros((len(basis), 1)), -_ORDER * sines, _ORDER * cosines])


def _row_widths(outline: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Rows (n,), extents (n,) and their left and right ends (n, 2) of an outline along its first axis."""
    top, bottom = int(np.argmax(outline[:, 1])), int(np.argmin(outline[:, 1]))
    ring = np.roll(outline, -bottom, axis=0)
    turn = (top - bottom) % len(outline)
    first, second = ring[: turn + 1], np.vstack([ring[turn:], ring[:1]])[::-1]
    rows = np.linspace(outline[bottom, 1], outline[top, 1], 101)[1:-1]
    ends = np.sort(np.stack([_rising(rows, first), _rising(rows, second)], axis=1), axis=1)
    return rows, ends[:, 1] - ends[:, 0], ends


def _rising(rows: FloatArray, side: FloatArray) -> FloatArray:
    return np.interp(rows, np.maximum.accumulate(side[:, 1]), side[:, 0])


def in_plane(frame: Frame, plane_mm: FloatArray) -> FloatArray:
    """World points (..., 3) of in-plane coordinates (..., 2) along right and anterior."""
    return np.asarray(frame.origin_mm + plane_mm @ frame.axes[:2], dtype=np.float64)


def fit_section(crossings: Crossings, frame: Frame, drawing: BoundaryError) -> Section | None:
    """Fit the outline of a mask in a plane.

    Parameters
    ----------
    crossings
        Boundary readings of the mask; those far from the plane are left out here.
    frame
        The plane; its origin lies inside the mask.
    drawing
        Error of the drawn boundary about the true one, beyond voxel rounding.

    Returns
    -------
    The section, or ``None`` where too few readings surround the origin.
    """
    local = frame.to_local(crossings.points_mm)
    sd = _slab_sd(crossings, frame)
    near = np.abs(local[:, 2]) < REACH_SD * sd
    if near.sum() < 8:
        return None
    readings = crossings.chosen(near)
    outward = readings.outward_mm @ frame.axes.T
    # an edge along the tube crosses walls that lean: it tells where they lean, not where they are in this plane
    lying = 1 - (outward[:, 2] / np.linalg.norm(outward, axis=1)) ** 2
    weight = lying * np.exp(-0.5 * (local[near, 2] / sd) ** 2)
    return _fit_in_rounds(local[near], outward, weight / readings.shared, frame, drawing)


def _slab_sd(crossings: Crossings, frame: Frame) -> float:
    """Wide enough to hold readings of one thick slice where slices lie across the tube."""
    steps = np.abs(crossings.outward_mm @ frame.superior)
    return max(SLAB_SD_MM, 0.5 * float(steps.max(initial=0.0)))


def _fit_in_rounds(
    local: FloatArray, outward: FloatArray, weight: FloatArray, frame: Frame, drawing: BoundaryError
) -> Section | None:
    """Fit about the frame's origin with radial normals, then about the fitted centroid with the fitted normals."""
    section: Section | None = None
    centre, spread = np.zeros(2), local[:, :2].std(axis=0)
    flattening = float(np.clip(spread[1] / max(spread[0], 0.1), 0.3, 3.0))
    for _ in range(_ROUNDS):
        stretch = np.array([1.0, 1.0 / flattening])
        plane = (local[:, :2] - centre) * stretch
        if not _surrounded(plane):
            return None
        angles, radii = np.arctan2(plane[:, 1], plane[:, 0]), np.hypot(plane[:, 0], plane[:, 1])
        basis = _basis(angles)
        slope = np.zeros(len(angles)) if section is None else _relative_slope(section, basis)
        precision, use = _precision(angles, slope, outward[:, :2] * stretch, np.c_[outward[:, 2], local[:, 2]], weight)
        moved = frame.at(in_plane(frame, centre))
        section = Section(
            moved, flattening, *_solve(basis[use], radii[use], precision[use], float(weight[use].sum())), drawing
        )
        centre = centre + section.centroid
        size = np.ptp(section.outline_mm, axis=0)
        flattening = float(np.clip(size[1] / size[0], 0.2, 5.0))
    return section


def _surrounded(plane: FloatArray) -> bool:
    """Whether readings lie all around, with no gap over a third of a turn."""
    angles = np.sort(np.arctan2(plane[:, 1], plane[:, 0]))
    gaps = np.diff(np.r_[angles, angles[0] + 2 * np.pi])
    return bool(gaps.max() < 2 * np.pi / 3)


def _relative_slope(section: Section, basis: FloatArray) -> FloatArray:
    """Slope (dr/dθ)/r of the outline at the angles of a basis."""
    slope = (_derivative(basis) @ section.coefficients) / np.maximum(basis @ section.coefficients, 0.5)
    return np.asarray(np.clip(slope, -1.5, 1.5), dtype=np.float64)


def _precision(
    angles: FloatArray, slope: FloatArray, outward: FloatArray, upright: FloatArray, weight: FloatArray
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Inverse variance of every reading's radius, and which readings face outwards.

    The crossing lies anywhere on its edge e with equal chance, so the wall's position along its normal n has variance
    (e·n)²/12; along the radius that is divided by (n·r̂)². With n ~ r̂ - slope θ̂, (e·n)/(n·r̂) = e_r - slope e_θ.
    ``upright`` holds, per reading, the edge's extent and the edge's distance from the plane along the plane's normal.
    """
    radial = outward[:, 0] * np.cos(angles) + outward[:, 1] * np.sin(angles)
    turning = -outward[:, 0] * np.sin(angles) + outward[:, 1] * np.cos(angles)
    reach = radial - slope * turning
    size = np.hypot(np.linalg.norm(outward, axis=1), upright[:, 0])
    off_plane = WALL_SLOPE**2 * (upright[:, 0] ** 2 / 12 + upright[:, 1] ** 2)
    variance = reach**2 / 12 + off_plane + (0.1 * size.min()) ** 2
    return weight / variance, reach > -0.2 * size


def _solve(basis: FloatArray, radii: FloatArray, precision: FloatArray, count: float) -> tuple[FloatArray, FloatArray]:
    """Posterior mean and covariance of the harmonic coefficients.

    Where readings scatter more about the outline than their errors allow (corners, ragged labels), the covariance
    grows by their mean squared standardised misfit; ``count`` is the number of independent readings.
    """
    mean = float(np.average(radii, weights=precision))
    prior = np.r_[(0.5 * mean) ** -2, np.tile((PRIOR_AMPLITUDE * mean / _ORDER**2) ** -2, 2)]
    weighted = basis * precision[:, None]
    covariance = np.linalg.inv(basis.T @ weighted + np.diag(prior))
    coefficients = covariance @ (weighted.T @ (radii - mean))
    coefficients[0] += mean
    misfit = precision @ (radii - basis @ coefficients) ** 2 / count
    return coefficients, covariance * max(1.0, float(misfit))
