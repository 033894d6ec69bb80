"""Random operated levels, and the phantoms that have them."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

import numpy as np

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError
from lumbomics.core.examination import Surgery
from lumbomics.phantom.extra import Extra
from lumbomics.phantom.parameters import PhantomParameters
from lumbomics.phantom.phantom import Phantom, make_phantom
from lumbomics.phantom.postoperative.arachnoid import Arachnoiditis, Delamarter
from lumbomics.phantom.postoperative.bone import BoneDefect
from lumbomics.phantom.postoperative.collection import BloodAge, Collection, Haematoma
from lumbomics.phantom.postoperative.courses import RedundantRoots
from lumbomics.phantom.postoperative.nerve import InflamedJoints, InflamedRoot
from lumbomics.phantom.postoperative.place import sign_of
from lumbomics.phantom.postoperative.sac import SacShift
from lumbomics.phantom.postoperative.scar import EpiduralScar, Quadrant
from lumbomics.phantom.postoperative.state import Postoperative
from lumbomics.phantom.postoperative.variety import LUMP_CHANCE, as_layer, as_lump, scar_tissue, with_fragment


class Kind(StrEnum):
    """What is found after the operation."""

    PLAIN = "plain"
    SCAR = "scar"
    DISC = "disc"
    MIXED = "mixed"
    ARACHNOIDITIS = "arachnoiditis"
    COLLECTION = "collection"
    HAEMATOMA = "haematoma"
    REDUNDANT = "redundant"


_MONTHS = {Kind.HAEMATOMA: (0.1, 0.8), Kind.COLLECTION: (0.3, 14.0)}
_USUAL_MONTHS = (1.0, 60.0)
_LEVELS, _LEVEL_SHARES = ("L3-L4", "L4-L5", "L5-S1"), (0.15, 0.55, 0.30)


def make_postoperative(
    seed: int,
    kind: Kind | None = None,
    *,
    parameters: PhantomParameters | None = None,
    level: str | None = None,
    side: Side | None = None,
    further: tuple[Extra, ...] = (),
) -> Phantom:
    """Make a phantom with one operated level.

    Parameters
    ----------
    seed
        Source of all that is random, the spine included.
    kind
        What is found; drawn where not given.
    parameters
        Shape of the spine; drawn from the seed where not given. Herniations of its own are left out, and the operated
        level's canal is opened.
    level, side
        Where; drawn where not given.
    further
        Lesions and metal, which act after the surgery.
    """
    rng = np.random.default_rng([seed, 4])
    found = kind or Kind(str(rng.choice([k.value for k in Kind])))
    spine = parameters or PhantomParameters.random(seed)
    where = level or _level(rng, spine)
    hand = side or (Side.LEFT if rng.random() < 0.5 else Side.RIGHT)
    state = draw_state(rng, found, level=where, side=hand)
    return make_phantom(seed, _operated(spine, where, found), extras=(state, *further))


def draw_state(rng: np.random.Generator, kind: Kind, *, level: str, side: Side) -> Postoperative:
    """Draw the parts of an operated level of one kind."""
    if side is Side.MIDLINE:
        raise InputError("an approach has a side", expected="left or right", got="midline", where="side")
    months = _months(rng, kind)
    defect = _defect(rng, kind, level, side, months)
    scar = EpiduralScar(
        level=level,
        fraction=_fractions(rng, kind, side),
        half_length_mm=float(rng.uniform(11, 20)),
        tissue=scar_tissue(rng, months),
    )
    base = Postoperative(defect=defect, scar=scar, joints=InflamedJoints(level=level) if rng.random() < 0.4 else None)
    draw = {
        Kind.SCAR: _with_scar,
        Kind.DISC: _with_disc,
        Kind.MIXED: _with_disc,
        Kind.ARACHNOIDITIS: _with_arachnoiditis,
        Kind.COLLECTION: _with_collection,
        Kind.HAEMATOMA: _with_haematoma,
        Kind.REDUNDANT: _with_redundant_roots,
    }
    return draw[kind](base, rng, side) if kind in draw else base


def _level(rng: np.random.Generator, spine: PhantomParameters) -> str:
    """Draw the level; a spine with another lowest disc has it operated instead of L5-S1."""
    drawn = str(rng.choice(np.array(_LEVELS), p=_LEVEL_SHARES))
    return drawn if drawn in spine.discs else spine.discs[-1]


def _operated(spine: PhantomParameters, level: str, kind: Kind) -> PhantomParameters:
    """Open the canal at the operated level; stenosis above it where roots are to wind."""
    narrowing = {**spine.canal_narrowing, level: min(spine.canal_narrowing[level], 0.15)}
    if kind is Kind.REDUNDANT:
        narrowing[level] = 0.6
    return replace(spine, herniations=(), canal_narrowing=narrowing)


def _months(rng: np.random.Generator, kind: Kind) -> float:
    low, high = _MONTHS.get(kind, _USUAL_MONTHS)
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _defect(rng: np.random.Generator, kind: Kind, level: str, side: Side, months: float) -> BoneDefect:
    both = kind in {Kind.HAEMATOMA, Kind.COLLECTION} and rng.random() < 0.6
    what = Surgery.LAMINECTOMY if both or rng.random() < 0.2 else Surgery.DISCECTOMY
    width, fat = float(rng.uniform(8, 13)), float(rng.uniform(0.0, 2.5))
    return BoneDefect(level=level, side=None if both else side, kind=what, width_mm=width, fat_mm=fat, months=months)


def _fractions(rng: np.random.Generator, kind: Kind, side: Side) -> dict[Quadrant, float]:
    """Much scar on the operated side where that is the finding, little elsewhere."""
    much = {Kind.SCAR: (0.45, 1.0), Kind.MIXED: (0.35, 0.9), Kind.ARACHNOIDITIS: (0.1, 0.6)}.get(kind, (0.0, 0.35))
    result = {}
    for quadrant in Quadrant:
        same = quadrant.signs[0] == sign_of(side)
        low, high = much if same else (0.0, 0.4 * much[1])
        result[quadrant] = float(np.clip(rng.uniform(low, high) - (0.0 if same else 0.1), 0, 1))
    return result


def _with_scar(base: Postoperative, rng: np.random.Generator, side: Side) -> Postoperative:
    base = as_lump(base, rng, side) if rng.random() < LUMP_CHANCE else as_layer(base, rng, side)
    return replace(base, root=_root(base, rng, side, shell_mm=float(rng.uniform(0.5, 2.0)), chance=0.4))


def _with_disc(base: Postoperative, rng: np.random.Generator, side: Side) -> Postoperative:
    swelling = float(rng.uniform(1.2, 1.8))
    return replace(with_fragment(base, rng, side), root=_root(base, rng, side, swelling=swelling, chance=0.3))


def _with_arachnoiditis(base: Postoperative, rng: np.random.Generator, side: Side) -> Postoperative:
    group = Delamarter(str(rng.choice([g.value for g in Delamarter], p=(0.4, 0.4, 0.2))))
    aside = Side(str(rng.choice([s.value for s in Side]))) if group is Delamarter.CENTRAL else Side.MIDLINE
    levels = ("L2-L3", "L3-L4", base.defect.level)
    upper = str(rng.choice([lv for lv in levels if lv <= base.defect.level]))
    strength = float(rng.uniform(0.8, 1.0))
    one = Arachnoiditis(upper=upper, lower=base.defect.level, group=group, strength=strength, side=aside)
    return replace(base, roots=(one,))


def _with_collection(base: Postoperative, rng: np.random.Generator, side: Side) -> Postoperative:
    neck = float(rng.uniform(1.0, 2.5)) if rng.random() < 0.6 else None
    half = (float(rng.uniform(6, 14)), float(rng.uniform(5, 13)), float(rng.uniform(12, 28)))
    fluid = Collection(
        level=base.defect.level,
        side=base.defect.side,
        half_sizes_mm=half,
        gap_mm=float(rng.uniform(2, 6)),
        neck_mm=neck,
    )
    return replace(base, fluid=fluid)


def _with_haematoma(base: Postoperative, rng: np.random.Generator, side: Side) -> Postoperative:
    flattening = float(rng.uniform(0.2, 0.55))
    blood = Haematoma(
        level=base.defect.level,
        share=float(rng.uniform(0.75, 1.0)),
        half_length_mm=float(rng.uniform(16, 32)),
        age=BloodAge(str(rng.choice([a.value for a in BloodAge]))),
    )
    shift = SacShift(
        level=base.defect.level,
        front_mm=6.0 * flattening,
        flattening=flattening,
        half_length_mm=blood.half_length_mm + 4,
    )
    return replace(base, blood=blood, shift=shift)


def _with_redundant_roots(base: Postoperative, rng: np.random.Generator, side: Side) -> Postoperative:
    winding = RedundantRoots(
        level=base.defect.level,
        amplitude_mm=float(rng.uniform(1.8, 3.6)),
        wavelength_mm=float(rng.uniform(11, 20)),
        length_mm=float(rng.uniform(30, 60)),
    )
    return replace(base, roots=(winding,))


def _root(
    base: Postoperative,
    rng: np.random.Generator,
    side: Side,
    *,
    chance: float,
    shell_mm: float = 0.8,
    swelling: float = 1.0,
) -> InflamedRoot | None:
    # the sacrum's leaving roots are not drawn
    if base.defect.level.endswith("S1") or rng.random() > chance:
        return None
    return InflamedRoot(level=base.defect.level, side=side, shell_mm=shell_mm, swelling=swelling)
