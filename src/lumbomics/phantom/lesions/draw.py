"""Random worn spines: what is drawn hangs together as it does in patients."""

from __future__ import annotations

from itertools import product

import numpy as np

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError
from lumbomics.core.labels import Muscle
from lumbomics.phantom.lesions.canal import Lipomatosis, ThickFlavum
from lumbomics.phantom.lesions.discs import DiscState, HighIntensityZone
from lumbomics.phantom.lesions.facets import FacetState
from lumbomics.phantom.lesions.infection import Discitis
from lumbomics.phantom.lesions.lesions import Lesions
from lumbomics.phantom.lesions.marrow import Endplate, EndplateDefect, Modic, ModicType
from lumbomics.phantom.lesions.muscles import MuscleState
from lumbomics.phantom.parameters import PhantomParameters
from lumbomics.phantom.phantom import Phantom, make_phantom

_SIDES = (Side.LEFT, Side.RIGHT)
_PAIRS = (
    (Muscle.PSOAS_LEFT, Muscle.PSOAS_RIGHT),
    (Muscle.MULTIFIDUS_LEFT, Muscle.MULTIFIDUS_RIGHT),
    (Muscle.ERECTOR_SPINAE_LEFT, Muscle.ERECTOR_SPINAE_RIGHT),
)
_MODIC_CHANCE = {1: 0.02, 2: 0.04, 3: 0.10, 4: 0.25, 5: 0.45}
_ZONE_CHANCE = {1: 0.0, 2: 0.05, 3: 0.2, 4: 0.2, 5: 0.05}
_MODIC_SHARES = (0.35, 0.55, 0.10)


def make_worn_phantom(
    seed: int = 0, parameters: PhantomParameters | None = None, *, lesions: Lesions | None = None
) -> Phantom:
    """Make a phantom with lesions; what is not given is drawn from the seed.

    Parameters
    ----------
    seed
        Source of all that is random.
    parameters
        Shape of the spine; heights and degeneration of the discs are taken from the lesions.
    lesions
        What is worn; drawn by :func:`draw_lesions` where not given.
    """
    base = parameters or PhantomParameters.random(seed)
    worn = lesions or draw_lesions(seed, base)
    return make_phantom(seed, worn.shape(base), extras=(worn,))


def draw_lesions(seed: int, parameters: PhantomParameters, *, infection_chance: float = 0.05) -> Lesions:
    """Draw the lesions of one patient from a seed.

    Wear grows with an unseen age and towards the feet; Modic changes and narrow discs go with high grades, joint wear
    with the disc's, fat in the muscles with age. The chances are set so that all kinds occur; they are no prevalence.

    Raises
    ------
    InputError
        If the seed is negative or the chance no probability.
    """
    if seed < 0 or not 0 <= infection_chance <= 1:
        raise InputError("a seed is >= 0 and a chance lies in 0 to 1", got=f"{seed}, {infection_chance}")
    rng = np.random.default_rng([seed, 0x4C])
    age = rng.uniform(0.0, 1.0)
    lumbar = [name for name in parameters.discs if name.startswith("L")]
    grades = _grades(rng, age, parameters.discs)
    discs = {disc: DiscState.of_grade(grade, rng=rng) for disc, grade in grades.items()}
    infected = lumbar[int(rng.integers(len(lumbar)))] if rng.random() < infection_chance else None
    fat = Lipomatosis(disc="L4-L5", sac_share=float(rng.uniform(0.45, 0.8)))
    return Lesions(
        discs=discs,
        modic=tuple(m for disc in lumbar if disc != infected for m in _modic(rng, disc, grades[disc])),
        defects=tuple(_defect(rng, disc) for disc in lumbar if rng.random() < 0.06),
        zones=tuple(_zone(rng, disc) for disc in lumbar if rng.random() < _ZONE_CHANCE[grades[disc]]),
        infections=() if infected is None else (_infection(rng, infected),),
        facets=tuple(_facet(rng, disc, side, grades[disc]) for disc, side in product(lumbar, _SIDES)),
        flava=tuple(f for disc, side in product(lumbar, _SIDES) for f in _flavum(rng, disc, side, grades[disc])),
        fats=(fat,) if rng.random() < 0.1 else (),
        muscles=tuple(_muscles(rng, age)),
    )


def _grades(rng: np.random.Generator, age: float, discs: tuple[str, ...]) -> dict[str, int]:
    """Pfirrmann grades by disc, higher with age and towards the feet."""
    low = np.linspace(-1.2, 0.6, len(discs))
    wear = 1.2 + 3.0 * age + low + rng.normal(0, 0.8, len(discs))
    return {disc: int(np.clip(np.rint(value), 1, 5)) for disc, value in zip(discs, wear, strict=True)}


def _modic(rng: np.random.Generator, disc: str, grade: int) -> list[Modic]:
    if rng.random() >= _MODIC_CHANCE[grade]:
        return []
    kind = ModicType(int(rng.choice(3, p=_MODIC_SHARES)) + 1)
    ends = list(Endplate) if rng.random() < 0.75 else [list(Endplate)[int(rng.integers(2))]]
    forward = float(rng.uniform(-1, 1))
    return [
        Modic(
            disc=disc,
            endplate=end,
            kind=kind,
            height_mm=float(rng.uniform(3, 12)),
            share=float(rng.uniform(0.1, 0.75)),
            forward=forward,
        )
        for end in ends
    ]


def _defect(rng: np.random.Generator, disc: str) -> EndplateDefect:
    return EndplateDefect(
        disc=disc,
        endplate=list(Endplate)[int(rng.integers(2))],
        depth_mm=float(rng.uniform(2.5, 8)),
        radius_mm=float(rng.uniform(3, 8)),
        forward=float(rng.uniform(-0.7, 0.7)),
    )


def _zone(rng: np.random.Generator, disc: str) -> HighIntensityZone:
    return HighIntensityZone(
        disc=disc,
        side=list(Side)[int(rng.integers(3))],
        height_mm=float(rng.uniform(2, 4)),
        width_mm=float(rng.uniform(4, 9)),
        depth_mm=float(rng.uniform(1.2, 2.4)),
    )


def _infection(rng: np.random.Generator, disc: str) -> Discitis:
    return Discitis(
        disc=disc,
        bright=bool(rng.random() < 0.9),
        erosion_mm=float(rng.uniform(1.5, 5)) if rng.random() < 0.85 else 0.0,
        oedema_share=float(rng.uniform(0.45, 0.9) if rng.random() < 0.8 else rng.uniform(0.05, 0.22)),
        enhancing=bool(rng.random() < 0.9),
        paraspinal_mm=float(rng.uniform(3, 10)) if rng.random() < 0.7 else 0.0,
        abscess=_SIDES[int(rng.integers(2))] if rng.random() < 0.3 else None,
        epidural_mm=float(rng.uniform(2, 5)) if rng.random() < 0.4 else 0.0,
    )


def _facet(rng: np.random.Generator, disc: str, side: Side, grade: int) -> FacetState:
    worn = int(np.clip(np.rint(rng.normal(0.75 * (grade - 1), 0.7)), 0, 3))
    fluid = float(rng.gamma(1.5, 0.6)) if rng.random() < 0.6 else 0.3
    return FacetState.of_grade(disc, side, worn, fluid_mm=min(fluid, 4.5))


def _flavum(rng: np.random.Generator, disc: str, side: Side, grade: int) -> list[ThickFlavum]:
    thickness = float(rng.normal(3.0 + 0.45 * (grade - 1), 0.7))
    return [ThickFlavum(disc=disc, side=side, thickness_mm=min(thickness, 7.0))] if thickness > 3.5 else []


def _muscles(rng: np.random.Generator, age: float) -> list[MuscleState]:
    """Both sides of a muscle alike up to a tenth, but for one patient in four, who has lost muscle on one side."""
    states = []
    weak = _SIDES[int(rng.integers(2))] if rng.random() < 0.25 else None
    for pair in _PAIRS:
        psoas = Muscle.PSOAS_LEFT in pair
        fat = rng.beta(1.2, 3.5) * (0.3 + 1.4 * age) * (0.25 if psoas else 1.0)
        size, rise = rng.normal(1 - 0.2 * age, 0.06), 0.0 if psoas else float(rng.uniform(0, 0.08))
        for side, muscle in zip(_SIDES, pair, strict=True):
            lost = 1.0 if side is weak and not psoas else 0.0
            own = np.clip(fat * rng.normal(1, 0.1) + 0.15 * lost, 0.01, 0.8)
            wasted = np.clip(size * rng.normal(1, 0.03) - 0.15 * lost, 0.5, 1.0)
            states.append(MuscleState(muscle=muscle, fat=float(own), caudal_rise=rise, size=float(wasted)))
    return states
