"""The cauda equina: the course of every root through the dural sac, in canal coordinates."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import Side
from lumbomics.phantom.canal import STEP_MM, Canal
from lumbomics.phantom.shapes import Array

FloatArray = NDArray[np.float64]

ROOT_RADIUS_MM, THIN_ROOT_RADIUS_MM = 0.75, 0.55
_THICK_ROOTS = 6
_LATERAL_MM = 40.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Root:
    """One root (or the filum) from the cord to where it leaves the sac.

    Parameters
    ----------
    name
        Vertebra under which it leaves, or ``filum``.
    side
        Left, right, or midline for the filum.
    x, y
        (n,) place in canal coordinates (to the right, to the front), mm, one value for each of the canal's stations.
    radius
        (n,) mm; 0 where the root does not run.
    """

    name: str
    side: Side
    x: FloatArray = field(repr=False)
    y: FloatArray = field(repr=False)
    radius: FloatArray = field(repr=False)


@dataclass(frozen=True, eq=False)
class Cauda:
    """All roots inside the sac."""

    roots: tuple[Root, ...] = field(repr=False)

    def level(self, s: Array, x: Array, y: Array) -> Array:
        """Level of the roots at canal coordinates (n,), negative inside; s is the station, mm."""
        nearest = np.full(np.shape(s), np.inf)
        if np.size(s) == 0:
            return nearest
        stations = np.arange(len(self.roots[0].x)) * STEP_MM
        for root in self.roots:
            radius = np.interp(s, stations, root.radius)
            distance = np.hypot(x - np.interp(s, stations, root.x), y - np.interp(s, stations, root.y)) - radius
            nearest = np.where(radius > 0, np.minimum(nearest, distance), nearest)
        return nearest


def build_cauda(canal: Canal) -> Cauda:
    """Lay the roots: they lie behind in two staggered rows, drift aside and leave the sac at their vertebra.

    Those that leave next lie outermost, the sacral ones in the middle (Wall et al., Spine 1990;15:1244); the lower
    sacral roots are thinner.
    """
    s = np.arange(len(canal.points)) * STEP_MM
    exits = [(n, at) for n, at in canal.stations.items() if "-" not in n and not n.startswith("T")]
    roots = []
    for order, (name, leave) in enumerate(exits):
        drift = np.clip((s - (leave - _LATERAL_MM)) / _LATERAL_MM, 0, 1) ** 1.5
        angle, reach = np.deg2rad(84.0 - 9.2 * order), (0.80, 0.52)[order % 2]
        aside = canal.sac_half_width * (reach * np.sin(angle) * (1 - drift) + 0.84 * drift)
        forward = canal.sac_shift - canal.sac_half_depth * (reach * np.cos(angle) * (1 - drift) + 0.12 * drift)
        full = ROOT_RADIUS_MM if order < _THICK_ROOTS else THIN_ROOT_RADIUS_MM
        radius = np.where(s < leave + 4, full, 0.0)
        for side, sign in ((Side.LEFT, -1.0), (Side.RIGHT, 1.0)):
            roots.append(Root(name=name, side=side, x=sign * aside, y=forward, radius=radius))
    return Cauda(tuple(roots))
