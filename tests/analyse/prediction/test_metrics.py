"""Metrics, calibration and net benefit against other libraries and hand counts."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit, logit
from sklearn.metrics import brier_score_loss, log_loss, r2_score, roc_auc_score

from lumbomics.analyse.prediction import Task, net_benefit
from lumbomics.analyse.prediction import calibration as cal
from lumbomics.analyse.prediction.decision import decision_table, treat_all
from lumbomics.analyse.prediction.metrics import auc, measure

RNG = np.random.default_rng(0)
TRUE = RNG.normal(size=400)
RISK = expit(0.7 * TRUE)
Y = (RNG.random(400) < expit(TRUE)).astype(float)
ONE_FOLD = np.zeros(400, dtype=np.intp)


def test_measures_of_risks_agree_with_scikit_learn() -> None:
    made = measure(Task.BINARY, Y, np.round(RISK, 2), fold=ONE_FOLD)
    assert made["auc"] == pytest.approx(roc_auc_score(Y, np.round(RISK, 2)))
    assert made["brier"] == pytest.approx(brier_score_loss(Y, np.round(RISK, 2)))
    assert made["log_loss"] == pytest.approx(log_loss(Y, np.round(RISK, 2)))
    assert made["brier_scaled"] == pytest.approx(r2_score(Y, np.round(RISK, 2)))
    assert made["observed_expected"] == pytest.approx(Y.sum() / np.round(RISK, 2).sum())


def test_measures_of_numbers_agree_with_scikit_learn() -> None:
    made = measure(Task.CONTINUOUS, TRUE, 0.5 * TRUE + 0.1, fold=ONE_FOLD)
    assert made["r2"] == pytest.approx(r2_score(TRUE, 0.5 * TRUE + 0.1))
    assert made["calibration_slope"] == pytest.approx(2.0)
    assert made["calibration_intercept"] == pytest.approx((0.5 * TRUE - 0.1).mean())


def test_one_class_has_no_auc() -> None:
    assert np.isnan(auc(np.ones(4), np.arange(4.0)))


def test_a_model_that_only_knows_the_mean_of_its_training_rows_is_at_chance() -> None:
    fold = np.arange(400) % 5
    known = np.array([Y[fold != f].mean() for f in range(5)])[fold]
    assert roc_auc_score(Y, known) < 0.48  # what pooling folds would tell
    assert measure(Task.BINARY, Y, known, fold=fold)["auc"] == 0.5


def test_recognising_the_site_is_worth_nothing_within_sites() -> None:
    site = (np.arange(400) % 2).astype(np.intp)
    y = (RNG.random(400) < np.where(site == 1, 0.8, 0.2)).astype(float)
    made = measure(Task.BINARY, y, np.where(site == 1, 0.8, 0.2), fold=ONE_FOLD, sites=site)
    assert made["auc"] > 0.75
    assert made["auc_within_site"] == 0.5
    numbers = measure(Task.CONTINUOUS, 3 * site + TRUE, 3.0 * site, fold=ONE_FOLD, sites=site)
    assert numbers["r2"] > 0.5
    assert numbers["r2_within_site"] == pytest.approx(0.0, abs=1e-9)


def test_calibration_slope_and_intercept_agree_with_statsmodels() -> None:
    x = logit(RISK)
    theirs = sm.Logit(Y, sm.add_constant(x)).fit(disp=0)
    assert cal.slope(Task.BINARY, Y, RISK) == pytest.approx(theirs.params[1], rel=1e-6)
    offset = sm.GLM(Y, np.ones(400), family=sm.families.Binomial(), offset=x).fit()
    assert cal.intercept(Task.BINARY, Y, RISK) == pytest.approx(offset.params[0], rel=1e-6)


def test_doubling_all_logits_halves_the_slope() -> None:
    once, twice = (cal.slope(Task.BINARY, Y, expit(f * TRUE)) for f in (1, 2))
    assert twice == pytest.approx(once / 2, rel=1e-6)


def test_true_risks_of_many_patients_are_calibrated_and_halved_ones_are_not() -> None:
    rng = np.random.default_rng(1)
    risk = rng.uniform(0.05, 0.9, 20_000)
    y = (rng.random(20_000) < risk).astype(float)
    assert cal.slope(Task.BINARY, y, risk) == pytest.approx(1, abs=0.05)
    assert cal.ici(Task.BINARY, y, risk) < 0.01
    assert cal.ici(Task.BINARY, y, risk / 2) == pytest.approx((risk / 2).mean(), abs=0.01)
    np.testing.assert_allclose(cal.curve(Task.BINARY, y, risk / 2, np.array([0.1, 0.3])), [0.2, 0.6], atol=0.03)


def test_predictions_that_do_not_vary_have_no_slope_and_split_classes_no_maximum() -> None:
    assert np.isnan(cal.slope(Task.BINARY, Y, np.full(400, 0.3)))
    assert np.isnan(cal.ici(Task.BINARY, Y, np.full(400, 0.3)))
    assert np.isnan(cal.slope(Task.BINARY, (TRUE > 0).astype(float), RISK))


def test_net_benefit_is_that_of_a_hand_count() -> None:
    y, risk = np.array([1, 1, 0, 0, 0.0]), np.array([0.9, 0.3, 0.6, 0.2, 0.1])
    # At 0.25 two of two events and one of three others are acted on; at 0.5 one and one.
    np.testing.assert_allclose(net_benefit(y, risk, np.array([0.25, 0.5])), [2 / 5 - 1 / 5 / 3, 1 / 5 - 1 / 5])
    np.testing.assert_allclose(treat_all(y, np.array([0.4])), [0.4 - 0.6 * 0.4 / 0.6], atol=1e-12)


def test_a_perfect_model_gains_the_prevalence_and_never_less_than_all_or_none() -> None:
    at = np.array([0.2, 0.5, 0.8])
    draws = [RNG.integers(0, 400, 400) for _ in range(20)]
    table = decision_table(Y, {"model": Y[None, :] * 0.98 + 0.01}, at, draws, 0.95)
    np.testing.assert_allclose(table["net_benefit"], Y.mean())
    assert (table["gain_low"] > 0).all()
    assert ((table["low"] < Y.mean()) & (table["high"] > Y.mean())).all()
