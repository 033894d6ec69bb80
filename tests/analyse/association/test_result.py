"""Effect sizes, false-discovery rates, sensitivity, and what the table says about itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from lumbomics.analyse.association import (
    Associations,
    associate,
    e_value,
    patients_for_partial_correlation,
    patients_for_statistic,
)
from lumbomics.analyse.association.sensitivity import nearer_limit, ratio_of_difference, ratio_of_odds
from lumbomics.core.errors import InputError

ADJUST = ["age", "sex", "bmi", "site", "months"]
B, S = [f"b{i}" for i in range(5)], [f"s{i}" for i in range(3)]


@pytest.fixture(scope="module")
def found(cohort: pd.DataFrame) -> Associations:
    return associate(cohort, biomarkers=B, scores=S, adjust=ADJUST)


def test_planted_effects_are_found_with_their_sign(found: Associations) -> None:
    top = found.findings().head(2)
    assert set(zip(top["biomarker"], top["score"], np.sign(top["effect"]), strict=True)) == {
        ("b0", "s0", 1.0),
        ("b1", "s1", -1.0),
    }


def test_adjustment_removes_what_age_alone_makes() -> None:
    rng = np.random.default_rng(5)
    age = rng.normal(55, 12, 400)
    table = pd.DataFrame({"participant_id": range(400), "age": age, "b": age + 12 * rng.normal(size=400)})
    table["s"] = age + 12 * rng.normal(size=400)
    naked, dressed = (associate(table, biomarkers=["b"], scores=["s"], adjust=a).to_frame() for a in ([], ["age"]))
    assert naked["p"][0] < 1e-10
    assert dressed["p"][0] > 0.05


def test_standardised_slope_is_the_slope_of_standardised_columns(cohort: pd.DataFrame, found: Associations) -> None:
    scaled = cohort.assign(b3=stats.zscore(cohort["b3"], ddof=1), s2=stats.zscore(cohort["s2"], ddof=1))
    again = associate(scaled, biomarkers=["b3"], scores=["s2"], adjust=ADJUST).to_frame().iloc[0]
    row = found.to_frame().query("biomarker == 'b3' and score == 's2'").iloc[0]
    for effect, slope in (("effect", "beta"), ("effect_low", "beta_low"), ("effect_high", "beta_high")):
        assert row[effect] == pytest.approx(again[slope], rel=1e-10)


def test_interval_of_the_partial_correlation_is_fishers(found: Associations) -> None:
    row = found.to_frame().iloc[0]
    k = len(found.plan.terms) - 1
    half = 1.959963984540054 / np.sqrt(120 - k - 3)
    expected = np.tanh(np.arctanh(row["partial_r"]) + np.array([-half, half]))
    assert [row["partial_r_low"], row["partial_r_high"]] == pytest.approx(expected, rel=1e-12)


def test_false_discovery_rates_equal_scipy_and_count_only_tests_that_were_made(cohort: pd.DataFrame) -> None:
    table = cohort.assign(b4=np.nan)
    for correction in ("bh", "by"):
        rows = associate(table, biomarkers=B, scores=S, adjust=ADJUST, correction=correction).to_frame()
        made = rows["p"].notna()
        assert made.sum() == 12
        known = stats.false_discovery_control(rows["p"][made], method=correction)
        np.testing.assert_allclose(rows["p_adjusted"][made], known, rtol=1e-12)
    rows = associate(table, biomarkers=B, scores=S, adjust=ADJUST, family="score").to_frame()
    one = rows[(rows["score"] == "s1") & rows["p"].notna()]
    np.testing.assert_allclose(one["p_adjusted"], stats.false_discovery_control(one["p"]), rtol=1e-12)


def test_every_row_is_labelled_and_the_copy_is_free(found: Associations) -> None:
    frame = found.to_frame()
    assert (frame["label"] == "hypothesis-generating").all()
    frame["p"] = 0
    assert (found.to_frame()["p"] > 0).all()


def test_the_methods_paragraph_states_what_was_done(found: Associations) -> None:
    text = found.methods()
    for part in (
        "Hypothesis-generating",
        "5 biomarkers against 3 scores",
        "ordinary least squares",
        "age, sex, bmi, site, months (reference sex f, site a)",
        "120 participants",
        "15 tests were made",
        "Benjamini-Hochberg over all tests",
        "each pair on the rows where both are known",
    ):
        assert part in text


def test_a_table_with_other_columns_is_no_result(found: Associations) -> None:
    with pytest.raises(InputError, match="not a table of associations"):
        Associations(plan=found.plan, table=found.to_frame().drop(columns="label"))


def test_e_value_of_the_published_example() -> None:
    # VanderWeele and Ding 2017: breast feeding and respiratory deaths, RR 3.9 (1.8 to 8.7): E-values 7.26 and 3.0.
    assert e_value(3.9) == pytest.approx(7.26, abs=0.005)
    assert e_value(1.8) == pytest.approx(3.0, abs=0.005)
    assert e_value(1 / 3.9) == pytest.approx(e_value(3.9))
    assert e_value(1.0) == 1.0
    with pytest.raises(InputError, match="not positive"):
        e_value(-1.0)


def test_conversions_to_risk_ratios_are_those_of_the_papers() -> None:
    assert ratio_of_difference(0.5) == pytest.approx(np.exp(0.455))
    assert ratio_of_odds(4.0, 0.5) == 2.0
    assert ratio_of_odds(4.0, 0.1) == 4.0
    np.testing.assert_array_equal(nearer_limit([0.2, -0.5, -0.1], [0.4, -0.3, 0.3], null=0.0), [0.2, -0.3, 0.0])


def test_e_value_of_the_limit_is_one_where_the_interval_holds_nothing(found: Associations) -> None:
    rows = found.to_frame()
    held = (rows["effect_low"] < 0) & (rows["effect_high"] > 0)
    assert held.any()
    assert not held.all()
    assert (rows["e_value_limit"][held] == 1).all()
    assert (rows["e_value_limit"][~held] > 1).all()
    assert (rows["e_value"] >= rows["e_value_limit"]).all()


def test_patients_to_confirm_are_those_of_the_tables() -> None:
    # Hulley et al., Designing Clinical Research, table 6C: r = 0.30, two-sided 0.05, power 0.80: 85.
    assert patients_for_partial_correlation(0.3, covariates=0) == 85
    assert patients_for_partial_correlation(-0.3, covariates=5) == 90
    assert np.isinf(patients_for_partial_correlation(0.0, covariates=0))
    with pytest.raises(InputError, match="no correlation"):
        patients_for_partial_correlation(1.0, covariates=0)
    with pytest.raises(InputError, match="power out of range"):
        patients_for_partial_correlation(0.3, covariates=0, power=80)


def test_patients_from_a_statistic_give_the_power_asked_for() -> None:
    n = float(patients_for_statistic(2.0, 1000))
    expected = 2.0 * np.sqrt(n / 1000)
    power = stats.norm.sf(stats.norm.isf(0.025) - expected)
    assert power == pytest.approx(0.8, abs=0.001)


def test_planned_patients_reach_their_power_in_a_simulation() -> None:
    rng, r, k = np.random.default_rng(7), 0.4, 2
    n = int(patients_for_partial_correlation(r, covariates=k))
    hits = []
    for _ in range(400):
        terms = np.column_stack([np.ones(n), rng.normal(size=(n, k))])
        x = rng.normal(size=n)
        y = r * x + np.sqrt(1 - r**2) * rng.normal(size=n)
        hits.append(sm.OLS(y, np.column_stack([x, terms])).fit().pvalues[0] < 0.05)
    assert np.mean(hits) == pytest.approx(0.8, abs=0.06)
