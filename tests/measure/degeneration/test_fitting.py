"""Proportional-odds fits against other libraries, and nested validation that holds patients together."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from statsmodels.miscmodels.ordinal_model import OrderedModel

from lumbomics.train.grade_choice import Cases, Choice, choose, fit, fold_of, gains, nested
from lumbomics.train.grade_sets import TARGETS, Target
from lumbomics.train.ordinal import fit_ordinal

FINDING = Target(
    name="toy", outcome="toy", candidates={"noise": ("noise",), "signal": ("signal", "noise")}, penalties=(5.0,)
)


def drawn(n: int = 400, *, at: tuple[float, ...] = (-1.0, 0.5, 1.5)) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    x = rng.uniform(-1.0, 1.0, (n, 2))
    hidden = x @ [2.0, -1.0] + rng.logistic(size=n)
    return x, np.digitize(hidden, at)


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
    folds = fold_of(patients, folds=10, seed=1)
    assert set(folds) == set(range(10))
    assert all(len(set(folds[patients == one])) == 1 for one in np.unique(patients))


def test_findings_count_every_grade_above_none() -> None:
    modic = next(target for target in TARGETS if target.name == "modic_t2")
    assert [modic.category_of({"modic": grade}) for grade in (0, 1, 2, 3)] == [0, 1, 1, 1]
    grade = next(target for target in TARGETS if target.name == "pfirrmann_t2")
    assert [grade.category_of({"pfirrmann": one}) for one in (1, 5)] == [0, 4]


def cases(*, told_by_patient: bool = False) -> Cases:
    """60 patients of 4 discs; the finding follows the signal, or is a patient's coin toss that the noise gives away."""
    rng = np.random.default_rng(11)
    patients = np.repeat([f"{n:03d}" for n in range(60)], 4)
    signal = rng.normal(size=240)
    noise = np.repeat(rng.normal(size=60), 4)
    toss = np.repeat(rng.integers(0, 2, 60), 4)
    grade = toss if told_by_patient else (signal + 0.5 * rng.normal(size=240) > 0.8).astype(int)
    # columns follow Target.features: noise, signal
    return Cases(values=np.column_stack([noise, signal]), grade=grade, patients=patients)


def test_the_candidate_that_carries_the_finding_is_chosen() -> None:
    assert choose(cases(), FINDING).candidate == "signal"


def test_nested_predictions_cover_every_disc_once_and_find_what_is_there() -> None:
    known, held = cases(), list(nested(cases(), FINDING, divisions=1))
    rows = np.concatenate([one.rows for one in held])
    assert sorted(rows) == list(range(240))
    assert roc_auc_score(known.grade[rows], np.concatenate([one.probabilities[:, 1] for one in held])) > 0.9


def test_nested_predictions_never_saw_the_patient() -> None:
    # the patient's own noise gives the toss away to whoever saw one disc of the patient
    tossed, held = cases(told_by_patient=True), list(nested(cases(told_by_patient=True), FINDING, divisions=1))
    chance, truth = np.concatenate([one.probabilities[:, 1] for one in held]), tossed.grade
    assert roc_auc_score(truth[np.concatenate([one.rows for one in held])], chance) < 0.65


def test_emphasis_names_rare_grades_as_readily_as_frequent_ones() -> None:
    x, y = drawn(900, at=(1.5, 3.0, 4.0))
    target = Target(
        name="toy",
        outcome="toy",
        categories=("I", "II", "III", "IV"),
        candidates={"both": ("a", "b")},
        emphases=(0.0, 1.0),
    )
    known = Cases(values=x, grade=y, patients=np.repeat([f"{n:03d}" for n in range(150)], 6))
    chance = fit(known, target, Choice(candidate="both", penalty=1.0, emphasis=0.0)).probabilities(x)
    plain, even = (
        balanced_accuracy_score(y, (chance * gains(y, target, power)).argmax(axis=1)) for power in (0.0, 1.0)
    )
    assert even > plain + 0.02
    assert gains(y, target, 0.0) == pytest.approx(np.ones(4))
    assert gains(y, target, 1.0) * np.bincount(y) == pytest.approx((gains(y, target, 1.0) * np.bincount(y)).mean())
