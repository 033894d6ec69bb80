"""What each grading model predicts, and the sets of features it may choose from; sets are formed by meaning."""

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
_PROFILE = ("height_to_depth", "height_to_depth_over_others")
_SLIP = ("slip_back", "slip_front", "slip_back_over_others", "slip_front_over_others", "slip", "slip_size")
_MARROW = ("mean", "high", "low", "spread", "focus")
_T2_MARROW = tuple(f"t2_marrow_{name}" for name in _MARROW)
_T1_MARROW = tuple(f"t1_marrow_{name}" for name in _MARROW)
_WORN = (
    *_SIGNAL,
    "height_least_to_depth",
    "height_to_depth_over_others",
    "bulge_mm",
    "fluid_gap_most_mm",
    "t2_marrow_spread",
)
_WHOLE = (*_HEIGHT, *_NUCLEUS, *_BORDER, *_LEVEL)
_FINDING = ("absent", "present")
PENALTIES = (5.0, 20.0, 80.0)
EMPHASES = (0.0, 0.5, 1.0)


@dataclass(frozen=True, kw_only=True)
class Target:
    """One model, and what is chosen from when it is fitted.

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
    candidates
        Sets of features, by name: what they are about -> features.
    penalties
        Of the squared weights.
    emphases
        How far rare categories are favoured when one is named: probabilities are divided by frequency to this power.
    """

    name: str
    outcome: str
    categories: tuple[str, ...] = _FINDING
    first: int = 0
    candidates: Mapping[str, tuple[str, ...]]
    penalties: tuple[float, ...] = PENALTIES
    emphases: tuple[float, ...] = (0.0,)

    def category_of(self, grades: Mapping[str, int]) -> int:
        """Place of a reader's grade among the categories."""
        grade = grades[self.outcome] - self.first
        return min(max(grade, 0), len(self.categories) - 1)

    @property
    def features(self) -> tuple[str, ...]:
        """Every feature of any candidate, each once."""
        return tuple(dict.fromkeys(name for names in self.candidates.values() for name in names))


TARGETS = (
    Target(
        name="pfirrmann_t2",
        outcome="pfirrmann",
        categories=("I", "II", "III", "IV", "V"),
        first=1,
        candidates={
            "signal and height": (*_WORN, *_LEVEL),
            "signal, heights and borders": tuple(dict.fromkeys((*_WORN, *_HEIGHT, *_BORDER, *_LEVEL))),
        },
        emphases=EMPHASES,
    ),
    Target(
        name="narrowing_t2",
        outcome="narrowing",
        candidates={
            "heights": (*_HEIGHT, *_LEVEL),
            "heights and nucleus": (*_HEIGHT, *_NUCLEUS, *_LEVEL),
            "heights, nucleus and borders": _WHOLE,
        },
    ),
    Target(
        name="spondylolisthesis_t2",
        outcome="spondylolisthesis",
        # too few cases to choose from: one set, fixed beforehand, and no weak penalty
        candidates={"slip, heights and borders": (*_SLIP, *_HEIGHT, *_BORDER, *_LEVEL)},
        penalties=PENALTIES[1:],
    ),
    Target(
        name="herniation_t2",
        outcome="herniation",
        candidates={"borders": (*_BORDER, *_LEVEL), "heights, nucleus and borders": _WHOLE},
    ),
    Target(
        name="bulging_t2",
        outcome="bulging",
        candidates={"borders": (*_BORDER, *_LEVEL), "heights, nucleus and borders": _WHOLE},
    ),
    Target(
        name="modic_t2",
        outcome="modic",
        candidates={
            "marrow": (*_T2_MARROW, *_LEVEL),
            "marrow and nucleus": (*_T2_MARROW, *_NUCLEUS, *_LEVEL),
            "marrow, nucleus and height": (*_T2_MARROW, *_NUCLEUS, *_PROFILE, *_LEVEL),
        },
    ),
    Target(
        name="modic_t2_t1",
        outcome="modic",
        candidates={
            "marrow": (*_T2_MARROW, *_T1_MARROW, *_LEVEL),
            "marrow and nucleus": (*_T2_MARROW, *_T1_MARROW, *_NUCLEUS, *_LEVEL),
            "marrow, nucleus and height": (*_T2_MARROW, *_T1_MARROW, *_NUCLEUS, *_PROFILE, *_LEVEL),
        },
    ),
)
"""Every model that ships."""
