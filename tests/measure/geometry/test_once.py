"""What is asked again of the same spine is not computed again."""

import gc
import weakref

import pytest

from lumbomics.core.measurement import Reason
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.once import once


class _Patient:
    pass


@pytest.fixture
def asked():
    calls = []

    @once
    def find(patient, level, *, reach=1.0):
        calls.append((patient, level, reach))
        if level == "L1-L2":
            raise NotMeasurableError(Reason.FIELD_OF_VIEW, "cut off")
        return [level, reach]

    return find, calls


def test_the_same_question_is_answered_once(asked):
    find, calls = asked
    patient = _Patient()
    assert find(patient, "L4-L5") is find(patient, "L4-L5")
    assert len(calls) == 1


def test_another_patient_level_or_reach_is_another_question(asked):
    find, calls = asked
    one, other = _Patient(), _Patient()
    answers = [find(one, "L4-L5"), find(other, "L4-L5"), find(one, "L5-S1"), find(one, "L4-L5", reach=2.0)]
    assert answers == [["L4-L5", 1.0], ["L4-L5", 1.0], ["L5-S1", 1.0], ["L4-L5", 2.0]]
    assert len(calls) == 4


def test_an_obstacle_is_kept_and_raised_anew_each_time(asked):
    find, calls = asked
    patient, caught = _Patient(), []
    for _ in range(2):
        with pytest.raises(NotMeasurableError, match="cut off") as error:
            find(patient, "L1-L2")
        caught.append(error.value)
    assert len(calls) == 1
    assert caught[0] is not caught[1]
    assert caught[1].reason is Reason.FIELD_OF_VIEW


def test_answers_go_with_the_patient():
    class Answer:
        def __init__(self, patient):
            self.patient = patient

    find, patient = once(Answer), _Patient()
    watched = weakref.ref(find(patient))
    gc.collect()
    assert watched() is not None
    del patient
    gc.collect()
    assert watched() is None
