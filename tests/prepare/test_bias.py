from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.errors import InputError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.phantom import Acquisition, Phantom
from lumbomics.prepare.bias import remove_shading

_GENTLE = Acquisition(coil_reach_mm=np.inf)


@pytest.fixture(scope="module")
def even(patient: Phantom) -> Image:
    return patient.image(patient.sagittal_grid(in_plane_mm=1.2, slices=11), Contrast.T1, acquisition=_GENTLE)


@pytest.fixture(scope="module")
def shading(even: Image) -> np.ndarray:
    x, y, z = np.moveaxis(even.grid.to_world(np.moveaxis(np.indices(even.grid.shape), 0, -1)), -1, 0)
    return np.exp(-0.006 * (y - y.mean()) + 0.3 * np.cos((z - z.mean()) / 90) + 0.003 * (x - x.mean()))


def test_a_known_shading_is_found(even: Image, shading: np.ndarray) -> None:
    base = remove_shading(even).field
    found = remove_shading(Image(even.array * shading, even.grid, contrast=Contrast.T1)).field
    tissue = even.array > np.percentile(even.array, 40)
    asked, answered = np.log(shading)[tissue], np.log(found / base)[tissue]
    left_over = (asked - asked.mean()) - (answered - answered.mean())
    assert left_over.std() < 0.25 * asked.std()


def test_the_image_is_the_given_one_divided_by_the_field(even: Image) -> None:
    evened = remove_shading(even)
    np.testing.assert_allclose(evened.image.array * evened.field, even.array, rtol=1e-4, atol=1e-2)
    assert evened.image.contrast is Contrast.T1


def test_the_same_image_gives_the_same_field(even: Image) -> None:
    np.testing.assert_array_equal(remove_shading(even).field, remove_shading(even).field)


def test_too_little_tissue_is_an_error(even: Image) -> None:
    with pytest.raises(InputError, match="too little tissue"):
        remove_shading(even, tissue=np.zeros(even.grid.shape, dtype=bool))


def test_a_mask_of_another_shape_is_an_error(even: Image) -> None:
    with pytest.raises(InputError, match="differ in shape"):
        remove_shading(even, tissue=np.ones((3, 3, 3), dtype=bool))


def test_three_slices_are_too_few() -> None:
    with pytest.raises(InputError, match="too few slices"):
        remove_shading(Image(np.ones((60, 60, 3)), Grid((60, 60, 3), np.eye(4))))
