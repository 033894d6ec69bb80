"""Running a network of known answers: axes, neighbours, padding, windows, calibration, the way back to the grid."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import convolve1d
from scipy.spatial.transform import Rotation

from lumbomics.core.errors import InputError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.core.prediction import Tissue
from lumbomics.segment.network.infer import Settings, averaged, calibrate, infer, through_plane_weights
from lumbomics.segment.network.prepare import intensity_bounds

from .conftest import MakeNetwork, pixelwise

LEFT, SELF, RIGHT = 0, 1, 2
SPACING = (4.0, 0.6, 0.6)


def plain_grid(shape: tuple[int, int, int] = (5, 70, 90)) -> Grid:
    return Grid.from_spacing(shape, SPACING)


def blocks(grid: Grid) -> NDArray[np.float32]:
    """A dark scene with one bright block a slice along the first axis, each at its own place."""
    array = np.zeros(grid.shape, dtype=np.float32)
    for number in range(grid.shape[0]):
        array[number, 10 + 8 * number : 20 + 8 * number, 30:45] = 1
    return array


def bright_is_vertebra(channel: int = SELF) -> tuple[NDArray[np.float64], list[float]]:
    return pixelwise({(Tissue.VERTEBRA, channel): 20.0}, {Tissue.VERTEBRA: -10.0})


def test_what_is_bright_becomes_a_vertebra_where_it_lies(make_network: MakeNetwork) -> None:
    grid = plain_grid()
    result = infer(Image(blocks(grid), grid), make_network(*bright_is_vertebra()))
    np.testing.assert_array_equal(result.labels, blocks(grid) * Tissue.VERTEBRA)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("flips", [(), (0,), (0, 1), (0, 1, 2)])
def test_labels_follow_the_image_through_every_storage(
    make_network: MakeNetwork, order: tuple[int, int, int], flips: tuple[int, ...]
) -> None:
    grid = plain_grid()
    turned = Grid(
        grid.shape,
        np.block(
            [
                [Rotation.from_euler("xyz", (9, -6, 14), degrees=True).as_matrix(), np.zeros((3, 1))],
                [np.zeros((1, 3)), np.ones((1, 1))],
            ]
        )
        @ grid.affine,
    )
    weight, bias = pixelwise({(Tissue.DISC, LEFT): 20.0, (Tissue.CANAL, SELF): 12.0}, {Tissue.BACKGROUND: 7.0})
    network = make_network(weight, bias)
    expected = infer(Image(blocks(grid), turned), network)
    affine = turned.affine.copy()
    for axis in flips:
        affine[:3, 3] += affine[:3, axis] * (grid.shape[axis] - 1)
        affine[:3, axis] *= -1
    stored = Grid(tuple(grid.shape[a] for a in order), affine[:, [*order, 3]])
    result = infer(Image(np.flip(blocks(grid), flips).transpose(order), stored), network)
    assert set(np.unique(expected.labels)) == {Tissue.BACKGROUND, Tissue.DISC, Tissue.CANAL}
    np.testing.assert_array_equal(result.labels, np.flip(expected.labels, flips).transpose(order))
    np.testing.assert_array_equal(result.probability, np.flip(expected.probability, flips).transpose(order))


@pytest.mark.parametrize(("channel", "shift"), [(LEFT, 1), (RIGHT, -1)])
def test_the_neighbours_are_those_on_the_patients_left_and_right(
    make_network: MakeNetwork, channel: int, shift: int
) -> None:
    grid = plain_grid()
    image = Image(blocks(grid), grid)
    result = infer(image, make_network(*bright_is_vertebra(channel)))
    expected = np.zeros_like(image.array)
    # The first storage axis rises to the right: what a slice sees on its left is drawn one slice further right.
    expected[max(shift, 0) : 5 + min(shift, 0)] = image.array[max(-shift, 0) : 5 - max(shift, 0)]
    np.testing.assert_array_equal(result.labels, expected)


def test_thin_slices_take_neighbours_further_away(make_network: MakeNetwork) -> None:
    grid = Grid.from_spacing((7, 70, 90), (0.9, 0.6, 0.6))
    image = Image(blocks(grid)[:, :, :], grid)
    result = infer(image, make_network(*bright_is_vertebra(LEFT)), settings=Settings(through_plane_mm=0))
    np.testing.assert_array_equal(result.labels[3:], image.array[:-3])
    assert not result.labels[:3].any()


def test_flipping_averages_both_sides_and_gives_mirrored_patients_mirrored_labels(make_network: MakeNetwork) -> None:
    grid = plain_grid()
    weight, bias = pixelwise({(Tissue.VERTEBRA, LEFT): 6.0, (Tissue.DISC, SELF): 5.0}, {Tissue.BACKGROUND: 3.0})
    network = make_network(weight, bias)
    image, mirrored = Image(blocks(grid), grid), Image(blocks(grid)[::-1], grid)
    straight = infer(image, network, settings=Settings(flip=True))
    reflected = infer(mirrored, network, settings=Settings(flip=True))
    np.testing.assert_array_equal(reflected.labels, straight.labels[::-1])
    np.testing.assert_array_equal(reflected.probability, straight.probability[::-1])
    assert (infer(mirrored, network).labels != infer(image, network).labels[::-1]).any()


def test_probabilities_are_those_of_the_softmax_at_the_cards_temperature(make_network: MakeNetwork) -> None:
    grid = plain_grid()
    weight, bias = pixelwise({}, {Tissue.DISC: 3.0, Tissue.CANAL: 1.0, 5: -2.0})
    result = infer(Image(blocks(grid), grid), make_network(weight, bias, temperature=2.0))
    expected = np.exp(1.5) / (np.exp(1.5) + np.exp(0.5) + 3)
    assert (result.labels == Tissue.DISC).all()
    np.testing.assert_allclose(result.probability, expected, atol=1e-3)
    np.testing.assert_allclose(result.metal, 1 / (1 + np.exp(2.0)), atol=1e-3)


def test_large_logits_neither_overflow_nor_leave_the_unit_interval() -> None:
    logits = np.array([1e4, -1e4, 0, 5, 300, -1e4], dtype=np.float32).reshape(1, 6, 1, 1)
    probability = calibrate(logits, temperature=0.5)
    np.testing.assert_allclose(probability.ravel(), [1, 0, 0, 0, 0, 0], atol=1e-6)
    assert logits.ravel()[0] == 1e4


def test_the_class_boundary_is_interpolated_and_not_copied_from_the_working_raster(make_network: MakeNetwork) -> None:
    # Fine voxels of 0.25 mm, an edge between working samples: nearest neighbour would err by up to half of 0.6 mm.
    grid = Grid.from_spacing((1, 200, 200), (4.0, 0.25, 0.25))
    y = grid.to_world(np.stack(np.indices(grid.shape), axis=-1))[..., 1]
    image = Image(y.astype(np.float32), grid)
    low, high = intensity_bounds(image.array)
    edge = 0.37 * (high - low) + low
    weight, bias = pixelwise({(Tissue.SACRUM, SELF): 10.0}, {Tissue.SACRUM: -3.7})
    labels = infer(image, make_network(weight, bias)).labels
    np.testing.assert_array_equal((labels == Tissue.SACRUM)[:, 6:-6], (y > edge)[:, 6:-6])


@pytest.mark.parametrize(
    "settings", [Settings(batch=3), Settings(tile=64, overlap=32), Settings(batch=2, tile=96, overlap=64)]
)
def test_batches_and_windows_change_nothing(make_network: MakeNetwork, settings: Settings) -> None:
    rng = np.random.default_rng(5)
    grid = plain_grid((4, 150, 170))
    image = Image(rng.normal(size=grid.shape).astype(np.float32), grid)
    network = make_network(rng.normal(size=(6, 3, 5, 5)), rng.normal(size=6))
    one, other = infer(image, network), infer(image, network, settings=settings)
    np.testing.assert_array_equal(one.labels, other.labels)
    np.testing.assert_allclose(one.probability, other.probability, atol=1e-3)


def test_the_number_of_threads_changes_nothing(make_network: MakeNetwork) -> None:
    rng = np.random.default_rng(6)
    grid = plain_grid((3, 150, 170))
    image = Image(rng.normal(size=grid.shape).astype(np.float32), grid)
    weight, bias = rng.normal(size=(6, 3, 5, 5)), rng.normal(size=6)
    one, two = (infer(image, make_network(weight, bias, threads=n)) for n in (1, 2))
    np.testing.assert_array_equal(one.labels, two.labels)
    np.testing.assert_array_equal(one.probability, two.probability)


def test_one_slice_is_enough_and_the_image_stays_as_it_was(make_network: MakeNetwork) -> None:
    grid = plain_grid((1, 70, 90))
    array = blocks(grid)
    before = array.copy()
    result = infer(Image(array, grid), make_network(*bright_is_vertebra()))
    np.testing.assert_array_equal(result.labels, before)
    np.testing.assert_array_equal(array, before)


@pytest.mark.parametrize("wrong", [{"batch": 0}, {"tile": 100}, {"tile": 64, "overlap": 64}, {"overlap": 48}])
def test_settings_that_cannot_work_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InputError, match="expected"):
        Settings(**wrong)


def test_thin_slices_are_averaged_with_a_gaussian_and_thick_ones_stay() -> None:
    assert through_plane_weights(4.0, 1.0).tolist() == [1.0]
    assert through_plane_weights(1.0, 0.0).tolist() == [1.0]
    expected = np.exp([0, -0.5, -2.0])
    np.testing.assert_allclose(through_plane_weights(1.0, 1.0), expected, rtol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 4, 9])
def test_averaging_over_slices_is_a_convolution_whose_weights_end_at_the_stack(count: int) -> None:
    rng = np.random.default_rng(count)
    planes = rng.random((count, 2, 3, 4)).astype(np.float32)
    weights = through_plane_weights(1.0, 1.0)
    kernel = np.array([*weights[:0:-1], *weights])
    found = np.stack(list(averaged(iter(planes), weights)))
    wanted = convolve1d(planes, kernel, axis=0, mode="constant")
    wanted /= convolve1d(np.ones_like(planes), kernel, axis=0, mode="constant")
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_with_one_weight_slices_pass_unchanged() -> None:
    planes = np.random.default_rng(0).random((3, 2, 3, 4)).astype(np.float32)
    assert np.array_equal(np.stack(list(averaged(iter(planes), np.ones(1, np.float32)))), planes)
