"""The model of one kind of patient keeps everything of the data but its clusters."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from lumbomics.analyse.phenotype.null import _modes, critical_width, fit_one_kind
from lumbomics.analyse.phenotype.stability import against_one_kind

RNG = np.random.default_rng(0)
NO_WORDS = np.empty((400, 0), dtype=np.intp)


def test_two_humps_become_one_with_the_same_mean_and_spread() -> None:
    humps = np.where(RNG.random(400) < 0.5, -3, 3) + RNG.normal(size=400)
    model = fit_one_kind(humps[:, None], NO_WORDS)
    drawn = np.concatenate([model.draw(RNG)[0][:, 0] for _ in range(20)])
    assert drawn.mean() == pytest.approx(humps.mean(), abs=0.15)
    assert drawn.std() == pytest.approx(humps.std(), rel=0.05)
    middle = lambda v: (np.abs(v) < 1).mean()  # noqa: E731
    assert middle(humps) < 0.05
    assert middle(drawn) > 0.15


def test_the_critical_width_is_the_smallest_that_leaves_one_mode() -> None:
    humps = np.r_[RNG.normal(-3, 1, 100), RNG.normal(3, 1, 100)]
    width = critical_width(humps)
    assert _modes(humps, width) == 1
    assert _modes(humps, 0.97 * width) > 1
    assert critical_width(RNG.normal(size=200)) < 0.4 * width


def test_skewness_stays() -> None:
    skewed = RNG.lognormal(0, 0.6, 400)
    model = fit_one_kind(skewed[:, None], NO_WORDS)
    drawn = np.concatenate([model.draw(RNG)[0][:, 0] for _ in range(10)])
    assert stats.skew(drawn) > 0.5 * stats.skew(skewed)


def test_rank_correlations_shares_and_gaps_stay() -> None:
    common = RNG.normal(size=400)
    numbers = np.column_stack([common + 0.5 * RNG.normal(size=400), -common + 0.5 * RNG.normal(size=400)])
    numbers[::5, 0] = np.nan
    words = (common + RNG.normal(size=400) > 0.8).astype(np.intp)[:, None]
    words[::7] = -1
    model = fit_one_kind(numbers, words)
    drawn, told = model.draw(RNG)
    np.testing.assert_array_equal(np.isnan(drawn), np.isnan(numbers))
    np.testing.assert_array_equal(told < 0, words < 0)
    known = ~np.isnan(numbers[:, 0])
    was = stats.spearmanr(numbers[known, 0], numbers[known, 1]).statistic
    assert stats.spearmanr(drawn[known, 0], drawn[known, 1]).statistic == pytest.approx(was, abs=0.12)
    assert (told == 1).mean() == pytest.approx((words == 1).mean(), abs=0.08)


def test_correlations_that_fit_no_population_are_pulled_together_instead_of_failing() -> None:
    numbers = np.full((90, 3), np.nan)
    x = RNG.normal(size=30)
    numbers[:30, 0], numbers[:30, 1] = x, x
    numbers[30:60, 1], numbers[30:60, 2] = x, x
    numbers[60:, 0], numbers[60:, 2] = x, -x  # 1, 1 and -1: impossible together
    drawn, _ = fit_one_kind(numbers, np.empty((90, 0), dtype=np.intp)).draw(RNG)
    np.testing.assert_array_equal(np.isnan(drawn), np.isnan(numbers))


def test_p_is_corrected_for_all_numbers_of_clusters_and_exact_for_one_more_null_set() -> None:
    null = RNG.normal(size=(19, 3))
    z, p = against_one_kind(np.array([0.0, 9.0, 0.0]), null)
    assert p[1] == 1 / 20
    assert z.argmax() == 1
    assert p[0] > 0.5  # each p is for the largest of all
    sets = RNG.normal(size=(300, 20, 3))
    smallest = [against_one_kind(one[0], one[1:])[1].min() for one in sets]
    assert np.mean(np.array(smallest) <= 0.05) == pytest.approx(0.05, abs=0.035)
