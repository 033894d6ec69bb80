from __future__ import annotations

import numpy as np
import pytest

from lumbomics.analyse.reliability.precision import precision_profile
from lumbomics.core.errors import InputError


def repeats_with(sd: float, cv: float, seed: int = 0, n: int = 600) -> np.ndarray:
    draw = np.random.default_rng(seed)
    truth = draw.uniform(10, 100, (n, 1))
    return truth + draw.normal(0, 1, (n, 2)) * (sd + cv * truth)


def test_a_spread_that_grows_with_size_gives_its_slope() -> None:
    profile = precision_profile(repeats_with(1, 0.05))
    assert profile.slope.ci_low < 0.05 < profile.slope.ci_high
    assert profile.intercept == pytest.approx(1, abs=0.6)
    assert profile.sd_at(50) == pytest.approx(3.5, rel=0.1)


def test_the_groups_hold_the_planted_spread() -> None:
    profile = precision_profile(repeats_with(1, 0.05), groups=5)
    assert [group.n for group in profile.groups] == [120] * 5
    for group in profile.groups:
        assert group.sd.ci_low * 0.93 < 1 + 0.05 * group.mean < group.sd.ci_high * 1.07


def test_a_constant_spread_is_called_growing_in_five_percent() -> None:
    found = [precision_profile(repeats_with(2, 0, seed, 80)).slope_p < 0.05 for seed in range(120)]
    assert np.mean(found) < 0.11


def test_the_line_says_nothing_outside_its_range() -> None:
    with pytest.raises(InputError, match="outside the range"):
        precision_profile(repeats_with(1, 0.05)).sd_at(500)


def test_units_with_one_repeat_are_counted_as_dropped() -> None:
    repeats = repeats_with(1, 0.05)
    repeats[:7, 1] = np.nan
    profile = precision_profile(repeats)
    assert (profile.n, profile.dropped) == (593, 7)
    assert len(profile.to_frame()) == 4


def test_too_few_units_for_the_groups_are_refused() -> None:
    with pytest.raises(InputError, match="too few units"):
        precision_profile(repeats_with(1, 0.05, n=19))
