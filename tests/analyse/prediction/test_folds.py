"""Folds part patients, never a patient, and spread the outcome."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.analyse.prediction import check_folds, grouped_folds
from lumbomics.core.errors import InputError


def test_all_rows_of_a_patient_lie_in_one_fold_and_every_fold_is_used() -> None:
    rng = np.random.default_rng(0)
    patients = np.repeat(np.arange(40), rng.integers(1, 6, 40))
    fold = grouped_folds(patients, rng.random(len(patients)), 5, rng)
    for patient in range(40):
        assert len(set(fold[patients == patient])) == 1
    assert set(fold) == set(range(5))


def test_events_are_spread_over_folds_as_evenly_as_they_can_be() -> None:
    outcome = np.zeros(60)
    outcome[:12] = 1
    fold = grouped_folds(np.arange(60), outcome, 5, np.random.default_rng(1))
    events = np.bincount(fold, outcome, 5)
    assert events.max() - events.min() <= 1
    assert np.ptp(np.bincount(fold)) <= 1


def test_low_and_high_scores_are_spread_over_folds() -> None:
    score = np.arange(100.0)
    fold = grouped_folds(np.arange(100), score, 4, np.random.default_rng(2))
    means = [score[fold == number].mean() for number in range(4)]
    assert np.ptp(means) < 4  # blocks of four neighbours: at most the width of a block apart


def test_chance_deals_other_folds() -> None:
    dealt = [grouped_folds(np.arange(30), np.zeros(30), 3, np.random.default_rng(s)) for s in (0, 1)]
    assert (dealt[0] != dealt[1]).any()


def test_a_patient_in_two_folds_is_a_leak_and_is_counted() -> None:
    with pytest.raises(InputError, match=r"1 patients in several folds"):
        check_folds(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 2]))
    check_folds(np.array([0, 1, 1, 0]), np.array([0, 1, 1, 2]))


def test_more_folds_than_patients_are_refused() -> None:
    with pytest.raises(InputError, match="fewer patients than folds"):
        grouped_folds(np.array([0, 0, 1]), np.zeros(3), 3, np.random.default_rng(0))
