import itertools

import numpy as np
import pytest

from lumbomics.core.errors import GridError, InputError
from lumbomics.evaluate import Instances, Matching, level_accuracy, level_shifts, match_instances


def line(*runs, size=100):
    """A map of runs (value, first, last + 1) along one axis."""
    array = np.zeros((size, 1, 1), np.uint8)
    for value, start, stop in runs:
        array[start:stop] = value
    return Instances(array=array, values=tuple(dict.fromkeys(value for value, *_ in runs)))


def test_a_found_a_missed_and_an_invented_instance_give_f1_of_one_half():
    found = match_instances(line((20, 0, 10), (22, 50, 60)), line((20, 1, 11), (21, 20, 30)))
    assert [(m.prediction, m.reference) for m in found.matches] == [(20, 20)]
    assert found.matches[0].overlap == pytest.approx(9 / 11)
    assert found.matches[0].dice == found.dice == pytest.approx(0.9)
    assert (found.extra, found.missed) == ((22,), (21,))
    assert found.f1 == found.precision == found.recall == 0.5


def test_overlap_of_exactly_one_half_is_enough_and_less_is_not():
    assert match_instances(line((1, 0, 10)), line((1, 0, 20))).f1 == 1
    assert match_instances(line((1, 0, 9)), line((1, 0, 20))).f1 == 0


def test_one_prediction_over_two_vertebrae_finds_at_most_one():
    merged = line((22, 0, 20))
    found = match_instances(merged, line((22, 0, 10), (23, 10, 20)), matching=Matching.COVERAGE)
    assert (len(found.matches), len(found.missed), len(found.extra)) == (1, 1, 0)


def test_coverage_finds_a_body_inside_a_whole_vertebra_where_iou_does_not():
    whole, body = line((22, 0, 30)), line((22, 0, 12))
    assert match_instances(whole, body).f1 == 0
    assert match_instances(whole, body, matching="coverage").f1 == 1
    assert match_instances(body, whole, matching="coverage").f1 == 0


def test_as_many_pairs_as_can_be_are_matched():
    # prediction 1 covers both references, prediction 2 only the second: greedy by overlap would lose a pair
    prediction = np.zeros((40, 1, 1), np.uint8)
    prediction[0:14] = 1
    prediction[14:20] = 2
    reference = np.zeros_like(prediction)
    reference[0:8] = 1
    reference[8:20] = 2
    found = match_instances(
        Instances(array=prediction, values=(1, 2)), Instances(array=reference, values=(1, 2)), matching="coverage"
    )
    assert [(m.prediction, m.reference) for m in found.matches] == [(1, 1), (2, 2)]


def test_the_matching_is_the_best_of_all_that_trying_out_finds():
    rng = np.random.default_rng(5)
    for _ in range(20):
        prediction, reference = (np.repeat(rng.integers(0, 5, 15), 4).reshape(-1, 1, 1) for _ in range(2))
        found = match_instances(
            Instances(array=prediction, values=(1, 2, 3, 4)),
            Instances(array=reference, values=(1, 2, 3, 4)),
            matching="coverage",
        )

        def cover(p, r, prediction=prediction, reference=reference):
            inside = reference == r
            share = (prediction[inside] == p).mean() if inside.any() else 0
            return share if share >= 0.5 else 0

        best = max(
            (sum(cover(p, r) > 0 for p, r in pairs), sum(cover(p, r) for p, r in pairs))
            for order in itertools.permutations((1, 2, 3, 4))
            for pairs in [list(zip(order, (1, 2, 3, 4), strict=True))]
        )
        assert (len(found.matches), sum(m.overlap for m in found.matches)) == pytest.approx(best)


def test_nothing_to_find_and_nothing_found_has_no_f1():
    empty = Instances(array=np.zeros((3, 3, 3), int), values=())
    found = match_instances(empty, empty)
    assert (found.f1, found.precision, found.recall, found.dice) == (None, None, None, None)
    assert match_instances(line((1, 0, 3)), line()).f1 == 0


def test_a_numbering_one_level_too_low_is_told_as_a_shift_of_one():
    names = [(22, 0, 10), (23, 20, 30), (24, 40, 50)]
    found = match_instances(line(*((v + 1, a, b) for v, a, b in names)), line(*names))
    assert level_accuracy(found) == 0
    # L3, L4, L5 read as L4, L5, L6
    assert level_shifts(found) == {1: 3}


def test_from_t12_to_l1_is_one_level_unless_there_is_a_t13():
    found = match_instances(line((20, 0, 10)), line((19, 0, 10)))
    assert level_shifts(found) == {1: 1}
    found = match_instances(line((20, 0, 10), (28, 20, 30)), line((19, 0, 10)))
    assert level_shifts(found) == {2: 1}


def test_discs_are_shifted_like_the_vertebrae_above_them():
    found = match_instances(line((122, 0, 10), (124, 20, 30)), line((123, 0, 10), (124, 20, 30)))
    assert level_accuracy(found) == 0.5
    assert level_shifts(found) == {-1: 1, 0: 1}


def test_instances_need_one_grid_and_numbers_of_their_own():
    with pytest.raises(GridError, match="differ in shape"):
        match_instances(line((1, 0, 3)), line((1, 0, 3), size=50))
    with pytest.raises(InputError, match="numbers of their own"):
        Instances(array=np.zeros((1, 1, 1), int), values=(1, 1))
