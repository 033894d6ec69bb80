"""What is planted into a simulated cohort, each size in its unit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Self

from lumbomics.core.errors import FaultsError, InputError

PHENOTYPES: Final = ("stenotic", "discogenic", "preserved")
"""Groups of equal probability: narrow dural sac; dark and low discs; neither."""
EFFECT_LEVEL: Final = "L5-S1"
"""Level of the foramen that hurts and of the disc that loses height."""


@dataclass(frozen=True, kw_only=True)
class Effects:
    """Sizes of the planted effects; the defaults are plausible, not taken from a study.

    Parameters
    ----------
    foramen_to_leg_pain
        NRS points of the leg for 1 mm² of true foraminal area at L5-S1 of the same side.
    lordosis_to_back_pain
        NRS points of the back for 1 degree of true lumbar lordosis.
    age_to_pain
        NRS points for a year. Biomarkers change with age too: age confounds, and stays in the null cohort.
    site_to_pain
        NRS points of site B over site A, whose scanners measure differently; stays in the null cohort.
    stenotic_to_disability
        ODI points of the stenotic phenotype over the others.
    separation
        Distance of the phenotypes, in standard deviations of each biomarker that marks them.
    response
        Probability of a response to spinal cord stimulation of each of ``PHENOTYPES``.
    disc_loss_mm
        Height that the disc L5-S1 loses between the visits, mm.
    """

    foramen_to_leg_pain: float = -0.035
    lordosis_to_back_pain: float = -0.06
    age_to_pain: float = 0.03
    site_to_pain: float = 0.5
    stenotic_to_disability: float = 10.0
    separation: float = 3.0
    response: tuple[float, float, float] = (0.85, 0.5, 0.15)
    disc_loss_mm: float = 0.8

    def __post_init__(self) -> None:
        numbers = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "response"}
        faults = [
            InputError("size of an effect is not finite", got=str(value), where=name)
            for name, value in numbers.items()
            if not math.isfinite(value)
        ]
        if self.separation < 0:
            faults.append(InputError("separation below 0", expected="0 or more", got=str(self.separation)))
        if len(self.response) != len(PHENOTYPES) or not all(0 <= p <= 1 for p in self.response):
            faults.append(InputError("response", expected="three probabilities", got=str(self.response)))
        if faults:
            raise FaultsError(faults)

    @classmethod
    def none(cls) -> Self:
        """Nothing to be found: no effect, no phenotypes; confounding by age and site stays."""
        return cls(
            foramen_to_leg_pain=0.0,
            lordosis_to_back_pain=0.0,
            stenotic_to_disability=0.0,
            separation=0.0,
            response=(0.5, 0.5, 0.5),
            disc_loss_mm=0.0,
        )
