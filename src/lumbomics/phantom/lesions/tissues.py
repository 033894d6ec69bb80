"""Tissue numbers of lesions (96 to 125) and what they send back at 1.5 T."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType

import numpy as np

from lumbomics.core.image import Contrast
from lumbomics.phantom.signal import SEQUENCES
from lumbomics.phantom.tissue import (
    PROPERTIES,
    Properties,
    Tissue,
    annulus_properties,
    nucleus_properties,
)

FIRST_BORDER = 96
"""Zone between nucleus and annulus of the n-th disc from the top: 96 + n, up to 107."""


class Lesion(IntEnum):
    """What a lesion's voxel is made of."""

    OEDEMA = 108
    OEDEMA_EDGE = 109
    FATTY = 110
    FATTY_EDGE = 111
    SCLEROSIS = 112
    SCLEROSIS_EDGE = 113
    INFECTED_DISC = 114
    INFECTED_MARROW = 115
    GRANULATION = 116
    ABSCESS = 117
    EPIDURAL_ABSCESS = 118
    HIGH_INTENSITY_ZONE = 119
    CLEFT = 120
    CARTILAGE = 121
    CYST = 122
    CAPSULE = 123
    EPIDURAL_WALL = 124


def border_of(disc_index: int) -> int:
    """Tissue number of the zone between nucleus and annulus of the n-th disc from the top."""
    return FIRST_BORDER + disc_index


def border_properties(degeneration: float) -> Properties:
    """Tissue whose T2 signal lies midway between nucleus and annulus."""
    nucleus, annulus = nucleus_properties(degeneration), annulus_properties(degeneration)
    return midway(nucleus, annulus)


def midway(first: Properties, second: Properties) -> Properties:
    """Tissue whose T2-weighted signal is the mean of two; density and T1 are their means."""
    sequence = SEQUENCES[Contrast.T2]
    density, t1_ms = (first.density + second.density) / 2, (first.t1_ms + second.t1_ms) / 2
    recovered = 1 - np.exp(-sequence.repetition_ms / t1_ms)
    wanted = (sequence.signal(first) + sequence.signal(second)) / 2
    return Properties(
        density=density,
        t1_ms=t1_ms,
        t2_ms=float(-sequence.echo_ms / np.log(wanted / (density * recovered))),
        hounsfield=(first.hounsfield + second.hounsfield) / 2,
        texture=(first.texture + second.texture) / 2,
        uptake_mmol_l=(first.uptake_mmol_l + second.uptake_mmol_l) / 2,
        fat=(first.fat + second.fat) / 2,
    )


_OEDEMA = Properties(0.86, 1150, 125, 190, 0.10, 0.12, 0.2)
_FATTY = Properties(0.92, 310, 100, 90, 0.06, 0.02, 0.9)
_SCLEROSIS = Properties(0.25, 600, 32, 620, 0.10, 0.02, 0.2)
_MARROW = PROPERTIES[Tissue.MARROW]

LESION_PROPERTIES: Mapping[int, Properties] = MappingProxyType(
    {
        Lesion.OEDEMA: _OEDEMA,
        Lesion.OEDEMA_EDGE: midway(_OEDEMA, _MARROW),
        Lesion.FATTY: _FATTY,
        Lesion.FATTY_EDGE: midway(_FATTY, _MARROW),
        Lesion.SCLEROSIS: _SCLEROSIS,
        Lesion.SCLEROSIS_EDGE: midway(_SCLEROSIS, _MARROW),
        Lesion.INFECTED_DISC: Properties(0.92, 1700, 170, 40, 0.10, 0.20),
        Lesion.INFECTED_MARROW: Properties(0.88, 1400, 130, 150, 0.10, 0.22, 0.05),
        Lesion.GRANULATION: Properties(0.86, 1300, 95, 45, 0.10, 0.28),
        Lesion.ABSCESS: Properties(0.95, 2200, 220, 20, 0.05),
        Lesion.EPIDURAL_ABSCESS: Properties(0.95, 2000, 200, 22, 0.05, 0.03),
        Lesion.EPIDURAL_WALL: Properties(0.86, 1300, 95, 45, 0.10, 0.28),
        Lesion.HIGH_INTENSITY_ZONE: Properties(1.0, 2200, 300, 60, 0.02, 0.10),
        Lesion.CLEFT: Properties(0.70, 950, 62, 100, 0.06),
        Lesion.CARTILAGE: Properties(0.62, 950, 38, 110, 0.04, 0.03),
        Lesion.CYST: Properties(0.92, 2000, 230, 20, 0.03),
        Lesion.CAPSULE: Properties(0.55, 950, 48, 60, 0.08, 0.18),
    }
)
"""Set so that each is dark or bright as its definition says: oedema T1 dark and T2 bright, fatty marrow bright on both
and dark on STIR (Modic et al., Radiology 1988;166:193), sclerosis dark on all, granulation tissue enhancing, pus bright
on T2 with nothing taken up inside."""
