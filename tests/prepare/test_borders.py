from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from lumbomics.core.grid import Grid
from lumbomics.prepare.borders import Borders
from lumbomics.prepare.pyramid import Layer

AFFINE = np.diag([2.0, 1.5, 1.0, 1.0])


@pytest.fixture(scope="module")
def one() -> Layer:
    """Smooth random blobs."""
    rough = np.random.default_rng(0).normal(size=(40, 50, 60))
    return Layer(gaussian_filter(rough, 2.5).astype(np.float32), Grid(rough.shape, AFFINE))


@pytest.fixture(scope="module")
def points() -> NDArray[np.float64]:
    return np.random.default_rng(1).uniform((15, 15, 12), (62, 58, 48), (3000, 3))


def test_an_image_agrees_with_itself_and_with_another_by_chance(one: Layer, points: NDArray[np.float64]) -> None:
    other = Layer(gaussian_filter(np.random.default_rng(2).normal(size=one.grid.shape), 2.5), one.grid)
    itself, stranger = (Borders(one, moving, points).at(np.eye(4)) for moving in (one, other))
    # two directions in space share a third by chance: cos² averaged over the sphere
    assert 0 < stranger < itself / 2.5


def test_other_contrast_and_gain_leave_the_agreement_as_it_is(one: Layer, points: NDArray[np.float64]) -> None:
    itself = Borders(one, one, points).at(np.eye(4))
    assert Borders(one, Layer(7 - 3 * one.array, one.grid), points).at(np.eye(4)) == pytest.approx(itself, rel=1e-3)


def test_agreement_is_lost_beside_the_true_place(one: Layer, points: NDArray[np.float64]) -> None:
    found = Borders(one, one, points).about(np.eye(4))
    assert found.gain > 2
    assert found.place == pytest.approx(1, abs=1e-6)


def test_the_directions_turn_with_the_image(one: Layer, points: NDArray[np.float64]) -> None:
    motion = np.array([[0.0, -1, 0, 30], [1, 0, 0, 4], [0, 0, 1, -9], [0, 0, 0, 1]])
    turned = Layer(one.array, Grid(one.grid.shape, motion @ one.grid.affine))
    itself = Borders(one, one, points).at(np.eye(4))
    assert Borders(one, turned, points).at(motion) == pytest.approx(itself, rel=1e-4)


def test_a_mirrored_grid_mirrors_the_directions(one: Layer, points: NDArray[np.float64]) -> None:
    mirror = np.diag([-1.0, 1, 1, 1])
    mirror[0, 3] = float(one.grid.centre_mm[0]) * 2
    flipped = Layer(one.array[::-1], Grid(one.grid.shape, mirror @ one.grid.affine))
    itself = Borders(one, one, points).at(np.eye(4))
    assert Borders(one, flipped, points).at(np.eye(4)) == pytest.approx(itself, rel=1e-4)


def test_images_that_do_not_meet_agree_in_nothing(one: Layer, points: NDArray[np.float64]) -> None:
    away = np.eye(4)
    away[:3, 3] = 500.0
    borders = Borders(one, one, points)
    assert borders.at(away) == 0
    assert borders.about(away).gain == 1
    assert borders.about(away).place == 0


def test_borders_of_another_image_lie_in_other_places(one: Layer, points: NDArray[np.float64]) -> None:
    other = Layer(gaussian_filter(np.random.default_rng(2).normal(size=one.grid.shape), 2.5), one.grid)
    assert abs(Borders(one, other, points).about(np.eye(4)).place) < 0.15
