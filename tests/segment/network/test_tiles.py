"""Windows cover everything once, and give what one look at the whole gives."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import uniform_filter

from lumbomics.segment.network.tiles import run_tiled, spans


@given(blocks=st.integers(1, 200), tile=st.integers(2, 40), share=st.floats(0.05, 0.9))
@settings(max_examples=200, deadline=None)
def test_every_pixel_is_kept_once_and_seams_lie_inside_the_overlap(blocks: int, tile: int, share: float) -> None:
    overlap = max(1, int(share * tile)) * 32
    tile *= 32
    parts = spans(blocks * 32, tile=tile, overlap=min(overlap, tile - 32))
    assert parts[0].first == 0
    assert parts[-1].last == blocks * 32
    for before, after in pairwise(parts):
        assert before.last == after.first
        assert after.start + min(overlap, tile - 32) // 2 <= after.first <= before.stop - min(overlap, tile - 32) // 2
    assert all(part.stop - part.start == min(tile, blocks * 32) for part in parts)


@pytest.mark.parametrize("size", [(160, 96), (96, 224), (256, 192)])
def test_a_picture_in_windows_is_the_whole_picture(size: tuple[int, int]) -> None:
    stack = np.random.default_rng(1).normal(size=(2, 3, *size)).astype(np.float32)
    seen: list[tuple[int, ...]] = []

    def blur(part: np.ndarray) -> np.ndarray:
        seen.append(part.shape)
        return uniform_filter(part, size=(0, 0, 31, 31), mode="constant")

    whole = blur(stack)
    seen.clear()
    np.testing.assert_allclose(run_tiled(blur, stack, tile=96, overlap=32), whole, atol=1e-6)
    assert len(seen) > 1
    assert max(max(shape[2:]) for shape in seen) == 96


def test_a_reach_beyond_half_the_overlap_would_show() -> None:
    stack = np.random.default_rng(1).normal(size=(1, 1, 160, 96)).astype(np.float32)

    def blur(part: np.ndarray) -> np.ndarray:
        return uniform_filter(part, size=(0, 0, 41, 41), mode="constant")

    assert np.abs(run_tiled(blur, stack, tile=96, overlap=32) - blur(stack)).max() > 1e-3
