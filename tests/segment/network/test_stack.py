"""The network's input holds each slice between the right neighbours."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.segment.network.stack import neighbour_step, pad_to_multiple, stack_neighbours


@pytest.mark.parametrize(("spacing_mm", "step"), [(0.8, 3), (1.0, 2), (2.0, 1), (4.0, 1), (6.0, 1)])
def test_neighbours_lie_about_two_and_a_half_millimetres_away(spacing_mm: float, step: int) -> None:
    assert neighbour_step(spacing_mm) == step


def test_left_neighbour_comes_first_and_outside_is_zero() -> None:
    volume = np.broadcast_to(np.arange(1, 6, dtype=np.float32)[:, None, None], (5, 2, 2))
    stack = stack_neighbours(volume, slice_spacing_mm=1.0)
    assert stack[:, :, 0, 0].tolist() == [[0, 1, 3], [0, 2, 4], [1, 3, 5], [2, 4, 0], [3, 5, 0]]


def test_a_part_of_the_slices_is_the_same_part_of_all() -> None:
    volume = np.random.default_rng(0).normal(size=(6, 3, 3)).astype(np.float32)
    every = stack_neighbours(volume, slice_spacing_mm=4.0)
    np.testing.assert_array_equal(stack_neighbours(volume, slice_spacing_mm=4.0, numbers=[4, 1]), every[[4, 1]])


def test_padding_adds_zeros_behind_and_below_alone() -> None:
    padded = pad_to_multiple(np.ones((2, 3, 33, 64), dtype=np.float32))
    assert padded.shape == (2, 3, 64, 64)
    assert padded[..., :33, :].min() == 1
    assert padded[..., 33:, :].max() == 0
