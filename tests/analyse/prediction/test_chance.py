"""Bootstrap and permutation keep patients together; a procedure that leaks is found out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lumbomics.analyse.prediction import audit_chance
from lumbomics.analyse.prediction.chance import patient_draws, permuted
from lumbomics.analyse.prediction.folds import grouped_folds
from lumbomics.analyse.prediction.metrics import auc
from lumbomics.core.errors import InputError


def test_a_bootstrap_sample_holds_whole_patients_and_both_classes() -> None:
    patients = np.array([0, 0, 1, 2, 2, 2])
    draws = patient_draws(patients, np.array([1, 1, 0, 0, 0, 0.0]), 50, np.random.default_rng(0))
    for rows in draws:
        counts = np.bincount(rows, minlength=6)
        assert counts[0] == counts[1]
        assert counts[3] == counts[4] == counts[5]
        assert counts[0] > 0
        assert counts[0] < len(rows) / 2
    assert len({tuple(np.sort(rows)) for rows in draws}) >= 4


def test_patients_with_one_outcome_swap_it_whole() -> None:
    patients = np.repeat(np.arange(30), 3)
    given = np.repeat(np.arange(30.0), 3)
    made = permuted(given, patients, np.random.default_rng(0))
    assert (made != given).any()
    assert sorted(made) == sorted(given)
    assert all(len(set(made[patients == p])) == 1 for p in range(30))


def test_outcomes_that_differ_within_patients_move_in_blocks() -> None:
    patients = np.array([0, 1, 0, 1, 2, 2])
    given = np.array([1, 3, 2, 4, 5, 6.0])
    blocks = {(1.0, 2.0), (3.0, 4.0), (5.0, 6.0)}
    seen = set()
    for seed in range(10):
        made = permuted(given, patients, np.random.default_rng(seed))
        assert {tuple(made[patients == p]) for p in range(3)} == blocks
        seen.add(tuple(made))
    assert len(seen) > 2


def test_patients_that_cannot_be_exchanged_are_refused() -> None:
    with pytest.raises(InputError, match="cannot be exchanged"):
        permuted(np.array([1, 2, 3, 1, 2, 1.0]), np.array([0, 0, 0, 1, 1, 2]), np.random.default_rng(0))


def noise(n: int, p: int) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    table = pd.DataFrame(rng.normal(size=(n, p)), columns=[f"x{i}" for i in range(p)])
    return table.assign(participant=range(n), y=np.arange(n) % 2)


def nearest_centre(table: pd.DataFrame, *, choose_inside: bool) -> float:
    """AUC of a nearest-centre rule on the 10 features that part the classes most, chosen inside the folds or before."""
    x, y = table.filter(like="x").to_numpy(), table["y"].to_numpy(dtype=float)
    fold = grouped_folds(np.arange(len(y)), y, 4, np.random.default_rng(0))
    score = np.empty(len(y))
    for number in range(4):
        train, test = fold != number, fold == number
        seen = train if choose_inside else np.ones(len(y), dtype=bool)
        apart = x[seen & (y == 1)].mean(axis=0) - x[seen & (y == 0)].mean(axis=0)
        best = np.argsort(-np.abs(apart))[:10]
        toward = x[train & (y == 1)][:, best].mean(axis=0) - x[train & (y == 0)][:, best].mean(axis=0)
        score[test] = x[test][:, best] @ toward
    return auc(y, score)


def test_features_chosen_before_the_folds_are_found_out() -> None:
    audit = audit_chance(lambda t: nearest_centre(t, choose_inside=False), noise(60, 400), outcome="y", rounds=10)
    assert audit.leaks
    assert audit.mean > 0.75
    assert bool(audit.to_frame()["leaks"].iloc[0])


def test_features_chosen_inside_the_folds_pass() -> None:
    audit = audit_chance(lambda t: nearest_centre(t, choose_inside=True), noise(60, 400), outcome="y", rounds=20)
    assert not audit.leaks
    assert audit.mean < 0.58


def test_too_few_rounds_are_refused() -> None:
    with pytest.raises(InputError, match="too few rounds"):
        audit_chance(lambda t: 0.5, noise(20, 2), outcome="y", rounds=3)
