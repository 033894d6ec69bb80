import inspect

import pytest

from lumbomics.core import errors
from lumbomics.core.errors import FaultsError, LabelError, LumbomicsError, OutputError


def test_a_message_says_where_what_expected_got_and_to_do():
    error = LabelError("values are unknown", expected="1-28", got="99", where="a.nii", hint="name the convention")
    assert str(error) == "a.nii: values are unknown; expected 1-28; got 99; to do: name the convention"
    assert (error.problem, error.got, error.where) == ("values are unknown", "99", "a.nii")


def test_a_message_leaves_out_what_is_not_known():
    assert str(LabelError("values are unknown")) == "values are unknown"


def test_all_errors_share_one_root_and_pythons_own_classes():
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)]
    assert len(kinds) > 8
    assert all(issubclass(kind, LumbomicsError) for kind in kinds)
    assert issubclass(LabelError, ValueError)
    assert issubclass(OutputError, OSError)


def test_several_faults_are_told_at_once():
    both = FaultsError([LabelError("first"), OutputError("second")])
    assert str(both) == "2 fault(s):\n  1. first\n  2. second"
    with pytest.raises(FaultsError) as caught:
        raise both
    assert [fault.problem for fault in caught.value.faults] == ["first", "second"]
