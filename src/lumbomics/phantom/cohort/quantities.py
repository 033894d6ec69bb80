"""What is measured in a simulated cohort: spread between patients, course with age, errors, marks of phenotypes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lumbomics.core.anatomy import Side

MEAN_AGE: Final = 56.0
DISCS: Final = ("L3-L4", "L4-L5", "L5-S1")
SIDES: Final = (Side.LEFT, Side.RIGHT)


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """One biomarker of the catalogue as it is simulated; all spreads are normal and independent.

    Parameters
    ----------
    biomarker, method, unit
        Catalogue id, variant, UCUM unit.
    levels, sides
        Where; ``None`` where the biomarker has none.
    mean, sd
        At ``MEAN_AGE`` on scanner A, and the spread between patients of one age.
    a_year
        Change for a year of age.
    scan_error, rater_error
        Standard deviations of what a new scan, and a new reading of one scan, change.
    scanner_b
        Offset of scanner B.
    second_rater
        Offset of rater R2.
    marks
        Shift of each phenotype in units of ``Effects.separation`` times ``sd``.
    """

    biomarker: str
    method: str
    unit: str
    mean: float
    sd: float
    a_year: float
    scan_error: float
    rater_error: float
    scanner_b: float
    second_rater: float = 0.0
    levels: tuple[str | None, ...] = (None,)
    sides: tuple[Side | None, ...] = (None,)
    marks: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def sem(self) -> float:
        """Standard error of one measurement: another scan, another reading."""
        return math.hypot(self.scan_error, self.rater_error)

    @property
    def reliability(self) -> float:
        """Share of the measured variance, age and scanner given, that is true: sd² / (sd² + sem²)."""
        return self.sd**2 / (self.sd**2 + self.sem**2)

    def places(self) -> Iterator[tuple[str | None, Side | None]]:
        """Levels and sides."""
        return ((level, side) for level in self.levels for side in self.sides)


QUANTITIES: Final = (
    Quantity(
        biomarker="lumbar_lordosis_l1_s1", method="endplate_line_midsagittal", unit="deg", mean=48, sd=11, a_year=-0.1,
        scan_error=1.5, rater_error=1.5, scanner_b=2.0, second_rater=2.0,
    ),
    Quantity(
        biomarker="foraminal_dimensions", method="area", unit="mm2", mean=110, sd=22, a_year=-0.6, scan_error=5,
        rater_error=5, scanner_b=-8, levels=DISCS, sides=SIDES,
    ),
    Quantity(
        biomarker="disc_height", method="mean_central80", unit="mm", mean=9, sd=1.3, a_year=-0.03, scan_error=0.25,
        rater_error=0.25, scanner_b=-0.4, levels=DISCS, marks=(0, -0.7, 0),
    ),
    Quantity(
        biomarker="disc_signal_ratio", method="median_central50_to_csf", unit="1", mean=0.5, sd=0.08, a_year=-0.002,
        scan_error=0.02, rater_error=0.01, scanner_b=0.03, levels=DISCS, marks=(0, -1, 0),
    ),
    Quantity(
        biomarker="dural_sac_area", method="perpendicular_at_disc", unit="mm2", mean=170, sd=24, a_year=-0.5,
        scan_error=5, rater_error=5, scanner_b=-6, levels=DISCS, marks=(-1, 0, 0),
    ),
    Quantity(
        biomarker="segmental_lordosis", method="disc_angle", unit="deg", mean=9, sd=3, a_year=-0.02, scan_error=0.8,
        rater_error=0.8, scanner_b=0.5, levels=DISCS,
    ),
    Quantity(
        biomarker="vertebral_height", method="mid", unit="mm", mean=27, sd=1.8, a_year=-0.02, scan_error=0.3,
        rater_error=0.3, scanner_b=-0.3, levels=("L4", "L5"),
    ),
)  # fmt: skip
"""Everything measured; sizes are plausible, not taken from a study."""
