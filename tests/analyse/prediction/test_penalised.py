"""The elastic net is at its minimum, and equal to scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import ElasticNet, LogisticRegression

from lumbomics.analyse.prediction.penalised import Penalised, largest_penalty, solve

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 6))
X -= X.mean(axis=0)
NUMBER = X @ np.array([1.5, -1.0, 0.5, 0, 0, 0]) + RNG.normal(size=90) + 4
CLASS = (RNG.random(90) < expit(X[:, 0] - X[:, 1])).astype(float)


def test_numbers_agree_with_scikit_learn() -> None:
    theirs = ElasticNet(alpha=0.2, l1_ratio=0.6, tol=1e-10, max_iter=10_000).fit(X, NUMBER)
    ours = solve(X, NUMBER, np.array([0.2]), l1_ratio=0.6, logistic=False, tolerance=1e-9)[:, 0]
    np.testing.assert_allclose(ours, [theirs.intercept_, *theirs.coef_], atol=1e-6)


def test_ridge_risks_agree_with_scikit_learn() -> None:
    theirs = LogisticRegression(C=1 / (90 * 0.1), tol=1e-10, max_iter=10_000).fit(X, CLASS)
    ours = solve(X, CLASS, np.array([0.1]), l1_ratio=0.0, logistic=True, tolerance=1e-9)[:, 0]
    np.testing.assert_allclose(ours, [theirs.intercept_[0], *theirs.coef_[0]], atol=1e-5)


@pytest.mark.parametrize("logistic", [True, False])
def test_every_penalty_of_a_grid_meets_the_conditions_of_a_minimum(logistic: bool) -> None:
    y = CLASS if logistic else NUMBER
    penalties, share = np.array([0.3, 0.1, 0.02]), 0.7
    found = solve(X, y, penalties, l1_ratio=share, logistic=logistic, tolerance=1e-9)
    for penalty, b in zip(penalties, found.T, strict=True):
        fitted = b[0] + X @ b[1:]
        residual = (expit(fitted) if logistic else fitted) - y
        assert abs(residual.mean()) < 1e-6
        pull = X.T @ residual / 90 + penalty * (1 - share) * b[1:]
        held = b[1:] != 0
        np.testing.assert_allclose(pull[held], -penalty * share * np.sign(b[1:][held]), atol=1e-6)
        assert (np.abs(pull[~held]) <= penalty * share + 1e-6).all()


def test_the_largest_penalty_is_the_smallest_that_empties_the_model() -> None:
    largest = largest_penalty(X, CLASS, 0.9)
    b = solve(X, CLASS, np.array([1.001, 0.95]) * largest, l1_ratio=0.9, logistic=True)
    assert not b[1:, 0].any()
    assert b[1:, 1].any()
    assert b[0, 0] == pytest.approx(np.log(CLASS.mean() / (1 - CLASS.mean())), abs=1e-3)


def test_predictions_are_risks_or_numbers() -> None:
    risks = Penalised(l1_ratio=0.5, fraction=0.1, logistic=True).fit(X, CLASS).predict(X)
    assert ((risks > 0) & (risks < 1)).all()
    numbers = Penalised(l1_ratio=0.5, fraction=0.01, logistic=False).fit(X, NUMBER).predict(X)
    assert np.corrcoef(numbers, NUMBER)[0, 1] > 0.8
