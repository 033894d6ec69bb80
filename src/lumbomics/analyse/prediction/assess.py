"""From out-of-fold predictions to the tables of a result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lumbomics.analyse.prediction import calibration
from lumbomics.analyse.prediction.chance import PermutationTest, permuted
from lumbomics.analyse.prediction.choices import Task
from lumbomics.analyse.prediction.folds import grouped_folds
from lumbomics.analyse.prediction.inputs import Question
from lumbomics.analyse.prediction.metrics import CHANCE, HEADLINE, headline, measure
from lumbomics.analyse.prediction.nested import Rows, nested_predictions
from lumbomics.analyse.prediction.recipe import Recipe
from lumbomics.analyse.prediction.result import CLINICAL, CURVE, MODEL, PERFORMANCE, PREDICTIONS

Array = NDArray[np.float64]
Places = NDArray[np.intp]

_CURVE_POINTS = 40


def predictions(made: Mapping[str, Array], folds: list[Places], rows: Rows, names: NDArray[np.object_]) -> pd.DataFrame:
    """One row a row, model and repeat; ``made`` holds (repeats, n) for each model."""
    count = len(rows.outcome)
    tables = [
        pd.DataFrame(
            {
                "row": np.arange(count),
                "participant": names,
                "model": name,
                "repeat": repeat,
                "fold": fold,
                "outcome": rows.outcome,
                "predicted": values[repeat],
            }
        )
        for name, values in made.items()
        for repeat, fold in enumerate(folds)
    ]
    return pd.concat(tables, ignore_index=True)[list(PREDICTIONS)]


def performance(
    made: Mapping[str, Array],
    folds: list[Places],
    rows: Rows,
    question: Question,
    draws: list[Places],
    confidence: float,
) -> pd.DataFrame:
    """Every metric of every model, and the difference of models from the same samples, with percentile limits."""
    sites = None if question.site is None else pd.factorize(rows.table[question.site])[0].astype(np.intp)
    every = np.arange(len(rows.outcome))
    held = {}
    for name, values in made.items():
        samples = [_mean_metrics(question.task, rows.outcome, values, folds, sites, d) for d in (every, *draws)]
        held[name] = pd.DataFrame(samples)
    if CLINICAL in held:
        held["difference"] = held[MODEL] - held[CLINICAL]
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    lines = []
    for name, table in held.items():
        for metric in table.columns:
            drawn = table[metric].iloc[1:].dropna()
            low, high = np.quantile(drawn, tails) if len(drawn) else (np.nan, np.nan)
            chance = 0.0 if name == "difference" else CHANCE.get(metric, np.nan)
            lines.append((name, metric, table[metric].iloc[0], low, high, chance))
    return pd.DataFrame(lines, columns=list(PERFORMANCE))


def _mean_metrics(
    task: Task, outcome: Array, made: Array, folds: list[Places], sites: Places | None, rows: Places
) -> dict[str, float]:
    """Metrics of each repeat, averaged: the quality of one model, not of an average of models."""
    here = None if sites is None else sites[rows]
    each = [
        measure(task, outcome[rows], values[rows], fold=fold[rows], sites=here)
        for values, fold in zip(made, folds, strict=True)
    ]
    return {name: float(np.mean([one[name] for one in each])) for name in each[0]}


def curves(
    made: Mapping[str, Array], outcome: Array, task: Task, draws: list[Places], confidence: float
) -> pd.DataFrame:
    """Calibration curve of each model over all repeats, from the 1st to the 99th percentile of its predictions."""
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    tables = []
    for name, values in made.items():
        at = np.linspace(float(np.quantile(values, 0.01)), float(np.quantile(values, 0.99)), _CURVE_POINTS)
        observed = calibration.curve(task, np.tile(outcome, len(values)), values.ravel(), at)
        boot = np.array(
            [calibration.curve(task, np.tile(outcome[d], len(values)), values[:, d].ravel(), at) for d in draws]
        )
        low, high = np.nanquantile(boot, tails, axis=0) if np.isfinite(boot).all() else (np.nan, np.nan)
        tables.append(pd.DataFrame({"model": name, "predicted": at, "observed": observed, "low": low, "high": high}))
    return pd.concat(tables, ignore_index=True)[list(CURVE)]


def permutation_test(
    made: Array, rows: Rows, recipe: Recipe, fold: Places, *, count: int, inner: int, rng: np.random.Generator
) -> PermutationTest | None:
    """Repeat the whole nested procedure on permuted outcomes; folds are dealt anew, as they follow the outcome."""
    if count == 0:
        return None
    folds, values = int(fold.max()) + 1, []
    for _ in range(count):
        other = replace(rows, outcome=permuted(rows.outcome, rows.patients, rng))
        dealt = grouped_folds(other.patients, other.outcome, folds, rng)
        values.append(
            headline(recipe.task, other.outcome, nested_predictions(other, recipe, dealt, inner=inner, rng=rng), dealt)
        )
    observed = headline(recipe.task, rows.outcome, made, fold)
    return PermutationTest(
        metric=HEADLINE[recipe.task],
        observed=observed,
        chance=float(np.mean(values)),
        p=float((1 + np.sum(np.array(values) >= observed)) / (1 + count)),
        permutations=count,
    )
