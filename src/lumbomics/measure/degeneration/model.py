"""Small grading models: proportional odds on measured features, the numbers of which are data, not code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self

import numpy as np

from lumbomics.core.errors import CatalogueError
from lumbomics.core.measurement import Reason
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.learned import missing, model_file, standardised


@dataclass(frozen=True, kw_only=True, eq=False)
class GradeModel:
    """Ordered categories from a weighted sum of features.

    With z = clip(x, low, high) standardised by centre and scale and s = sum of weight x z, the probability of category
    k or a lower one is 1 / (1 + exp(s - threshold_k)). Two categories make it logistic regression.

    Parameters
    ----------
    name, version
        Which model.
    categories
        In ascending order.
    features
        Names, in the order of the arrays.
    low, high, centre, scale, weight
        One number a feature; values beyond what was learned from are clipped.
    threshold
        Ascending, one fewer than categories.
    gain
        One positive number a category: ``category`` weighs the probabilities by these, so that rare categories are
        named as readily as frequent ones. All 1 where not given. Probabilities are not changed.
    card
        Data, licence, cross-validated agreement, limits.
    """

    name: str
    version: str
    categories: tuple[str, ...]
    features: tuple[str, ...]
    low: FloatArray = field(repr=False)
    high: FloatArray = field(repr=False)
    centre: FloatArray = field(repr=False)
    scale: FloatArray = field(repr=False)
    weight: FloatArray = field(repr=False)
    threshold: FloatArray = field(repr=False)
    gain: FloatArray = field(repr=False)
    card: Mapping[str, Any] = field(repr=False)

    def __post_init__(self) -> None:
        arrays = (self.low, self.high, self.centre, self.scale, self.weight)
        if any(a.shape != (len(self.features),) or not np.isfinite(a).all() for a in arrays):
            raise CatalogueError("a grading model needs finite numbers for every feature", where=self.name)
        if (self.scale <= 0).any() or (self.low > self.high).any():
            raise CatalogueError("scales must be positive and bounds in order", where=self.name)
        if self.gain.shape != (len(self.categories),) or not (self.gain > 0).all():
            raise CatalogueError("gains must be positive, one a category", where=self.name)
        steps = np.diff(self.threshold)
        if self.threshold.shape != (len(self.categories) - 1,) or not (steps > 0).all():
            raise CatalogueError("thresholds must ascend, one fewer than categories", where=self.name)

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> Self:
        """Build a model from the content of its file; CatalogueError where it is incomplete."""
        try:
            rows = given["features"]
            columns = {key: np.array([row[key] for row in rows], dtype=np.float64) for key in _NUMBERS}
            categories = tuple(str(c) for c in given["categories"])
            return cls(
                name=str(given["name"]),
                version=str(given["version"]),
                categories=categories,
                gain=np.array(given.get("gains", np.ones(len(categories))), dtype=np.float64),
                features=tuple(str(row["name"]) for row in rows),
                threshold=np.array(given["thresholds"], dtype=np.float64),
                card=given["card"],
                **columns,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CatalogueError("a grading model is incomplete", got=f"{type(error).__name__}: {error}") from error

    def probabilities(self, values: Mapping[str, float]) -> FloatArray:
        """Probability of every category; NotMeasurableError names the features that are missing."""
        if absent := missing(self.features, values):
            what = ", ".join(absent)
            raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"{self.name} needs what cannot be read here: {what}")
        given = np.array([values[name] for name in self.features])
        design = standardised(given, low=self.low, high=self.high, centre=self.centre, scale=self.scale)
        total = float(self.weight @ design)
        below = 1.0 / (1.0 + np.exp(np.clip(total - self.threshold, -500, 500)))
        return np.diff(below, prepend=0.0, append=1.0)

    def category(self, probabilities: FloatArray) -> str:
        """Name the category that probabilities weighed by the gains favour."""
        return self.categories[int(np.argmax(probabilities * self.gain))]


_NUMBERS = ("low", "high", "centre", "scale", "weight")


@cache
def load_model(name: str) -> GradeModel:
    """Return a model that ships with the package, by name."""
    return GradeModel.from_mapping(model_file("lumbomics.measure.degeneration", name))
