from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pingouin
import pytest

from lumbomics.analyse.reliability.intraclass import FORMS, intraclass_correlation
from lumbomics.core.errors import InputError

SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float
)
"""Table 2 of Shrout and Fleiss, Psychological Bulletin 1979;86:420-428: 6 targets, 4 judges."""


PINGOUIN_WARNS = pytest.mark.filterwarnings("ignore:The inplace keyword")


def simulated(seed: int, n: int, k: int, *, person: float, rater: float, error: float) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return 50 + draw.normal(0, person, (n, 1)) + draw.normal(0, rater, (1, k)) + draw.normal(0, error, (n, k))


@pytest.mark.parametrize(
    ("form", "published"),
    [
        ("ICC(1,1)", 0.17),
        ("ICC(2,1)", 0.29),
        ("ICC(3,1)", 0.71),
        ("ICC(1,k)", 0.44),
        ("ICC(2,k)", 0.62),
        ("ICC(3,k)", 0.91),
    ],
)
def test_the_six_forms_of_shrout_and_fleiss_table_4(form: str, published: float) -> None:
    assert intraclass_correlation(SHROUT_FLEISS).form(form).value == pytest.approx(published, abs=0.005)


def pingouin_table(ratings: np.ndarray) -> pd.DataFrame:
    n, k = ratings.shape
    frame = pd.DataFrame(
        {"unit": np.repeat(np.arange(n), k), "rater": np.tile(np.arange(k), n), "value": ratings.ravel()}
    )
    return pingouin.intraclass_corr(frame, targets="unit", raters="rater", ratings="value")


@PINGOUIN_WARNS
@pytest.mark.parametrize(
    "ratings",
    [
        SHROUT_FLEISS,
        simulated(1, 30, 2, person=5, rater=0.5, error=1),
        simulated(2, 12, 3, person=1, rater=3, error=2),
    ],
)
def test_values_equal_pingouin_to_six_digits(ratings: np.ndarray) -> None:
    ours, theirs = intraclass_correlation(ratings), pingouin_table(ratings)
    np.testing.assert_allclose([ours.form(name).value for name in FORMS], theirs["ICC"], atol=1e-6)


@PINGOUIN_WARNS
@pytest.mark.parametrize("ratings", [SHROUT_FLEISS, simulated(1, 30, 2, person=5, rater=0.5, error=1)])
def test_intervals_equal_pingouin_to_its_printed_digits(ratings: np.ndarray) -> None:
    ours, theirs = intraclass_correlation(ratings), pingouin_table(ratings)
    column = next(name for name in theirs.columns if name.upper().startswith("CI95"))
    ends = [(ours.form(name).ci_low, ours.form(name).ci_high) for name in FORMS]
    np.testing.assert_allclose(ends, np.vstack(theirs[column].to_list()), atol=0.0051)


def test_both_names_of_a_form_give_the_same_number() -> None:
    found = intraclass_correlation(SHROUT_FLEISS)
    assert found.form("ICC(2,1)") is found.form("ICC(A,1)")
    with pytest.raises(InputError, match="unknown form"):
        found.form("ICC(4,1)")


def test_a_constant_rater_shift_lowers_agreement_and_leaves_consistency() -> None:
    ratings = simulated(3, 40, 2, person=5, rater=0, error=1)
    shifted = ratings + np.array([0.0, 4.0])
    before, after = intraclass_correlation(ratings), intraclass_correlation(shifted)
    assert after.form("ICC(3,1)").value == pytest.approx(before.form("ICC(3,1)").value, abs=1e-12)
    assert after.form("ICC(2,1)").value < before.form("ICC(2,1)").value - 0.1
    assert after.sem_consistency.value == pytest.approx(before.sem_consistency.value)
    # A shift of 4 between two raters is a rater variance of 8.
    gained = after.sem_agreement.value**2 - before.sem_consistency.value**2
    assert gained == pytest.approx(8, rel=0.3)


def test_the_errors_of_measurement_return_the_planted_ones() -> None:
    found = intraclass_correlation(simulated(4, 4000, 5, person=5, rater=0, error=1.5))
    assert found.sem_consistency.value == pytest.approx(1.5, rel=0.02)
    assert found.sem_agreement.value == pytest.approx(1.5, rel=0.02)
    assert found.mdc95_consistency.value == pytest.approx(1.96 * math.sqrt(2) * found.sem_consistency.value, rel=1e-4)


def test_an_affine_change_of_unit_leaves_the_forms_and_scales_the_errors() -> None:
    one, other = intraclass_correlation(SHROUT_FLEISS), intraclass_correlation(1e6 + 10 * SHROUT_FLEISS)
    np.testing.assert_allclose([one.form(f).value for f in FORMS], [other.form(f).value for f in FORMS], atol=1e-9)
    assert other.sem_agreement.value == pytest.approx(10 * one.sem_agreement.value)


def test_incomplete_units_are_left_out_and_counted() -> None:
    with_hole = np.vstack([SHROUT_FLEISS, [5, np.nan, 5, 5]])
    found = intraclass_correlation(with_hole)
    assert (found.n, found.dropped) == (6, 1)
    assert found.form("ICC(1,1)").value == pytest.approx(intraclass_correlation(SHROUT_FLEISS).form("ICC(1,1)").value)


def test_identical_raters_agree_perfectly() -> None:
    found = intraclass_correlation(np.repeat(np.arange(5.0)[:, None], 3, axis=1))
    assert all(form.estimate.value == pytest.approx(1) for form in found.forms)
    assert found.sem_agreement.value == pytest.approx(0, abs=1e-9)


def test_ratings_that_never_vary_are_refused() -> None:
    with pytest.raises(InputError, match="do not vary"):
        intraclass_correlation(np.full((5, 2), 7.0))


def test_too_few_units_are_refused() -> None:
    with pytest.raises(InputError, match="too few complete units"):
        intraclass_correlation(SHROUT_FLEISS[:2])


def test_levels_of_the_same_spines_widen_the_interval() -> None:
    draw = np.random.default_rng(5)
    person = np.repeat(draw.normal(0, 5, 20), 5)[:, None]
    ratings = person + draw.normal(0, 1, (100, 1)) + draw.normal(0, 2, (100, 2))
    alone = intraclass_correlation(ratings)
    clustered = intraclass_correlation(ratings, clusters=np.repeat(np.arange(20), 5))
    width = [f.form("ICC(2,1)").ci_high - f.form("ICC(2,1)").ci_low for f in (alone, clustered)]
    assert clustered.interval == "cluster bootstrap"
    assert width[1] > 1.3 * width[0]
    assert clustered.form("ICC(2,1)").value == alone.form("ICC(2,1)").value


def test_one_unit_a_cluster_needs_no_bootstrap() -> None:
    assert intraclass_correlation(SHROUT_FLEISS, clusters=list("abcdef")).interval == "F"


def test_the_frame_has_one_row_a_form() -> None:
    frame = intraclass_correlation(SHROUT_FLEISS).to_frame()
    assert frame["form"].tolist() == list(FORMS)
    assert (frame["icc_ci_low"] < frame["icc"]).all()


@pytest.mark.slow
def test_the_intervals_hold_the_truth_in_95_percent_of_cohorts() -> None:
    truth, cohorts = 25 / (25 + 1 + 4), 2000
    hits = 0
    for seed in range(cohorts):
        ratings = simulated(seed, 25, 4, person=5, rater=1, error=2)
        found = intraclass_correlation(ratings).form("ICC(2,1)")
        hits += found.ci_low <= truth <= found.ci_high
    assert 0.935 <= hits / cohorts <= 0.965
