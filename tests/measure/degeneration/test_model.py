"""Grading models: their arithmetic against scikit-learn's, their files, and what they refuse."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest
import yaml
from sklearn.linear_model import LogisticRegression

from lumbomics.core.errors import CatalogueError
from lumbomics.measure.degeneration.model import GradeModel, load_model
from lumbomics.measure.geometry.obstacle import NotMeasurableError

NAMES = sorted(
    entry.name.removesuffix(".yaml")
    for entry in files("lumbomics.measure.degeneration").joinpath("models").iterdir()
    if entry.name.endswith(".yaml")
)


def given(**changes: object) -> dict[str, object]:
    row = {"name": "x", "low": -10.0, "high": 10.0, "centre": 1.0, "scale": 2.0, "weight": 1.5}
    base: dict[str, object] = {
        "name": "toy",
        "version": "1",
        "categories": ["a", "b", "c"],
        "thresholds": [-1.0, 1.0],
        "features": [row],
        "card": {},
    }
    return base | changes


def test_two_categories_are_scikit_learns_logistic_regression() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(200, 1)) * 2 + 1
    y = (x[:, 0] + rng.normal(size=200) > 1).astype(int)
    reference = LogisticRegression(C=1e6).fit((x - 1) / 2, y)
    row = {"name": "x", "low": -99, "high": 99, "centre": 1, "scale": 2, "weight": float(reference.coef_[0, 0])}
    model = GradeModel.from_mapping(
        given(categories=["no", "yes"], thresholds=[-float(reference.intercept_[0])], features=[row])
    )
    for value in (-3.0, 0.5, 4.0):
        expected = reference.predict_proba([[(value - 1) / 2]])[0]
        assert model.probabilities({"x": value}) == pytest.approx(expected, abs=1e-9)


def test_probabilities_are_a_distribution_that_moves_up_with_the_feature() -> None:
    model = GradeModel.from_mapping(given())
    low, high = (model.probabilities({"x": x}) for x in (-5.0, 7.0))
    assert low.sum() == pytest.approx(1)
    assert high.sum() == pytest.approx(1)
    assert low @ np.arange(3) < high @ np.arange(3)


def test_values_beyond_what_was_learnt_from_are_clipped() -> None:
    model = GradeModel.from_mapping(given())
    assert model.probabilities({"x": 1e6}) == pytest.approx(model.probabilities({"x": 10.0}))


def test_gains_change_which_category_is_named_and_no_probability() -> None:
    plain, even = GradeModel.from_mapping(given()), GradeModel.from_mapping(given(gains=[1.0, 0.1, 1.0]))
    chance = plain.probabilities({"x": 1.0})
    assert even.probabilities({"x": 1.0}) == pytest.approx(chance)
    assert plain.category(chance) == "b"
    assert even.category(np.array([0.2, 0.5, 0.3])) == "c"


@pytest.mark.parametrize("values", [{}, {"x": float("nan")}])
def test_a_missing_feature_is_named_and_never_guessed(values: dict[str, float]) -> None:
    with pytest.raises(NotMeasurableError, match="toy needs what cannot be read here: x"):
        GradeModel.from_mapping(given()).probabilities(values)


@pytest.mark.parametrize(
    "changes",
    [
        {"thresholds": [1.0, -1.0]},
        {"thresholds": [0.0]},
        {"gains": [1.0, 1.0]},
        {"gains": [1.0, 0.0, 1.0]},
        {"features": [{"name": "x", "low": 0, "high": 1, "centre": 0, "scale": 0, "weight": 1}]},
        {"features": [{"name": "x"}]},
    ],
)
def test_a_broken_file_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(CatalogueError):
        GradeModel.from_mapping(given(**changes))


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_model_loads_and_says_where_it_comes_from(name: str) -> None:
    model = load_model(name)
    card = model.card
    assert model.name == name
    assert "CC BY 4.0" in card["data"]
    assert card["patients"] > 50
    assert all(figure["low"] <= figure["value"] <= figure["high"] for figure in card["agreement"].values())
    assert card["limits"]


def test_the_shipped_models_reach_what_their_cards_promise() -> None:
    text = files("lumbomics.measure.degeneration").joinpath("models", "pfirrmann_t2.yaml").read_text(encoding="utf-8")
    agreement = yaml.safe_load(text)["card"]["agreement"]
    assert agreement["kappa_quadratic"]["value"] >= 0.70
    assert load_model("narrowing_t2").card["agreement"]["auc"]["value"] >= 0.90
    assert load_model("spondylolisthesis_t2").card["agreement"]["auc"]["value"] >= 0.85
    assert load_model("modic_t2_t1").card["agreement"]["auc"]["value"] >= 0.75
