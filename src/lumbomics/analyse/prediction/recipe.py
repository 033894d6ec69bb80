"""What is trained in a fold: preparation, screening and a model, with the settings that the inner folds choose from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.pipeline import Pipeline

from lumbomics.analyse.prediction.choices import Learner, Task
from lumbomics.analyse.prediction.penalised import Penalised, largest_penalty, solve
from lumbomics.analyse.prediction.preparation import Preparation, Screen

Array = NDArray[np.float64]
Settings = Mapping[str, float]

_L1_RATIOS: Final = (0.1, 0.9)
_FRACTIONS: Final = tuple(float(value) for value in np.geomspace(0.8, 0.01, 8))
_LEAVES: Final = (3, 6)
_RATES: Final = (0.03, 0.1)
_ROUNDS = 60
_RARE = 1e-6
"""Risks closer to 0 or 1 than this are not told apart, so that one row cannot make the loss infinite."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One model to be trained in every fold.

    Parameters
    ----------
    task, learner
        As declared.
    numbers, words, harmonise, site, select
        As in ``Preparation`` and ``Screen``.
    seed
        Of the model, where it draws at random.
    """

    task: Task
    learner: Learner
    numbers: tuple[str, ...]
    words: tuple[str, ...]
    harmonise: tuple[str, ...] = ()
    site: str | None = None
    select: int | None = None
    seed: int = 0

    def grid(self) -> tuple[Settings, ...]:
        """Return the settings that the inner folds choose from."""
        if self.learner is Learner.ELASTIC_NET:
            return tuple(MappingProxyType({"l1_ratio": a, "fraction": f}) for a in _L1_RATIOS for f in _FRACTIONS)
        return tuple(MappingProxyType({"leaves": n, "rate": r}) for n in _LEAVES for r in _RATES)

    def pipeline(self, settings: Settings) -> Pipeline:
        """Untrained pipeline of all steps: what a fold trains, and what may be trained on all rows in the end."""
        return Pipeline([*self.steps(), ("model", self._model(settings))])

    def steps(self) -> list[tuple[str, BaseEstimator]]:
        """Return the steps before the model, untrained."""
        preparation = Preparation(numbers=self.numbers, words=self.words, harmonise=self.harmonise, site=self.site)
        return [("prepare", preparation), ("screen", Screen(keep=self.select))]

    def trial(self, train: pd.DataFrame, outcome: Array, test: pd.DataFrame) -> Array:
        """Predictions (rows of ``test``, settings) of models trained on ``train`` with outcomes (n,)."""
        before = Pipeline(self.steps()).fit(train, outcome)
        x, new = before.transform(train), before.transform(test)
        if self.learner is Learner.ELASTIC_NET:
            return self._path(x, outcome, new)
        return np.column_stack([predicted(self._model(s).fit(x, outcome), new) for s in self.grid()])

    def loss(self, outcome: Array, made: Array) -> Array:
        """Mean loss of each column of predictions (n, k): log loss of risks, squared error of numbers."""
        target = outcome[:, None]
        if self.task is Task.CONTINUOUS:
            return np.asarray(((made - target) ** 2).mean(axis=0), dtype=np.float64)
        risk = np.clip(made, _RARE, 1 - _RARE)
        return np.asarray(-(target * np.log(risk) + (1 - target) * np.log(1 - risk)).mean(axis=0), dtype=np.float64)

    def _path(self, x: Array, outcome: Array, new: Array) -> Array:
        made = []
        for l1_ratio in _L1_RATIOS:
            penalties = np.array(_FRACTIONS) * largest_penalty(x, outcome, l1_ratio)
            logistic = self.task is Task.BINARY
            # Choosing between penalties needs no more digits; the chosen model is fitted to the full tolerance.
            b = solve(x, outcome, penalties, l1_ratio=l1_ratio, logistic=logistic, tolerance=1e-4)
            linear = b[0] + new @ b[1:]
            made.append(expit(linear) if logistic else linear)
        return np.hstack(made)

    def _model(self, settings: Settings) -> BaseEstimator:
        if self.learner is Learner.ELASTIC_NET:
            return Penalised(**settings, logistic=self.task is Task.BINARY)
        kind = HistGradientBoostingClassifier if self.task is Task.BINARY else HistGradientBoostingRegressor
        return kind(
            max_leaf_nodes=int(settings["leaves"]),
            learning_rate=settings["rate"],
            max_iter=_ROUNDS,
            min_samples_leaf=10,
            l2_regularization=1.0,
            early_stopping=False,
            random_state=self.seed,
        )


def predicted(model: BaseEstimator, rows: object) -> Array:
    """Risks or numbers (n,) from a trained model or pipeline."""
    # A pipeline only offers predict_proba where its last step does; Penalised gives risks from predict itself.
    made = model.predict_proba(rows)[:, 1] if hasattr(model, "predict_proba") else model.predict(rows)
    return np.asarray(made, dtype=np.float64)
