from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.errors import InputError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.phantom import Phantom
from lumbomics.prepare.subtraction import subtract


@pytest.fixture(scope="module")
def pair(patient: Phantom, axial_grid: Grid) -> tuple[Image, Image, np.ndarray]:
    """Before and after contrast: a block of tissue gains 80 %, and the gain of everything is 1.6."""
    before = patient.image(axial_grid, Contrast.T1)
    block = np.zeros(axial_grid.shape, dtype=bool)
    block[60:80, 60:80, 4:8] = True
    noise = np.random.default_rng(9).normal(0, 0.02 * before.array.mean(), axial_grid.shape)
    after = 1.6 * before.array + noise
    return before, Image(np.where(block, 1.8 * after, after), axial_grid, contrast=Contrast.T1_POST), block


def test_a_change_of_gain_is_taken_out(pair: tuple[Image, Image, np.ndarray]) -> None:
    before, after, block = pair
    found = subtract(after, before)
    assert found.gain == pytest.approx(1.6, rel=0.02)
    unchanged = found.image.array[~block]
    assert abs(np.median(unchanged)) < 0.02 * np.median(after.array[~block])


def test_what_takes_up_contrast_is_bright(pair: tuple[Image, Image, np.ndarray]) -> None:
    before, after, block = pair
    found = subtract(after, before)
    gained = found.image.array[block].mean() / found.before.array[block].mean()
    assert gained == pytest.approx(0.8, abs=0.03)


def test_where_the_first_series_does_not_reach_nothing_is_said(pair: tuple[Image, Image, np.ndarray]) -> None:
    before, after, _ = pair
    part = Image(before.array[:, :, :6], Grid((*before.grid.shape[:2], 6), before.grid.affine), contrast=Contrast.T1)
    assert (subtract(after, part).image.array[:, :, 6:] == 0).all()


def test_series_of_other_places_are_an_error(pair: tuple[Image, Image, np.ndarray]) -> None:
    before, after, _ = pair
    away = before.grid.affine.copy()
    away[2, 3] += 500
    with pytest.raises(InputError, match="share too little signal"):
        subtract(after, Image(before.array, Grid(before.grid.shape, away)))
