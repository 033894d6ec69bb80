"""Standard errors of positions and slopes read off a voxelised, hand- or machine-drawn boundary.

Two independent sources add up in the variance:

1. *Rounding*: a face at a random place between two lattice planes d apart is off by a uniform error, SD d / sqrt(12).
   The lattice has planes in many directions; those with reciprocal vector G (spacing 1 / |G|) give an error that
   repeats along a direction t of the face |G . t| times a millimetre, so only families nearly parallel to the face
   leave an error that does not average out. Endplates are never flat: their curvature adds a tilt of about 0.1.
2. *Drawing*: the drawn boundary lies about the true one with a given SD and stays alike over a few millimetres.

A patch of size L1 x L2 then holds n = (L1 / c1) (L2 / c2) independent readings (at least one a side), c being the
distance over which a source stays alike along that side; its mean has variance sd^2 / n, and the slope of a line along
L1 has variance 12 sd^2 / (n L1^2), the variance of a least-squares slope through evenly spread points (for n = 1
the same expression bounds the slope that one step can feign).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.grid import FloatArray, Grid
from lumbomics.core.labels import Labels
from lumbomics.measure.geometry.options import MeasureOptions
from lumbomics.measure.geometry.surface import Solid

_NATURAL_TILT = 0.1
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
        SD of the drawn boundary, and the distance over which its error stays alike.
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
        sd, readings = self._sources(normal, first, second)
        return float(np.sqrt(np.sum(sd**2 / readings)))

    def slope_se_deg(
        self, normal: FloatArray, along: tuple[FloatArray, float], across: tuple[FloatArray, float]
    ) -> float:
        """SE of the tilt of a straight line fitted along ``along`` over a patch, in degrees."""
        sd, readings = self._sources(normal, along, across)
        return float(np.degrees(np.sqrt(np.sum(12 * sd**2 / readings)) / along[1]))

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
            variance += area * (spacing[axis] ** 2 / 12 * patch + self.drawing_sd_mm**2 * self.correlation_mm**2)
        return float(np.sqrt(variance))

    def _sources(
        self, normal: FloatArray, first: tuple[FloatArray, float], second: tuple[FloatArray, float]
    ) -> tuple[FloatArray, FloatArray]:
        """SD and number of independent readings of every source on a patch, one entry a source."""
        size = np.linalg.norm(self._families, axis=1)
        facing = np.abs(self._families @ normal) > _FACING * size
        families, size = self._families[facing], size[facing]
        readings = np.ones(len(families))
        for axis, length in (first, second):
            repeats = np.minimum(np.hypot(families @ axis, _NATURAL_TILT * size), 1 / self._spacing_along(axis))
            readings *= np.maximum(1.0, length * repeats)
        drawn = np.prod([max(1.0, length / self.correlation_mm) for _, length in (first, second)])
        return np.append(1 / (size * np.sqrt(12)), self.drawing_sd_mm), np.append(readings, drawn)

    @cached_property
    def _families(self) -> FloatArray:
        """Reciprocal vectors (n, 3), per mm, of the lattice planes that voxels of a map line up in."""
        whole = [h for h in np.ndindex(5, 5, 5) if _is_primitive(np.array(h) - 2)]
        return np.asarray((np.array(whole) - 2) @ self.grid.inverse[:3, :3], dtype=np.float64)

    def _spacing_along(self, direction: FloatArray) -> float:
        share = (self.grid.axes.T @ direction) ** 2
        return float(np.sqrt(np.sum((share * self.grid.spacing_mm) ** 2)))


def _is_primitive(index: NDArray[np.int64]) -> bool:
    """Tell whether Miller indices have no common factor and the first that is not 0 is positive."""
    lead = index[np.flatnonzero(index)][:1]
    return bool(lead.size and lead[0] > 0 and np.gcd.reduce(index) == 1)
