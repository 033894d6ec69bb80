"""Other courses of cord and roots: serpentine roots above a stenosis, a low conus with a thick filum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError
from lumbomics.core.grid import Grid
from lumbomics.phantom.anatomy import Anatomy
from lumbomics.phantom.canal import cord_share
from lumbomics.phantom.cauda import Cauda, Root
from lumbomics.phantom.extra import Extra, Numbers
from lumbomics.phantom.postoperative.place import near_canal, stations
from lumbomics.phantom.postoperative.tissues import Number, soft_properties
from lumbomics.phantom.signal import Injection
from lumbomics.phantom.soft import SoftTissue
from lumbomics.phantom.tissue import Properties, Tissue

FloatArray = NDArray[np.float64]

FILUM = "filum"


@dataclass(frozen=True, kw_only=True, eq=False)
class RedundantRoots(Extra):
    """Roots that wind above a level; each swings by its own phase, all stay in the sac.

    Parameters
    ----------
    level
        Disc level of the stenosis below.
    amplitude_mm, wavelength_mm
        Of the swing.
    length_mm
        How far above the level it reaches; it fades out upwards.
    """

    level: str
    amplitude_mm: float = 2.8
    wavelength_mm: float = 14.0
    length_mm: float = 45.0

    def __post_init__(self) -> None:
        if not (0 < self.amplitude_mm <= 5 and 6 <= self.wavelength_mm <= 60 and 10 <= self.length_mm <= 120):
            raise InputError("no such roots", expected="0-5 mm, every 6-60 mm, over 10-120 mm", got=str(self))

    def build(self, anatomy: Anatomy) -> Anatomy:
        """Let the roots swing."""
        canal, s = anatomy.canal, stations(anatomy)
        below = canal.stations.get(self.level)
        if below is None:
            raise InputError("the phantom has no such disc", expected=", ".join(canal.stations), got=self.level)
        above = (below - 8.0 - s) / self.length_mm
        swing = self.amplitude_mm * np.where(
            (above >= 0) & (above <= 1), np.sin(np.pi * np.clip(above, 0, 1)) ** 0.5, 0.0
        )
        roots = []
        for order, root in enumerate(anatomy.cauda.roots):
            phase = 2 * np.pi * s / self.wavelength_mm + 2.4 * order
            x = root.x + swing * np.sin(phase)
            y = root.y + 0.7 * swing * np.sin(phase + 1.2)
            roots.append(_kept_inside(anatomy, replace(root, x=x, y=y)))
        return replace(anatomy, cauda=Cauda(tuple(roots)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Tether(Extra):
    """A conus that lies low, and a filum that may be thick or fatty.

    Parameters
    ----------
    conus
        Vertebra or disc at whose middle the cord ends; ``None`` leaves it where it is.
    filum_mm
        Diameter of the filum.
    fatty
        Whether the filum is fat.
    """

    conus: str | None = None
    filum_mm: float = 1.2
    fatty: bool = False

    def __post_init__(self) -> None:
        if not 0.5 <= self.filum_mm <= 6:
            raise InputError("no such filum", expected="0.5-6 mm", got=str(self.filum_mm), where="filum_mm")

    def build(self, anatomy: Anatomy) -> Anatomy:
        """Lengthen the cord and lay the filum behind, in the midline."""
        canal, s = anatomy.canal, stations(anatomy)
        if self.conus is not None:
            if self.conus not in canal.stations:
                known = ", ".join(canal.stations)
                raise InputError("the phantom has no such level", expected=known, got=self.conus, where="conus")
            share = cord_share(s, canal.stations[self.conus]) * anatomy.parameters.size
            canal = replace(canal, cord_share=share)
        tip = float(s[np.flatnonzero(canal.cord_share > 0)[-1]])
        end = canal.stations["S2"]
        radius = np.where((s > tip - 3) & (s < end), self.filum_mm / 2, 0.0)
        back = canal.sac_shift - np.maximum(canal.sac_half_depth - self.filum_mm / 2 - 0.5, 0.0)
        fall = np.clip((s - tip) / 30.0, 0, 1)
        filum = Root(name=FILUM, side=Side.MIDLINE, x=canal.sac_aside + 0 * s, y=fall * back, radius=radius)
        return replace(anatomy, canal=canal, cauda=Cauda((*anatomy.cauda.roots, filum)))

    def paint(self, tissue: Numbers, anatomy: Anatomy, soft: SoftTissue, grid: Grid) -> None:
        """Turn the filum into fat where it is fatty."""
        if not self.fatty:
            return
        filum = Cauda(tuple(root for root in anatomy.cauda.roots if root.name == FILUM))
        running = stations(anatomy)[filum.roots[0].radius > 0]
        for flat, where, (s, x, y) in near_canal(tissue, anatomy, grid, between=(running[0], running[-1])):
            inside = (filum.level(s, x, y) <= 0) & (flat[where] == Tissue.ROOT)
            flat[where[inside]] = Number.FATTY_FILUM

    def properties(self, anatomy: Anatomy, injection: Injection | None) -> Mapping[int, Properties]:
        """Fat."""
        return soft_properties(Number.FATTY_FILUM, injection=injection)


def _kept_inside(anatomy: Anatomy, root: Root) -> Root:
    """Draw a root that would leave the sac back to its wall."""
    canal = anatomy.canal
    width = np.maximum(canal.sac_half_width - root.radius - 0.3, 0.1)
    depth = np.maximum(canal.sac_half_depth - root.radius - 0.3, 0.1)
    across, along = (root.x - canal.sac_aside) / width, (root.y - canal.sac_shift) / depth
    beyond = np.maximum(np.hypot(across, along), 1.0)
    return replace(root, x=canal.sac_aside + across / beyond * width, y=canal.sac_shift + along / beyond * depth)
