"""Permutation and imputation: the answers hold their levels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from sklearn.experimental import enable_iterative_imputer  # noqa: F401 - opens the next import
from sklearn.impute import IterativeImputer

from lumbomics.analyse.association import associate
from lumbomics.analyse.association.imputation import impute, pool
from lumbomics.analyse.association.permutation import permutation_p

ADJUST = ["age", "sex", "bmi", "site", "months"]
B, S = [f"b{i}" for i in range(5)], [f"s{i}" for i in range(3)]


def test_permutation_agrees_with_theory_and_familywise_is_no_smaller(gappy: pd.DataFrame) -> None:
    rows = associate(gappy, biomarkers=B, scores=S, adjust=ADJUST, permutations=999, seed=1).to_frame()
    np.testing.assert_allclose(rows["p_permutation"], rows["p"].clip(lower=0.001), atol=0.06)
    assert (rows["p_familywise"] >= rows["p_permutation"]).all()
    assert (rows["p_familywise"] <= np.minimum(1, 15 * rows["p_permutation"] + 0.03)).all()
    planted = rows.query("biomarker == 'b0' and score == 's0'").iloc[0]
    assert planted["p_familywise"] == pytest.approx(min(1, 15 * planted["p"]), abs=0.02)


def test_permutation_sees_the_same_shuffle_whatever_else_is_tested(cohort: pd.DataFrame) -> None:
    given = {"scores": S, "adjust": ADJUST, "permutations": 50, "seed": 3}
    many = associate(cohort, biomarkers=B, **given).to_frame()
    one = associate(cohort, biomarkers=["b2"], **given).to_frame()
    np.testing.assert_array_equal(many.query("biomarker == 'b2'")["p_permutation"], one["p_permutation"])


def test_pairs_that_were_not_fitted_take_no_part_in_the_permutation(cohort: pd.DataFrame) -> None:
    given = {"scores": S, "adjust": ADJUST, "permutations": 50}
    plain = associate(cohort, biomarkers=B[:4], **given).to_frame()
    rows = associate(cohort.assign(b4=cohort["age"] * 2), biomarkers=B, **given).to_frame()
    assert rows["p_permutation"].isna().sum() == 3
    np.testing.assert_array_equal(rows["p_familywise"][:12], plain["p_familywise"])


def test_familywise_errors_keep_their_level_without_any_effect() -> None:
    rng, hits = np.random.default_rng(0), 0
    terms = np.column_stack([np.ones(30), rng.normal(size=30)])
    for trial in range(200):
        x, y = rng.normal(size=(30, 8)) + terms[:, 1:], rng.standard_exponential(size=(30, 3)) + terms[:, 1:]
        _, family = permutation_p(x, y, terms, np.ones((8, 3), bool), permutations=99, seed=trial)
        hits += family.min() <= 0.05
    assert 2 <= hits <= 20  # 200 trials at 5 %: 10 expected, central 99.9 % of the binomial


def test_rubins_rules_equal_the_worked_numbers() -> None:
    # W = mean of 1, 4, 4 = 3; B = 1; T = 3 + (1 + 1/3) 1 = 13/3.
    joined = pool(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 2.0]), np.inf)
    assert joined.estimate == 2.0
    assert joined.se**2 == pytest.approx(13 / 3)
    assert joined.df == pytest.approx(2 / ((4 / 3) / (13 / 3)) ** 2)  # Rubin's (m - 1) / share^2 for endless data
    same = pool(np.full(3, 2.0), np.full(3, 0.5), 40.0)
    assert (same.se, same.df) == (0.5, 40.0)


def test_imputation_without_gaps_is_the_complete_case(cohort: pd.DataFrame) -> None:
    given = {"biomarkers": B, "scores": S, "adjust": ADJUST}
    plain = associate(cohort, **given).to_frame()
    filled = associate(cohort, **given, missing="multiple_imputation", imputations=2).to_frame()
    for column in ("beta", "se", "df", "p", "partial_r", "effect", "partial_r_low"):
        np.testing.assert_allclose(filled[column], plain[column], rtol=1e-9)


def test_imputed_values_leave_the_known_ones_and_follow_the_relation() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=4000)
    block = np.column_stack([x, 2 * x + 0.5 * rng.normal(size=4000)])
    gaps = rng.random(4000) < 0.3
    block[gaps, 1] = np.nan
    filled = impute(block, rng)
    np.testing.assert_array_equal(filled[~gaps], block[~gaps])
    slope, intercept = np.polyfit(x[gaps], filled[gaps, 1], 1)
    rest = filled[gaps, 1] - slope * x[gaps] - intercept
    assert slope == pytest.approx(2, abs=0.06)
    assert rest.std() == pytest.approx(0.5, abs=0.04)


def missing_at_random(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Slope 0.5; the biomarker is missing where the score is high, so that complete cases are biased."""
    b, age = rng.normal(size=n), rng.normal(size=n)
    s = 0.5 * b + 0.5 * age + rng.normal(size=n)
    return pd.DataFrame(
        {"participant_id": range(n), "age": age, "b": np.where(rng.normal(size=n) + 1.5 * s > 0.8, np.nan, b), "s": s}
    )


def test_imputation_removes_the_bias_of_complete_cases_and_agrees_with_scikit_learn() -> None:
    table = missing_at_random(4000, np.random.default_rng(2))
    given = {"biomarkers": ["b"], "scores": ["s"], "adjust": ["age"]}
    complete = associate(table, **given).to_frame().iloc[0]
    filled = associate(table, **given, missing="multiple_imputation", imputations=10).to_frame().iloc[0]
    assert complete["beta_high"] < 0.47
    assert filled["beta_low"] < 0.5 < filled["beta_high"]
    assert filled["n"] == 4000
    known = []
    for seed in range(5):
        block = IterativeImputer(sample_posterior=True, random_state=seed).fit_transform(table[["s", "b", "age"]])
        known.append(sm.OLS(block[:, 0], sm.add_constant(block[:, 1:])).fit().params[1])
    assert filled["beta"] == pytest.approx(np.mean(known), abs=0.03)


def test_an_auxiliary_column_narrows_the_gap_it_explains() -> None:
    rng = np.random.default_rng(3)
    table = missing_at_random(400, rng)
    truth = np.random.default_rng(3).normal(size=400)
    table["twin"] = truth + 0.1 * rng.normal(size=400)
    given = {"biomarkers": ["b"], "scores": ["s"], "adjust": ["age"], "missing": "multiple_imputation"}
    alone, helped = (associate(table, **given, auxiliary=a).to_frame()["se"][0] for a in ([], ["twin"]))
    assert helped < 0.9 * alone


def test_robust_errors_are_pooled_too(gappy: pd.DataFrame) -> None:
    given = {"biomarkers": B[:1], "scores": S[:1], "adjust": ADJUST, "missing": "multiple_imputation", "seed": 5}
    plain, robust = (associate(gappy, **given, model=m).to_frame().iloc[0] for m in ("ols", "ols_hc3"))
    assert robust["beta"] == pytest.approx(plain["beta"], rel=1e-12)
    assert robust["se"] != pytest.approx(plain["se"], rel=1e-3)
    assert robust["method"] == "ols_hc3, imputed"


def test_gaps_that_cannot_be_imputed_say_why(gappy: pd.DataFrame) -> None:
    few = gappy["b0"].where(gappy.index < 12)
    table = gappy.assign(b0=few, b1=np.nan)
    rows = associate(
        table,
        biomarkers=["b0", "b1"],
        scores=["s0"],
        adjust=["age"],
        auxiliary=[*B[2:], "s1", "s2", "bmi", "months"],
        missing="multiple_imputation",
    ).to_frame()
    assert list(rows["reason"]) == ["too_few_rows", "all_missing"]
