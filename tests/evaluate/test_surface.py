import math

import numpy as np
import pytest
from skimage.measure import marching_cubes, mesh_surface_area

from lumbomics.core.errors import GridError
from lumbomics.core.grid import Grid
from lumbomics.evaluate import surface_distances
from lumbomics.evaluate.cell import surface_areas


def cube(shape, spacing, *voxels):
    mask = np.zeros(shape, bool)
    for voxel in voxels:
        mask[voxel] = True
    return mask, Grid.from_spacing(shape, spacing)


def ball(grid, radius_mm, centre_mm=(0, 0, 0)):
    points = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))
    return np.linalg.norm(points - centre_mm, axis=-1) <= radius_mm


# Expected numbers of the next four tests: the published tests of the reference implementation of surface Dice
# (Nikolov 2021, doi 10.2196/26151; github.com/google-deepmind/surface-distance, surface_distance_test.py).


def test_two_voxels_two_millimetres_apart_have_the_published_distances():
    prediction, grid = cube((128, 128, 128), (3, 2, 1), (50, 60, 72))
    reference, _ = cube((128, 128, 128), (3, 2, 1), (50, 60, 70))
    found = surface_distances(prediction, reference, grid)
    assert found.means_mm == pytest.approx((1.5, 1.5))
    assert found.hausdorff_mm(1.0) == found.hausdorff_mm(0.95) == 2.0
    assert found.dice(1.0) == pytest.approx(0.5)


def test_two_blocks_shifted_by_one_voxel_have_the_published_distances():
    reference, grid = cube((100, 100, 100), (2, 1, 1), np.s_[0:50])
    prediction, _ = cube((100, 100, 100), (2, 1, 1), np.s_[0:51])
    found = surface_distances(prediction, reference, grid)
    assert found.means_mm == pytest.approx((0.339, 0.322), abs=5e-4)
    assert found.hausdorff_mm(1.0) == found.hausdorff_mm(0.95) == 2.0
    assert found.dice(1.0) == pytest.approx(0.836, abs=5e-4)


def test_two_pixels_of_a_single_slice_have_the_published_distances_whatever_its_thickness():
    for thickness in (0.5, 4.0):
        prediction, grid = cube((128, 128, 1), (2, 1, thickness), (50, 72, 0))
        reference, _ = cube((128, 128, 1), (2, 1, thickness), (50, 70, 0))
        found = surface_distances(prediction, reference, grid)
        assert sorted(set(found.prediction_mm)) == [1.0, 2.0]
        assert found.means_mm == pytest.approx((1.5, 1.5))
        assert found.dice(1.0) == pytest.approx(0.5)


def test_squares_in_a_single_slice_have_the_published_lengths():
    reference, grid = cube((6, 6, 1), (2, 1, 3), np.s_[1:3, 1:3])
    prediction, _ = cube((6, 6, 1), (2, 1, 3), np.s_[1:4, 1:3])
    found = surface_distances(prediction, reference, grid)
    diagonal = math.sqrt(1 + 4) / 2
    # both walls of the slice carry the contour, each 3 mm high
    assert found.reference_area_mm2.sum() == pytest.approx(2 * 3 * (4 * diagonal + 2 * 1 + 2 * 2))
    assert found.prediction_area_mm2.sum() == pytest.approx(2 * 3 * (4 * diagonal + 2 * 1 + 4 * 2))
    assert found.means_mm[0] == pytest.approx((1 * 2 + 2 * diagonal * 2) / (4 * diagonal + 2 + 8))


@pytest.mark.parametrize("spacing", [(1, 1, 1), (0.5, 0.5, 4), (2, 0.7, 1.1)])
def test_the_area_is_that_of_marching_cubes_in_another_library(spacing):
    grid = Grid.from_spacing((60, 60, 60), spacing, origin_mm=-np.array(spacing) * 29.5)
    mask = ball(grid, 9) & ~ball(grid, 5, (4, 3, 2)) | ball(grid, 6, (-7, 2, 5))
    vertices, faces, *_ = marching_cubes(np.pad(mask, 1).astype(float), 0.5, spacing=spacing, method="lorensen")
    found = surface_distances(mask, mask, grid)
    # crosswise faces and the triangles of uneven outlines are cut in other ways there
    assert found.reference_area_mm2.sum() == pytest.approx(mesh_surface_area(vertices, faces), rel=0.008)


def test_flat_faces_have_their_exact_area_on_a_sheared_lattice():
    axes = np.array([[0.7, 0.2, 0.0], [0.0, 1.1, 0.5], [0.1, 0.0, 3.0]])
    areas = surface_areas(axes)
    lower_half = sum(1 << c for c in range(8) if not c & 4)
    assert areas[lower_half] == pytest.approx(np.linalg.norm(np.cross(axes[:, 0], axes[:, 1])))
    assert areas[0] == areas[255] == 0
    assert (areas[1:255] > 0).all()


@pytest.mark.parametrize("step_mm", [0.8, 0.4])
def test_concentric_balls_are_apart_by_the_difference_of_their_radii(step_mm):
    spacing = np.array([step_mm, step_mm, 2 * step_mm])
    grid = Grid.from_spacing((60, 60, 32), spacing, origin_mm=-spacing * (29.5, 29.5, 15.5))
    found = surface_distances(ball(grid, 11), ball(grid, 8), grid)
    # the nearest cell that a surface crosses lies up to half a voxel this side of it
    assert 3.0 - step_mm < found.mean_mm < 3.0
    assert 3.0 - step_mm < found.hausdorff_mm(0.95) < 3.0 + step_mm
    assert found.dice(1.0) == 0
    assert found.dice(4.0) == 1
    exact = 4 * np.pi * 8**2
    assert exact < found.reference_area_mm2.sum() < 1.15 * exact


def test_scores_do_not_depend_on_storage_order_or_on_the_patients_place():
    rng = np.random.default_rng(0)
    grid = Grid.from_spacing((30, 28, 26), (1, 0.6, 2))
    one, other = (ball(grid, 8, (15 + rng.normal(), 8, 25)) for _ in range(2))
    here = surface_distances(one, other, grid)
    angle = 0.4
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    turned = Grid.from_spacing((26, 30, 28), (2, 1, 0.6), origin_mm=(90, -40, 7), axes=turn)
    there = surface_distances(*(np.moveaxis(m, 2, 0)[::-1] for m in (one, other)), turned)
    assert there.mean_mm == pytest.approx(here.mean_mm)
    assert there.hausdorff_mm() == pytest.approx(here.hausdorff_mm())
    assert there.dice(1) == pytest.approx(here.dice(1))


def test_the_95th_percentile_is_one_of_area_and_not_of_elements():
    # a plate of 1 x 20 x 20 voxels of 4 x 0.5 x 0.5 mm: its many rim elements are few of its mm²
    reference, grid = cube((5, 60, 60), (4, 0.5, 0.5), np.s_[2, 10:50, 10:50])
    prediction = reference.copy()
    prediction[3, 10:12, 10:50] = True
    found = surface_distances(prediction, reference, grid)
    assert found.hausdorff_mm(1.0) == 4.0
    far = found.prediction_area_mm2[found.prediction_mm > 0].sum() / found.prediction_area_mm2.sum()
    assert found.hausdorff_mm(1 - far - 0.001) == 0.0
    assert found.hausdorff_mm(1 - far + 0.001) > 0.0
    assert found.dice(0.0) < 1.0


def test_an_empty_mask_has_no_surface():
    full, grid = cube((4, 4, 4), (1, 1, 1), (1, 1, 1))
    with pytest.raises(GridError, match="prediction is empty"):
        surface_distances(np.zeros_like(full), full, grid)
    with pytest.raises(GridError, match="reference and grid differ in shape"):
        surface_distances(full, full[:3], grid)
