"""Bad tables are refused with every fault, and single pairs that cannot be fitted are named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lumbomics.analyse.association import associate
from lumbomics.core.errors import FaultsError, InputError

ADJUST = ["age", "sex", "bmi", "site", "months"]


def run(table: pd.DataFrame, **changes: object) -> pd.DataFrame:
    given = {"biomarkers": ["b0", "b1"], "scores": ["s0"], "adjust": ADJUST, **changes}
    return associate(table, **given).to_frame()


def reasons(table: pd.DataFrame, **changes: object) -> list[str | None]:
    return list(run(table, **changes)["reason"])


def test_all_faults_are_told_at_once(cohort: pd.DataFrame) -> None:
    bad = cohort.assign(site="a", b0=cohort["b0"].where(cohort.index != 3, np.inf), b1="high")
    bad.loc[1, "participant_id"] = bad.loc[0, "participant_id"]
    with pytest.raises(FaultsError) as caught:
        run(bad)
    text = str(caught.value)
    for part in ("site", "only 'a'", "b0: infinite values", "b1: not a column of numbers", "participants appear twice"):
        assert part in text
    assert len(caught.value.faults) == 4
    assert "sub-" not in text


def test_collinear_covariates_are_named_with_their_partners(cohort: pd.DataFrame) -> None:
    bad = cohort.assign(months=2 * cohort["age"] - cohort["bmi"])
    with pytest.raises(FaultsError, match="months is a combination of age, bmi"):
        run(bad)


def test_dummies_that_repeat_each_other_are_collinear(cohort: pd.DataFrame) -> None:
    with pytest.raises(FaultsError, match=r"ward\[B\] is a combination of site\[b\]"):
        run(cohort.assign(ward=cohort["site"].str.upper()), adjust=[*ADJUST, "ward"])


def test_a_column_of_all_missing_is_a_row_with_its_reason(cohort: pd.DataFrame) -> None:
    rows = run(cohort.assign(b0=np.nan))
    assert list(rows["status"]) == ["absent", "estimated"]
    assert rows["reason"][0] == "all_missing"
    assert rows["detail"][0]
    assert rows[["beta", "p", "p_adjusted", "effect", "e_value"]].iloc[0].isna().all()
    assert not rows["finding"][0]


def test_pairs_that_cannot_be_fitted_say_why(cohort: pd.DataFrame) -> None:
    few = cohort["b0"].where(cohort.index < 8)
    assert reasons(cohort.assign(b0=7.1)) == ["constant_biomarker", None]
    assert reasons(cohort.assign(s0=3.0)) == ["constant_score", "constant_score"]
    assert reasons(cohort.assign(s0=np.nan)) == ["score_all_missing", "score_all_missing"]
    assert reasons(cohort.assign(b0=few)) == ["too_few_rows", None]
    assert reasons(cohort.assign(b0=cohort["age"] * 3 + 1)) == ["explained_by_covariates", None]
    assert reasons(cohort.assign(b0=2 * cohort["s0"])) == ["exact_fit", None]
    assert reasons(cohort.assign(s0=3 * cohort["age"])) == ["exact_fit", "exact_fit"]
    only_a = cohort["b0"].where(cohort["site"] != "c")
    assert reasons(cohort.assign(b0=only_a)) == ["covariates_collinear_in_rows", None]


def test_a_constant_in_the_rows_of_a_pair_is_seen(gappy: pd.DataFrame) -> None:
    flat = gappy["b0"].where(gappy["s0"].isna(), 4.0)
    assert flat.nunique() > 1
    assert reasons(gappy.assign(b0=flat))[0] == "constant_biomarker"


def test_fewer_rows_than_terms_is_refused(cohort: pd.DataFrame) -> None:
    with pytest.raises(FaultsError, match="fewer rows than the model has terms; expected at least 9"):
        run(cohort.groupby("site").head(3).iloc[:8])


def test_covariates_with_no_common_row_are_refused(cohort: pd.DataFrame) -> None:
    odd = cohort.index % 2 == 1
    with pytest.raises(FaultsError, match="no row has all covariates"):
        run(cohort.assign(age=cohort["age"].where(odd), bmi=cohort["bmi"].where(~odd)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"biomarkers": []}, "nothing to associate"),
        ({"scores": ["nowhere"]}, "no such column"),
        ({"biomarkers": ["age"]}, "declared twice"),
        ({"participant": "nobody"}, "no such column"),
        ({"permutations": 10, "model": "logit"}, "permutations need a plain linear model"),
        ({"missing": "multiple_imputation", "model": "mixed"}, "multiple imputation is for linear models"),
        ({"auxiliary": ["b2"]}, "auxiliary columns are for imputation"),
        ({"confidence": 95}, "confidence: out of range"),
        ({"imputations": 1}, "imputations: too few"),
        ({"model": "mixed"}, "no participant has two rows"),
        ({"model": "logit"}, "not a binary outcome"),
        ({"model": "ordinal"}, "not an ordinal outcome"),
    ],
)
def test_choices_that_cannot_work_are_refused(cohort: pd.DataFrame, changes: dict[str, object], message: str) -> None:
    with pytest.raises(FaultsError, match=message):
        run(cohort, **changes)


def test_an_unknown_choice_lists_the_known_ones(cohort: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="model: unknown choice; expected ols, ols_hc3, logit"):
        run(cohort, model="anova")


def test_a_column_name_that_stands_twice_is_refused(cohort: pd.DataFrame) -> None:
    with pytest.raises(FaultsError, match="column names appear twice; got b0"):
        run(pd.concat([cohort, cohort[["b0"]]], axis=1))


def test_words_with_gaps_are_not_imputed(cohort: pd.DataFrame) -> None:
    with pytest.raises(FaultsError, match="site: categories are not imputed"):
        run(cohort.assign(site=cohort["site"].where(cohort.index > 4)), missing="multiple_imputation")


def test_words_numbers_and_truth_values_are_encoded_as_stated(cohort: pd.DataFrame) -> None:
    declared = pd.Categorical(cohort["site"], categories=["c", "b", "a", "unused"])
    found = associate(
        cohort.assign(site=declared, operated=cohort["age"] > 50),
        biomarkers=["b0"],
        scores=["s0"],
        adjust=["site", "operated"],
    )
    assert found.plan.terms == ("constant", "site[b]", "site[a]", "operated")
    assert found.plan.references == (("site", "c"),)
    plain = associate(
        cohort.assign(operated=cohort["age"] > 50), biomarkers=["b0"], scores=["s0"], adjust=["site", "operated"]
    )
    assert found.to_frame()["beta"][0] == pytest.approx(plain.to_frame()["beta"][0], rel=1e-10)


def test_nullable_columns_are_read_like_plain_ones(cohort: pd.DataFrame) -> None:
    whole = cohort.assign(b0=cohort["b0"].round())
    gaps = whole.assign(b0=whole["b0"].astype("Int64").mask(whole.index == 5))
    plain = whole.assign(b0=whole["b0"].mask(whole.index == 5))
    pd.testing.assert_frame_equal(run(gaps), run(plain))
