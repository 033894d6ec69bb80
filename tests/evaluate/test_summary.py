import numpy as np
import pytest
from scipy import stats

from lumbomics.core.errors import InputError
from lumbomics.evaluate import (
    CaseScores,
    Metric,
    Missing,
    Structure,
    StructureScores,
    bootstrap_interval,
    summarise,
)


def case(name, patient, *, level=None, structure=Structure.DISC, **values):
    named = {Metric(key): value for key, value in values.items()}
    row = StructureScores(structure=structure, level=level, prediction_ml=1, reference_ml=1, values=named)
    return CaseScores(case=name, participant=patient, rows=(row,))


def test_two_images_of_one_patient_count_once():
    found = summarise([case("a1", "a", dice=0.8), case("a2", "a", dice=0.6), case("b", "b", dice=0.9)])
    assert len(found) == 1
    assert found[0].mean == pytest.approx((0.7 + 0.9) / 2)
    assert found[0].sd == pytest.approx(np.std([0.7, 0.9], ddof=1))
    assert (found[0].patients, found[0].cases) == (2, 3)
    assert (found[0].worst, found[0].worst_case) == (0.6, "a2")


def test_the_worst_case_is_the_one_farthest_from_perfect_in_either_direction():
    found = summarise([case(n, n, volume_error_ml=v, dice=d) for n, v, d in (("a", 3.0, 0.9), ("b", -5.0, 0.95))])
    by_metric = {row.metric: row for row in found}
    assert by_metric[Metric.VOLUME_ERROR_ML].worst == -5.0
    assert by_metric[Metric.DICE].worst == 0.9


def test_missing_numbers_are_counted_by_reason_and_enter_no_mean():
    cases = [case("a", "a", hausdorff_95_mm=2.0), case("b", "b", hausdorff_95_mm=Missing.PREDICTION_EMPTY)]
    found = summarise(cases)[0]
    assert (found.mean, found.cases, found.interval, found.sd) == (2.0, 1, None, None)
    assert found.missing == {Missing.PREDICTION_EMPTY: 1}
    nowhere = summarise(cases[1:])[0]
    assert (nowhere.mean, nowhere.worst, nowhere.worst_case, nowhere.cases) == (None, None, None, 0)


def test_levels_come_from_head_to_tail_after_their_structure():
    levels = ["L5-S1", "L4-L5", "T12-L1", None]
    found = summarise([case(str(n), "a", level=level, dice=1.0) for n, level in enumerate(levels)])
    assert [row.level for row in found] == [None, "T12-L1", "L4-L5", "L5-S1"]


def test_the_interval_is_the_same_in_every_run_and_that_of_the_bca_method():
    values = np.random.default_rng(1).beta(20, 2, 29)
    first, again = bootstrap_interval(values), bootstrap_interval(values)
    assert first == again
    exact = stats.bootstrap(
        (values,), np.mean, n_resamples=50_000, method="BCa", rng=np.random.default_rng(9)
    ).confidence_interval
    assert (first.low, first.high) == pytest.approx((exact.low, exact.high), abs=0.002)
    assert first.method == "BCa"


def test_bootstrap_intervals_cover_the_true_mean_about_as_often_as_they_say():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(100):
        interval = bootstrap_interval(rng.normal(0.9, 0.03, 29))
        hits += interval.low <= 0.9 <= interval.high
    assert 87 <= hits <= 99


def test_one_patient_or_equal_patients_give_no_spread():
    assert bootstrap_interval(np.array([0.9])) is None
    same = bootstrap_interval(np.array([1.0, 1.0, 1.0]))
    assert (same.low, same.high, same.method) == (1.0, 1.0, "constant")


def test_cases_need_names_of_their_own_and_structures_one_row():
    with pytest.raises(InputError, match="got a"):
        summarise([case("a", "a", dice=1.0), case("a", "b", dice=1.0)])
    with pytest.raises(InputError, match="no case"):
        summarise([])
    row = case("a", "a", dice=1.0).rows[0]
    with pytest.raises(InputError, match="scored twice"):
        CaseScores(case="a", participant="a", rows=(row, row))
