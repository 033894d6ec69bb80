"""Proportional-odds fits against other libraries, and grouped cross-validation that holds patients together."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from statsmodels.miscmodels.ordinal_model import OrderedModel

from lumbomics.train.grade_sets import TARGETS
from lumbomics.train.grades import FOLDS, fold_of
from lumbomics.train.ordinal import fit_ordinal


def drawn(n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    x = rng.uniform(-1.0, 1.0, (n, 2))
    hidden = x @ [2.0, -1.0] + rng.logistic(size=n)
    return x, np.digitize(hidden, [-1.0, 0.5, 1.5])


def test_an_unpenalised_fit_is_statsmodels_ordered_logit() -> None:
    x, y = drawn()
    ours = fit_ordinal(x, y, categories=4, penalty=0.0)
    z = (np.clip(x, ours.low, ours.high) - ours.centre) / ours.scale
    theirs = OrderedModel(y, z, distr="logit").fit(method="bfgs", disp=False)
    assert ours.weight == pytest.approx(theirs.params[:2], abs=2e-3)
    assert ours.probabilities(x) == pytest.approx(theirs.model.predict(theirs.params, exog=z), abs=2e-3)


def test_two_categories_with_a_penalty_are_scikit_learns_ridge_logistic_regression() -> None:
    x, y = drawn()
    binary = (y > 1).astype(int)
    ours = fit_ordinal(x, binary, categories=2, penalty=4.0)
    z = (np.clip(x, ours.low, ours.high) - ours.centre) / ours.scale
    theirs = LogisticRegression(C=1 / 4.0, tol=1e-8).fit(z, binary)
    assert ours.weight == pytest.approx(theirs.coef_[0], abs=1e-3)
    assert -ours.threshold == pytest.approx(theirs.intercept_, abs=1e-3)


def test_all_discs_of_a_patient_lie_in_one_fold() -> None:
    patients = np.repeat([f"{n:03d}" for n in range(47)], 6)
    folds = fold_of(patients, seed=1)
    assert set(folds) == set(range(FOLDS))
    assert all(len(set(folds[patients == one])) == 1 for one in np.unique(patients))


def test_findings_count_every_grade_above_none() -> None:
    modic = next(target for target in TARGETS if target.name == "modic_t2")
    assert [modic.category_of({"modic": grade}) for grade in (0, 1, 2, 3)] == [0, 1, 1, 1]
    grade = next(target for target in TARGETS if target.name == "pfirrmann_t2")
    assert [grade.category_of({"pfirrmann": one}) for one in (1, 5)] == [0, 4]
