"""Bodies numbered in arbitrary order are sorted along the spine before they are counted."""

from itertools import permutations

import numpy as np
import pytest

from lumbomics.core.conventions import Convention, from_segmentation, to_segmentation
from lumbomics.core.errors import InputError
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels

UNORDERED = Convention.VERTEBRA_BODIES_UNORDERED


def column(values, *, headward):
    """Bodies of 2 voxels, 3 voxels apart, the first value lowest in storage; z runs headward or footward."""
    array = np.zeros((3, 3, 3 * len(values) + 1), dtype=np.uint8)
    for place, value in enumerate(values):
        array[1, 1, 3 * place : 3 * place + 2] = value
    return Labels(array, Grid.from_spacing(array.shape, (1, 1, 5 if headward else -5)))


@pytest.mark.parametrize("values", list(permutations((1, 2, 9))))
@pytest.mark.parametrize("headward", [True, False])
def test_levels_follow_place_and_not_number(values, headward):
    spine = to_segmentation(column(values, headward=headward), UNORDERED, lowest_vertebra="S1").segmentation.spine
    levels = spine.array[1, 1, [0, 3, 6]].tolist()
    assert levels == ([26, 24, 23] if headward else [23, 24, 26])


def test_counting_from_the_top_gives_the_same_spine():
    labels = column((7, 3, 5), headward=True)
    from_top = to_segmentation(labels, UNORDERED, top_vertebra="L3").segmentation.spine
    from_below = to_segmentation(labels, UNORDERED, lowest_vertebra="L5").segmentation.spine
    assert np.array_equal(from_top.array, from_below.array)


def test_arbitrary_order_is_never_written():
    segmentation = to_segmentation(column((1, 2), headward=True), UNORDERED, lowest_vertebra="L5").segmentation
    with pytest.raises(InputError, match="vertebra_bodies_ascending"):
        from_segmentation(segmentation, UNORDERED, lowest_vertebra="L5")
