"""Intervals hold the truth as often as they say, and chance is found as seldom as it should."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lumbomics.analyse.association import associate
from lumbomics.analyse.association.firth import firth
from lumbomics.analyse.association.partial import slopes
from lumbomics.analyse.association.robust import linear


def covered(beta: np.ndarray, se: np.ndarray, df: np.ndarray, truth: float) -> np.ndarray:
    return np.abs(beta - truth) <= stats.t.isf(0.025, df) * se


def test_intervals_hold_a_planted_slope_in_19_of_20_cohorts_with_gaps() -> None:
    rng = np.random.default_rng(0)
    n, cohorts = 80, 1500
    age = rng.normal(size=n)
    x = rng.normal(size=(n, cohorts)) + 0.5 * age[:, None]
    noise, held = rng.normal(size=(n, cohorts)), []
    x[rng.random(x.shape) < 0.1] = np.nan
    terms = np.column_stack([np.ones(n), age])
    for i in range(cohorts):
        y = 0.3 * x[:, [i]] + 0.4 * age[:, None] + noise[:, [i]]
        found = slopes(x[:, [i]], y, terms)
        held.append(covered(found.beta, found.se, found.df, 0.3)[0, 0])
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)


def test_robust_intervals_hold_where_the_scatter_grows_and_plain_ones_do_not() -> None:
    rng = np.random.default_rng(1)
    n, cohorts = 100, 800
    held = {False: [], True: []}
    for _ in range(cohorts):
        x = rng.normal(size=(n, 1))
        y = 0.3 * x + (0.2 + np.abs(x)) * rng.normal(size=(n, 1))
        for robust, list_of in held.items():
            found = linear(x, y, np.ones((n, 1)), robust=robust)
            list_of.append(covered(found.beta, found.se, found.df, 0.3)[0, 0])
    assert np.mean(held[True]) == pytest.approx(0.95, abs=0.02)
    assert np.mean(held[False]) < 0.88


def test_a_cohort_of_chance_gives_findings_at_the_rate_declared() -> None:
    rng, any_finding = np.random.default_rng(2), 0
    for _ in range(120):
        table = pd.DataFrame(rng.normal(size=(40, 14)), columns=[*(f"b{i}" for i in range(12)), "s", "age"])
        table["participant_id"] = range(40)
        found = associate(table, biomarkers=[f"b{i}" for i in range(12)], scores=["s"], adjust=["age"])
        any_finding += bool(found.to_frame()["finding"].any())
    assert 1 <= any_finding <= 14  # 5 % of 120 expected without any effect


@pytest.mark.slow
@pytest.mark.parametrize("model", ["gee_exchangeable", "mixed", "gee_independence"])
def test_nested_intervals_hold_the_planted_slope(model: str) -> None:
    rng, held = np.random.default_rng(13), []
    for _ in range(300):
        patients = np.repeat(np.arange(40), 5)
        area = rng.normal(size=200) + 0.5 * rng.normal(size=40)[patients]
        pain = 0.2 * area + rng.normal(size=40)[patients] + rng.normal(size=200)
        table = pd.DataFrame({"participant_id": patients, "area": area, "pain": pain})
        row = associate(table, biomarkers=["area"], scores=["pain"], model=model).to_frame().iloc[0]
        held.append(row["beta_low"] <= 0.2 <= row["beta_high"])
    assert np.mean(held) == pytest.approx(0.95, abs=0.03)


@pytest.mark.slow
def test_imputed_intervals_hold_the_planted_slope() -> None:
    rng, held = np.random.default_rng(4), []
    for _ in range(300):
        age, b = rng.normal(size=150), rng.normal(size=150)
        s = 0.3 * b + 0.3 * age + rng.normal(size=150)
        gaps = rng.random(150) < 1 / (1 + np.exp(1 - s))
        table = pd.DataFrame({"participant_id": range(150), "age": age, "b": np.where(gaps, np.nan, b), "s": s})
        given = {"biomarkers": ["b"], "scores": ["s"], "adjust": ["age"], "missing": "multiple_imputation"}
        row = associate(table, **given, seed=len(held)).to_frame().iloc[0]
        held.append(row["beta_low"] <= 0.3 <= row["beta_high"])
    assert np.mean(held) == pytest.approx(0.95, abs=0.03)


def test_firth_intervals_hold_the_planted_odds_in_small_cohorts() -> None:
    rng, held = np.random.default_rng(5), []
    for _ in range(150):
        terms = np.column_stack([rng.normal(size=20), np.ones(20)])
        found = firth((terms[:, 0] + rng.logistic(size=20) > 0).astype(float), terms)
        assert found is not None
        held.append(found.low <= 1 <= found.high)
    assert np.mean(held) == pytest.approx(0.95, abs=0.045)
