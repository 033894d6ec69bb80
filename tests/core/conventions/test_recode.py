import numpy as np
import pytest

from lumbomics.core.conventions.recode import recode


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int32, np.int64])
@pytest.mark.parametrize(
    "layout", [np.ascontiguousarray, np.asfortranarray, lambda a: np.flip(np.flip(a, 1).copy(), 1)]
)
def test_every_layout_and_type_gives_the_same_exchange(map_of, dtype, layout):
    values = np.random.default_rng(3).integers(0, 100, (4, 5, 6))
    table = {value: 255 - value for value in range(1, 80)}
    expected = np.vectorize(lambda value: table.get(value, 0))(values)
    assert np.array_equal(recode(map_of(layout(values.astype(dtype)), dtype=dtype), table), expected)


def test_background_stays_background(map_of):
    assert recode(map_of([0, 1]), {0: 9, 1: 2}).ravel().tolist() == [0, 2]
