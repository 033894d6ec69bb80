"""Random implants of one patient."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError
from lumbomics.phantom.metal.implants import Cage, Implant, Lead, Material, Screws
from lumbomics.phantom.metal.metal import Metal
from lumbomics.phantom.parameters import PhantomParameters

_FIRST_LEVELS = ("L2", "L3", "L4", "L5")
_FIRST_CHANCE = (0.1, 0.2, 0.4, 0.3)
_MATERIALS = (Material.TITANIUM, Material.COBALT_CHROME, Material.STEEL)
_MATERIAL_CHANCE = (0.75, 0.1, 0.15)


def draw_metal(seed: int, parameters: PhantomParameters, *, lead_chance: float = 0.15) -> Metal:
    """Draw the implants of one patient from a seed: a fusion of two or three vertebrae, or a stimulator lead.

    Titanium is most frequent; cages are of titanium or polymer. The chances are set so that all kinds occur.

    Raises
    ------
    InputError
        If the seed is negative or the chance no probability.
    """
    if seed < 0 or not 0 <= lead_chance <= 1:
        raise InputError("a seed is >= 0 and a chance lies in 0 to 1", got=f"{seed}, {lead_chance}")
    rng = np.random.default_rng([seed, 0x4D])
    if rng.random() < lead_chance:
        return Metal((Lead(contacts=8, side_mm=float(rng.uniform(-2.5, 2.5))),))
    first = _FIRST_LEVELS[int(rng.choice(len(_FIRST_LEVELS), p=_FIRST_CHANCE))]
    start = parameters.vertebrae.index(first)
    chosen = parameters.vertebrae[start : start + int(rng.integers(2, 4))]
    return Metal((_screws(rng, chosen), *_cages(rng, chosen)))


def _screws(rng: np.random.Generator, vertebrae: tuple[str, ...]) -> Screws:
    one_sided = rng.random() < 0.1
    side = (Side.LEFT, Side.RIGHT)[int(rng.integers(2))]
    return Screws(
        vertebrae=vertebrae,
        material=_MATERIALS[int(rng.choice(len(_MATERIALS), p=_MATERIAL_CHANCE))],
        sides=(side,) if one_sided else (Side.LEFT, Side.RIGHT),
        length_mm=float(rng.choice([40.0, 45.0, 50.0])),
        diameter_mm=float(rng.choice([5.5, 6.5, 7.5])),
        convergence_deg=float(rng.uniform(5, 18)),
    )


def _cages(rng: np.random.Generator, vertebrae: tuple[str, ...]) -> list[Implant]:
    discs = [f"{upper}-{lower}" for upper, lower in pairwise(vertebrae)]
    material = Material.TITANIUM if rng.random() < 0.5 else Material.POLYMER
    return [Cage(disc=disc, material=material, width_mm=26.0) for disc in discs if rng.random() < 0.6]
