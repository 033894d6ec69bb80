"""Scar on the disc: the plug of the cut annulus, or a lump shaped as displaced disc that pushes the sac."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from lumbomics.core.anatomy import CANAL
from lumbomics.core.examination import CanalTissue
from lumbomics.core.grid import Grid
from lumbomics.phantom.anatomy import SAC, Anatomy, Layer
from lumbomics.phantom.extra import Extra, Numbers
from lumbomics.phantom.postoperative.fragment import DiscFragment, pushed_roots
from lumbomics.phantom.postoperative.place import BONE, Place, within
from lumbomics.phantom.postoperative.tissues import Number, ScarTissue, soft_properties
from lumbomics.phantom.signal import Injection
from lumbomics.phantom.soft import SoftTissue
from lumbomics.phantom.tissue import Properties


@dataclass(frozen=True, kw_only=True, eq=False)
class ScarPlug(Extra):
    """Scar where the disc was cut, contiguous with it.

    It takes the shape that displaced disc would have, since neither contact with the disc nor mass effect keeps scar
    from being taken for disc (Bundschuh et al., AJR 1988;150:923).

    Parameters
    ----------
    shape
        Level, side, size and form; what it says of tissue is not used.
    tissue
        Age and vascularity.
    """

    shape: DiscFragment
    tissue: ScarTissue = field(default_factory=ScarTissue)

    def build(self, anatomy: Anatomy) -> Anatomy:
        """Press the sac in and push the roots out of its way; the disc's label stays what it was."""
        place = Place.of(anatomy, self.shape.level)
        solid = self.shape.solid(place)
        fronts = (*anatomy.fronts, Layer(solid, {SAC: 0}, (CANAL,)))
        return replace(anatomy, fronts=fronts, cauda=pushed_roots(anatomy, solid, place))

    def paint(self, tissue: Numbers, anatomy: Anatomy, soft: SoftTissue, grid: Grid) -> None:
        """Paint scar beyond the disc's outline over all but bone."""
        found = within(tissue, self.shape.beyond(Place.of(anatomy, self.shape.level)), grid)
        if found is not None:
            view, level = found
            view[(level <= 0) & ~np.isin(view, BONE)] = Number.SCAR

    def properties(self, anatomy: Anatomy, injection: Injection | None) -> Mapping[int, Properties]:
        """Scar by its age."""
        return soft_properties(Number.SCAR, injection=injection, scar=self.tissue)

    def canal(self) -> Mapping[int, CanalTissue]:
        """Scar."""
        return {Number.SCAR: CanalTissue.SCAR}
