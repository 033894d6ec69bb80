import numpy as np
import pytest

from lumbomics.core.errors import GridError, InputError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image

GRID = Grid.from_spacing((2, 3, 4), (1, 1, 1))


def test_an_image_of_another_shape_or_with_four_axes_is_refused():
    with pytest.raises(GridError, match="differ in shape"):
        Image(np.zeros((4, 3, 2)), GRID)
    with pytest.raises(GridError, match="4 axes"):
        Image(np.zeros((2, 3, 4, 5)), GRID)


@pytest.mark.parametrize("dtype", [np.complex64, "U3", object])
def test_values_that_are_not_real_numbers_are_refused(dtype):
    with pytest.raises(InputError, match="real numbers"):
        Image(np.zeros((2, 3, 4)).astype(dtype), GRID)


def test_an_image_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        Image(np.zeros((2, 3, 4)), GRID).array[0, 0, 0] = 1


def test_bright_fluid_is_told_from_dark():
    assert {c for c in Contrast if c.is_t2} == {Contrast.T2, Contrast.T2_SPACE, Contrast.BSSFP, Contrast.STIR}
