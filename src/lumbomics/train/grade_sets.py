"""What each grading model predicts, and from which features. Chosen by meaning, not by search over the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_LEVEL = ("level", "level_last", "level_last_but_one", "level_upper")
_SIGNAL = (
    "nucleus_to_fluid",
    "nucleus_brightest_to_fluid",
    "disc_to_marrow",
    "dark_share",
    "unevenness",
    "contrast",
    "over_endplates",
    "nucleus_to_fluid_over_best",
    "nucleus_to_fluid_of_others",
)
_NUCLEUS = (
    "nucleus_to_fluid",
    "disc_to_marrow",
    "contrast",
    "over_endplates",
    "nucleus_to_fluid_over_best",
    "nucleus_to_fluid_of_others",
)
_HEIGHT = (
    "height_to_depth",
    "height_least_to_depth",
    "height_back_to_depth",
    "height_front_to_depth",
    "height_to_depth_over_others",
    "height_over_best",
    "height_to_depth_over_above",
    "height_to_depth_over_below",
    "tilt_deg",
)
_BORDER = (
    "bulge_mm",
    "bulge_front_mm",
    "fluid_gap_mm",
    "fluid_gap_most_mm",
    "fluid_gap_more_mm",
    "fluid_depth_mm",
    "fluid_depth_less_mm",
    "behind_to_fluid",
)
_SLIP = ("slip_back", "slip_front", "slip_back_over_others", "slip_front_over_others", "slip", "slip_size")
_MARROW = ("mean", "high", "low", "spread", "focus")
_T2_MARROW = tuple(f"t2_marrow_{name}" for name in _MARROW)
_T1_MARROW = tuple(f"t1_marrow_{name}" for name in _MARROW)
_FINDING = ("absent", "present")


@dataclass(frozen=True, kw_only=True)
class Target:
    """One model.

    Parameters
    ----------
    name
        Of the model and its file.
    outcome
        Key of the reader's grade; a finding is present where it is above 0.
    first
        Grade of the first category.
    categories
        In ascending order.
    features
        Names.
    penalty
        Of the squared weights.
    """

    name: str
    outcome: str
    categories: tuple[str, ...] = _FINDING
    first: int = 0
    features: tuple[str, ...]
    penalty: float = 20.0

    def category_of(self, grades: Mapping[str, int]) -> int:
        """Place of a reader's grade among the categories."""
        grade = grades[self.outcome] - self.first
        return min(max(grade, 0), len(self.categories) - 1)


TARGETS = (
    Target(
        name="pfirrmann_t2",
        outcome="pfirrmann",
        categories=("I", "II", "III", "IV", "V"),
        first=1,
        features=(
            *_SIGNAL,
            "height_least_to_depth",
            "height_to_depth_over_others",
            "bulge_mm",
            "fluid_gap_most_mm",
            "t2_marrow_spread",
            *_LEVEL,
        ),
        penalty=10.0,
    ),
    Target(name="narrowing_t2", outcome="narrowing", features=(*_HEIGHT, *_NUCLEUS, *_BORDER, *_LEVEL)),
    Target(name="spondylolisthesis_t2", outcome="spondylolisthesis", features=(*_SLIP, *_HEIGHT, *_BORDER, *_LEVEL)),
    Target(name="herniation_t2", outcome="herniation", features=(*_HEIGHT, *_NUCLEUS, *_BORDER, *_LEVEL)),
    Target(name="bulging_t2", outcome="bulging", features=(*_HEIGHT, *_NUCLEUS, *_BORDER, *_LEVEL)),
    Target(name="modic_t2", outcome="modic", features=(*_T2_MARROW, *_NUCLEUS, *_LEVEL)),
    Target(name="modic_t2_t1", outcome="modic", features=(*_T2_MARROW, *_T1_MARROW, *_NUCLEUS, *_LEVEL)),
)
"""Every model that ships."""
