"""The root that leaves below the operated disc: inflamed about, or swollen itself; and the inflamed joint capsule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError
from lumbomics.core.examination import CanalTissue
from lumbomics.core.grid import Grid
from lumbomics.phantom.anatomy import Anatomy
from lumbomics.phantom.cauda import Cauda, Root
from lumbomics.phantom.extra import Extra, Numbers
from lumbomics.phantom.posterior import joint
from lumbomics.phantom.postoperative.place import EPIDURAL, Place, bell, fill, near_canal, sign_of, stations
from lumbomics.phantom.postoperative.tissues import Number, soft_properties
from lumbomics.phantom.roots import leaving_root
from lumbomics.phantom.shapes import Solid, boxed, ellipsoid
from lumbomics.phantom.signal import Injection
from lumbomics.phantom.soft import SoftTissue
from lumbomics.phantom.tissue import Properties, Tissue

_REACH_MM = 15.0
_AROUND = (
    *(int(t) for t in (Tissue.FAT, Tissue.MUSCLE, Tissue.FLAVUM, Tissue.REMOVED)),
    *EPIDURAL,
    *(int(n) for n in (Number.SCAR, Number.DEFECT_SCAR, Number.DEFECT_FAT)),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class InflamedRoot(Extra):
    """The traversing root of a level: enhancing tissue about it, and swelling.

    Parameters
    ----------
    level
        Disc level; the root is that of its lower vertebra.
    side
        Left or right.
    shell_mm
        Thickness of the enhancing tissue around the root; 0 for none.
    swelling
        Factor on the root's cross-section; 1 for none. A swollen root is bright on T2, enhances a little, and is so in
        the dural sac too, for 30 mm about the level.
    """

    level: str
    side: Side
    shell_mm: float = 1.5
    swelling: float = 1.0

    def __post_init__(self) -> None:
        _ = sign_of(self.side)
        if not (0 <= self.shell_mm <= 4 and 1 <= self.swelling <= 3):
            raise InputError("no such root", expected="shell 0-4 mm, swelling 1-3", got=str(self))

    def build(self, anatomy: Anatomy) -> Anatomy:
        """Thicken the root in the sac."""
        wider = np.sqrt(self.swelling)
        share = bell(stations(anatomy), Place.of(anatomy, self.level).station, _REACH_MM)
        roots = [
            replace(root, radius=root.radius * (1 + (wider - 1) * share)) if self._is_it(anatomy, root) else root
            for root in anatomy.cauda.roots
        ]
        return replace(anatomy, cauda=Cauda(tuple(roots)))

    def _is_it(self, anatomy: Anatomy, root: Root) -> bool:
        return root.side is self.side and root.name == Place.of(anatomy, self.level).lower.name

    def paint(self, tissue: Numbers, anatomy: Anatomy, soft: SoftTissue, grid: Grid) -> None:
        """Paint the shell, then the root over it, then the root in the sac."""
        wider = np.sqrt(self.swelling)
        if self.shell_mm > 0:
            for solid in self._parts(anatomy, factor=wider, grow_mm=self.shell_mm):
                fill(tissue, solid, grid, Number.PERINEURAL, _AROUND)
        if self.swelling > 1:
            over = (*_AROUND, int(Tissue.ROOT), int(Number.PERINEURAL))
            for solid in self._parts(anatomy, factor=wider, grow_mm=0.0):
                fill(tissue, solid, grid, Number.SWOLLEN_ROOT, over)
            self._paint_in_sac(tissue, anatomy, grid)

    def _paint_in_sac(self, tissue: Numbers, anatomy: Anatomy, grid: Grid) -> None:
        own = Cauda(tuple(root for root in anatomy.cauda.roots if self._is_it(anatomy, root)))
        middle = Place.of(anatomy, self.level).station
        for flat, where, (s, x, y) in near_canal(
            tissue, anatomy, grid, between=(middle - _REACH_MM, middle + _REACH_MM)
        ):
            inside = (flat[where] == Tissue.ROOT) & (own.level(s, x, y) <= 0)
            flat[where[inside & (anatomy.canal.sac_level(s, x, y) <= 0)]] = Number.ROOT_IN_SAC

    def _parts(self, anatomy: Anatomy, *, factor: float, grow_mm: float) -> Iterator[Solid]:
        lower = Place.of(anatomy, self.level).lower
        if lower.name == anatomy.chain[-1].name:
            raise InputError("the phantom draws no leaving root of the sacrum", got=self.level, where="level")
        yield from leaving_root(lower, sign_of(self.side), factor=factor, grow_mm=grow_mm)

    def properties(self, anatomy: Anatomy, injection: Injection | None) -> Mapping[int, Properties]:
        """Granulation tissue, and a wet root."""
        return soft_properties(Number.PERINEURAL, Number.SWOLLEN_ROOT, Number.ROOT_IN_SAC, injection=injection)

    def canal(self) -> Mapping[int, CanalTissue]:
        """Count the root in the sac as root."""
        return {Number.ROOT_IN_SAC: CanalTissue.ROOT}


@dataclass(frozen=True, kw_only=True, eq=False)
class InflamedJoints(Extra):
    """Capsules of the facet joints of a level that take up contrast agent.

    Parameters
    ----------
    level
        Disc level.
    capsule_mm
        Thickness.
    """

    level: str
    capsule_mm: float = 1.6

    def __post_init__(self) -> None:
        if not 0.4 <= self.capsule_mm <= 4:
            raise InputError("no such capsule", expected="0.4-4 mm", got=str(self.capsule_mm), where="capsule_mm")

    def paint(self, tissue: Numbers, anatomy: Anatomy, soft: SoftTissue, grid: Grid) -> None:
        """Paint capsules about the fluid films, over soft tissue."""
        place = Place.of(anatomy, self.level)
        over = tuple(int(t) for t in (Tissue.FAT, Tissue.MUSCLE, Tissue.FLAVUM, Tissue.INTERSPINOUS))
        for side in (Side.LEFT, Side.RIGHT):
            at = joint(place.upper, place.lower, anatomy.parameters, side, sign_of(side))
            axes = np.column_stack([at.normal, at.tangent, (0, 0, 1)])
            level, half = ellipsoid((0, 0, 0), np.array([2.0, 6.5, 8.0]) + self.capsule_mm, axes)
            fill(tissue, boxed(at.frame, level, -half, half), grid, Number.FACET_CAPSULE, over)

    def properties(self, anatomy: Anatomy, injection: Injection | None) -> Mapping[int, Properties]:
        """Synovium."""
        return soft_properties(Number.FACET_CAPSULE, injection=injection)
