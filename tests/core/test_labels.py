import numpy as np
import pytest

from lumbomics.core.errors import FrameMismatchError, GridError, LabelError
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels, Segmentation, spine_name


def test_fractions_and_negative_values_are_no_labels(map_of):
    with pytest.raises(LabelError, match="whole numbers"):
        map_of([0.5, 1], dtype=np.float32)
    with pytest.raises(LabelError, match="negative"):
        map_of([-1, 1], dtype=np.int16)


def test_array_and_grid_must_agree_in_shape_and_have_three_axes():
    grid = Grid.from_spacing((2, 2, 2), (1, 1, 1))
    with pytest.raises(GridError, match="differ in shape"):
        Labels(np.zeros((2, 2, 3), np.uint8), grid)
    with pytest.raises(GridError, match="three-dimensional"):
        Labels(np.zeros((2, 2, 2, 1), np.uint8), grid)


def test_a_label_map_cannot_be_written_to_and_its_source_array_can(map_of):
    array = np.ones((2, 1, 1), np.uint8)
    labels = map_of(array)
    with pytest.raises(ValueError, match="read-only"):
        labels.array[0] = 3
    array[0] = 1


def test_points_of_a_label_are_voxel_centres_in_the_world():
    array = np.zeros((5, 5, 5), np.uint8)
    array[2, 3, 4] = array[3, 3, 4] = 20
    axes = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]])
    labels = Labels(array, Grid.from_spacing(array.shape, (1, 2, 3), origin_mm=(10, 20, 30), axes=axes))
    expected = labels.grid.to_world([(2, 3, 4), (3, 3, 4)])
    assert np.allclose(labels.points_mm(20), expected)
    assert labels.points_mm(21).shape == (0, 3)


def test_present_values_vertebrae_and_discs_are_listed_head_to_tail(map_of):
    labels = map_of([26, 20, 28, 19, 128, 119, 60, 25, 20])
    assert labels.present == (19, 20, 25, 26, 28, 60, 119, 128)
    assert labels.vertebrae == (19, 28, 20, 25, 26)
    assert labels.discs == (119, 128)
    assert labels.voxels[20] == 2


def test_maps_in_different_frames_are_refused(map_of):
    one, other = (Grid.from_spacing((1, 1, 1), (1, 1, 1), frame=frame) for frame in ("1.2", "1.3"))
    with pytest.raises(FrameMismatchError, match="dural_sac"):
        Segmentation(spine=map_of([20], grid=one), dural_sac=map_of([1], grid=other))


def test_maps_of_one_frame_may_have_different_grids(map_of):
    Segmentation(spine=map_of([20]), dural_sac=map_of([1, 1]))


def test_every_number_of_the_spine_map_has_its_name():
    assert [spine_name(n) for n in (23, 28, 123, 60, 61)] == ["L4", "T13", "disc below L4", "cord", "canal"]
    assert spine_name(99) is None
