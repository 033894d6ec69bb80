import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from lumbomics.core import _survey
from lumbomics.core._survey import survey


def assert_agrees_with_scipy(array):
    found = survey(array)
    counts = dict(zip(*np.unique(array[array > 0], return_counts=True), strict=True))
    assert {value: extent.voxels for value, extent in found.items()} == counts
    boxes = ndimage.find_objects(array.astype(np.int64))
    assert {value: extent.box for value, extent in found.items()} == {
        n: box for n, box in enumerate(boxes, start=1) if box is not None
    }


SHAPES = hnp.array_shapes(min_dims=3, max_dims=3, max_side=6)


@given(array=hnp.arrays(np.uint8, SHAPES, elements=st.integers(0, 4)))
@settings(max_examples=100, deadline=None)
def test_counts_and_boxes_are_scipys_in_every_storage_order(array):
    for stored in (array, np.asfortranarray(array), np.flip(np.flip(array, 0).copy(), 0), array.astype(np.int32)):
        assert_agrees_with_scipy(stored)


def test_values_that_span_several_slabs_are_joined(monkeypatch):
    monkeypatch.setattr(_survey, "_SLAB_VOXELS", 60)
    array = np.random.default_rng(0).integers(0, 5, (20, 5, 6)).astype(np.uint16)
    assert_agrees_with_scipy(array)
    assert_agrees_with_scipy(np.asfortranarray(array))


def test_a_boolean_map_has_one_value():
    array = np.zeros((3, 3, 3), np.bool_)
    array[1, 1, 1:] = True
    assert {value: (extent.voxels, extent.box) for value, extent in survey(array).items()} == {
        1: (2, (slice(1, 2), slice(1, 2), slice(1, 3)))
    }


def test_an_empty_map_has_no_values():
    assert survey(np.zeros((2, 2, 2), np.uint8)) == {}
