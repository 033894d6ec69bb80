import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa

from lumbomics.core.errors import InputError
from lumbomics.registry.agreement import cohen_kappa

COUNT = st.integers(0, 400)


@given(COUNT, COUNT, COUNT, COUNT)
def test_kappa_and_its_interval_are_those_of_statsmodels(a, b, c, d):
    ours = cohen_kappa(a, b, c, d)
    assume(ours.ci_low is not None)
    theirs = cohens_kappa([[a, b], [c, d]])
    assert ours.kappa == pytest.approx(theirs.kappa, abs=1e-12)
    assert ours.ci_low == pytest.approx(max(-1, theirs.kappa_low), abs=1e-9)
    assert ours.ci_high == pytest.approx(min(1, theirs.kappa_upp), abs=1e-9)


@given(COUNT, COUNT, COUNT, COUNT)
def test_an_interval_always_has_a_width_or_is_left_out_with_a_reason(a, b, c, d):
    found = cohen_kappa(a, b, c, d)
    if found.ci_low is None:
        assert found.undefined
    else:
        assert found.ci_low < found.kappa < found.ci_high or abs(found.kappa) > 0.99


def test_a_worked_example_gives_four_tenths():
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: po 0.70, pe 0.50, the usual textbook table.
    found = cohen_kappa(20, 5, 10, 15)
    assert found.kappa == pytest.approx(0.4)
    assert found.observed == pytest.approx(0.7)
    assert found.n == 50


def test_a_wider_level_gives_a_wider_interval():
    narrow, wide = cohen_kappa(20, 5, 10, 15, level=0.8), cohen_kappa(20, 5, 10, 15, level=0.99)
    assert wide.ci_low < narrow.ci_low < narrow.kappa < narrow.ci_high < wide.ci_high


@pytest.mark.parametrize("table", [(0, 0, 0, 0), (9, 0, 0, 0), (0, 0, 0, 9), (5, 0, 4, 0), (0, 3, 0, 8)])
def test_where_nothing_varies_there_is_no_kappa_and_a_reason(table):
    found = cohen_kappa(*table)
    assert found.kappa is None
    assert found.ci_low is None
    assert found.undefined


def test_total_agreement_and_disagreement_have_a_kappa_and_no_interval():
    assert cohen_kappa(0, 7, 7, 0).kappa == pytest.approx(-1)
    assert cohen_kappa(3, 0, 0, 4).kappa == pytest.approx(1)
    assert cohen_kappa(3, 0, 0, 4).ci_low is None


def test_negative_counts_and_odd_levels_are_refused():
    with pytest.raises(InputError):
        cohen_kappa(-1, 0, 0, 5)
    with pytest.raises(InputError):
        cohen_kappa(1, 1, 1, 5, level=95)
