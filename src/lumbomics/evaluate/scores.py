"""What is compared, by which numbers, and why a number may be missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from lumbomics.core.errors import InputError


class Structure(StrEnum):
    """Structures that two maps are compared by."""

    VERTEBRA = "vertebra"
    """All vertebrae above the sacrum, with their posterior elements."""
    VERTEBRAL_BODY = "vertebral_body"
    """Their bodies alone."""
    DISC = "disc"
    SACRUM = "sacrum"
    CANAL = "canal"
    """The spinal canal with what lies in it: a cord drawn inside belongs to it."""
    CORD = "cord"
    DURAL_SAC = "dural_sac"


class Metric(StrEnum):
    """A number of merit; the docstring of each is its definition."""

    DICE = "dice"
    """2 |P and R| / (|P| + |R|) by volume."""
    SURFACE_DICE_1MM = "surface_dice_1mm"
    """Share of both surfaces within 1 mm of the other one."""
    SURFACE_DICE_2MM = "surface_dice_2mm"
    """Share of both surfaces within 2 mm of the other one."""
    HAUSDORFF_95_MM = "hausdorff_95_mm"
    """95th percentile of the distance to the other surface by area, the larger one of both directions."""
    MEAN_SURFACE_DISTANCE_MM = "mean_surface_distance_mm"
    """Mean distance to the other surface by area, over both surfaces together."""
    VOLUME_ERROR_ML = "volume_error_ml"
    """Predicted minus reference volume."""
    VOLUME_ERROR_PERCENT = "volume_error_percent"
    """Predicted minus reference volume, in per cent of the reference."""
    INSTANCE_F1 = "instance_f1"
    """2 TP / (2 TP + FP + FN) over instances matched one to one."""
    INSTANCE_PRECISION = "instance_precision"
    """TP / (TP + FP)."""
    INSTANCE_RECALL = "instance_recall"
    """TP / (TP + FN)."""
    MATCHED_DICE = "matched_dice"
    """Mean Dice of the matched instances, whatever their numbers."""
    LEVEL_ACCURACY = "level_accuracy"
    """Share of the matched instances that carry the right number."""
    LEVEL_SHIFT = "level_shift"
    """Levels by which all matched instances are numbered too far towards the tail (+) or the head (-)."""

    @property
    def best(self) -> float:
        """Value of a perfect prediction; the worst case is the one farthest from it."""
        return 1.0 if self in _SHARES else 0.0

    @property
    def unit(self) -> str:
        """UCUM code."""
        return _UNITS.get(self, "1")


_SHARES = {
    Metric.DICE,
    Metric.SURFACE_DICE_1MM,
    Metric.SURFACE_DICE_2MM,
    Metric.INSTANCE_F1,
    Metric.INSTANCE_PRECISION,
    Metric.INSTANCE_RECALL,
    Metric.MATCHED_DICE,
    Metric.LEVEL_ACCURACY,
}
_UNITS = {
    Metric.HAUSDORFF_95_MM: "mm",
    Metric.MEAN_SURFACE_DISTANCE_MM: "mm",
    Metric.VOLUME_ERROR_ML: "mL",
    Metric.VOLUME_ERROR_PERCENT: "%",
    Metric.LEVEL_SHIFT: "{level}",
}


class Missing(StrEnum):
    """Why a number of merit does not exist."""

    BOTH_EMPTY = "both_empty"
    """Neither map holds the structure: there is nothing to judge."""
    PREDICTION_EMPTY = "prediction_empty"
    """The reference holds the structure and the prediction does not."""
    REFERENCE_EMPTY = "reference_empty"
    """The prediction holds the structure and the reference does not."""
    NO_INSTANCES = "no_instances"
    """A map does not tell one instance from the next."""
    NO_MATCH = "no_match"
    """No predicted instance was matched to one of the reference."""
    NO_LEVELS = "no_levels"
    """A map does not number its instances."""
    DIFFERENT_EXTENT = "different_extent"
    """One map draws vertebral bodies alone and the other one whole vertebrae."""
    MIXED_SHIFT = "mixed_shift"
    """The matched instances are not all shifted by the same number of levels."""


Values = Mapping[Metric, float | Missing]
"""Metric -> its number, or why there is none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StructureScores:
    """How well one structure of one case was drawn.

    Parameters
    ----------
    structure
        What was compared.
    level
        Vertebra (``L4``) or disc (``L4-L5``); ``None`` for the structure as a whole.
    prediction_ml, reference_ml
        Volumes in mL.
    values
        Metric -> its number, or why there is none.
    """

    structure: Structure
    level: str | None
    prediction_ml: float
    reference_ml: float
    values: Values

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", MappingProxyType(dict(self.values)))

    def value(self, metric: Metric) -> float | None:
        """Give the number, or ``None`` where it is missing."""
        found = self.values.get(metric)
        return None if found is None or isinstance(found, Missing) else found


@dataclass(frozen=True, kw_only=True, eq=False)
class CaseScores:
    """All scores of one case, and whose case it is.

    Parameters
    ----------
    case
        Name of the case, unique in a batch.
    participant
        Label of the patient; several cases may share it.
    rows
        Scores by structure and level.
    session
        Label of the visit; ``None`` where unknown.
    """

    case: str
    participant: str
    rows: tuple[StructureScores, ...]
    session: str | None = None

    def __post_init__(self) -> None:
        places = [(row.structure, row.level) for row in self.rows]
        twice = sorted({f"{s} {level or ''}".strip() for s, level in places if places.count((s, level)) > 1})
        if twice:
            raise InputError("a structure is scored twice", got=", ".join(twice), where=self.case)
