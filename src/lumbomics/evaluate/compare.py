"""Two segmentations of one image against each other."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from lumbomics.core.anatomy import DISC_OFFSET, rank
from lumbomics.core.labels import Segmentation
from lumbomics.evaluate.anatomy import (
    COUNTED,
    comparable,
    cropped,
    grown,
    instance_values,
    joint_box,
    level_name,
    part,
    same_extent,
)
from lumbomics.evaluate.components import split_components
from lumbomics.evaluate.instances import Detection, Instances, Matching, match_instances
from lumbomics.evaluate.masks import Mask, score_masks
from lumbomics.evaluate.numbering import level_accuracy, level_shifts
from lumbomics.evaluate.scores import Metric, Missing, Structure, StructureScores, Values

DETECTION_METRICS: tuple[Metric, ...] = (
    Metric.INSTANCE_F1,
    Metric.INSTANCE_PRECISION,
    Metric.INSTANCE_RECALL,
    Metric.MATCHED_DICE,
    Metric.LEVEL_ACCURACY,
    Metric.LEVEL_SHIFT,
)
"""What instances are judged by."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """How well a segmentation agrees with its reference.

    Parameters
    ----------
    rows
        Scores of each structure as a whole, followed by its levels where both maps number them.
    detections
        Structure -> which of its instances were found; only where both maps tell instances apart.
    """

    rows: tuple[StructureScores, ...]
    detections: Mapping[Structure, Detection] = field(default_factory=lambda: MappingProxyType({}))

    def row(self, structure: Structure, level: str | None = None) -> StructureScores | None:
        """Scores of one structure (and level); ``None`` where they were not compared."""
        return next((row for row in self.rows if (row.structure, row.level) == (structure, level)), None)


def compare_maps(
    prediction: Segmentation,
    reference: Segmentation,
    *,
    structures: Collection[Structure] | None = None,
    matching: Matching | str = Matching.IOU,
    split: bool = False,
    levels: bool = True,
) -> Comparison:
    """Compare two segmentations structure by structure.

    A level is compared by its number: L4 as predicted with L4 of the reference, so that a shift of the numbering is
    seen in every level's Dice. The matched instances' Dice (``matched_dice``) is free of it.

    Parameters
    ----------
    prediction, reference
        Segmentations on one grid.
    structures
        What to compare; by default all that one of the maps holds and that mean the same in both. A structure that is
        asked for and in neither map is scored as missing.
    matching
        How the overlap of instances is measured.
    split
        Take connected parts for instances where a map is semantic (see ``split_components``).
    levels
        Whether to score each level too.

    Raises
    ------
    GridMismatchError
        If the maps do not lie on one grid.
    """
    wanted = comparable(prediction, reference) if structures is None else structures
    found = [_Pair(prediction, reference, Structure(s)) for s in wanted]
    detections = {pair.structure: pair.detection(Matching(matching), split=split) for pair in found}
    rows = [row for pair in found for row in pair.rows(detections[pair.structure], levels=levels)]
    kept = {structure: detection for structure, detection in detections.items() if detection is not None}
    return Comparison(rows=tuple(rows), detections=MappingProxyType(kept))


class _Pair:
    """One structure in both segmentations, cut out of the grid."""

    def __init__(self, prediction: Segmentation, reference: Segmentation, structure: Structure) -> None:
        self.structure = structure
        self.both = (prediction, reference)
        self.parts = tuple(part(s, structure) for s in self.both)
        whole = reference.spine.grid
        for one in self.parts:
            whole.require_same_place(one.labels.grid, where="prediction and reference")
        boxes = [p.box for p in self.parts if p.box is not None]
        # one voxel around, so that no structure becomes flat by being cut out
        self.box = grown(joint_box(boxes), whole) if boxes else (slice(0, 1),) * 3
        self.grid = cropped(whole, self.box)
        self.same_extent = same_extent(prediction, reference, structure)

    def detection(self, matching: Matching, *, split: bool) -> Detection | None:
        """Match the instances; ``None`` where a map does not tell them apart."""
        if self.structure not in COUNTED:
            return None
        first, second = (self._instances(n, split=split) for n in (0, 1))
        return None if first is None or second is None else match_instances(first, second, matching=matching)

    def _instances(self, which: int, *, split: bool) -> Instances | None:
        segmentation, own = self.both[which], self.parts[which]
        values = instance_values(segmentation, self.structure)
        if values or not own.values:
            array = segmentation.spine.array[self.box]
            inside = np.where(own.mask(self.box), array, 0) if values else np.zeros_like(array)
            return Instances(array=inside, values=values)
        if not split:
            return None
        parts = split_components(segmentation, self.structure)
        return Instances(array=parts.array[self.box], values=parts.values, levels=False)

    @property
    def _numbered(self) -> bool:
        """Whether both maps number what they hold of the structure, and one of them holds some."""
        named = [instance_values(s, self.structure) for s in self.both]
        return any(named) and all(v or not p.values for v, p in zip(named, self.parts, strict=True))

    def rows(self, detection: Detection | None, *, levels: bool) -> Iterator[StructureScores]:
        """Scores of the structure, followed by those of its levels."""
        masks = [p.mask(self.box) for p in self.parts]
        whole = self._scored(masks, None)
        extra = self._judged(detection) if self.structure in COUNTED else {}
        yield replace(whole, values={**whole.values, **extra})
        if not levels or self.structure not in COUNTED or not self._numbered:
            return
        arrays = [np.where(m, s.spine.array[self.box], 0) for m, s in zip(masks, self.both, strict=True)]
        vertebrae = (self.both[1].spine.vertebrae, self.both[0].spine.vertebrae)
        for value in self._values():
            known = next((v for v in vertebrae if value % DISC_OFFSET in v), ())
            yield self._scored([array == value for array in arrays], level_name(value, known))

    def _values(self) -> list[int]:
        """Instance values of both maps, head to tail."""
        seen = {value for s in self.both for value in instance_values(s, self.structure)}
        return sorted(seen, key=lambda value: rank(value % DISC_OFFSET))

    def _scored(self, masks: Sequence[Mask], level: str | None) -> StructureScores:
        scored = score_masks(masks[0], masks[1], self.grid, structure=self.structure, level=level)
        if self.same_extent:
            return scored
        return replace(scored, values=dict.fromkeys(scored.values, Missing.DIFFERENT_EXTENT))

    def _judged(self, detection: Detection | None) -> Values:
        """Values of DETECTION_METRICS."""
        if detection is None:
            return dict.fromkeys(DETECTION_METRICS, Missing.NO_INSTANCES)
        dice = _or(detection.dice, Missing.NO_MATCH) if self.same_extent else Missing.DIFFERENT_EXTENT
        return {
            Metric.INSTANCE_F1: _or(detection.f1, Missing.BOTH_EMPTY),
            Metric.INSTANCE_PRECISION: _or(detection.precision, Missing.PREDICTION_EMPTY),
            Metric.INSTANCE_RECALL: _or(detection.recall, Missing.REFERENCE_EMPTY),
            Metric.MATCHED_DICE: dice,
            **self._levels_judged(detection),
        }

    def _levels_judged(self, detection: Detection) -> Values:
        if not self._numbered:
            return dict.fromkeys((Metric.LEVEL_ACCURACY, Metric.LEVEL_SHIFT), Missing.NO_LEVELS)
        accuracy = _or(level_accuracy(detection), Missing.NO_MATCH)
        return {Metric.LEVEL_ACCURACY: accuracy, Metric.LEVEL_SHIFT: _shift(detection)}


def _shift(detection: Detection) -> float | Missing:
    shifts = list(level_shifts(detection))
    if not shifts:
        return Missing.NO_MATCH
    return float(shifts[0]) if len(shifts) == 1 else Missing.MIXED_SHIFT


def _or(value: float | None, reason: Missing) -> float | Missing:
    return reason if value is None else value
