"""What the network sees does not depend on how a volume is stored, and the way back meets the way there."""

from __future__ import annotations

import itertools
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lumbomics.core.errors import InputError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image, Quantity
from lumbomics.segment.network.prepare import intensity_bounds, restore
from lumbomics.segment.network.prepare import prepare as prepare_at
from lumbomics.segment.network.view import SagittalView

prepare = partial(prepare_at, spacing_mm=0.6)
STORAGES = [
    (order, signs)
    for order in itertools.permutations(range(3))
    for signs in ((1, 1, 1), (-1, 1, -1), (1, -1, 1), (-1, -1, -1))
]


def wave(points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """A smooth scene without any symmetry."""
    x, y, z = np.moveaxis(points_mm, -1, 0)
    return np.sin(x / 9 + 0.3) + 0.6 * np.cos(y / 14 - 0.8) + 0.02 * z + 0.3 * np.sin((y + z) / 17)


def scene(grid: Grid) -> Image:
    return Image(wave(grid.to_world(np.stack(np.indices(grid.shape), axis=-1))), grid)


def stored(order: tuple[int, ...], signs: tuple[int, ...], turn_deg: float = 0.0) -> Grid:
    """The same 7 x 60 x 70 voxels (x, y, z; 4 x 0.8 x 1.1 mm), stored in any order and direction."""
    axes = Rotation.from_euler("xyz", (turn_deg, -turn_deg, turn_deg / 2), degrees=True).as_matrix()
    size, spacing = np.array((7, 60, 70)), np.array((4.0, 0.8, 1.1))
    matrix = np.eye(4)
    corner = -(axes * spacing) @ ((size - 1) / 2) + (3, -20, 40)
    for place, axis in enumerate(order):
        step = axes[:, axis] * spacing[axis]
        matrix[:3, place] = step * signs[place]
        corner = corner + (step * (size[axis] - 1) if signs[place] < 0 else 0)
    matrix[:3, 3] = corner
    return Grid(tuple(size[list(order)].tolist()), matrix)


@pytest.mark.parametrize("turn_deg", [0.0, 12.0])
def test_every_storage_order_and_direction_gives_the_same_picture(turn_deg: float) -> None:
    reference = prepare(scene(stored((0, 1, 2), (1, 1, 1), turn_deg)))
    for order, signs in STORAGES:
        prepared = prepare(scene(stored(order, signs, turn_deg)))
        np.testing.assert_allclose(prepared.array, reference.array, atol=1e-5)
        np.testing.assert_allclose(prepared.working_grid.affine, reference.working_grid.affine, atol=1e-9)
        assert prepared.slice_spacing_mm == pytest.approx(4.0)


def test_slices_rise_to_the_right_rows_to_the_feet_and_columns_to_the_back() -> None:
    grid = stored((2, 0, 1), (1, -1, 1))
    world = grid.to_world(np.stack(np.indices(grid.shape), axis=-1))
    for axis, sign, along in ((0, 1, 0), (2, -1, 1), (1, -1, 2)):
        rising = prepare(Image(world[..., axis] * sign, grid)).array
        assert (np.diff(rising, axis=along) >= 0).all()
        assert np.diff(rising, axis=along).sum() > 1


@pytest.mark.parametrize(("order", "signs"), STORAGES)
def test_a_volume_turned_and_turned_back_is_itself(order: tuple[int, int, int], signs: tuple[int, int, int]) -> None:
    grid = stored(order, signs, 8.0)
    array = np.arange(np.prod(grid.shape)).reshape(grid.shape)
    view = SagittalView.of(grid)
    np.testing.assert_array_equal(view.turn_back(view.turn(array)), array)
    index = (2, 13, 21)
    at = np.argwhere(array == view.turn(array)[index])[0]
    np.testing.assert_allclose(view.affine(grid) @ (*index, 1), (*grid.to_world(at), 1), atol=1e-9)


def test_each_working_sample_shows_the_scene_at_its_own_world_point() -> None:
    grid = stored((1, 2, 0), (-1, 1, -1), 10.0)
    image = scene(grid)
    prepared = prepare(image)
    low, high = intensity_bounds(image.array)
    world = prepared.working_grid.to_world(np.stack(np.indices(prepared.array.shape), axis=-1))
    expected = np.clip((wave(world) - low) / (high - low), -0.2, 1.5)
    inner = (slice(None), slice(2, -2), slice(2, -2))
    assert np.abs(prepared.array - expected)[inner].max() < 0.005
    assert prepared.array.shape == (7, round(70 * 1.1 / 0.6), round(60 * 0.8 / 0.6))
    np.testing.assert_allclose(prepared.working_grid.centre_mm, grid.centre_mm, atol=1e-9)


@pytest.mark.parametrize("spacing_mm", [0.4, 0.6, 1.0])
def test_restoring_brings_every_value_back_to_its_voxel(spacing_mm: float) -> None:
    image = scene(stored((2, 1, 0), (-1, 1, 1), 7.0))
    prepared = prepare(image, spacing_mm=spacing_mm)
    low, high = intensity_bounds(image.array)
    expected = np.clip((image.array - low) / (high - low), -0.2, 1.5)
    back = restore(prepared.array, prepared)
    inner = tuple(slice(3, -3) if n > 7 else slice(None) for n in back.shape)
    assert back.shape == image.grid.shape
    assert np.abs(back - expected)[inner].max() < 0.015


def test_an_image_already_at_the_working_spacing_is_not_blurred() -> None:
    grid = Grid.from_spacing((3, 64, 80), (4.0, 0.6, 0.6))
    values = np.random.default_rng(3).normal(size=grid.shape).astype(np.float32)
    prepared = prepare(Image(values, grid))
    low, high = np.percentile(values, (1, 99))
    expected = np.clip((values - low) / (high - low), -0.2, 1.5)[:, ::-1, ::-1].transpose(0, 2, 1)
    np.testing.assert_allclose(prepared.array, expected, atol=1e-6)


def test_shrinking_averages_instead_of_picking() -> None:
    grid = Grid.from_spacing((1, 200, 200), (4.0, 0.2, 0.2))
    noise = np.random.default_rng(0).normal(size=grid.shape)
    prepared = prepare(Image(noise, grid))
    low, high = intensity_bounds(noise)
    # A triangle six samples wide keeps (2/9 * 3)/3 of the variance along each axis, that is 0.235 of it.
    assert np.std(prepared.array) * (high - low) == pytest.approx(0.235, abs=0.03)


def test_brightness_and_offset_of_the_scanner_do_not_matter() -> None:
    image = scene(stored((0, 1, 2), (1, 1, 1)))
    brighter = Image(np.rint(image.array * 1000 + 5000).astype(np.int16), image.grid)
    np.testing.assert_allclose(prepare(brighter).array, prepare(image).array, atol=2e-3)


def test_voxels_that_are_not_numbers_do_not_spread() -> None:
    image = scene(stored((0, 1, 2), (1, 1, 1)))
    values = image.array.copy()
    values[3, 30, 30:34] = (np.nan, np.inf, -np.inf, np.nan)
    prepared, clean = prepare(Image(values, image.grid)), prepare(image)
    assert np.isfinite(prepared.array).all()
    assert (np.abs(prepared.array - clean.array) > 0.01).sum() < 60


@pytest.mark.parametrize("values", [np.zeros((3, 80, 80)), np.full((3, 80, 80), np.nan), np.full((3, 80, 80), 7)])
def test_an_image_without_contrast_is_refused(values: NDArray[np.float64]) -> None:
    with pytest.raises(InputError, match="no contrast"):
        prepare(Image(values, Grid.from_spacing((3, 80, 80), (4.0, 0.6, 0.6))))


@pytest.mark.parametrize(("spacing", "words"), [((0.6, 0.6, 4.0), "axial stack"), ((0.6, 4.0, 0.6), "coronal stack")])
def test_a_stack_in_another_plane_is_refused_by_name(spacing: tuple[float, float, float], words: str) -> None:
    with pytest.raises(InputError, match=words):
        prepare(scene(Grid.from_spacing((90, 90, 90), spacing)))


def test_an_axial_picture_of_one_thin_slice_is_refused() -> None:
    with pytest.raises(InputError, match="cannot hold a vertebra"):
        prepare(scene(Grid.from_spacing((90, 90, 1), (0.6, 0.6, 1.0))))


@pytest.mark.parametrize(
    ("quantity", "contrast"),
    [(Quantity.HOUNSFIELD, Contrast.UNKNOWN), (Quantity.ARBITRARY, Contrast.CT), (Quantity.COUNTS, Contrast.NM)],
)
def test_other_modalities_are_refused(quantity: Quantity, contrast: Contrast) -> None:
    grid = Grid.from_spacing((3, 80, 80), (4.0, 0.6, 0.6))
    with pytest.raises(InputError, match="MR alone"):
        prepare(Image(scene(grid).array, grid, quantity, contrast))
