"""The few choices a user may change in how labels are measured."""

from __future__ import annotations

from dataclasses import dataclass

from lumbomics.core.errors import InputError


@dataclass(frozen=True, kw_only=True)
class MeasureOptions:
    """Choices made before measuring; all are engineering defaults, none a diagnostic cut-off.

    Parameters
    ----------
    minimum_numbering_confidence
        Level-wise values are Absent where the stated confidence of the numbering is lower.
    default_boundary_sd_mm
        Standard deviation of a drawn boundary where the label map states none.
    boundary_correlation_mm
        Correlation length c of a drawn boundary's error: at distance d it has correlation exp(-d^2 / 2 c^2).
    slab_half_width_mm
        Half-width of the mid-sagittal slab in which endplates are drawn.
    widest_interval
        Sizes of canal, dural sac and foramina are Absent where 1.96 standard errors exceed this share of the value.
    """

    minimum_numbering_confidence: float = 0.9
    default_boundary_sd_mm: float = 0.5
    boundary_correlation_mm: float = 3.0
    slab_half_width_mm: float = 5.0
    widest_interval: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.minimum_numbering_confidence <= 1:
            raise InputError(
                "minimum numbering confidence out of range",
                expected="0 to 1",
                got=str(self.minimum_numbering_confidence),
            )
        if self.default_boundary_sd_mm < 0 or min(self.boundary_correlation_mm, self.slab_half_width_mm) <= 0:
            raise InputError("distances must be positive", got=str(self))
        if self.widest_interval <= 0:
            raise InputError("widest interval out of range", expected="> 0", got=str(self.widest_interval))
