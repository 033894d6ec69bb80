"""Standard errors of positions and slopes read off a voxelised, hand- or machine-drawn boundary.

Three independent sources add up in the variance:

1. *Rounding*: a face at a random place between two lattice planes d apart is off by a uniform error, SD d / sqrt(12).
   The lattice has planes in many directions; those with reciprocal vector G (spacing 1 / |G|) give an error that
   goes through k = |G . t| L cycles along a stretch of length L and direction t. The mean of k cycles of random phase
   has 1 / (2 pi^2 k^2) of their variance, the slope of a line through them 3 / (2 pi^2 k^2) of what one step could
   feign. A curved stretch that sags by f runs through its phases faster and faster: 1 / (2 f |G|) is left (the
   Fresnel integral's modulus). No less is left than independent columns of voxels would leave.
2. *Drawing*: the drawn boundary lies about the true one with a given SD; its error at two places d apart has
   correlation exp(-d^2 / 2 c^2).
3. *Shape*: between samples s apart a face of radius R is drawn straight, up to s^2 / (8 R) off and about twice that
   at a rounded rim; and a floor, found with digital reference objects, for what rays and lines make of curved faces.

The mean over a patch has the sum of the sources' variances, each times what both directions leave of it; the slope of
a line along L has 12 / L^2 times that, the variance of a least-squares slope through evenly spread points.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.grid import FloatArray, Grid
from lumbomics.core.labels import Labels
from lumbomics.measure.geometry.options import MeasureOptions
from lumbomics.measure.geometry.surface import Solid

CURVATURE_RADIUS_MM = 100.0
"""Radius of an endplate's hollow: 1.5 mm deep over 34 mm, an ordinary lumbar endplate."""
SHAPE_SD_MM = 0.03
"""Floor of a face's position; calibrated, as the next, on reference objects of seeds 1000 and up."""
LINE_SD_MM = 0.10
"""Floor of the position of a median line through a hollow face: noise draws the median towards the mean."""
_SIDE_TILT = 0.5
_FACING = 0.5


@dataclass(frozen=True, eq=False)
class BoundaryError:
    """The two error sources of one label map.

    Parameters
    ----------
    grid
        The label map's grid.
    drawing_sd_mm, correlation_mm
        SD of the drawn boundary, and its correlation length c.
    """

    grid: Grid
    drawing_sd_mm: float
    correlation_mm: float

    @classmethod
    def from_labels(cls, labels: Labels, options: MeasureOptions) -> BoundaryError:
        """Take the drawing SD that the labels state, or the option's default."""
        stated = labels.boundary_sd_mm
        return cls(
            labels.grid,
            options.default_boundary_sd_mm if stated is None else stated,
            options.boundary_correlation_mm,
        )

    def position_se_mm(
        self, normal: FloatArray, first: tuple[FloatArray, float], second: tuple[FloatArray, float]
    ) -> float:
        """SE of the mean position, along ``normal``, of a patch spanned by two (unit axis, length mm)."""
        sag = sum(self._sag_mm(axis) ** 2 for axis, _ in (first, second))
        return math.sqrt(self._variance(normal, first, second, of_slope=False) + SHAPE_SD_MM**2 + sag)

    def slope_se_deg(
        self, normal: FloatArray, along: tuple[FloatArray, float], across: tuple[FloatArray, float]
    ) -> float:
        """SE of the tilt of a straight line fitted along ``along`` over a patch, in degrees."""
        shape = (SHAPE_SD_MM / 2) ** 2 + self._sag_mm(along[0]) ** 2  # half: most of the floor is alike at both ends
        variance = self._variance(normal, along, across, of_slope=True) + shape
        return math.degrees(math.sqrt(12 * variance) / along[1])

    def volume_se_mm3(self, solid: Solid) -> float:
        """SE of a structure's volume: every patch of its surface moves in and out by itself.

        A surface of area A facing an axis, made of patches of area p that move with SD sd, changes the volume
        with variance sd^2 A p.
        """
        spacing, variance = self.grid.spacing_mm, 0.0
        for axis in range(3):
            others = np.delete(spacing, axis)
            edges = np.diff(np.pad(solid.mask, 1).astype(np.int8), axis=axis)
            area = float(np.count_nonzero(edges) * np.prod(others))
            patch = float(np.prod(np.maximum(others, spacing[axis] / _SIDE_TILT)))
            variance += area * (
                spacing[axis] ** 2 / 12 * patch + self.drawing_sd_mm**2 * 2 * math.pi * self.correlation_mm**2
            )
        return float(np.sqrt(variance))

    def _variance(
        self,
        normal: FloatArray,
        first: tuple[FloatArray, float],
        second: tuple[FloatArray, float],
        *,
        of_slope: bool,
    ) -> float:
        """Return the rounding and drawing variance, mm^2, of a patch's mean (or of its slope, as if it were a mean)."""
        size = np.linalg.norm(self._families, axis=1)
        facing = np.abs(self._families @ normal) > _FACING * size
        families, size = self._families[facing], size[facing]
        left = 1 / (12 * size**2)
        drawn = self.drawing_sd_mm**2
        for (axis, length), slope in ((first, of_slope), (second, False)):
            cycles = (families @ axis) * length
            phase = 2 * (np.pi * cycles) ** 2 / (3 if slope else 1) + length**2 / (4 * CURVATURE_RADIUS_MM) * size
            left *= np.maximum(1 / (1 + phase), min(1.0, self._spacing_along(axis) / max(length, 1e-9)))
            drawn /= _independent(length, self.correlation_mm)
        return float(left.max(initial=0.0) + drawn)

    @cached_property
    def _families(self) -> FloatArray:
        """Reciprocal vectors (n, 3), per mm, of the lattice planes that voxels of a map line up in."""
        whole = [h for h in np.ndindex(5, 5, 5) if _is_primitive(np.array(h) - 2)]
        return np.asarray((np.array(whole) - 2) @ self.grid.inverse[:3, :3], dtype=np.float64)

    def _sag_mm(self, direction: FloatArray) -> float:
        return self._spacing_along(direction) ** 2 / (4 * CURVATURE_RADIUS_MM)

    def _spacing_along(self, direction: FloatArray) -> float:
        share = (self.grid.axes.T @ direction) ** 2
        return float(np.sqrt(np.sum((share * self.grid.spacing_mm) ** 2)))


def _independent(length_mm: float, correlation_mm: float) -> float:
    """Independent readings on a stretch whose error has correlation exp(-d^2 / 2 c^2), from the variance of its mean.

    The double integral of the correlation over the stretch, L^2 / n, is c sqrt(2 pi) L erf(L / (c sqrt 2)) -
    2 c^2 (1 - exp(-L^2 / 2 c^2)).
    """
    ratio = length_mm / correlation_mm
    if ratio < 1e-3:
        return 1.0
    shared = math.sqrt(2 * math.pi) * ratio * math.erf(ratio / math.sqrt(2)) - 2 * (1 - math.exp(-(ratio**2) / 2))
    return ratio**2 / shared


def _is_primitive(index: NDArray[np.int64]) -> bool:
    """Tell whether Miller indices have no common factor and the first that is not 0 is positive."""
    lead = index[np.flatnonzero(index)][:1]
    return bool(lead.size and lead[0] > 0 and np.gcd.reduce(index) == 1)
