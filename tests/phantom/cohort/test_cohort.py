"""Simulated cohorts: what was planted is there, and nothing else."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from lumbomics.catalogue import load_quantities
from lumbomics.core.errors import FaultsError, InputError
from lumbomics.phantom.cohort import (
    QUANTITIES,
    Effects,
    SimulatedCohort,
    planted_pairs,
    planted_truth,
    simulate_cohort,
)


@pytest.fixture(scope="module")
def large() -> SimulatedCohort:
    return simulate_cohort(3000, seed=3)


def first(cohort: SimulatedCohort, biomarker: str, level: str | None, side: str | None) -> pd.Series:
    rows = cohort.measurements
    kept = rows[(rows["session_id"] == "pre") & (rows["rater"] == "R1") & (rows["biomarker"] == biomarker)]
    kept = kept[(kept["level"].isna() if level is None else kept["level"] == level)]
    kept = kept[(kept["side"].isna() if side is None else kept["side"] == side)]
    return kept.set_index("participant_id")["value"]


def slope(cohort: SimulatedCohort, x: pd.Series, score: str) -> tuple[float, float]:
    visits = cohort.visits[cohort.visits["session_id"] == "pre"].set_index("participant_id")
    table = visits.assign(x=x, b=(visits["site"] == "B").astype(float)).dropna(subset=["x", score])
    fit = sm.OLS(table[score], sm.add_constant(table[["x", "age", "b"]])).fit()
    return float(fit.params["x"]), float(fit.bse["x"])


@pytest.mark.parametrize(
    ("biomarker", "level", "side", "score"),
    [
        ("foraminal_dimensions", "L5-S1", "left", "nrs_leg_left"),
        ("foraminal_dimensions", "L5-S1", "right", "nrs_leg_right"),
        ("foraminal_dimensions", "L5-S1", "left", "nrs_leg_right"),
        ("foraminal_dimensions", "L4-L5", "left", "nrs_leg_left"),
        ("lumbar_lordosis_l1_s1", None, None, "nrs_back"),
        ("dural_sac_area", "L4-L5", None, "nrs_back"),
    ],
)
def test_an_adjusted_regression_gives_the_slope_that_the_truth_states(
    large: SimulatedCohort, biomarker: str, level: str | None, side: str | None, score: str
) -> None:
    pairs = planted_pairs(large.effects).set_index(["biomarker", "score"])
    name = "/".join(part for part in (biomarker, level, side) if part)
    stated = pairs.loc[(name, score), "slope_measured"]
    found, error = slope(large, first(large, biomarker, level, side), score)
    assert abs(found - stated) < 3.5 * error


def test_disc_height_goes_with_pain_only_while_age_is_not_taken_out(large: SimulatedCohort) -> None:
    x = first(large, "disc_height", "L4-L5", None)
    visits = large.visits[large.visits["session_id"] == "pre"].set_index("participant_id")
    bare = np.corrcoef(*visits.assign(x=x)[["x", "nrs_back"]].dropna().to_numpy().T)[0, 1]
    adjusted, error = slope(large, x, "nrs_back")
    assert bare < -0.04
    assert abs(adjusted) < 3.5 * error


def test_two_readings_of_one_scan_differ_by_the_rater_error_and_the_second_raters_offset(
    large: SimulatedCohort,
) -> None:
    rows = large.measurements
    own = rows[(rows["session_id"] == "pre") & (rows["biomarker"] == "lumbar_lordosis_l1_s1")]
    both = own.pivot(index="participant_id", columns="rater", values="value").dropna()
    difference = both["R2"] - both["R1"]
    assert difference.mean() == pytest.approx(2.0, abs=0.3)
    assert difference.std() == pytest.approx(1.5 * np.sqrt(2), rel=0.1)


def test_the_disc_below_loses_the_height_that_was_planted_and_no_other_disc_does(large: SimulatedCohort) -> None:
    rows = large.measurements
    own = rows[(rows["biomarker"] == "disc_height") & (rows["rater"] == "R1")]
    wide = own.pivot(index=["participant_id", "level"], columns="session_id", values="value").dropna(
        subset=["pre", "post"]
    )
    change = (wide["post"] - wide["pre"]).groupby("level").mean()
    assert change["L5-S1"] == pytest.approx(-0.8, abs=0.05)
    assert change["L4-L5"] == pytest.approx(0, abs=0.05)


def test_responders_follow_the_phenotype(large: SimulatedCohort) -> None:
    shares = large.participants.groupby("phenotype")["responder"].mean()
    assert shares["stenotic"] == pytest.approx(0.85, abs=0.05)
    assert shares["preserved"] == pytest.approx(0.15, abs=0.05)


def test_answers_are_missing_more_often_in_the_old(large: SimulatedCohort) -> None:
    visits = large.visits[large.visits["session_id"] == "pre"]
    old = visits["age"] > 70
    assert visits[old]["nrs_back"].isna().mean() > 1.5 * visits[~old]["nrs_back"].isna().mean()


def test_the_null_cohort_states_no_pair() -> None:
    assert set(planted_pairs(Effects.none())["kind"]) == {"null"}


def test_the_same_seed_gives_the_same_cohort_and_another_seed_another() -> None:
    one, two, other = (simulate_cohort(20, seed=seed) for seed in (5, 5, 6))
    pd.testing.assert_frame_equal(one.measurements, two.measurements)
    pd.testing.assert_frame_equal(one.visits, two.visits)
    assert not one.measurements["value"].equals(other.measurements["value"])


def test_every_biomarker_is_one_of_the_catalogue_with_its_unit() -> None:
    known = load_quantities()
    assert all(known[q.biomarker, q.method].unit == q.unit for q in QUANTITIES)


def test_the_truth_is_plain_json_and_names_every_participant() -> None:
    cohort = simulate_cohort(20, seed=1)
    truth = json.loads(json.dumps(planted_truth(cohort), allow_nan=False))
    assert len(truth["of_each_participant"]) == 20
    assert {one["score"] for one in truth["associations"]} == {"nrs_leg_left", "nrs_leg_right", "nrs_back", "odi_total"}


def test_too_few_patients_are_refused() -> None:
    with pytest.raises(InputError, match="20 patients"):
        simulate_cohort(19)


def test_all_faults_of_the_effects_are_told_at_once() -> None:
    with pytest.raises(FaultsError) as caught:
        Effects(separation=-1, response=(0.5, 2.0, 0.1), age_to_pain=float("nan"))
    assert len(caught.value.faults) == 3
