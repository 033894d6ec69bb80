"""Small multinomial logistic models shipped as data, each with its card."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from lumbomics.core.errors import CatalogueError
from lumbomics.measure.learned import model_file, standardised


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Feature(_Strict):
    """One feature as the training patients had it: mean, standard deviation, lowest and highest value."""

    name: str
    mean: float
    sd: float
    low: float
    high: float


class Card(_Strict):
    """What is known about a model.

    Parameters
    ----------
    trained_on, n_trained
        Data, and cases in them.
    tested_on, n_tested
        Data kept out of the fit, and cases in them.
    auc, accuracy
        On the tested data: area under the receiver operating curve as ``auc_of`` says, and share of cases whose most
        probable class is right.
    auc_of
        What is told from what.
    limits
        What the model is not.
    """

    trained_on: str
    n_trained: int
    tested_on: str
    n_tested: int
    auc: float
    auc_of: str
    accuracy: float
    limits: str


class LogisticModel(_Strict):
    """Probabilities of classes: softmax of intercepts + coefficients x standardised features.

    Parameters
    ----------
    name, version
        Of the model.
    classes
        In the order of the rows of ``coefficients``.
    features
        In the order of the columns of ``coefficients``.
    coefficients, intercepts
        Of standardised features: (classes, features) and (classes,).
    abstain_below
        The model abstains where no class is at least this probable.
    card
        What is known about it.
    """

    name: str
    version: str
    classes: tuple[str, ...]
    features: tuple[Feature, ...]
    coefficients: tuple[tuple[float, ...], ...]
    intercepts: tuple[float, ...]
    abstain_below: float
    card: Card

    @model_validator(mode="after")
    def _sizes(self) -> LogisticModel:
        rows = {len(row) for row in self.coefficients}
        if rows != {len(self.features)} or not len(self.coefficients) == len(self.intercepts) == len(self.classes):
            raise ValueError("coefficients, intercepts, classes and features differ in number")
        return self

    def probabilities(self, values: Mapping[str, float]) -> dict[str, float]:
        """Return the probability of every class; values beyond the training patients' range count as its end."""
        given = np.array([values[one.name] for one in self.features])
        low, high = (np.array([getattr(one, end) for one in self.features]) for end in ("low", "high"))
        mean, sd = (np.array([getattr(one, what) for one in self.features]) for what in ("mean", "sd"))
        design = standardised(given, low=low, high=high, centre=mean, scale=sd)
        scores = np.array(self.intercepts) + np.array(self.coefficients) @ design
        odds = np.exp(scores - scores.max())
        return dict(zip(self.classes, (odds / odds.sum()).tolist(), strict=True))

    def unknown(self, values: Mapping[str, float], *, beyond: float = 0.5) -> tuple[str, ...]:
        """Name the features that lie beyond the training patients' range by more than a share of it."""
        found = []
        for one in self.features:
            margin = beyond * (one.high - one.low)
            if not one.low - margin <= values[one.name] <= one.high + margin:
                found.append(one.name)
        return tuple(found)

    def abstains(self, values: Mapping[str, float]) -> bool:
        """Tell whether no class is probable enough, or the case is unlike those the model was fitted on."""
        return max(self.probabilities(values).values()) < self.abstain_below or bool(self.unknown(values))


@cache
def load_model(name: str) -> LogisticModel:
    """Load a shipped model by its file's name without ``.yaml``; CatalogueError where it cannot be read."""
    try:
        return LogisticModel.model_validate(model_file("lumbomics.measure.postoperative", name))
    except ValidationError as error:
        raise CatalogueError("a shipped model does not fit together", got=str(error), where=name) from error
