"""True values of displaced disc, fluid, blood and adherent roots at an operated level."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import IN_CANAL, CanalTissue
from lumbomics.core.measurement import Measurement
from lumbomics.phantom.postoperative.arachnoid import Arachnoiditis
from lumbomics.phantom.postoperative.fragment import DiscFragment, Displacement
from lumbomics.phantom.postoperative.place import Place
from lumbomics.phantom.postoperative.sections import row, sections
from lumbomics.phantom.scene import Scene

if TYPE_CHECKING:
    from lumbomics.phantom.postoperative.state import Postoperative

_DISC_REACH_MM, _FLUID_REACH_MM = 20.0, 25.0
_FINE_MM = 0.4
_ORDER = ("none", *Displacement)
_LEAST_MM3 = 40.0


def mass_truth(state: Postoperative, scene: Scene) -> Iterator[Measurement]:
    """Yield volumes of disc, fluid and blood, the fragment's type and zone, and Delamarter's group."""
    level = state.defect.level
    yield from _disc_truth(state.fragments, scene, level)
    yield from _fluid_truth(state, scene, level)
    groups = [int(one.group) for one in state.roots if isinstance(one, Arachnoiditis) and one.strength > 0]
    group = max(groups, default=0)
    yield _class("delamarter_group", "group", "{group}", level, float(group), str(group) if group else "none")


def _disc_truth(fragments: tuple[DiscFragment, ...], scene: Scene, level: str) -> Iterator[Measurement]:
    """Volume, greatest share of the canal and depth of what is displaced; type and zone as they were built."""
    kinds = [fragment.kind for fragment in fragments]
    order = max((_ORDER.index(kind) for kind in kinds), default=0)
    yield _class("herniation_type", "fardon_2014_displaced_map", "{type}", level, float(order), _ORDER[order])
    if not fragments:
        yield row("herniation_volume", "volume", "mm3", 0.0, level)
        return
    cut = sections(
        scene, level, low_mm=-_DISC_REACH_MM, high_mm=_DISC_REACH_MM, fine_mm=_FINE_MM, behind_mm=14.0, aside_mm=30.0
    )
    disc, canal = cut.within(CanalTissue.DISC), cut.within(*IN_CANAL)
    yield row("herniation_volume", "volume", "mm3", cut.volume(disc), level)
    if cut.volume(disc) < _LEAST_MM3:
        return
    share = (disc & canal).sum(axis=(0, 1)) / np.maximum(canal.sum(axis=(0, 1)), 1)
    yield row("herniation_volume", "canal_occupation", "%", 100 * float(share.max()), level)
    yield row("herniation_volume", "depth", "mm", cut.fine_mm * float(disc.sum(axis=1).max()), level)
    height = float((disc.sum(axis=(0, 1)) * cut.z).sum() / disc.sum())
    yield row("herniation_zone", "migration", "mm", height, level)
    for fragment in fragments[:1]:
        side = "" if fragment.side is Side.MIDLINE else f"{fragment.side} "
        yield Measurement(
            biomarker="herniation_zone", method="fardon_2014", unit="1", level=level, category=f"{side}{fragment.zone}"
        )


def _fluid_truth(state: Postoperative, scene: Scene, level: str) -> Iterator[Measurement]:
    """Volume of fluid and of blood on each side, in the planes nearer to this disc than to its neighbours."""
    if state.fluid is None and state.blood is None:
        return
    low, high = _own_heights(scene, level)
    cut = sections(scene, level, low_mm=low, high_mm=high, fine_mm=2 * _FINE_MM, behind_mm=70.0, aside_mm=24.0)
    for side in (Side.LEFT, Side.RIGHT):
        here = cut.on(side)
        for method, kind in (("volume", CanalTissue.COLLECTION), ("haematoma_volume", CanalTissue.HAEMATOMA)):
            yield row("fluid_collection", method, "mm3", cut.volume(cut.within(kind) & here), level, side)


def _own_heights(scene: Scene, level: str) -> tuple[float, float]:
    """Heights (mm) half-way to the neighbouring discs, 25 mm at most."""
    frame, ends = Place.of(scene.anatomy, level).frame, [-_FLUID_REACH_MM, _FLUID_REACH_MM]
    for name, _, _ in scene.anatomy.pairs:
        height = float(frame.to_local(Place.of(scene.anatomy, name).frame.origin_mm)[2]) / 2
        if height < 0:
            ends[0] = max(ends[0], height)
        elif height > 0:
            ends[1] = min(ends[1], height)
    return ends[0], ends[1]


def _class(biomarker: str, method: str, unit: str, level: str, value: float, category: str) -> Measurement:
    return Measurement(
        biomarker=biomarker, method=method, unit=unit, level=level, value=value, category=category, se=0.0
    )
