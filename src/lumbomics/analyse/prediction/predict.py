"""Whether the outcome can be told from the features, in patients the model never saw."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lumbomics.analyse.prediction.assess import curves, performance, permutation_test, predictions
from lumbomics.analyse.prediction.chance import patient_draws
from lumbomics.analyse.prediction.choices import Design, Learner, Shortage, Task
from lumbomics.analyse.prediction.decision import decision_table
from lumbomics.analyse.prediction.folds import grouped_folds
from lumbomics.analyse.prediction.inputs import Checked, Question, check
from lumbomics.analyse.prediction.leaks import Leak, LeakKind, find_leaks
from lumbomics.analyse.prediction.nested import nested_predictions
from lumbomics.analyse.prediction.recipe import Recipe
from lumbomics.analyse.prediction.result import CLINICAL, MODEL, Prediction
from lumbomics.core.errors import FaultsError, InputError

Array = NDArray[np.float64]

Choice = TypeVar("Choice", bound=StrEnum)

THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 20))
"""Risks at which net benefit is told unless others are given."""


def predict(
    table: pd.DataFrame,
    *,
    outcome: str,
    features: Sequence[str],
    task: Task | str = Task.BINARY,
    event: str | None = None,
    clinical: Sequence[str] = (),
    participant: str = "participant",
    site: str | None = None,
    harmonise: Sequence[str] = (),
    learner: Learner | str = Learner.ELASTIC_NET,
    select: int | None = None,
    outer: int = 5,
    inner: int = 5,
    repeats: int = 5,
    bootstrap: int = 500,
    permutations: int = 200,
    thresholds: Sequence[float] = THRESHOLDS,
    confidence: float = 0.95,
    shortage: Shortage | str = Shortage.REPORT,
    accept: Sequence[str] = (),
    seed: int = 0,
) -> Prediction:
    """Estimate by nested, patient-grouped cross-validation how well an outcome can be predicted.

    Parameters
    ----------
    table
        One row a patient, or several (levels, sides, visits). Rows without an outcome are left out and counted.
    outcome
        Column with 0 and 1, with two values (then ``event`` says which is 1), or with numbers.
    features, clinical
        Predictors of the model; predictors of the clinical-only model it must beat. Numbers, or words. Columns of the
        clinical-only model only enter the model where they are named in ``features`` too.
    task, learner
        ``binary`` or ``continuous``; ``elastic_net`` (logistic or linear) or ``boosting``.
    participant, site
        Columns. With a site, discrimination is also told within sites.
    harmonise
        Features harmonised between sites by ComBat, inside the folds; never pass features harmonised before.
    select
        Keep this many columns by correlation with the outcome, inside the folds.
    outer, inner, repeats
        Folds of the test, folds of the choice of settings, repeats of the outer folds.
    bootstrap, permutations
        Samples of patients for the limits; permutations of outcomes between patients (0: none).
    thresholds
        Risks at which net benefit is told, between 0 and 1.
    confidence
        Level of the limits.
    shortage
        ``report`` or ``refuse`` a study with fewer patients than Riley's criteria ask for. Fewer than 10 patients in
        the rarer class are refused in any case.
    accept
        Columns whose leak finding was looked at and found harmless.
    seed
        Source of all chance.

    Returns
    -------
    Prediction
        Its limits hold the trained models fixed: they do not tell how another training set would do, and are too narrow
        near chance (folds of one cohort are not independent); whether there is anything at all is the question of the
        permutation test. A cross-validated result is no external validation.

    Raises
    ------
    FaultsError
        With every fault of table and choices, and with every leak that gives the outcome away.
    """
    question = Question(
        task=_one_of(Task, task),
        outcome=outcome,
        event=event,
        features=tuple(features),
        clinical=tuple(clinical),
        participant=participant,
        site=site,
        harmonise=tuple(harmonise),
        select=select,
        outer=outer,
        inner=inner,
    )
    kind, lack = _one_of(Learner, learner), _one_of(Shortage, shortage)
    limits = _limits(repeats, bootstrap, permutations, thresholds, confidence)
    data = check(table, question, shortage=lack)
    leaks = _leaks(data, question, frozenset(accept))
    recipes = {MODEL: _recipe(data, question, kind, question.features, seed)}
    if question.clinical:
        recipes[CLINICAL] = _recipe(data, question, kind, question.clinical, seed)
    rng = np.random.default_rng(seed)
    folds = [grouped_folds(data.rows.patients, data.rows.outcome, outer, rng) for _ in range(repeats)]
    made = {
        name: np.array([nested_predictions(data.rows, r, fold, inner=inner, rng=rng) for fold in folds])
        for name, r in recipes.items()
    }
    draws = patient_draws(data.rows.patients, data.rows.outcome, bootstrap, rng)
    design = Design(
        **{name: getattr(question, name) for name in Question.__dataclass_fields__},
        learner=kind,
        shortage=lack,
        repeats=repeats,
        bootstrap=bootstrap,
        permutations=permutations,
        confidence=confidence,
        seed=seed,
        rows=len(data.rows.outcome),
        rows_without_outcome=data.left_out,
        participants=data.size.patients,
        events=data.size.events,
        gaps=float(data.rows.table[list(question.columns)].isna().to_numpy().mean()),
    )
    names = table.loc[table[outcome].notna(), participant].to_numpy()
    observed = data.rows.outcome
    return Prediction(
        design=design,
        size=data.size,
        leaks=leaks,
        predictions=predictions(made, folds, data.rows, names),
        performance=performance(made, folds, data.rows, question, draws, confidence),
        calibration=curves(made, observed, question.task, draws, confidence),
        decisions=decision_table(observed, made, limits, draws, confidence) if question.task is Task.BINARY else None,
        permutation=permutation_test(
            made[MODEL][0], data.rows, recipes[MODEL], folds[0], count=permutations, inner=inner, rng=rng
        ),
    )


def _limits(repeats: int, bootstrap: int, permutations: int, thresholds: Sequence[float], confidence: float) -> Array:
    """Check the numbers of rounds; returns the thresholds as an array."""
    counts = (("repeats", repeats, 1), ("bootstrap", bootstrap, 20), ("permutations", permutations, 0))
    faults = [
        InputError(f"{name} out of range", expected=f"{least} or more", got=str(count))
        for name, count, least in counts
        if count < least
    ]
    if not 0.5 <= confidence < 1:
        faults.append(InputError("confidence out of range", expected="0.5 to below 1", got=f"{confidence:g}"))
    if not thresholds or not all(0 < value < 1 for value in thresholds):
        faults.append(InputError("thresholds are risks", expected="between 0 and 1", got=str(list(thresholds))))
    if faults:
        raise FaultsError(faults)
    return np.array(thresholds, dtype=np.float64)


def _one_of(kind: type[Choice], value: str) -> Choice:
    try:
        return kind(value)
    except ValueError:
        expected = ", ".join(kind)
        raise InputError(f"unknown {kind.__name__.lower()}", expected=expected, got=repr(value)) from None


def _leaks(data: Checked, question: Question, accepted: frozenset[str]) -> tuple[Leak, ...]:
    rows = data.rows
    leaks = find_leaks(
        rows.table, rows.outcome, rows.patients, features=question.columns, task=question.task, site=question.site
    )
    fatal = [leak for leak in leaks if leak.kind is not LeakKind.SITE and leak.column not in accepted]
    if fatal:
        hint = "leave it out; or, looked at and found harmless, name it in accept ('' for rows)"
        raise FaultsError([InputError(f"leak ({leak.kind}): {leak.says}", hint=hint) for leak in fatal])
    return leaks


def _recipe(data: Checked, question: Question, learner: Learner, names: tuple[str, ...], seed: int) -> Recipe:
    harmonised = tuple(name for name in question.harmonise if name in names)
    return Recipe(
        task=question.task,
        learner=learner,
        numbers=tuple(name for name in names if name in data.numbers),
        words=tuple(name for name in names if name in data.words),
        harmonise=harmonised,
        site=question.site if harmonised else None,
        select=question.select,
        seed=seed,
    )
