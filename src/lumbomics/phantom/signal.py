"""Signal of every tissue: spin-echo and inversion-recovery equations, and CT values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.errors import InputError
from lumbomics.core.image import Contrast
from lumbomics.phantom.tissue import (
    FIELD_T1_GROWTH,
    PROPERTIES,
    TISSUE_COUNT,
    Properties,
    Tissue,
    annulus_of,
    annulus_properties,
    nucleus_of,
    nucleus_properties,
)

FloatArray = NDArray[np.float64]

R1_PER_MMOL_S, R2_PER_MMOL_S = 4.5, 5.5
"""Relaxivities of an extracellular gadolinium agent at 1.5 T in 1/(mmol/L s), Rohrer et al., Invest Radiol
2005;40:715 (gadobutrol, gadopentetate in plasma: 3.9-5.2 and 4.6-6.1)."""
_SUPPRESSED = 0.93
DIXON = (Contrast.DIXON_WATER, Contrast.DIXON_FAT)
"""Water and fat image of one acquisition."""


@dataclass(frozen=True, kw_only=True)
class Injection:
    """Contrast agent given before an image.

    Parameters
    ----------
    delay_min
        Time from the injection to the middle of the acquisition, minutes.
    dose_mmol_kg
        Gadolinium; uptake is proportional to it.
    """

    delay_min: float = 5.0
    dose_mmol_kg: float = 0.1

    def __post_init__(self) -> None:
        if not (0 <= self.delay_min <= 120 and 0 < self.dose_mmol_kg <= 0.4):
            raise InputError("no such injection", expected="0-120 min, 0-0.4 mmol/kg", got=str(self))


@dataclass(frozen=True, kw_only=True)
class Sequence:
    """Timing of one MR sequence.

    Parameters
    ----------
    repetition_ms, echo_ms
        TR and effective TE.
    inversion_ms
        TI of an inversion recovery; ``None`` without.
    field_tesla
        1.5 or 3.
    """

    repetition_ms: float
    echo_ms: float
    inversion_ms: float | None = None
    field_tesla: float = 1.5

    def __post_init__(self) -> None:
        if min(self.repetition_ms, self.echo_ms) <= 0 or self.field_tesla not in FIELD_T1_GROWTH:
            raise InputError("no such sequence", expected="positive times, 1.5 or 3 T", got=str(self))

    def signal(self, tissue: Properties) -> float:
        """Signal of a tissue, share of full magnetisation.

        Spin echo ``M (1 - exp(-TR/T1)) exp(-TE/T2)``; with inversion
        ``M |1 - 2 exp(-TI/T1) + exp(-TR/T1)| exp(-TE/T2)``.
        """
        t1 = tissue.t1_ms * FIELD_T1_GROWTH[self.field_tesla]
        recovered = 1 - np.exp(-self.repetition_ms / t1)
        if self.inversion_ms is not None:
            recovered = abs(1 - 2 * np.exp(-self.inversion_ms / t1) + np.exp(-self.repetition_ms / t1))
        return float(tissue.density * recovered * np.exp(-self.echo_ms / tissue.t2_ms))


SEQUENCES: Mapping[Contrast, Sequence] = {
    Contrast.T1: Sequence(repetition_ms=550, echo_ms=10),
    Contrast.T2: Sequence(repetition_ms=3500, echo_ms=100),
    Contrast.T2_SPACE: Sequence(repetition_ms=1500, echo_ms=130),
    Contrast.STIR: Sequence(repetition_ms=4200, echo_ms=60, inversion_ms=195),
    Contrast.PD: Sequence(repetition_ms=3000, echo_ms=15),
}
"""Usual timing of lumbar protocols at 1.5 T; the inversion time nulls fat (T1 290 ms x ln 2)."""


def tissue_properties(degeneration: Mapping[str, float]) -> list[Properties]:
    """List the properties by tissue number (128); ``degeneration`` by disc from the top."""
    table = [PROPERTIES[Tissue.AIR]] * TISSUE_COUNT
    for tissue, values in PROPERTIES.items():
        table[tissue] = values
    for index, wear in enumerate(degeneration.values()):
        table[nucleus_of(index)] = nucleus_properties(wear)
        table[annulus_of(index)] = annulus_properties(wear)
    return table


def sequence_of(contrast: Contrast) -> Sequence:
    """Return the timing of a contrast.

    T1 after contrast agent is acquired as T1 before it; the noise of a Dixon acquisition is that of proton density.
    """
    key = {Contrast.T1_POST: Contrast.T1, **dict.fromkeys(DIXON, Contrast.PD)}.get(contrast, contrast)
    if key not in SEQUENCES:
        known = ", ".join(c.value for c in (*SEQUENCES, Contrast.T1_POST, *DIXON, Contrast.CT))
        raise InputError("the phantom has no such contrast", expected=known, got=contrast.value)
    return SEQUENCES[key]


def with_agent(tissue: Properties, injection: Injection) -> Properties:
    """Shorten a tissue's relaxation times by its uptake C: 1/T = 1/T0 + r C."""
    dose = tissue.uptake_mmol_l * injection.dose_mmol_kg / 0.1
    t1_ms = 1 / (1 / tissue.t1_ms + R1_PER_MMOL_S * dose / 1000)
    return replace(tissue, t1_ms=t1_ms, t2_ms=1 / (1 / tissue.t2_ms + R2_PER_MMOL_S * dose / 1000))


def signal_table(
    properties: list[Properties],
    contrast: Contrast,
    *,
    injection: Injection | None = None,
    fat_suppressed: bool = False,
) -> FloatArray:
    """Signal (128,) of every tissue number: share of full magnetisation, or HU for CT.

    ``injection`` shortens the relaxation times; fat suppression leaves 7 % of the fat's signal. Water and fat of a
    Dixon acquisition are proton densities free of relaxation, so that fat / (fat + water) is the tissue's fat share.
    """
    if contrast in DIXON:
        density, fat = (np.array([getattr(t, name) for t in properties]) for name in ("density", "fat"))
        return np.asarray(density * (fat if contrast is Contrast.DIXON_FAT else 1 - fat), dtype=np.float64)
    if contrast is Contrast.CT:
        return np.array([tissue.hounsfield for tissue in properties], dtype=np.float64)
    sequence = sequence_of(contrast)
    taken = properties if injection is None else [with_agent(tissue, injection) for tissue in properties]
    signal = np.array([sequence.signal(tissue) for tissue in taken])
    return signal * (1 - _SUPPRESSED * np.array([t.fat for t in taken])) if fat_suppressed else signal
