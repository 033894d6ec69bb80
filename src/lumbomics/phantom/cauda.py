"""The cauda equina: the course of every root through the dural sac, in canal coordinates."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import Side
from lumbomics.phantom.canal import STEP_MM, Canal
from lumbomics.phantom.shapes import Array

FloatArray = NDArray[np.float64]

ROOT_RADIUS_MM = 0.75
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
    """Lay the roots: every root runs down behind, drifts aside and leaves the sac at its vertebra."""
    s = np.arange(len(canal.points)) * STEP_MM
    exits = [(n, at) for n, at in canal.stations.items() if "-" not in n and not n.startswith("T")]
    roots = []
    for order, (name, leave) in enumerate(exits):
        drift = np.clip((s - (leave - _LATERAL_MM)) / _LATERAL_MM, 0, 1) ** 1.5
        rest = 0.62 - 0.1 * order
        aside = canal.sac_half_width * (rest + (0.9 - rest) * drift)
        forward = -canal.sac_half_depth * (0.62 * (1 - drift) * np.sqrt(1 - rest**2) + 0.12 * np.sin(1.7 * order))
        radius = np.where(s < leave + 4, ROOT_RADIUS_MM, 0.0)
        for side, sign in ((Side.LEFT, -1.0), (Side.RIGHT, 1.0)):
            roots.append(Root(name=name, side=side, x=sign * aside, y=forward, radius=radius))
    return Cauda(tuple(roots))
