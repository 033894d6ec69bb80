"""All lesions of one worn spine, as one extra of a phantom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from lumbomics.core.examination import CanalTissue
from lumbomics.core.grid import Grid
from lumbomics.core.measurement import Result
from lumbomics.phantom.anatomy import MUSCLE, Anatomy
from lumbomics.phantom.extra import Extra, Numbers
from lumbomics.phantom.lesions.canal import (
    Lipomatosis,
    ThickFlavum,
    paint_flavum,
    paint_lipomatosis,
    squeezed,
    thickened,
)
from lumbomics.phantom.lesions.discs import DiscState, HighIntensityZone, paint_disc_state, paint_zone
from lumbomics.phantom.lesions.facets import FacetState, joint_layers, paint_facet
from lumbomics.phantom.lesions.infection import Discitis, displaced_sac, paint_discitis
from lumbomics.phantom.lesions.marrow import EndplateDefect, Modic, paint_defect, paint_modic
from lumbomics.phantom.lesions.muscles import MuscleState, apply_muscles
from lumbomics.phantom.lesions.tissues import LESION_PROPERTIES, Lesion, border_of, border_properties
from lumbomics.phantom.lesions.truth import lesion_truth
from lumbomics.phantom.parameters import PhantomParameters
from lumbomics.phantom.signal import Injection
from lumbomics.phantom.soft import SoftTissue
from lumbomics.phantom.tissue import Properties, nucleus_of

if TYPE_CHECKING:
    from lumbomics.phantom.scene import Scene

_INFECTED = (Lesion.INFECTED_DISC, Lesion.INFECTED_MARROW, Lesion.GRANULATION, Lesion.EPIDURAL_WALL)


@dataclass(frozen=True, kw_only=True, eq=False)
class Lesions(Extra):
    """What is worn or ill in one spine.

    Discs change height and signal with the spine itself: build the phantom from ``lesions.shape(parameters)``, or with
    :func:`~lumbomics.phantom.lesions.make_worn_phantom`, which does so.

    Parameters
    ----------
    discs
        State by disc; a disc left out stays as the parameters have it, without a grade.
    modic, defects
        Changes of the marrow and holes in endplates.
    zones
        High-intensity zones.
    infections
        Infected discs.
    facets
        Facet joints; those left out stay as the plain phantom's.
    flava, fats
        Thick flaval ligaments and epidural lipomatosis.
    muscles
        Fat and size by muscle and side.
    """

    discs: Mapping[str, DiscState] = field(default_factory=dict)
    modic: tuple[Modic, ...] = ()
    defects: tuple[EndplateDefect, ...] = ()
    zones: tuple[HighIntensityZone, ...] = ()
    infections: tuple[Discitis, ...] = ()
    facets: tuple[FacetState, ...] = ()
    flava: tuple[ThickFlavum, ...] = ()
    fats: tuple[Lipomatosis, ...] = ()
    muscles: tuple[MuscleState, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "discs", MappingProxyType(dict(self.discs)))

    def shape(self, parameters: PhantomParameters) -> PhantomParameters:
        """Return the parameters with heights and degeneration of the discs as their states say.

        A height share is of the normal height (that of a spine of the same size), kept within what can be built.
        """
        if not self.discs:
            return parameters
        normal = PhantomParameters(transition=parameters.transition, size=parameters.size).disc_height_mm
        heights, wear = dict(parameters.disc_height_mm), dict(parameters.degeneration)
        for disc, state in self.discs.items():
            if disc in heights:
                heights[disc] = max(state.height_share * normal[disc], 2.5)
            wear[disc] = 1 - state.signal
        return replace(parameters, disc_height_mm=heights, degeneration=wear)

    def build(self, anatomy: Anatomy) -> Anatomy:
        """Reshape the joints, the canal and the sac."""
        joints = [layer for state in self.facets for layer in joint_layers(anatomy, state)]
        anatomy = replace(anatomy, arches=(*anatomy.arches, *joints))
        anatomy = squeezed(anatomy, self.fats)
        for item in self.infections:
            anatomy = displaced_sac(anatomy, item)
        return thickened(anatomy, self.flava)

    def relabel(self, maps: MutableMapping[str, Numbers], anatomy: Anatomy, soft: SoftTissue, grid: Grid) -> None:
        """Change the muscles' outlines."""
        if MUSCLE in maps:
            apply_muscles(None, maps[MUSCLE], self.muscles, anatomy, soft, grid)

    def paint(self, tissue: Numbers, anatomy: Anatomy, soft: SoftTissue, grid: Grid) -> None:
        """Paint every lesion, infections last."""
        apply_muscles(tissue, None, self.muscles, anatomy, soft, grid)
        paint_flavum(tissue, self.flava, anatomy, grid)
        paint_lipomatosis(tissue, self.fats, anatomy, grid)
        for facet in self.facets:
            paint_facet(tissue, facet, anatomy, grid)
        for disc, state in self.discs.items():
            paint_disc_state(tissue, disc, state, anatomy, grid)
        for zone in self.zones:
            paint_zone(tissue, zone, anatomy, grid)
        for change in self.modic:
            paint_modic(tissue, change, anatomy, grid)
        for defect in self.defects:
            content = nucleus_of(anatomy.parameters.discs.index(defect.disc))
            paint_defect(tissue, defect, anatomy, grid, content)
        for item in self.infections:
            paint_discitis(tissue, item, anatomy, grid)

    def properties(self, anatomy: Anatomy, injection: Injection | None) -> Mapping[int, Properties]:
        """Properties of the lesions, and of the borders of the discs as these are worn."""
        table: dict[int, Properties] = {int(number): values for number, values in LESION_PROPERTIES.items()}
        for index, wear in enumerate(anatomy.parameters.degeneration.values()):
            table[border_of(index)] = border_properties(wear)
        if self.infections and not any(item.enhancing for item in self.infections):
            table.update({int(n): replace(table[n], uptake_mmol_l=0.02) for n in _INFECTED})
        return table

    def canal(self) -> Mapping[int, CanalTissue]:
        """Pus is a collection, in the canal and outside it."""
        pus = (Lesion.ABSCESS, Lesion.EPIDURAL_ABSCESS, Lesion.EPIDURAL_WALL)
        return {int(number): CanalTissue.COLLECTION for number in pus}

    def truth(self, scene: Scene) -> Iterable[Result]:
        """Tell the grades and sizes of all lesions; see :mod:`lumbomics.phantom.lesions.truth`."""
        return lesion_truth(self, scene)
