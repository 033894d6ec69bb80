"""Levels and sides nested in patients."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.genmod.cov_struct import Exchangeable, Independence

from lumbomics.analyse.association import associate, match_sides
from lumbomics.core.errors import FaultsError


def run(table: pd.DataFrame, model: str, **changes: object) -> pd.Series:
    given = {"biomarkers": ["area"], "scores": ["pain"], "adjust": ["age"], "model": model, **changes}
    return associate(table, **given).to_frame().iloc[0]


@pytest.mark.parametrize(("model", "inner"), [("gee_exchangeable", Exchangeable), ("gee_independence", Independence)])
def test_estimating_equations_equal_statsmodels(nested: pd.DataFrame, model: str, inner: type) -> None:
    row = run(nested, model)
    terms = sm.add_constant(nested[["area", "age"]].to_numpy())
    known = sm.GEE(nested["pain"].to_numpy(), terms, groups=nested["participant_id"].to_numpy(), cov_struct=inner())
    fit = known.fit(cov_type="bias_reduced", ctol=1e-10)
    assert row["beta"] == pytest.approx(fit.params[1], rel=1e-6)
    assert row["se"] == pytest.approx(fit.bse[1], rel=1e-5)
    assert row["df"] == 60 - 3
    assert row["p"] == pytest.approx(2 * stats.t.sf(abs(fit.params[1] / fit.bse[1]), 57), rel=1e-4)
    assert row["patients"] == 60


def test_mixed_models_equal_statsmodels(nested: pd.DataFrame) -> None:
    row = run(nested, "mixed")
    terms = sm.add_constant(nested[["area", "age"]].to_numpy())
    fit = sm.MixedLM(nested["pain"].to_numpy(), terms, groups=nested["participant_id"].to_numpy()).fit(reml=True)
    assert row["beta"] == pytest.approx(fit.params[1], rel=1e-5)
    assert row["se"] == pytest.approx(fit.bse[1], rel=1e-5)


def test_the_order_of_the_rows_does_not_matter(nested: pd.DataFrame) -> None:
    shuffled = nested.sample(frac=1, random_state=0).reset_index(drop=True)
    for model in ("gee_exchangeable", "mixed"):
        assert run(shuffled, model)["beta"] == pytest.approx(run(nested, model)["beta"], rel=1e-5)


def test_the_planted_slope_lies_in_the_interval_and_rows_alone_would_mislead(nested: pd.DataFrame) -> None:
    row = run(nested, "mixed")
    assert row["beta_low"] < -0.05 < row["beta_high"]
    alone = nested.assign(participant_id=range(300))
    plain = associate(alone, biomarkers=["whole"], scores=["pain"], model="ols").to_frame().iloc[0]
    honest = run(nested, "gee_independence", biomarkers=["whole"], adjust=[])
    assert honest["se"] > 1.3 * plain["se"]


def test_a_score_of_the_whole_patient_is_refused_where_it_would_force_the_slope_to_zero(nested: pd.DataFrame) -> None:
    for model in ("gee_exchangeable", "mixed"):
        with pytest.raises(FaultsError, match=r"whole: .* cannot be used; expected a response that varies within"):
            run(nested, model, scores=["whole"])
    assert run(nested, "gee_independence", scores=["whole"])["status"] == "estimated"
    turned = run(nested, "gee_exchangeable", scores=["whole"], response="biomarker")
    terms = sm.add_constant(nested[["whole", "age"]].to_numpy())
    known = sm.GEE(nested["area"].to_numpy(), terms, groups=nested["participant_id"], cov_struct=Exchangeable()).fit()
    assert turned["beta"] == pytest.approx(known.params[1], rel=1e-5)
    assert turned["effect"] == pytest.approx(known.params[1] * nested["whole"].std() / nested["area"].std(), rel=1e-5)


def test_pairs_without_enough_patients_or_values_say_so(nested: pd.DataFrame) -> None:
    few = nested.assign(area=nested["area"].where(nested.index < 15), none=np.nan)
    rows = associate(few, biomarkers=["area", "none"], scores=["pain"], adjust=["age"], model="mixed").to_frame()
    assert list(rows["reason"]) == ["too_few_rows", "all_missing"]
    assert run(nested.assign(area=3.0), "gee_exchangeable")["reason"] == "constant_biomarker"


def test_sides_meet_their_own_score() -> None:
    areas = pd.DataFrame(
        {
            "participant_id": ["p1"] * 3 + ["p2"] * 2 + ["p3"],
            "session_id": "s1",
            "side": ["left", "right", "midline", "left", "right", "left"],
            "level": "L4-L5",
            "area": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        }
    )
    scores = pd.DataFrame(
        {"participant_id": ["p1", "p2"], "session_id": "s1", "l": [7, 8], "r": [2, 3], "age": [50, 60]}
    )
    joined = match_sides(areas, scores, left="l", right="r", score="leg")
    expected = {("p1", 1.0): 7, ("p1", 2.0): 2, ("p2", 4.0): 8, ("p2", 5.0): 3}
    assert {
        (p, a): s for p, a, s in zip(joined["participant_id"], joined["area"], joined["leg"], strict=True)
    } == expected
    assert list(joined["age"]) == [50, 50, 60, 60]


def test_side_tables_with_faults_are_refused() -> None:
    areas = pd.DataFrame({"participant_id": ["p1"], "session_id": "s1", "side": ["links"], "leg": 1})
    scores = pd.DataFrame({"participant_id": ["p1", "p1"], "session_id": "s1", "l": 1, "r": 2})
    with pytest.raises(FaultsError) as caught:
        match_sides(areas, scores, left="l", right="r", score="leg")
    assert [fault.problem for fault in caught.value.faults] == [
        "unknown side",
        "a visit has two rows of scores",
        "the name is taken",
    ]
    with pytest.raises(FaultsError, match=r"no such column; .*; got 'right_leg'"):
        match_sides(areas, scores, left="l", right="right_leg", score="x")
