"""Stable features are kept, others are not, and missing ones are counted."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.errors import InputError
from lumbomics.core.measurement import Absent, Measurement, Reason, Result
from lumbomics.radiomics import judge_stability
from lumbomics.run.radiomics import agreement_icc

# Shrout and Fleiss 1979, table 2: six targets, four judges; ICC(2,1) = 0.29.
SHROUT_FLEISS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])


def repeated(values: np.ndarray, biomarker: str = "radiomics_stat_mean") -> dict[str, list[list[Result]]]:
    """Patients with one region each; every column is one repetition."""
    return {
        f"p{number}": [
            [Measurement(biomarker=biomarker, method="disc-a", unit="1", level="L4-L5", value=float(value))]
            for value in row
        ]
        for number, row in enumerate(values)
    }


def test_agreement_is_that_of_a_published_table() -> None:
    (found,) = judge_stability(repeated(SHROUT_FLEISS), agreement=agreement_icc)
    assert found.value == pytest.approx(0.2898, abs=5e-4)
    assert (found.units, found.owners, found.repetitions) == (6, 6, 4)
    assert not found.kept


def test_a_feature_is_kept_by_the_lower_end_of_its_interval_and_not_by_its_value() -> None:
    rng = np.random.default_rng(0)
    few = np.arange(4.0)[:, None] + 0.55 * rng.standard_normal((4, 3))
    many = rng.normal(0, 1, 200)[:, None] + 0.35 * rng.standard_normal((200, 3))
    unsure, sure = (judge_stability(repeated(table), agreement=agreement_icc)[0] for table in (few, many))
    assert unsure.value is not None
    assert unsure.low is not None
    assert unsure.value >= 0.75 > unsure.low
    assert not unsure.kept
    assert sure.kept
    assert sure.low is not None
    assert sure.low >= 0.75


def test_levels_of_few_patients_are_no_independent_units() -> None:
    rng = np.random.default_rng(2)
    cases: dict[str, list[list[Result]]] = {}
    for patient in range(6):
        level_values = 5 * rng.standard_normal() + 0.3 * rng.standard_normal((5, 3))
        cases[f"p{patient}"] = [
            [
                Measurement(biomarker="radiomics_a", method="disc", unit="1", level=f"L{n + 1}", value=float(row[r]))
                for n, row in enumerate(level_values)
            ]
            for r in range(3)
        ]
    (found,) = judge_stability(cases, agreement=agreement_icc)
    assert (found.units, found.owners) == (30, 6)
    alone, low = agreement_icc(
        np.array([[run[n].value for run in runs] for runs in cases.values() for n in range(5)], dtype=float),  # type: ignore[union-attr]
        [str(n) for n in range(30)],
    )
    assert found.value == pytest.approx(alone)
    assert found.low != low


def test_a_region_that_is_absent_once_does_not_enter() -> None:
    cases = repeated(SHROUT_FLEISS)
    cases["p3"][2] = [
        Absent(biomarker="radiomics_stat_mean", method="disc-a", level="L4-L5", reason=Reason.UNDEFINED, detail="x")
    ]
    (found,) = judge_stability(cases, agreement=agreement_icc)
    assert found.units == 5


def test_too_few_regions_give_no_number_and_a_reason() -> None:
    (found,) = judge_stability(repeated(SHROUT_FLEISS[:2]), agreement=agreement_icc)
    assert found.value is None
    assert found.detail is not None
    assert "too few" in found.detail
    assert not found.kept


@pytest.mark.parametrize("runs", [{}, {"a": [[]]}, {"a": [[], []], "b": [[], [], []]}])
def test_patients_with_unlike_repetitions_are_refused(runs: dict[str, list[list[Result]]]) -> None:
    with pytest.raises(InputError, match="same repetitions"):
        judge_stability(runs, agreement=agreement_icc)
