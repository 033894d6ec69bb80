from __future__ import annotations

import numpy as np
import pytest

from lumbomics.analyse.reliability.repeatability import repeatability
from lumbomics.core.errors import InputError

PEFR = np.array(
    [
        [494, 490], [395, 397], [516, 512], [434, 401], [476, 470], [557, 611], [413, 415], [442, 431], [650, 638],
        [433, 429], [417, 420], [656, 633], [267, 275], [478, 492], [178, 165], [423, 372], [427, 421],
    ],
    dtype=float,
)  # fmt: skip
"""Two readings of the large Wright meter, l/min: Bland and Altman, Lancet 1986;327:307-310, table of the raw data."""


def test_the_repeatability_of_the_wright_meter_is_that_of_1986() -> None:
    found = repeatability(PEFR)
    # The paper's standard deviation of the differences of repeats is 21.6 l/min, its coefficient 2 x 21.6 = 43.2.
    assert found.within_sd.value == pytest.approx(15.3, abs=0.1)
    assert found.coefficient.value == pytest.approx(1.96 * 21.6, abs=0.4)


def test_units_with_one_repeat_carry_no_information() -> None:
    found = repeatability(np.vstack([PEFR, [500, np.nan]]))
    assert found.within_sd == repeatability(PEFR).within_sd
    assert (found.n, found.dropped) == (17, 1)


def test_units_with_more_repeats_weigh_more() -> None:
    repeats = np.array([[0, 2, np.nan], [0, 2, np.nan], [0, 3, 6.0]])
    # Squares around own means: 2, 2 and 18, with 1 + 1 + 2 degrees of freedom.
    assert repeatability(repeats).within_sd.value == pytest.approx(np.sqrt(22 / 4))


def test_the_interval_holds_the_planted_spread() -> None:
    draw = np.random.default_rng(0)
    # For one number of units, both ends are fixed multiples of the estimate.
    found = repeatability(draw.normal(0, 2, (20, 2))).within_sd
    cohorts = draw.normal(0, 5, (20000, 20, 1)) + draw.normal(0, 2, (20000, 20, 2))
    sd = np.sqrt(cohorts.var(axis=2, ddof=1).mean(axis=1))
    hits = np.mean((sd * found.ci_low / found.value <= 2) & (sd * found.ci_high / found.value >= 2))
    assert 0.944 <= hits <= 0.956


def test_the_coefficient_of_variation_needs_positive_means() -> None:
    tenth = np.array([[90.0, 110.0], [45.0, 55.0], [9.0, 11.0]])
    assert repeatability(tenth).within_cv_percent == pytest.approx(10 * np.sqrt(2))
    assert repeatability(PEFR - 500).within_cv_percent is None


def test_too_few_repeats_are_refused() -> None:
    with pytest.raises(InputError, match="too few units"):
        repeatability([[1, 2], [2, np.nan], [3, np.nan]])


def test_the_frame_is_one_row() -> None:
    assert repeatability(PEFR).to_frame().loc[0, "n"] == 17
