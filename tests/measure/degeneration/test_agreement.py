"""Agreement and calibration of stated probabilities against figures known otherwise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from lumbomics.train.agreement import calibration, intervals_by_patient, reliability, scores
from lumbomics.train.grade_sets import Target

FINDING = Target(name="toy", outcome="toy", candidates={"x": ("x",)})
GRADE = Target(name="toy", outcome="toy", categories=("I", "II", "III"), candidates={"x": ("x",)})


def stated(*, sharper: float = 1.0, n: int = 4000) -> pd.DataFrame:
    """Findings that occur as often as an honest logit says; the stated one is that times ``sharper``."""
    rng = np.random.default_rng(2)
    logit = rng.uniform(-2.0, 2.0, n)
    present = (rng.uniform(size=n) < 1 / (1 + np.exp(-logit))).astype(int)
    chance = 1 / (1 + np.exp(-sharper * logit))
    columns = {"p_absent": 1 - chance, "p_present": chance, "grade": present, "told": (chance > 0.5).astype(int)}
    return pd.DataFrame({**columns, "division": 0, "patient": np.repeat(np.arange(n // 8), 8)})


@pytest.mark.parametrize("sharper", [1.0, 2.0])
def test_the_slope_is_one_where_probabilities_are_frequencies_and_a_half_where_they_are_twice_too_sharp(
    sharper: float,
) -> None:
    found = calibration(stated(sharper=sharper), FINDING)
    assert found["slope"] == pytest.approx(1 / sharper, rel=0.08)
    assert found["intercept"] == pytest.approx(0.0, abs=0.1)


def test_slope_and_intercept_are_those_of_statsmodels() -> None:
    table = stated()
    logit = np.log(table["p_present"] / table["p_absent"])
    reference = sm.Logit(table["grade"], sm.add_constant(logit.to_numpy())).fit(disp=False).params.to_numpy()
    found = calibration(table, FINDING)
    # our fit draws in the outermost 1 % of the logits
    assert [found["intercept"], found["slope"]] == pytest.approx(reference, abs=0.02)


def test_calibrated_tenths_lie_on_the_line_and_sharpened_ones_beyond_it() -> None:
    honest, sharp = (reliability(stated(sharper=k), FINDING, parts=10) for k in (1.0, 3.0))
    assert honest["discs"].sum() == 4000
    assert np.abs(honest["stated"] - honest["found"]).max() < 0.08
    assert sharp["stated"].iloc[0] < sharp["found"].iloc[0] - 0.05
    assert sharp["stated"].iloc[-1] > sharp["found"].iloc[-1] + 0.05
    assert (
        calibration(stated(sharper=3.0), FINDING)["expected_error"]
        > 3 * calibration(stated(), FINDING)["expected_error"]
    )


def test_a_grade_is_calibrated_at_each_of_its_steps() -> None:
    table = pd.DataFrame({"p_I": [0.5, 0.2], "p_II": [0.3, 0.3], "p_III": [0.2, 0.5], "grade": [0, 2]})
    found = reliability(table, GRADE, parts=4)
    assert found["stated"].tolist() == pytest.approx([0.2, 0.5, 0.5, 0.8])
    assert found["found"].tolist() == [0.0, 0.0, 1.0, 1.0]


def test_every_division_is_scored_by_itself() -> None:
    one = pd.DataFrame({"p_absent": [0.9, 0.1], "p_present": [0.1, 0.9], "grade": [0, 1], "told": [0, 1]})
    other = one.assign(p_present=one["p_absent"], p_absent=one["p_present"])
    both = pd.concat([one.assign(division=0), other.assign(division=1)])
    assert scores(both, FINDING)["auc"] == pytest.approx(0.5)
    assert scores(both[both["division"] == 0], FINDING)["auc"] == 1.0


def test_the_interval_of_clustered_patients_is_wider_than_that_of_single_discs() -> None:
    table = stated(n=80)
    # eight copies of one disc are one patient's worth of evidence
    copied = pd.concat([table.iloc[::8].assign(patient=range(10))] * 8, ignore_index=True)
    alone = copied.assign(patient=range(80))
    width = [np.ptp(intervals_by_patient(one, FINDING, draws=100)["auc"]) for one in (copied, alone)]
    assert width[0] > 1.5 * width[1]
