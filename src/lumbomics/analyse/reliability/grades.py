"""Grades as counts: categories in their order, and weights for agreement in part."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lumbomics.analyse.reliability.estimate import FloatArray
from lumbomics.core.errors import InputError


class Weighting(StrEnum):
    """How much a near miss counts, for grades at equal steps."""

    UNWEIGHTED = "unweighted"
    LINEAR = "linear"
    QUADRATIC = "quadratic"


def agreement_weights(q: int, weighting: Weighting | str) -> FloatArray:
    """Weights (q, q) in [0, 1], 1 on the diagonal: 1 - |i - j| / (q - 1), its square's complement, or identity."""
    steps = np.abs(np.subtract.outer(np.arange(q), np.arange(q))) / max(q - 1, 1)
    try:
        kind = Weighting(weighting)
    except ValueError as error:
        raise InputError("unknown weighting", expected=", ".join(Weighting), got=repr(weighting)) from error
    if kind is Weighting.UNWEIGHTED:
        return np.eye(q)
    return np.asarray(1 - (steps if kind is Weighting.LINEAR else steps**2), dtype=np.float64)


def graded(ratings: ArrayLike, categories: Sequence[Any] | None) -> tuple[NDArray[np.int64], tuple[Any, ...]]:
    """Ratings as positions in the list of categories.

    Parameters
    ----------
    ratings
        (units, raters) of numbers or texts; NaN or None where missing.
    categories
        All possible grades from least to most; ``None`` takes those that occur, sorted. A grade that nobody gave still
        changes weights and chance agreement, so state the list where it is known.

    Returns
    -------
    tuple
        Positions (units, raters), -1 where missing, and the categories.

    Raises
    ------
    InputError
        If a rating is no category, a category stands twice, or fewer than two categories are known.
    """
    frame = pd.DataFrame(np.asarray(ratings, dtype=object))
    if frame.shape[1] < 2 or frame.empty:
        raise InputError("ratings do not form a table", expected="(units, raters >= 2)", got=str(frame.shape))
    found = list(pd.unique(frame.to_numpy().ravel()))
    found = [value for value in found if not pd.isna(value)]
    listed = sorted(found) if categories is None else list(categories)
    strange = [value for value in found if value not in listed]
    if strange:
        raise InputError("ratings outside the categories", expected=str(listed), got=str(strange[:5]))
    if len(listed) < 2 or len(set(listed)) < len(listed):
        raise InputError(
            "categories must be two or more, each once", got=str(listed), hint="state all possible grades in categories"
        )
    position = {value: rank for rank, value in enumerate(listed)}
    coded = [[-1 if pd.isna(value) else position[value] for value in row] for row in frame.to_numpy()]
    return np.array(coded, dtype=np.int64), tuple(listed)


def counts_by_unit(coded: NDArray[np.int64], q: int) -> FloatArray:
    """How many raters gave each grade to each unit, (units, q)."""
    return np.stack([(coded == category).sum(axis=1) for category in range(q)], axis=1).astype(np.float64)
