"""Choose features, penalty and emphasis of a grading model within its training patients; judge that on others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score

from lumbomics.train.grade_sets import Target
from lumbomics.train.ordinal import Fitted, FloatArray, IntArray, fit_ordinal

OUTER, DIVISIONS, INNER, SEED = 10, 3, 5, 20240301


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the training patients chose.

    Parameters
    ----------
    candidate
        Name of the set of features.
    penalty
        Of the squared weights.
    emphasis
        Power of the frequency that probabilities are divided by when a category is named.
    """

    candidate: str
    penalty: float
    emphasis: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Cases:
    """Discs that a target can learn from.

    Parameters
    ----------
    values
        (discs, features) in the order of ``target.features``, finite.
    grade
        (discs,) place among the categories.
    patients
        (discs,) who; all discs of a patient stay together.
    """

    values: FloatArray
    grade: IntArray
    patients: NDArray[np.str_]

    def only(self, mask: NDArray[np.bool_]) -> Cases:
        """Leave out the other discs."""
        return Cases(values=self.values[mask], grade=self.grade[mask], patients=self.patients[mask])


@dataclass(frozen=True, kw_only=True, eq=False)
class Held:
    """What was said of discs by models that never saw their patient, in one division.

    Parameters
    ----------
    division
        Which of the repeated divisions.
    rows
        (n,) places of the discs among the cases.
    probabilities
        (n, categories).
    told
        (n,) category named.
    choice
        What the other patients chose.
    """

    division: int
    rows: IntArray
    probabilities: FloatArray
    told: IntArray
    choice: Choice


def nested(cases: Cases, target: Target, *, divisions: int = DIVISIONS) -> Iterator[Held]:
    """Judge fitting and choosing together: in every fold both see the other patients only."""
    for division in range(divisions):
        fold = fold_of(cases.patients, folds=OUTER, seed=SEED + division)
        for number in np.unique(fold):
            away = fold == number
            rest = cases.only(~away)
            choice = choose(rest, target)
            chance = fit(rest, target, choice).probabilities(cases.values[away][:, columns(target, choice.candidate)])
            told = (chance * gains(rest.grade, target, choice.emphasis)).argmax(axis=1)
            rows = np.flatnonzero(away)
            yield Held(division=division, rows=rows, probabilities=chance, told=told, choice=choice)


def choose(cases: Cases, target: Target) -> Choice:
    """Take candidate and penalty of least log loss, then the emphasis of greatest agreement, by inner validation.

    Agreement is the sum of the quadratic weighted kappa and the balanced accuracy.
    """
    tried = {
        (name, penalty): _inner(cases, target, name, penalty)
        for name in target.candidates
        for penalty in target.penalties
    }
    row = np.arange(len(cases.grade))
    loss = {key: -float(np.log(np.maximum(p[row, cases.grade], 1e-9)).mean()) for key, p in tried.items()}
    best = min(loss, key=lambda key: loss[key])
    emphasis = max(
        target.emphases, key=lambda power: _agreement(tried[best] * gains(cases.grade, target, power), cases.grade)
    )
    return Choice(candidate=best[0], penalty=best[1], emphasis=emphasis)


def fit(cases: Cases, target: Target, choice: Choice) -> Fitted:
    """Fit on all cases what was chosen."""
    values = cases.values[:, columns(target, choice.candidate)]
    return fit_ordinal(values, cases.grade, categories=len(target.categories), penalty=choice.penalty)


def columns(target: Target, candidate: str) -> IntArray:
    """Columns of the cases that hold a candidate's features."""
    place: Mapping[str, int] = {name: at for at, name in enumerate(target.features)}
    return np.array([place[name] for name in target.candidates[candidate]], dtype=np.intp)


def gains(grade: IntArray, target: Target, emphasis: float) -> FloatArray:
    """Weigh the categories (k,) by frequency to the power of minus ``emphasis``; the mean is 1."""
    count = np.maximum(np.bincount(grade, minlength=len(target.categories)), 1)
    weight = (count / count.sum()) ** -emphasis
    return np.asarray(weight / weight.mean())


def fold_of(patients: NDArray[np.str_], *, folds: int, seed: int) -> IntArray:
    """Fold number of every row; all discs of a patient lie in one fold."""
    names, row = np.unique(patients, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(names))
    return np.asarray(order[row] % folds, dtype=np.intp)


def _inner(cases: Cases, target: Target, candidate: str, penalty: float) -> FloatArray:
    """Probabilities (discs, categories) of an inner validation by patient."""
    chance = np.zeros((len(cases.grade), len(target.categories)))
    fold = fold_of(cases.patients, folds=INNER, seed=SEED)
    tried = Choice(candidate=candidate, penalty=penalty, emphasis=0.0)
    for number in np.unique(fold):
        away = fold == number
        model = fit(cases.only(~away), target, tried)
        chance[away] = model.probabilities(cases.values[away][:, columns(target, candidate)])
    return chance


def _agreement(weighed: FloatArray, grade: IntArray) -> float:
    told = weighed.argmax(axis=1)
    return float(cohen_kappa_score(grade, told, weights="quadratic") + balanced_accuracy_score(grade, told))
