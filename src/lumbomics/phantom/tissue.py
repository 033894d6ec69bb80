"""Tissues of a phantom and what they send back at 1.5 T or absorb in CT."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType


class Tissue(IntEnum):
    """What a voxel is made of; discs follow from :func:`nucleus_of` and :func:`annulus_of`."""

    AIR = 0
    FAT = 1
    MUSCLE = 2
    CORTEX = 3
    MARROW = 4
    CSF = 5
    CORD = 6
    ROOT = 7
    EPIDURAL_FAT = 8
    LIGAMENT = 9
    FLAVUM = 10
    VESSEL = 11
    BASIVERTEBRAL_VEIN = 12
    VISCERA = 13
    INTERSPINOUS = 14
    SKIN = 15
    JOINT_FLUID = 16
    EPIDURAL_VEINS = 17
    REMOVED = 18
    """In the place of bone that was cut away; soft tissue unless something else is painted."""


FIRST_NUCLEUS, FIRST_ANNULUS, TISSUE_COUNT = 32, 48, 128
"""64 to 95 are left to the contents of an operated canal, 96 to 127 to lesions and metal."""


def nucleus_of(disc_index: int) -> int:
    """Tissue number of the nucleus of the n-th disc from the top."""
    return FIRST_NUCLEUS + disc_index


def annulus_of(disc_index: int) -> int:
    """Tissue number of the annulus of the n-th disc from the top."""
    return FIRST_ANNULUS + disc_index


@dataclass(frozen=True)
class Properties:
    """What a tissue sends back.

    Parameters
    ----------
    density
        Proton density, share of water's.
    t1_ms, t2_ms
        Relaxation times at 1.5 T.
    hounsfield
        CT value.
    texture
        Relative unevenness.
    uptake_mmol_l
        Gadolinium (mmol/L) about 5 minutes after 0.1 mmol/kg.
    fat
        Share of the signal that fat suppression takes.
    """

    density: float
    t1_ms: float
    t2_ms: float
    hounsfield: float
    texture: float = 0.03
    uptake_mmol_l: float = 0.0
    fat: float = 0.0


PROPERTIES = MappingProxyType(
    {
        Tissue.AIR: Properties(0.0, 1000, 10, -1000, 0.0),
        Tissue.FAT: Properties(0.95, 290, 125, -100, 0.05, 0.01, 1.0),
        Tissue.MUSCLE: Properties(0.78, 1010, 42, 55, 0.20, 0.04),
        Tissue.CORTEX: Properties(0.10, 500, 12, 850, 0.05),
        Tissue.MARROW: Properties(0.80, 520, 88, 190, 0.12, 0.03, 0.55),
        Tissue.CSF: Properties(1.0, 4000, 1200, 8, 0.03),
        Tissue.CORD: Properties(0.74, 860, 76, 38, 0.03),
        Tissue.ROOT: Properties(0.70, 900, 65, 38, 0.03),
        Tissue.EPIDURAL_FAT: Properties(0.93, 290, 120, -95, 0.05, 0.01, 0.97),
        Tissue.LIGAMENT: Properties(0.25, 800, 20, 70, 0.05, 0.02),
        Tissue.FLAVUM: Properties(0.45, 850, 38, 70, 0.05, 0.02),
        Tissue.VESSEL: Properties(0.12, 1400, 60, 45, 0.10, 0.35),
        Tissue.BASIVERTEBRAL_VEIN: Properties(0.85, 1100, 130, 90, 0.05, 0.35),
        Tissue.VISCERA: Properties(0.70, 700, 62, 35, 0.30, 0.12, 0.3),
        Tissue.INTERSPINOUS: Properties(0.66, 450, 82, 10, 0.4, 0.05, 0.5),
        Tissue.SKIN: Properties(0.40, 600, 35, 40, 0.03, 0.10),
        Tissue.JOINT_FLUID: Properties(0.90, 2000, 250, 20, 0.03),
        Tissue.REMOVED: Properties(0.74, 980, 60, 60, 0.10, 0.10),
        Tissue.EPIDURAL_VEINS: Properties(0.55, 800, 70, 30, 0.08, 0.10, 0.4),
    }
)
"""Relaxation times after Stanisz et al., Magn Reson Med 2005;54:507 (muscle, cord), de Bazelaire et al., Radiology
2004;230:652 (fat, marrow), Rooney et al., Magn Reson Med 2007;57:308 (fluid); the T2 of fat is the longer apparent one
of a fast spin echo. Ligament, cortex and interspinous tissue are set so that they look as they do. Uptake is plasma's
0.5 mmol/L (0.1 mmol/kg in the extracellular volume) times each tissue's extracellular share; cerebrospinal fluid, cord,
roots and discs take up none so early."""

FIELD_T1_GROWTH = MappingProxyType({1.5: 1.0, 3.0: 1.2})
"""Factor on T1 from 1.5 T (about a fifth longer at 3 T, Stanisz et al. 2005); fluid and fat change less."""


def nucleus_properties(degeneration: float) -> Properties:
    """Nucleus from healthy (0: T2 about 140 ms) to worn (1: 38 ms), after Perry et al., Spine 2006;31:1253."""
    t2_ms = 38 + 105 * (1 - degeneration) ** 1.3
    return Properties(0.88 - 0.25 * degeneration, 1150 - 250 * degeneration, t2_ms, 95, 0.06)


def annulus_properties(degeneration: float) -> Properties:
    """Annulus: dark and nearly the same at every age."""
    return Properties(0.48, 850, 34 - 6 * degeneration, 105, 0.06)
