"""Planted effects are predicted, nothing is found where nothing is, and what cannot be studied is refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from lumbomics.analyse.power import plan_binary_prediction
from lumbomics.analyse.prediction import Prediction, Shortage, predict
from lumbomics.core.errors import FaultsError, InputError

Cohort = Callable[..., pd.DataFrame]
FEATURES = ["age", "sex", "foramen", "disc", "canal"]


def test_a_planted_effect_is_predicted_better_than_chance_and_than_clinical_data(study: Prediction) -> None:
    value, low, high = study.estimate("auc")
    assert 0.75 < value < 0.95
    assert 0.5 < low < value < high
    assert study.permutation is not None
    assert study.permutation.p == 1 / 20
    assert study.permutation.chance == pytest.approx(0.5, abs=0.06)
    assert study.estimate("auc", model="difference")[1] > 0
    assert study.decisions is not None
    assert study.decisions.query("model == 'model' and threshold == 0.5")["gain_low"].iloc[0] > 0


def test_the_difference_is_that_of_the_two_models(study: Prediction) -> None:
    table = study.to_frame().set_index(["model", "metric"])["estimate"]
    np.testing.assert_allclose(table["difference"], table["model"] - table["clinical"])


def test_every_row_is_predicted_once_a_repeat_and_model(study: Prediction) -> None:
    counts = study.predictions.groupby(["model", "repeat"])["row"].agg(["count", "nunique"])
    assert (counts == 120).all().all()
    assert len(counts) == 4
    assert study.predictions["participant"].str.startswith("sub-").all()


def test_the_paragraph_says_what_was_done(study: Prediction) -> None:
    text = study.methods()
    for part in (
        "3 outer folds, 2 repeats",
        "3 inner folds (seed 1)",
        "(2.0 % of cells)",
        "19 permutations",
        "age, sex",
    ):
        assert part in text
    needed = plan_binary_prediction(parameters=5, prevalence=study.predictions["outcome"].mean(), r2_nagelkerke=0.15).n
    assert f"ask for {needed} participants for 5 columns" in text
    assert study.size.needed == needed


def test_the_same_seed_gives_the_same_predictions(make_cohort: Cohort, quick: dict[str, int]) -> None:
    table = make_cohort(60, effect=1, seed=9)
    one, two = (predict(table, outcome="responder", features=FEATURES, seed=s, **quick) for s in (1, 1))
    pd.testing.assert_frame_equal(one.predictions, two.predictions)


def test_nothing_is_predicted_where_nothing_is(make_cohort: Cohort, quick: dict[str, int]) -> None:
    table = make_cohort(150, effect=0, seed=10)
    made = predict(table, outcome="responder", features=FEATURES, **{**quick, "bootstrap": 60})
    _, low, high = made.estimate("auc")
    assert low < 0.5 < high
    assert made.estimate("brier_scaled")[0] < 0.05


def test_numbers_are_predicted_and_have_no_net_benefit(make_cohort: Cohort, quick: dict[str, int]) -> None:
    table = make_cohort(120, effect=1.5, seed=11)
    made = predict(table, outcome="pain", task="continuous", features=FEATURES, **quick)
    spread = 1.5**2 * (1 + 0.3**2)
    assert made.estimate("r2")[0] == pytest.approx(spread / (spread + 1), abs=0.12)
    assert made.estimate("calibration_slope")[0] == pytest.approx(1, abs=0.2)
    assert made.decisions is None


def test_boosting_finds_what_a_line_cannot(quick: dict[str, int]) -> None:
    rng = np.random.default_rng(12)
    table = pd.DataFrame({"participant": range(160), "x": rng.uniform(-1, 1, 160), "z": rng.normal(size=160)})
    table["y"] = np.where(np.abs(table["x"]) > 0.5, "yes", "no")
    line, trees = (
        predict(table, outcome="y", event="yes", features=["x", "z"], learner=kind, **{**quick, "inner": 2})
        for kind in ("elastic_net", "boosting")
    )
    assert trees.estimate("auc")[1] > 0.9
    assert line.estimate("auc")[0] < 0.65


def test_rows_without_an_outcome_are_left_out_and_counted(make_cohort: Cohort, quick: dict[str, int]) -> None:
    table = make_cohort(70, effect=1, seed=13).astype({"responder": float})
    table.loc[:4, "responder"] = np.nan
    made = predict(table, outcome="responder", features=FEATURES, **quick)
    assert (made.design.rows, made.design.rows_without_outcome) == (65, 5)
    assert set(made.predictions["participant"]) == set(table["participant"][5:])


def test_every_fault_of_choices_and_columns_is_told_at_once(make_cohort: Cohort) -> None:
    table = make_cohort(60, effect=1, seed=14)
    with pytest.raises(FaultsError) as told:
        predict(
            table,
            outcome="responder",
            features=["age", "age", "responder", "nowhere"],
            harmonise=["disc"],
            outer=1,
            inner=3,
        )
    assert len(told.value.faults) == 6
    for part in (
        "stands twice",
        "no features",
        "needs the column of the site",
        "only features",
        "'nowhere'",
        "too few f",
    ):
        assert part in str(told.value)


def test_every_fault_of_values_is_told_at_once(make_cohort: Cohort, quick: dict[str, int]) -> None:
    table = make_cohort(60, effect=1, seed=14).assign(flat=1.0, empty=np.nan, three=np.arange(60) % 3)
    table.loc[3, "disc"] = np.inf
    table.loc[4, "participant"] = None
    with pytest.raises(FaultsError) as told:
        predict(table, outcome="three", features=["flat", "empty", "disc"], **quick)
    for part in (
        "flat: one value",
        "empty: hardly any",
        "disc: infinite",
        "participant: empty",
        "three: a binary outcome",
    ):
        assert part in str(told.value)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"responder": 1}, "a binary outcome has two values"),
        ({"responder": ["yes", "no"] * 30}, r"event='yes'"),
        ({"responder": [1] * 9 + [0] * 51}, "9 patients of the rarer class"),
    ],
)
def test_an_outcome_that_cannot_be_learnt_is_refused(
    changed: dict[str, object], told: str, make_cohort: Cohort, quick: dict[str, int]
) -> None:
    table = make_cohort(60, effect=1, seed=15).assign(**changed)
    with pytest.raises(FaultsError, match=told):
        predict(table, outcome="responder", features=FEATURES, **quick)


def test_too_few_patients_are_refused_with_the_number_that_is_needed(
    make_cohort: Cohort, quick: dict[str, int]
) -> None:
    table = make_cohort(15, effect=0, seed=16, rows=5)
    with pytest.raises(FaultsError, match=r"too few patients.*Riley's criteria ask for \d+ patients with 5 columns"):
        predict(table, outcome="pain", task="continuous", features=FEATURES, **quick)


def test_a_shortage_can_be_refused(make_cohort: Cohort, quick: dict[str, int]) -> None:
    table = make_cohort(60, effect=1, seed=17)
    with pytest.raises(FaultsError, match=r"fewer patients than needed.*got 60"):
        predict(table, outcome="responder", features=FEATURES, shortage=Shortage.REFUSE, **quick)


def test_a_site_too_small_for_the_folds_is_refused(make_cohort: Cohort, quick: dict[str, int]) -> None:
    table = make_cohort(60, effect=1, seed=18).assign(site=["a"] * 38 + ["b"] * 22)
    with pytest.raises(FaultsError, match=r"a site is too small; expected 23 patients or more; got b: 22"):
        predict(table, outcome="responder", features=FEATURES, harmonise=["disc", "canal"], site="site", **quick)


def test_rounds_and_words_out_of_range_are_refused(make_cohort: Cohort) -> None:
    table = make_cohort(60, effect=1, seed=17)
    with pytest.raises(FaultsError) as told:
        predict(
            table, outcome="responder", features=FEATURES, bootstrap=3, permutations=-1, thresholds=[1.0], confidence=1
        )
    assert len(told.value.faults) == 4
    with pytest.raises(InputError, match=r"unknown learner.*elastic_net, boosting.*'forest'"):
        predict(table, outcome="responder", features=FEATURES, learner="forest")
