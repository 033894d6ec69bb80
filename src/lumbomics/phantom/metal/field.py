"""Field of magnetised implants in closed form.

An implant of susceptibility excess Δχ « 1 is magnetised evenly along B0 (unit vector b) and adds, outside itself:

- ball of radius a: ΔB/B0 = Δχ/3 · (a/r)³ · (3 cos²θ - 1);
- long cylinder of radius a, its axis at the angle θ to B0: ΔB/B0 = Δχ/2 · sin²θ · (a/ρ)² · cos 2φ

(Schenck, Med Phys 1996;23:815, equations of the sphere and of the infinite cylinder). A rod of finite length along u is
the line of dipoles along its axis, of which the infinite cylinder is the limit: with d⊥ (length ρ) the way from the
axis, t the place along it from the foot of the perpendicular, R² = ρ² + t², γ = b·u, β = b·d⊥,

    ΔB/B0 = Δχ a²/4 · [F(t₁) - F(t₀)],
    F(t) = β² (t/(ρ²R³) + 2t/(ρ⁴R)) + 2βγ/R³ + γ² t³/(ρ²R³) - t/(ρ²R).

First order in Δχ; parts do not magnetise each other. It is no solution for ferromagnetic steel.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from lumbomics.phantom.metal.implants import Ball, Part, Rod

FloatArray = NDArray[np.float64]

B0_DIRECTION = (0.0, 0.0, 1.0)
"""The field of a horizontal bore runs along the body."""
_NEAREST = 0.5
"""Share of a rod's radius below which the distance from its axis is not taken; there is metal, or a rod's end."""


def field_offset_ppm(parts: Sequence[Part], points_mm: ArrayLike) -> FloatArray:
    """Relative field offset of all parts at world points.

    Parameters
    ----------
    parts
        Rods and balls.
    points_mm
        (n, 3) RAS+ mm; values inside a part mean nothing.

    Returns
    -------
    (n,) ppm of B0.
    """
    points = np.ascontiguousarray(np.atleast_2d(np.asarray(points_mm, dtype=np.float64)))
    return np.asarray(_offsets(points, packed(parts)))


def packed(parts: Sequence[Part]) -> FloatArray:
    """Table (n, 10) of the parts that bend the field: start, axis, length (0 for a ball), radius, Δχ, distance²."""
    rows = [_row(part) for part in parts if abs(part.excess_ppm) > 0.5]
    return np.array(rows, dtype=np.float64).reshape(-1, 10)


def _row(part: Part) -> list[float]:
    if isinstance(part, Ball):
        return [*part.centre_mm, 0.0, 0.0, 1.0, 0.0, part.radius_mm, part.excess_ppm, (0.9 * part.radius_mm) ** 2]
    return _rod_row(part)


def _rod_row(part: Rod) -> list[float]:
    axis = (part.end_mm - part.start_mm) / part.length_mm
    nearest = (_NEAREST * part.radius_mm) ** 2
    return [*part.start_mm, *axis, part.length_mm, part.radius_mm, part.excess_ppm, nearest]


@njit(cache=True, fastmath=True, inline="always")  # type: ignore[untyped-decorator]
def offset_at(x: float, y: float, z: float, table: FloatArray) -> float:
    """Field offset (ppm) at one point; B0 runs along z."""
    total = 0.0
    for n in range(len(table)):
        dx, dy, dz = x - table[n, 0], y - table[n, 1], z - table[n, 2]
        radius, excess = table[n, 7], table[n, 8]
        if table[n, 6] == 0.0:
            r2 = max(dx * dx + dy * dy + dz * dz, table[n, 9])
            total += excess / 3.0 * radius**3 * (3.0 * dz * dz / r2 - 1.0) / (r2 * np.sqrt(r2))
            continue
        along = dx * table[n, 3] + dy * table[n, 4] + dz * table[n, 5]
        gamma = table[n, 5]
        beta = dz - along * gamma
        rho2 = dx * dx + dy * dy + dz * dz - along * along
        if rho2 < table[n, 9]:
            rho2 = table[n, 9]
        total += (
            excess
            * radius
            * radius
            * 0.25
            * (_line(table[n, 6] - along, rho2, beta, gamma) - _line(-along, rho2, beta, gamma))
        )
    return total


@njit(cache=True, fastmath=True, inline="always")  # type: ignore[untyped-decorator]
def _line(t: float, rho2: float, beta: float, gamma: float) -> float:
    """F(t) of the module's equation."""
    big2 = rho2 + t * t
    over = 1.0 / np.sqrt(big2)
    cube = over / big2
    squares = beta * beta * (t * cube / rho2 + 2.0 * t * over / (rho2 * rho2))
    mixed = 2.0 * beta * gamma * cube + gamma * gamma * t * t * t * cube / rho2
    total: float = squares + mixed - t * over / rho2
    return total


@njit(cache=True)  # type: ignore[untyped-decorator]
def _offsets(points: FloatArray, table: FloatArray) -> FloatArray:
    result = np.empty(len(points))
    for n in range(len(points)):
        result[n] = offset_at(points[n, 0], points[n, 1], points[n, 2], table)
    return result
