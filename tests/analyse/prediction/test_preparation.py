"""Preparation learns from training rows alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lumbomics.analyse.prediction.preparation import Preparation, Screen
from lumbomics.core.errors import FaultsError

TRAIN = pd.DataFrame({"x": [1.0, 2.0, 9.0, np.nan], "w": ["a", "b", "b", None]})


def test_gaps_take_the_training_median_and_the_most_frequent_training_word() -> None:
    made = Preparation(numbers=("x",), words=("w",)).fit(TRAIN)
    filled = made.transform(pd.DataFrame({"x": [np.nan, 2.0], "w": [None, "b"]}))
    np.testing.assert_allclose(filled[0], filled[1])


def test_numbers_are_centred_and_scaled_by_the_training_rows() -> None:
    made = Preparation(numbers=("x",)).fit(TRAIN)
    spread = np.std([1, 2, 9, 2])
    np.testing.assert_allclose(made.transform(pd.DataFrame({"x": [13.5]})), [[(13.5 - 3.5) / spread]])


def test_a_word_never_seen_counts_as_the_first() -> None:
    made = Preparation(numbers=(), words=("w",)).fit(TRAIN)
    strange, first = made.transform(pd.DataFrame({"w": ["z", "a"]}))
    np.testing.assert_array_equal(strange, first)
    assert list(made.get_feature_names_out()) == ["w=b"]


def test_a_constant_training_column_is_left_at_zero() -> None:
    made = Preparation(numbers=("x",)).fit(pd.DataFrame({"x": [2.0, 2.0]}))
    np.testing.assert_array_equal(made.transform(pd.DataFrame({"x": [2.0]})), [[0.0]])


def test_the_shift_of_a_site_is_removed_and_a_new_site_is_refused() -> None:
    rng = np.random.default_rng(0)
    site = np.repeat(["a", "b"], 60)
    values = rng.normal(size=(120, 3)) + 4 * (site == "b")[:, None]
    table = pd.DataFrame(values, columns=["x", "y", "z"]).assign(site=site)
    made = Preparation(numbers=("x", "y", "z"), harmonise=("x", "y", "z"), site="site").fit(table)
    left = made.transform(table)
    assert np.abs(left[site == "a"].mean(axis=0) - left[site == "b"].mean(axis=0)).max() < 0.2
    with pytest.raises(FaultsError, match="site never seen"):
        made.transform(table.assign(site="c"))


def test_the_screen_keeps_the_columns_nearest_to_the_outcome_in_their_order() -> None:
    rng = np.random.default_rng(1)
    y = rng.normal(size=80)
    x = np.column_stack([rng.normal(size=80), -y + 0.3 * rng.normal(size=80), np.ones(80), y])
    np.testing.assert_array_equal(Screen(keep=2).fit(x, y).transform(x), x[:, [1, 3]])
    np.testing.assert_array_equal(Screen().fit(x, y).transform(x), x)
