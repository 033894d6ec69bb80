"""How scar and displaced disc differ from patient to patient, so that no single reading tells them apart.

What is published: without contrast agent one scar in three is taken for disc (specificity 71 % with every disc found,
30 patients; Hueftle et al., Radiology 1988;167:817), because scar too can lie on the disc and push the sac. Scar is of
intermediate signal up to two years and mostly dark later (Sotiropoulos et al., AJNR 1989;10:639). Within 10 minutes
after the injection disc hardly enhances, later three of four do (Hueftle). Enhancing rims of herniations differ in
thickness, and the thick-rimmed and displaced ones are being resorbed by vessels (Autio et al., Spine 2006;31:1247).
Relaxation times of single scars are not published; the spread of T1 and T2 here is an engineering choice that makes
scar and disc overlap on both, as those authors describe.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lumbomics.core.anatomy import Side
from lumbomics.phantom.levels import Zone
from lumbomics.phantom.postoperative.fragment import DiscFragment, Displacement
from lumbomics.phantom.postoperative.place import sign_of
from lumbomics.phantom.postoperative.plug import ScarPlug
from lumbomics.phantom.postoperative.sac import SacShift
from lumbomics.phantom.postoperative.scar import EpiduralScar, Quadrant
from lumbomics.phantom.postoperative.state import Postoperative
from lumbomics.phantom.postoperative.tissues import ScarTissue, Vessels

LUMP_CHANCE = 0.3
"""Scars that lie on the disc and push: those that are taken for disc without contrast agent (29 % of Hueftle's)."""
_PLUG_CHANCE, _FLAT_CHANCE, _HELD_CHANCE, _VASCULAR_CHANCE = 0.7, 0.3, 0.3, 0.25
_ZONES = {Zone.SUBARTICULAR: 0.65, Zone.CENTRAL: 0.25, Zone.FORAMINAL: 0.10}
_KINDS = {Displacement.PROTRUSION: 0.40, Displacement.EXTRUSION: 0.45, Displacement.SEQUESTRATION: 0.15}


def scar_tissue(rng: np.random.Generator, months: float) -> ScarTissue:
    """Draw the tissue of a scar: poorly to richly vascular, T1 820-1160 ms, T2 0.7-1.45 of what its age lets expect."""
    return ScarTissue(
        months=months,
        uptake_mmol_l=float(rng.uniform(0.18, 0.38)),
        t1_ms=float(rng.uniform(820, 1160)),
        wetness=float(np.exp(rng.uniform(np.log(0.7), np.log(1.45)))),
    )


def as_layer(base: Postoperative, rng: np.random.Generator, side: Side) -> Postoperative:
    """Scar that fills the recess as a layer and draws the sac to itself, mostly with a plug where the disc was cut."""
    pull = float(rng.uniform(0.0, 2.0))
    turn = np.deg2rad(rng.uniform(-10, 60))
    right, front = sign_of(side) * pull * np.cos(turn), -0.6 * pull * np.sin(turn)
    shift = SacShift(level=base.defect.level, right_mm=right, front_mm=front)
    plug = _plug(base, rng, side, (2.0, 4.0)) if rng.random() < _PLUG_CHANCE else None
    return replace(base, shift=shift, plug=plug)


def as_lump(base: Postoperative, rng: np.random.Generator, side: Side) -> Postoperative:
    """Scar as a lump on the disc that pushes the sac away, as displaced disc does."""
    scar = base.scar or EpiduralScar(level=base.defect.level, fraction={})
    front = Quadrant.LEFT_ANTERIOR if side is Side.LEFT else Quadrant.RIGHT_ANTERIOR
    plug = _plug(base, rng, side, (3.5, 8.0))
    return replace(
        base,
        scar=replace(scar, start={front: (float(rng.uniform(0.25, 0.6)), float(rng.uniform(0.8, 1.05)))}),
        plug=plug,
        shift=_pushed(rng, plug.shape, side),
    )


def _plug(base: Postoperative, rng: np.random.Generator, side: Side, sizes_mm: tuple[float, float]) -> ScarPlug:
    kind = Displacement.EXTRUSION if rng.random() < 0.4 else Displacement.PROTRUSION
    shape = DiscFragment(
        level=base.defect.level,
        zone=Zone.SUBARTICULAR,
        side=side,
        kind=kind,
        size_mm=float(rng.uniform(*sizes_mm)),
        migration_mm=_migration(rng, Zone.SUBARTICULAR, kind),
    )
    return ScarPlug(shape=shape, tissue=base.scar.tissue if base.scar else ScarTissue(months=base.defect.months))


def with_fragment(base: Postoperative, rng: np.random.Generator, side: Side) -> Postoperative:
    """Displaced disc: large or flat, moved or not, pushing the sac or held to it, bare or with vessels of its own."""
    zone = Zone(str(rng.choice([z.value for z in _ZONES], p=list(_ZONES.values()))))
    kind = Displacement(str(rng.choice([k.value for k in _KINDS], p=list(_KINDS.values()))))
    if zone is Zone.FORAMINAL and kind is Displacement.SEQUESTRATION:
        # the pedicle leaves no room below, and none for a free fragment
        kind = Displacement.EXTRUSION
    low, high = (2.6, 4.2) if rng.random() < _FLAT_CHANCE else (4.0, 8.5)
    fragment = DiscFragment(
        level=base.defect.level,
        zone=zone,
        side=Side.MIDLINE if zone is Zone.CENTRAL else side,
        kind=kind,
        size_mm=float(rng.uniform(low, high)),
        migration_mm=_migration(rng, zone, kind),
        t1_ms=float(rng.uniform(900, 1200)),
        t2_ms=float(rng.uniform(38, 100)),
        rim_mm=float(rng.uniform(0.2, 1.4)),
        vessels=_vessels(rng),
    )
    return replace(base, fragments=(fragment,), shift=_pushed(rng, fragment, side))


def _migration(rng: np.random.Generator, zone: Zone, kind: Displacement) -> float:
    moved = 0.0 if kind is Displacement.PROTRUSION else float(rng.uniform(-9, 5))
    return max(moved, 0.0) if zone is Zone.FORAMINAL else moved


def _vessels(rng: np.random.Generator) -> Vessels:
    """Draw the vessels: a rim of any strength, a core mostly without."""
    core = float(rng.uniform(0.1, 0.6)) if rng.random() < _VASCULAR_CHANCE else 0.0
    return Vessels(
        uptake_mmol_l=float(rng.uniform(0.15, 0.36)),
        core_share=core,
        diffusion_mm2_s=float(rng.uniform(1e-4, 4e-4)),
    )


def _pushed(rng: np.random.Generator, fragment: DiscFragment, side: Side) -> SacShift:
    """Draw the sac's shift: away from the disc by its size, or next to none where adhesions hold it."""
    held = rng.random() < _HELD_CHANCE
    push = float(rng.uniform(-0.1, 0.08) if held else rng.uniform(0.12, 0.3)) * fragment.size_mm
    away = 0.0 if fragment.zone is Zone.CENTRAL else -sign_of(side)
    return SacShift(level=fragment.level, right_mm=0.8 * push * away, front_mm=-0.6 * push)
