"""Arachnoiditis after Delamarter: roots clumped in the middle, stuck to the wall, or lost in a mass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError
from lumbomics.core.examination import CanalTissue
from lumbomics.core.grid import Grid
from lumbomics.phantom.anatomy import Anatomy
from lumbomics.phantom.cauda import Cauda, Root
from lumbomics.phantom.extra import Extra, Numbers
from lumbomics.phantom.postoperative.place import bell, near_canal, stations
from lumbomics.phantom.postoperative.tissues import Number, soft_properties
from lumbomics.phantom.signal import Injection
from lumbomics.phantom.soft import SoftTissue
from lumbomics.phantom.tissue import Properties, Tissue

FloatArray = NDArray[np.float64]

_PACKING_MM = 0.74
_ROOM_MM = 0.15


class Delamarter(StrEnum):
    """Groups of Delamarter et al., Spine 1990;15:304."""

    CENTRAL = "1"
    """Central conglomerates of adherent roots."""
    EMPTY_SAC = "2"
    """Roots adherent to the dura."""
    MASS = "3"
    """Soft tissue in place of the subarachnoid space."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Arachnoiditis(Extra):
    """Adherent roots over a stretch of the sac.

    Parameters
    ----------
    upper, lower
        Discs between which it lies.
    group
        Delamarter's pattern.
    strength
        0 (roots as they were) to 1 (pattern complete); for a mass the share of the sac it fills.
    side
        Side to which a conglomerate lies; the midline for one in the middle.
    """

    upper: str
    lower: str
    group: Delamarter = Delamarter.CENTRAL
    strength: float = 1.0
    side: Side = Side.MIDLINE

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise InputError("strength out of range", expected="0 to 1", got=str(self.strength), where="strength")

    def build(self, anatomy: Anatomy) -> Anatomy:
        """Move the roots."""
        share = self.strength * self._share(anatomy)
        target = _wall if self.group is Delamarter.EMPTY_SAC else self._clump
        roots = []
        for order, root in enumerate(anatomy.cauda.roots):
            x, y = target(anatomy, order, root)
            running = root.radius > 0
            blend = np.where(running, share, 0.0)
            roots.append(replace(root, x=root.x + blend * (x - root.x), y=root.y + blend * (y - root.y)))
        return replace(anatomy, cauda=Cauda(tuple(roots)))

    def paint(self, tissue: Numbers, anatomy: Anatomy, soft: SoftTissue, grid: Grid) -> None:
        """Fill the sac with soft tissue, from behind on, where the pattern is a mass."""
        if self.group is not Delamarter.MASS:
            return
        first, last = self._ends(anatomy)
        canal = anatomy.canal
        for flat, where, (s, x, y) in near_canal(tissue, anatomy, grid, between=(first - 12, last + 12)):
            share = self.strength * np.interp(s, stations(anatomy), self._share(anatomy))
            depth = (y - canal.at(canal.sac_shift, s)) / np.maximum(canal.at(canal.sac_half_depth, s), 1e-3)
            uneven = 0.08 * np.sin(0.8 * x + 0.4 * s)
            filled = (depth + uneven + 1) / 2 <= 1.1 * share
            flat[where[filled & np.isin(flat[where], (Tissue.CSF, Tissue.ROOT))]] = Number.ARACHNOID_MASS

    def properties(self, anatomy: Anatomy, injection: Injection | None) -> Mapping[int, Properties]:
        """Between root and muscle, hardly enhancing."""
        return soft_properties(Number.ARACHNOID_MASS, injection=injection)

    def canal(self) -> Mapping[int, CanalTissue]:
        """Roots and what binds them cannot be told apart."""
        return {Number.ARACHNOID_MASS: CanalTissue.ROOT}

    def _ends(self, anatomy: Anatomy) -> tuple[float, float]:
        known = anatomy.canal.stations
        for level in (self.upper, self.lower):
            if level not in known:
                raise InputError("the phantom has no such disc", expected=", ".join(known), got=level, where="level")
        return known[self.upper], known[self.lower]

    def _share(self, anatomy: Anatomy) -> FloatArray:
        first, last = self._ends(anatomy)
        half = abs(last - first) / 2 + 14.0
        return bell(stations(anatomy), (first + last) / 2, half, flat=1 - 10.0 / half)

    def _clump(self, anatomy: Anatomy, order: int, root: Root) -> tuple[FloatArray, FloatArray]:
        """Place (n,) of a root packed about the conglomerate's middle, by a sunflower's order."""
        canal = anatomy.canal
        aside = {Side.LEFT: -0.4, Side.RIGHT: 0.4}.get(self.side, 0.0)
        middle_x = canal.sac_aside + aside * canal.sac_half_width
        middle_y = canal.sac_shift - 0.15 * canal.sac_half_depth
        # the roots still running at a station fill the packing from its middle, the lowest first
        rank = len(anatomy.cauda.roots) - 1 - order
        radius, angle = _PACKING_MM * np.sqrt(rank + 0.4), 2.39996 * rank
        return middle_x + radius * np.cos(angle), middle_y + radius * np.sin(angle)


def _wall(anatomy: Anatomy, order: int, root: Root) -> tuple[FloatArray, FloatArray]:
    """Place (n,) of a root on the sac's wall, in the direction in which it lies, spread over the back and the sides."""
    canal = anatomy.canal
    width = np.maximum(canal.sac_half_width - root.radius - _ROOM_MM, 0.3)
    depth = np.maximum(canal.sac_half_depth - root.radius - _ROOM_MM, 0.3)
    count = len(anatomy.cauda.roots) / 2
    angle = np.deg2rad(18.0 + 110.0 * (1 - (order // 2) / count))
    sign = -1.0 if root.side is Side.LEFT else 1.0
    return canal.sac_aside + sign * width * np.sin(angle), canal.sac_shift - depth * np.cos(angle)
