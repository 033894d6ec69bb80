"""Random spines: values drawn about the norms, with the pathology of an ageing, partly operated population."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lumbomics.core.anatomy import Side, Transition
from lumbomics.phantom.levels import Herniation, Zone, discs_of, vertebrae_of
from lumbomics.phantom.norms import (
    DISC_ANGLE_DEG,
    DISC_HEIGHT_MM,
    LORDOSIS_MEAN_DEG,
    LORDOSIS_SD_DEG,
    SACRAL_SLOPE_MEAN_DEG,
    VERTEBRAE,
)

_TRANSITIONS = (Transition.NONE, Transition.SACRALISED_L5, Transition.LUMBARISED_S1, Transition.T13)
_TRANSITION_SHARES = (0.84, 0.07, 0.06, 0.03)
"""Transitional vertebrae in about one of seven (Konin and Walz, AJNR 2010;31:1778: 4 to 30 %)."""

_WEAR = {"L1": 0.6, "L2": 0.7, "L3": 0.9, "L4": 1.3, "L5": 1.3, "L6": 0.6}


@dataclass(frozen=True, kw_only=True)
class DrawnValues:
    """One draw; the fields are those of PhantomParameters."""

    transition: Transition
    size: float
    sacral_slope_deg: float
    disc_angle_deg: Mapping[str, float]
    wedge_deg: Mapping[str, float]
    disc_height_mm: Mapping[str, float]
    body_height_mm: Mapping[str, float]
    slip_mm: Mapping[str, float]
    lateral_listhesis_mm: Mapping[str, float]
    degeneration: Mapping[str, float]
    canal_narrowing: Mapping[str, float]
    foraminal_narrowing: Mapping[tuple[str, Side], float]
    herniations: tuple[Herniation, ...]
    coronal_cobb_deg: float
    coronal_apex: str
    coronal_side: Side
    apical_rotation_deg: float
    endplate_concavity_mm: float
    fat_mm: float


def draw_values(rng: np.random.Generator, *, transition: Transition | None, healthy: bool) -> DrawnValues:
    """Draw every parameter; ``healthy`` keeps sizes and curves and leaves out pathology."""
    drawn = Transition(str(rng.choice(np.array([t.value for t in _TRANSITIONS]), p=_TRANSITION_SHARES)))
    kind = drawn if transition is None else transition
    discs, bodies = discs_of(kind), vertebrae_of(kind)[:-1]
    size = _normal(rng, 1.0, 0.055, 0.86, 1.14)
    lordosis = _normal(rng, LORDOSIS_MEAN_DEG, LORDOSIS_SD_DEG, 22, 74)
    degeneration = {disc: 0.0 if healthy else _wear(rng, disc) for disc in discs}
    cobb = 0.0 if healthy else _cobb(rng)
    wedge = {name: VERTEBRAE[name].wedge + _normal(rng, 0, 1.1, -3, 3) for name in bodies}
    if not healthy and rng.random() < 0.06:
        wedge[str(rng.choice(np.array(["T12", "L1", "L2"])))] -= float(rng.uniform(5, 14))
    return DrawnValues(
        transition=kind,
        size=size,
        sacral_slope_deg=_normal(rng, SACRAL_SLOPE_MEAN_DEG + 0.6 * (lordosis - LORDOSIS_MEAN_DEG), 4.0, 12, 60),
        disc_angle_deg=_disc_angles(rng, discs, lordosis, kind),
        wedge_deg=wedge,
        disc_height_mm={disc: _disc_height(rng, disc, degeneration[disc], size, kind) for disc in discs},
        body_height_mm={name: VERTEBRAE[name].height * size * _normal(rng, 1, 0.03, 0.92, 1.08) for name in bodies},
        slip_mm=_slips(rng, discs, healthy=healthy),
        lateral_listhesis_mm={disc: _normal(rng, 0, 0.3 + 0.05 * cobb, -6, 6) for disc in discs},
        degeneration=degeneration,
        canal_narrowing={d: _narrowing(rng, w, 0.6) for d, w in degeneration.items() if d.startswith("L")},
        foraminal_narrowing={
            (d, s): _narrowing(rng, w, 0.6)
            for d, w in degeneration.items()
            if d.startswith("L")
            for s in (Side.LEFT, Side.RIGHT)
        },
        herniations=() if healthy else _herniations(rng),
        coronal_cobb_deg=cobb,
        coronal_apex=str(rng.choice(np.array(["L1", "L2", "L3"]))),
        coronal_side=Side.LEFT if rng.random() < 0.5 else Side.RIGHT,
        apical_rotation_deg=0.4 * cobb * float(rng.uniform(0.5, 1.2)),
        endplate_concavity_mm=_normal(rng, 2.0, 0.45, 0.8, 3.2),
        fat_mm=_normal(rng, 22, 8, 8, 48),
    )


def _normal(rng: np.random.Generator, mean: float, sd: float, low: float, high: float) -> float:
    return float(np.clip(rng.normal(mean, sd), low, high))


def _wear(rng: np.random.Generator, disc: str) -> float:
    mean = 0.32 * _WEAR.get(disc.partition("-")[0], 0.4)
    return float(rng.beta(4 * mean, 4 * (1 - mean)))


def _cobb(rng: np.random.Generator) -> float:
    """Draw mostly straight spines, one in ten with a scoliosis beyond 10 deg (Schwab et al., Spine 2005;30:1082)."""
    return float(np.clip(rng.exponential(4.5), 0, 38))


def _disc_angles(
    rng: np.random.Generator, discs: tuple[str, ...], lordosis: float, kind: Transition
) -> dict[str, float]:
    """Spread the lordosis over the lumbar discs in the normal proportion, with noise at each."""
    lumbar = [d for d in discs if d.startswith("L")]
    base = {d: DISC_ANGLE_DEG[d.partition("-")[0]] for d in discs}
    if kind is Transition.SACRALISED_L5:
        base["L5-S1"] = 5.0
    wedges = sum(VERTEBRAE[d.partition("-")[0]].wedge for d in lumbar)
    missing = lordosis - wedges - sum(base[d] for d in lumbar)
    total = sum(3 + base[d] for d in lumbar)
    shares = {d: missing * (3 + base[d]) / total for d in lumbar}
    noise = {d: rng.normal(0, 1.6 if d in shares else 0.8) for d in discs}
    return {d: float(np.clip(base[d] + shares.get(d, 0.0) + noise[d], -6, 26)) for d in discs}


def _disc_height(rng: np.random.Generator, disc: str, wear: float, size: float, kind: Transition) -> float:
    upper = disc.partition("-")[0]
    normal = 4.5 if kind is Transition.SACRALISED_L5 and upper == "L5" else DISC_HEIGHT_MM[upper]
    height = normal * size * (1 - 0.45 * wear**1.5) * _normal(rng, 1, 0.08, 0.8, 1.2)
    return float(np.maximum(height, 3.2))


def _slips(rng: np.random.Generator, discs: tuple[str, ...], *, healthy: bool) -> dict[str, float]:
    """Draw small offsets everywhere, and a forward slip of one low level in about one of eight."""
    slips = {d: _normal(rng, 0, 0.6, -2, 2) for d in discs}
    if not healthy and rng.random() < 0.13:
        slips[str(rng.choice(np.array(discs[-3:]), p=(0.2, 0.5, 0.3)))] = float(rng.uniform(3, 11))
    return slips


def _narrowing(rng: np.random.Generator, wear: float, top: float) -> float:
    return float(top * wear * rng.beta(1.5, 2.0))


def _herniations(rng: np.random.Generator) -> tuple[Herniation, ...]:
    if rng.random() > 0.3:
        return ()
    zone = Zone(str(rng.choice(np.array([z.value for z in Zone]), p=(0.3, 0.5, 0.14, 0.06))))
    side = Side.MIDLINE if zone is Zone.CENTRAL else (Side.LEFT if rng.random() < 0.5 else Side.RIGHT)
    level = str(rng.choice(np.array(["L3-L4", "L4-L5"]), p=(0.25, 0.75)))
    size, shift = float(rng.uniform(3, 8)), float(rng.uniform(-3, 2))
    return (Herniation(level=level, zone=zone, side=side, size_mm=size, migration_mm=shift),)
