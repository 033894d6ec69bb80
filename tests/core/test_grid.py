import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumbomics.core.errors import FrameMismatchError, GridError, GridMismatchError
from lumbomics.core.grid import Grid


def rotation(axis, degrees):
    angle, (x, y, z) = np.deg2rad(degrees), np.asarray(axis, float) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


@pytest.mark.parametrize(
    ("affine", "problem"),
    [
        (np.eye(3), "wrong shape"),
        (np.diag([1, 1, np.nan, 1]), "NaN"),
        (np.diag([1, 1, np.inf, 1]), "NaN"),
        (np.diag([1, 1, 0, 1]), "singular"),
        (np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]), "singular"),
        (np.diag([1, 1, 1, 2]), "last row"),
    ],
)
def test_an_affine_that_is_no_grid_is_refused(affine, problem):
    with pytest.raises(GridError, match=problem):
        Grid((2, 2, 2), affine)


@pytest.mark.parametrize("shape", [(2, 2), (2, 2, 0), (2, 2, 2, 2)])
def test_a_shape_that_is_not_three_dimensional_is_refused(shape):
    with pytest.raises(GridError, match="three-dimensional"):
        Grid(shape, np.eye(4))


@pytest.mark.parametrize(
    "affine",
    [
        np.diag([1, 1, 4.0, 1]),
        np.diag([-1, 1, 1, 1.0]),
        np.array([[0.5, 0, 0, 0], [0, 0.5, 1.7, 0], [0, 0, 4.7, 0], [0, 0, 0, 1]]),
    ],
    ids=["anisotropic", "left-handed", "gantry tilt"],
)
def test_thick_left_handed_and_sheared_lattices_are_ordinary(affine):
    grid = Grid((3, 4, 1), affine)
    corner = (2, 3, 0)
    assert np.allclose(grid.to_index(grid.to_world(corner)), corner)
    assert grid.voxel_volume_mm3 == pytest.approx(abs(np.linalg.det(affine)))


def test_the_affine_cannot_be_changed_afterwards():
    given_affine = np.eye(4)
    grid = Grid((2, 2, 2), given_affine)
    given_affine[0, 0] = 9
    assert grid.affine[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        grid.affine[0, 0] = 9


@pytest.mark.parametrize("degrees", [0, 20, 44, 50, 100])
@pytest.mark.parametrize("flips", [(1, 1, 1), (-1, 1, 1), (-1, -1, 1)])
def test_axis_codes_agree_with_nibabel(degrees, flips):
    grid = Grid.from_spacing((2, 2, 2), (0.6, 0.7, 4), axes=rotation((1, 0.2, 0), degrees) * flips)
    assert grid.axis_codes == "".join(nibabel.aff2axcodes(grid.affine))


def test_a_strongly_tilted_gantry_still_gives_each_axis_a_direction_of_its_own():
    affine = np.array([[0.5, 0, 0, 0], [0, 0.5, 3.6, 0], [0, 0, 3.2, 0], [0, 0, 0, 1]])
    assert Grid((2, 2, 2), affine).axis_codes == "".join(nibabel.aff2axcodes(affine)) == "RAS"


def test_spacing_axes_and_middle_are_those_given():
    axes = rotation((1, 2, 3), 33)
    grid = Grid.from_spacing((5, 7, 9), (0.5, 1, 4), origin_mm=(10, 20, 30), axes=axes)
    assert np.allclose(grid.spacing_mm, (0.5, 1, 4))
    assert np.allclose(grid.axes, axes)
    assert np.allclose(grid.centre_mm, np.array((10, 20, 30)) + axes @ (np.array((2, 3, 4)) * (0.5, 1, 4)))


@given(point=st.tuples(*[st.floats(-500, 500)] * 3), degrees=st.floats(-180, 180))
@settings(max_examples=50, deadline=None)
def test_world_and_index_are_inverse(point, degrees):
    grid = Grid.from_spacing((9, 9, 9), (0.6, 0.6, 4), axes=rotation((1, 1, 0.3), degrees), origin_mm=(5, -3, 100))
    assert np.allclose(grid.to_world(grid.to_index(point)), point, atol=1e-8)


def test_grids_are_the_same_place_only_with_shape_and_corners():
    grid = Grid.from_spacing((10, 10, 10), (1, 1, 1))
    assert grid.same_place(Grid.from_spacing((10, 10, 10), (1, 1, 1), origin_mm=(0, 0, 5e-4)))
    assert not grid.same_place(Grid.from_spacing((10, 10, 9), (1, 1, 1)))
    # a small turn moves the far corner although the first voxel stays
    assert not grid.same_place(Grid.from_spacing((10, 10, 10), (1, 1, 1), axes=rotation((0, 0, 1), 0.5)))
    with pytest.raises(GridMismatchError, match="10 x 10 x 9"):
        grid.require_same_place(Grid.from_spacing((10, 10, 9), (1, 1, 1)))


def test_two_known_frames_that_differ_are_refused_and_an_unknown_one_is_not():
    one, other, unknown = (Grid.from_spacing((2, 2, 2), (1, 1, 1), frame=f) for f in ("1.2", "1.3", None))
    with pytest.raises(FrameMismatchError, match="different frames") as caught:
        one.require_same_frame(other)
    assert "1.3" not in str(caught.value), "a UID may hold a date"
    with pytest.raises(FrameMismatchError):
        one.require_same_place(other)
    one.require_same_frame(unknown)
    unknown.require_same_frame(one)
    one.require_same_frame(one)


def test_a_lattice_is_shared_in_any_storage_order_and_by_a_crop():
    grid = Grid.from_spacing((10, 12, 5), (0.6, 0.6, 4))
    flipped = grid.affine @ np.array([[-1, 0, 0, 9], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
    crop = grid.affine @ np.array([[1, 0, 0, 3], [0, 1, 0, 4], [0, 0, 1, 1], [0, 0, 0, 1]])
    half = grid.affine @ np.array([[1, 0, 0, 0.5], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    assert grid.shares_lattice(Grid((10, 5, 12), flipped))
    assert grid.shares_lattice(Grid((4, 4, 2), crop))
    assert not grid.shares_lattice(Grid((10, 12, 5), crop))
    assert not grid.shares_lattice(Grid((4, 4, 2), half))
    before = grid.affine @ np.array([[1, 0, 0, -1], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    assert not grid.shares_lattice(Grid((4, 4, 2), before))
    assert not grid.shares_lattice(Grid.from_spacing((3, 3, 3), (1.2, 1.2, 4)))


def test_the_description_names_size_spacing_orientation_and_place():
    grid = Grid.from_spacing((3, 4, 5), (0.5, 1, 4), origin_mm=(-1, 2, 3))
    assert grid.describe() == "3 x 4 x 5 voxels of 0.5 x 1 x 4 mm, RAS, first voxel at (-1.00, 2.00, 3.00) mm"
