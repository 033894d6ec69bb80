from __future__ import annotations

import numpy as np
import pingouin
import pytest

from lumbomics.analyse.reliability.bland_altman import bland_altman
from lumbomics.core.errors import InputError

WRIGHT = np.array([494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427], dtype=float)
MINI = np.array([512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451], dtype=float)
"""First readings of both peak flow meters, l/min: Bland and Altman, Lancet 1986;327:307-310."""


def test_bias_and_limits_are_those_of_bland_and_altman_1986() -> None:
    found = bland_altman(WRIGHT, MINI)
    assert found.bias.value == pytest.approx(-2.1, abs=0.05)
    assert found.sd == pytest.approx(38.8, abs=0.05)
    # The paper takes 2 standard deviations, -79.7 and 75.5; here they are 1.96.
    assert found.lower.value == pytest.approx(-2.1 - 1.96 * 38.8, abs=0.1)
    assert found.upper.value == pytest.approx(-2.1 + 1.96 * 38.8, abs=0.1)
    assert (found.bias.ci_low, found.bias.ci_high) == pytest.approx((-22.0, 17.8), abs=0.1)


def test_the_exact_intervals_lie_near_those_of_1986_and_reach_further_out() -> None:
    found = bland_altman(WRIGHT, MINI)
    assert found.lower.ci_low == pytest.approx(-114.3, abs=10)
    assert found.lower.ci_high == pytest.approx(-45.1, abs=8)
    assert found.lower.value - found.lower.ci_low > found.lower.ci_high - found.lower.value


def test_the_exact_intervals_hold_the_true_limit_in_95_percent() -> None:
    # For one n, both ends lie at a fixed number of standard deviations from the bias.
    found = bland_altman(np.random.default_rng(0).normal(1, 2, 12), np.zeros(12))
    ends = np.array([found.upper.ci_low, found.upper.ci_high, found.upper.value])
    inner, outer, _ = (ends - found.bias.value) / found.sd
    cohorts = np.random.default_rng(1).normal(1, 2, (20000, 12))
    bias, sd, truth = cohorts.mean(axis=1), cohorts.std(axis=1, ddof=1), 1 + 1.959964 * 2
    hits = np.mean((bias + inner * sd <= truth) & (truth <= bias + outer * sd))
    assert 0.944 <= hits <= 0.956


def test_swapping_the_methods_mirrors_everything() -> None:
    one, other = bland_altman(WRIGHT, MINI), bland_altman(MINI, WRIGHT)
    assert other.bias.value == pytest.approx(-one.bias.value)
    assert other.upper.ci_high == pytest.approx(-one.lower.ci_low)
    assert other.proportional_slope.value == pytest.approx(-one.proportional_slope.value)


def test_a_proportional_bias_is_found_and_its_slope_returned() -> None:
    draw = np.random.default_rng(2)
    truth = draw.uniform(20, 80, 200)
    found = bland_altman(1.1 * truth + draw.normal(0, 1, 200), truth + draw.normal(0, 1, 200))
    # Difference 0.1 x over mean 1.05 x.
    assert found.proportional_slope.ci_low < 0.1 / 1.05 < found.proportional_slope.ci_high
    assert found.proportional_p < 1e-6
    assert found.spread_p > 0.01


def test_a_scatter_that_grows_with_size_is_found() -> None:
    draw = np.random.default_rng(3)
    truth = draw.uniform(10, 100, 300)
    found = bland_altman(truth + draw.normal(0, 0.1 * truth), truth)
    # The absolute value of a normal error has mean sd sqrt(2 / pi).
    assert found.spread_slope == pytest.approx(0.1 * np.sqrt(2 / np.pi), rel=0.25)
    assert found.spread_p < 1e-6


def test_no_proportional_bias_is_called_in_five_percent() -> None:
    draw = np.random.default_rng(4)
    found = [bland_altman(x + draw.normal(0, 1, 30), x + draw.normal(0, 1, 30)) for x in draw.normal(50, 10, (120, 30))]
    assert np.mean([f.proportional_p < 0.05 for f in found]) < 0.11


def test_pairs_with_a_missing_value_are_left_out() -> None:
    found = bland_altman([*WRIGHT, 400.0, np.nan], [*MINI, np.nan, np.nan])
    assert (found.n, found.dropped) == (17, 2)
    assert found.bias == bland_altman(WRIGHT, MINI).bias


def test_clusters_widen_the_interval_of_the_bias() -> None:
    draw = np.random.default_rng(5)
    people = np.repeat(np.arange(25), 4)
    difference = np.repeat(draw.normal(0, 2, 25), 4) + draw.normal(0, 0.5, 100)
    base = draw.normal(50, 5, 100)
    alone, clustered = (bland_altman(base + difference, base, clusters=c) for c in (None, people))
    assert clustered.interval == "cluster bootstrap"
    assert clustered.bias.ci_high - clustered.bias.ci_low > 1.5 * (alone.bias.ci_high - alone.bias.ci_low)
    assert clustered.bias.ci_low < clustered.bias.value < clustered.bias.ci_high
    assert clustered.upper.ci_low < clustered.upper.value < clustered.upper.ci_high
    assert clustered.upper.value == alone.upper.value


def test_the_bias_interval_equals_the_paired_t_test_of_pingouin() -> None:
    theirs = pingouin.ttest(WRIGHT, MINI, paired=True)
    ours = bland_altman(WRIGHT, MINI).bias
    column = next(name for name in theirs.columns if name.upper().startswith("CI95"))
    np.testing.assert_allclose([ours.ci_low, ours.ci_high], theirs[column].iloc[0], atol=0.006)


def test_unequal_lengths_and_too_few_pairs_are_refused() -> None:
    with pytest.raises(InputError, match="one value a unit"):
        bland_altman([1, 2, 3], [1, 2])
    with pytest.raises(InputError, match="too few pairs"):
        bland_altman([1, 2, np.nan], [1, 2, 3])


def test_equal_methods_have_no_slopes() -> None:
    found = bland_altman(WRIGHT, WRIGHT)
    assert found.proportional_slope is None
    assert found.to_frame().loc[0, "bias"] == 0
