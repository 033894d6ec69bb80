"""Standard errors of positions and slopes read off a voxelised, hand- or machine-drawn boundary.

Two independent sources add up in the variance:

1. *Rounding*: a face at a random place between two voxel centres is off by a uniform error of one spacing, SD
   s / sqrt(12), with s the spacing along the surface's normal. Along a face tilted by theta against the lattice the
   error repeats every s / tan(theta), which is the distance over which it stays alike. Endplates are never flat;
   their own curvature acts as a tilt of about 0.1.
2. *Drawing*: the drawn boundary lies about the true one with a given SD and stays alike over a few millimetres.

A patch of size L1 x L2 then holds n = (L1 / c) (L2 / c) independent readings (at least one a side), c being the
distance over which a source stays alike; its mean has variance sd^2 / n, and the slope of a line along L1 has variance
12 sd^2 / (n L1^2), the variance of a least-squares slope through evenly spread points (for n = 1 the same
expression bounds the slope that one step can feign).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lumbomics.core.grid import FloatArray, Grid
from lumbomics.core.labels import Labels
from lumbomics.measure.geometry.options import MeasureOptions
from lumbomics.measure.geometry.surface import Solid

_NATURAL_TILT = 0.1
_SIDE_TILT = 0.5


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
        return float(np.sqrt(sum(sd**2 / n for sd, n in self._sources(normal, first, second))))

    def slope_se_deg(
        self, normal: FloatArray, along: tuple[FloatArray, float], across: tuple[FloatArray, float]
    ) -> float:
        """SE of the tilt of a straight line fitted along ``along`` over a patch, in degrees."""
        variance = sum(12 * sd**2 / (n * along[1] ** 2) for sd, n in self._sources(normal, along, across))
        return float(np.degrees(np.sqrt(variance)))

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
    ) -> list[tuple[float, float]]:
        spacing = self._spacing_along(normal)
        alike = self._alike_mm(normal, spacing)
        rounding = [max(1.0, length / max(alike, self._spacing_along(axis))) for axis, length in (first, second)]
        drawing = [max(1.0, length / self.correlation_mm) for _, length in (first, second)]
        return [
            (spacing / np.sqrt(12), rounding[0] * rounding[1]),
            (self.drawing_sd_mm, drawing[0] * drawing[1]),
        ]

    def _spacing_along(self, direction: FloatArray) -> float:
        share = (self.grid.axes.T @ direction) ** 2
        return float(np.sqrt(np.sum((share * self.grid.spacing_mm) ** 2)))

    def _alike_mm(self, normal: FloatArray, spacing_mm: float) -> float:
        steepest = float(np.max(np.abs(self.grid.axes.T @ normal)))
        tilt = np.sqrt(max(1.0 - steepest**2, 0.0)) / max(steepest, 1e-6)
        return float(spacing_mm / np.hypot(tilt, _NATURAL_TILT))
