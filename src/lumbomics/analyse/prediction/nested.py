"""Nested cross-validation: settings are chosen in folds of the training rows, never with a test row in sight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lumbomics.analyse.prediction.folds import check_folds, grouped_folds
from lumbomics.analyse.prediction.recipe import Recipe, Settings, predicted

Array = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """Rows of a prediction study.

    Parameters
    ----------
    table
        Features and site, rows numbered from 0.
    outcome
        (n,) 0 and 1, or numbers.
    patients
        (n,) number of the patient, 0 to m - 1.
    """

    table: pd.DataFrame
    outcome: Array
    patients: Places

    def at(self, places: Places) -> Rows:
        """Keep rows at ``places``, patients numbered anew."""
        _, patients = np.unique(self.patients[places], return_inverse=True)
        return Rows(
            table=self.table.iloc[places].reset_index(drop=True), outcome=self.outcome[places], patients=patients
        )


def nested_predictions(rows: Rows, recipe: Recipe, fold: Places, *, inner: int, rng: np.random.Generator) -> Array:
    """Predict each row by a model that saw neither it nor any other row of its patient.

    Parameters
    ----------
    rows
        The study.
    recipe
        What is trained.
    fold
        (n,) outer fold of each row; refused where it parts a patient.
    inner
        Folds for the choice of settings.
    rng
        Source of chance of the inner folds.

    Returns
    -------
    numpy.ndarray
        (n,) predictions.
    """
    check_folds(fold, rows.patients)
    made = np.empty(len(fold))
    for number in np.unique(fold):
        train, test = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        known = rows.at(train)
        model = recipe.pipeline(tune(known, recipe, inner=inner, rng=rng)).fit(known.table, known.outcome)
        made[test] = predicted(model, rows.table.iloc[test])
    return made


def tune(rows: Rows, recipe: Recipe, *, inner: int, rng: np.random.Generator) -> Settings:
    """Choose the settings with the smallest loss over patient-grouped inner folds."""
    grid = recipe.grid()
    fold = grouped_folds(rows.patients, rows.outcome, inner, rng)
    made = np.empty((len(fold), len(grid)))
    for number in range(inner):
        train, test = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        made[test] = recipe.trial(rows.table.iloc[train], rows.outcome[train], rows.table.iloc[test])
    return grid[int(np.argmin(recipe.loss(rows.outcome, made)))]
