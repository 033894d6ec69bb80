from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.errors import InputError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Labels
from lumbomics.phantom import Acquisition, Phantom
from lumbomics.prepare.bias import remove_shading

_GENTLE = Acquisition(coil_reach_mm=np.inf)


@pytest.fixture(scope="module")
def even(patient: Phantom) -> Image:
    return patient.image(patient.sagittal_grid(in_plane_mm=1.5, slices=9), Contrast.T1, acquisition=_GENTLE)


@pytest.fixture(scope="module")
def shading(even: Image) -> np.ndarray:
    x, y, z = np.moveaxis(even.grid.to_world(np.moveaxis(np.indices(even.grid.shape), 0, -1)), -1, 0)
    return np.exp(-0.006 * (y - y.mean()) + 0.3 * np.cos((z - z.mean()) / 90) + 0.003 * (x - x.mean()))


@pytest.fixture(scope="module")
def tissues(patient: Phantom, even: Image) -> Labels:
    """Vertebral bodies 1, muscle 2."""
    maps = patient.segmentation(even.grid)
    assert maps.subregion is not None
    assert maps.muscle is not None
    kinds = np.where(np.isin(maps.subregion.array, (49, 50)), 1, np.where(maps.muscle.array > 0, 2, 0))
    return Labels(kinds.astype(np.uint8), even.grid)


def test_a_shading_put_on_an_image_is_taken_off_again(even: Image, shading: np.ndarray, tissues: Labels) -> None:
    before = remove_shading(even, tissues=tissues).field
    found = remove_shading(Image(even.array * shading, even.grid, contrast=Contrast.T1), tissues=tissues).field
    inside = tissues.array > 0
    asked, answered = np.log(shading)[inside], np.log(found / before)[inside]
    assert (answered - asked).std() < 0.2 * asked.std()


def test_n4_finds_the_shading_of_an_object_of_one_tissue() -> None:
    grid = Grid.from_spacing((10, 40, 40), (5.0, 4.0, 4.0))
    y, z = np.moveaxis(grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1)), -1, 0)[1:]
    shading = np.exp(0.004 * (y - y.mean()) + 0.3 * np.cos((z - z.mean()) / 90))
    plain = 100 * shading * (1 + 0.03 * np.random.default_rng(0).standard_normal(grid.shape))
    found = remove_shading(Image(plain, grid)).field
    inside = plain > np.median(plain)  # about the half from which N4 learned
    assert np.log(found / shading)[inside].std() < 0.3 * np.log(shading)[inside].std()


def test_the_image_is_the_given_one_divided_by_the_field(even: Image, tissues: Labels) -> None:
    evened = remove_shading(even, tissues=tissues)
    np.testing.assert_allclose(evened.image.array * evened.field, even.array, rtol=1e-4, atol=1e-2)
    assert evened.image.contrast is Contrast.T1


def test_the_same_image_gives_the_same_field(even: Image, tissues: Labels) -> None:
    one, two = (remove_shading(even, tissues=tissues).field for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_too_little_tissue_is_an_error(even: Image) -> None:
    nothing = Labels(np.zeros(even.grid.shape, dtype=np.uint8), even.grid)
    with pytest.raises(InputError, match="too little tissue"):
        remove_shading(even, tissues=nothing)


def test_three_slices_are_too_few() -> None:
    with pytest.raises(InputError, match="too few slices"):
        remove_shading(Image(np.ones((60, 60, 3)), Grid((60, 60, 3), np.eye(4))))
