"""Planted leaks are found, harmless columns are not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from lumbomics.analyse.prediction import LeakKind, Task, find_leaks, grouped_folds, predict
from lumbomics.analyse.prediction.nested import Rows, nested_predictions
from lumbomics.analyse.prediction.recipe import Learner, Recipe
from lumbomics.core.errors import FaultsError, InputError

Cohort = Callable[..., pd.DataFrame]
FEATURES = ["age", "sex", "foramen", "disc", "canal"]


def kinds(table: pd.DataFrame, features: list[str], site: str | None = None, outcome: str = "responder") -> set:
    task = Task.BINARY if outcome == "responder" else Task.CONTINUOUS
    values, who = table[outcome].to_numpy(dtype=float), pd.factorize(table["participant"])[0]
    return {
        (leak.kind, leak.column) for leak in find_leaks(table, values, who, features=features, task=task, site=site)
    }


def test_a_clean_cohort_has_no_leak(make_cohort: Cohort) -> None:
    table = make_cohort(150, effect=1.5, seed=0).assign(site=np.arange(150) % 3)
    assert kinds(table, FEATURES, "site") == set()
    assert kinds(table, FEATURES, "site", outcome="pain") == set()


def test_a_number_computed_from_the_outcome_is_found_in_either_direction(make_cohort: Cohort) -> None:
    table = make_cohort(100, effect=1, seed=1)
    made = table.assign(change=-3.0 * table["responder"] + np.random.default_rng(0).normal(0, 0.1, 100))
    assert kinds(made, [*FEATURES, "change"]) == {(LeakKind.TARGET_DERIVED, "change")}
    assert kinds(table.assign(odi=90 - 8 * table["pain"]), [*FEATURES, "odi"], outcome="pain") == {
        (LeakKind.TARGET_DERIVED, "odi")
    }


def test_a_word_that_stands_for_the_outcome_is_found_and_one_word_a_row_is_not(make_cohort: Cohort) -> None:
    table = make_cohort(100, effect=1, seed=1)
    table["status"] = np.where(table["responder"] == 1, "device kept", "device removed")
    table["free_text"] = [f"text {i}" for i in range(100)]
    assert kinds(table, ["status", "free_text", "sex"]) == {(LeakKind.TARGET_DERIVED, "status")}


def test_a_value_measured_in_one_group_only_is_found(make_cohort: Cohort) -> None:
    table = make_cohort(100, effect=1, seed=2)
    table["impedance"] = np.where(table["responder"] == 1, table["canal"], np.nan)
    assert kinds(table, [*FEATURES, "impedance"]) == {(LeakKind.MISSINGNESS, "impedance")}


def test_one_patient_under_two_names_is_found_and_two_rows_of_one_patient_are_not(make_cohort: Cohort) -> None:
    table = make_cohort(60, effect=1, seed=3)
    again = pd.concat([table, table.iloc[[5]].assign(participant="sub-new")], ignore_index=True)
    assert kinds(again, FEATURES) == {(LeakKind.SAME_PATIENT, "")}
    assert kinds(make_cohort(60, effect=1, seed=3, rows=2), FEATURES) == set()


def test_a_site_that_stands_for_the_outcome_is_found_and_is_worth_nothing_within_sites(
    make_cohort: Cohort, quick: dict[str, int]
) -> None:
    rng = np.random.default_rng(5)
    table = make_cohort(160, effect=0, seed=5)
    table["site"] = np.repeat(["a", "b"], 80)
    table["responder"] = (rng.random(160) < np.where(table["site"] == "a", 0.15, 0.85)).astype(int)
    shift = 30 * (table["site"] == "b")  # a scanner that measures larger
    table = table.assign(foramen=table["foramen"] + shift)
    made = predict(table, outcome="responder", features=["foramen", "disc", "canal"], site="site", **quick)
    assert [leak.kind for leak in made.leaks] == [LeakKind.SITE]
    assert made.estimate("auc")[1] > 0.6
    assert made.estimate("auc_within_site")[1] < 0.5 < made.estimate("auc_within_site")[2]
    assert "read the metric within sites" in made.methods()


def test_a_planted_leak_stops_the_study_until_it_was_looked_at(make_cohort: Cohort, quick: dict[str, int]) -> None:
    table = make_cohort(80, effect=1, seed=6)
    table["change"] = table["responder"] * 2.0
    with pytest.raises(FaultsError, match="change alone tells the outcome"):
        predict(table, outcome="responder", features=["age", "change"], **quick)
    made = predict(table, outcome="responder", features=["age", "change"], accept=["change"], **quick)
    assert made.estimate("auc")[0] == 1.0
    assert made.leaks[0].column == "change"


def test_rows_of_a_patient_on_both_sides_of_a_fold_are_refused_and_would_be_remembered() -> None:
    rng = np.random.default_rng(7)
    patients = np.repeat(np.arange(40), 4)
    marks = rng.normal(size=(40, 60))[patients] + 0.01 * rng.normal(size=(160, 60))
    outcome = (rng.permutation(40) % 2).astype(float)[patients]  # means nothing, but is the patient's own
    table = pd.DataFrame(marks, columns=[f"x{i}" for i in range(60)])
    recipe = Recipe(task=Task.BINARY, learner=Learner.ELASTIC_NET, numbers=tuple(table.columns), words=())
    rows = Rows(table=table, outcome=outcome, patients=patients)
    by_row = np.arange(160) % 3
    with pytest.raises(InputError, match="40 patients in several folds"):
        nested_predictions(rows, recipe, by_row, inner=3, rng=rng)
    model = recipe.pipeline({"l1_ratio": 0.1, "fraction": 0.01}).fit(table[by_row != 0], outcome[by_row != 0])
    remembered = ((model.predict(table[by_row == 0]) > 0.5) == outcome[by_row == 0]).mean()
    assert remembered > 0.95
    honest = nested_predictions(rows, recipe, grouped_folds(patients, outcome, 3, rng), inner=3, rng=rng)
    assert ((honest > 0.5) == outcome).mean() < 0.75


@pytest.mark.parametrize("change", ["outcome", "neighbour"])
def test_nothing_of_a_test_row_reaches_the_model_that_predicts_it(change: str, make_cohort: Cohort) -> None:
    """Gaps, site effects, screening and settings: none of them may see the rows they are tested on."""
    table = make_cohort(90, effect=1.5, seed=8)
    table["site"] = np.where(np.arange(90) % 2, "a", "b")
    table.loc[::7, "disc"] = np.nan
    numbers = ("age", "foramen", "disc", "canal")
    recipe = Recipe(
        task=Task.BINARY,
        learner=Learner.ELASTIC_NET,
        numbers=numbers,
        words=("sex",),
        harmonise=("foramen", "disc", "canal"),
        site="site",
        select=3,
    )
    outcome, patients, fold = table["responder"].to_numpy(dtype=float), np.arange(90), np.arange(90) // 2 % 3
    held = np.flatnonzero(fold == 0)
    other, altered = outcome.copy(), table.copy()
    if change == "outcome":
        other[held] = 1 - other[held]
    else:
        altered.loc[held[1:], list(numbers)] = 1e3
    made = [
        nested_predictions(
            Rows(table=t, outcome=y, patients=patients), recipe, fold, inner=3, rng=np.random.default_rng(0)
        )
        for t, y in ((table, outcome), (altered, other))
    ]
    same = held if change == "outcome" else held[:1]
    np.testing.assert_array_equal(made[0][same], made[1][same])
    assert (made[0][fold != 0] != made[1][fold != 0]).any()
