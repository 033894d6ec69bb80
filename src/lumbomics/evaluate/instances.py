"""Which instances were found: one-to-one matching of predicted and reference structures."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from lumbomics.core.errors import GridError, InputError

ENOUGH = 0.5
"""Overlap from which a predicted instance may count as found."""


class Matching(StrEnum):
    """By which overlap instances are matched."""

    IOU = "iou"
    """Intersection over union."""
    COVERAGE = "coverage"
    """Share of the reference instance that the predicted one covers; for references that draw bodies alone."""


@dataclass(frozen=True, kw_only=True)
class Match:
    """A predicted and a reference instance that are the same.

    Parameters
    ----------
    prediction, reference
        Their values in the two maps.
    overlap
        In [0.5, 1], by the matching's measure.
    dice
        Their Dice coefficient.
    """

    prediction: int
    reference: int
    overlap: float
    dice: float


@dataclass(frozen=True, kw_only=True)
class Detection:
    """Which instances of a structure were found.

    Parameters
    ----------
    matches
        Pairs that were matched (true positives), in the reference's order.
    extra
        Predicted values without a partner (false positives).
    missed
        Reference values without a partner (false negatives).
    """

    matches: tuple[Match, ...] = ()
    extra: tuple[int, ...] = ()
    missed: tuple[int, ...] = ()

    @property
    def f1(self) -> float | None:
        """2 TP / (2 TP + FP + FN); ``None`` where there was nothing to find and nothing was found."""
        return _ratio(2 * len(self.matches), 2 * len(self.matches) + len(self.extra) + len(self.missed))

    @property
    def precision(self) -> float | None:
        """TP / (TP + FP); ``None`` where nothing was found."""
        return _ratio(len(self.matches), len(self.matches) + len(self.extra))

    @property
    def recall(self) -> float | None:
        """TP / (TP + FN); ``None`` where there was nothing to find."""
        return _ratio(len(self.matches), len(self.matches) + len(self.missed))

    @property
    def dice(self) -> float | None:
        """Mean Dice of the matched pairs; ``None`` where there are none."""
        return _ratio(sum(match.dice for match in self.matches), len(self.matches))


@dataclass(frozen=True, kw_only=True, eq=False)
class Instances:
    """Instances of one structure as values of an array.

    Parameters
    ----------
    array
        (i, j, k), any whole numbers.
    values
        Those that are instances of the structure; all others are background.
    levels
        Whether the values are the project's numbers of levels.
    """

    array: NDArray[np.integer] = field(repr=False)
    values: tuple[int, ...]
    levels: bool = True

    def __post_init__(self) -> None:
        if len(set(self.values)) != len(self.values) or min(self.values, default=1) < 1:
            raise InputError(
                "instances need numbers of their own", expected="distinct and positive", got=str(self.values)
            )


def match_instances(
    prediction: Instances, reference: Instances, *, matching: Matching | str = Matching.IOU
) -> Detection:
    """Match instances one to one: as many pairs as can be, and among those the ones that overlap most.

    A pair may be matched where its overlap is 0.5 or more. With intersection over union, pairs compete for an instance
    only at exactly 0.5; with coverage, one prediction may cover several references and is given to one.

    Parameters
    ----------
    prediction, reference
        Instances on one grid.
    matching
        How overlap is measured.

    Raises
    ------
    GridError
        If the arrays differ in shape.
    """
    if prediction.array.shape != reference.array.shape:
        expected, got = str(reference.array.shape), str(prediction.array.shape)
        raise GridError("predicted and reference instances differ in shape", expected=expected, got=got)
    joint, sizes, references = _counts(prediction, reference)
    dice = 2 * joint / np.maximum(sizes[:, None] + references, 1)
    if Matching(matching) is Matching.COVERAGE:
        overlap = joint / np.maximum(references, 1)
    else:
        overlap = joint / np.maximum(sizes[:, None] + references - joint, 1)
    rows, columns = _assign(overlap)
    pairs = sorted(zip(columns.tolist(), rows.tolist(), strict=True))
    return Detection(
        matches=tuple(
            Match(
                prediction=prediction.values[row],
                reference=reference.values[column],
                overlap=float(overlap[row, column]),
                dice=float(dice[row, column]),
            )
            for column, row in pairs
        ),
        extra=tuple(v for n, v in enumerate(prediction.values) if n not in set(rows.tolist())),
        missed=tuple(v for n, v in enumerate(reference.values) if n not in set(columns.tolist())),
    )


def _counts(
    prediction: Instances, reference: Instances
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Voxels that each pair shares, (p, r), and the voxels of each instance, (p,) and (r,)."""
    ours, theirs = _positions(prediction), _positions(reference)
    p, r = len(prediction.values), len(reference.values)
    table = np.bincount((ours * (r + 1) + theirs).ravel(), minlength=(p + 1) * (r + 1)).reshape(p + 1, r + 1)
    return table[1:, 1:], table[1:].sum(axis=1), table[:, 1:].sum(axis=0)


def _positions(instances: Instances) -> NDArray[np.intp]:
    """Every voxel's place in the list of values, from 1; 0 for background."""
    top = max([int(instances.array.max(initial=0)), *instances.values])
    table = np.zeros(top + 1, dtype=np.intp)
    table[list(instances.values)] = np.arange(1, len(instances.values) + 1)
    return np.asarray(table[instances.array], dtype=np.intp)


def _assign(overlap: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the pairs with the largest overlap in all.

    That is also the largest number of pairs: two predictions can both have half of one reference, and no more, so
    giving up a pair never gains overlap elsewhere.
    """
    allowed = overlap >= ENOUGH
    rows, columns = linear_sum_assignment(np.where(allowed, overlap, 0), maximize=True)
    kept = allowed[rows, columns]
    return rows[kept], columns[kept]


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
