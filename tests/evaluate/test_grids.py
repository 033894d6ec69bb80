import numpy as np
import pytest

from lumbomics.core.errors import FrameMismatchError, GridMismatchError
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels
from lumbomics.evaluate import onto_grid

GRID = Grid.from_spacing((6, 5, 4), (1, 2, 3), origin_mm=(7, 8, 9))
ARRAY = np.arange(120, dtype=np.uint8).reshape(6, 5, 4)


def test_another_storage_order_is_put_right_without_a_question():
    affine = np.zeros((4, 4))
    affine[:3, 0] = -GRID.affine[:3, 2]
    affine[:3, 1] = GRID.affine[:3, 0]
    affine[:3, 2] = GRID.affine[:3, 1]
    affine[:, 3] = (*GRID.to_world((0, 0, 3)), 1)
    turned = Labels(np.transpose(ARRAY, (2, 0, 1))[::-1], Grid((4, 6, 5), affine))
    np.testing.assert_array_equal(onto_grid(turned, GRID).array, ARRAY)


def test_a_cut_out_part_is_put_back_and_the_rest_is_background():
    affine = GRID.affine.copy()
    affine[:3, 3] = GRID.to_world((2, 1, 1))
    part = Labels(ARRAY[2:5, 1:4, 1:3], Grid((3, 3, 2), affine))
    expected = np.zeros_like(ARRAY)
    expected[2:5, 1:4, 1:3] = ARRAY[2:5, 1:4, 1:3]
    np.testing.assert_array_equal(onto_grid(part, GRID).array, expected)
    whole = onto_grid(Labels(ARRAY, GRID), part.grid)
    np.testing.assert_array_equal(whole.array, part.array)


def test_another_lattice_is_refused_unless_resampling_is_asked_for():
    fine = Grid.from_spacing((12, 10, 8), (0.5, 1, 1.5), origin_mm=(6.75, 7.5, 8.25))
    labels = Labels(ARRAY.repeat(2, 0).repeat(2, 1).repeat(2, 2), fine)
    with pytest.raises(GridMismatchError, match="--resample"):
        onto_grid(labels, GRID, where="case 1")
    coarse = onto_grid(Labels(ARRAY, GRID), fine, resample=True)
    np.testing.assert_array_equal(coarse.array, labels.array)


def test_a_map_of_another_place_is_refused_even_when_resampling():
    far = Grid.from_spacing((6, 5, 4), (1, 2, 3.1), origin_mm=(700, 8, 9))
    with pytest.raises(GridMismatchError, match="nothing of the prediction"):
        onto_grid(Labels(ARRAY, far), GRID, resample=True)


def test_a_map_of_another_frame_of_reference_is_refused():
    with pytest.raises(FrameMismatchError):
        onto_grid(Labels(ARRAY, Grid(GRID.shape, GRID.affine, "1.2.3")), Grid(GRID.shape, GRID.affine, "1.2.4"))


def test_grids_whose_corners_meet_by_chance_are_not_one_lattice():
    # 33 steps of 1.5 mm are 49.5 steps of 1 mm, and 33 steps of 1 mm end on a voxel of the coarse grid
    coarse, fine = (Grid.from_spacing((4, 10, 34), (4, 1, step)) for step in (1.5, 1.0))
    labels = Labels(np.ones(coarse.shape, np.uint8), coarse)
    with pytest.raises(GridMismatchError, match="--resample"):
        onto_grid(labels, fine)
