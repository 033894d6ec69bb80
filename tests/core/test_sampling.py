import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import RegularGridInterpolator

from lumbomics.core.errors import GridError
from lumbomics.core.grid import Grid
from lumbomics.core.sampling import Cut, sample_linear, sample_nearest

TILTED = np.array([[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1]])
GRID = Grid.from_spacing((6, 7, 8), (0.5, 1, 4), origin_mm=(3, -2, 9), axes=TILTED)


@given(slope=st.tuples(*[st.floats(-3, 3)] * 3), index=st.tuples(st.floats(0, 5), st.floats(0, 6), st.floats(0, 7)))
@settings(max_examples=50, deadline=None)
def test_linear_sampling_is_exact_on_a_linear_field(slope, index):
    field = np.einsum("ijkx,x->ijk", GRID.to_world(np.moveaxis(np.indices(GRID.shape), 0, -1)), slope)
    point = GRID.to_world(index)
    assert sample_linear(field, GRID, point) == pytest.approx(point @ slope, abs=1e-9)


def test_linear_sampling_agrees_with_scipy():
    rng = np.random.default_rng(5)
    array = rng.normal(size=GRID.shape)
    index = rng.uniform(0, np.array(GRID.shape) - 1, (200, 3))
    expected = RegularGridInterpolator([np.arange(n) for n in GRID.shape], array)(index)
    assert np.allclose(sample_linear(array, GRID, GRID.to_world(index)), expected)


def test_half_a_voxel_beyond_the_edge_takes_the_edge_and_more_is_outside():
    array = np.full(GRID.shape, 5.0)
    inside, beyond = GRID.to_world([(-0.49, 0, 0), (-0.51, 0, 0)])
    assert sample_linear(array, GRID, inside) == 5
    assert np.isnan(sample_linear(array, GRID, beyond))
    assert sample_linear(array, GRID, beyond, outside=-1) == -1


def test_a_single_slice_can_be_sampled():
    grid = Grid.from_spacing((3, 3, 1), (1, 1, 4))
    assert sample_linear(np.arange(9.0).reshape(3, 3, 1), grid, (1, 0.5, 1.5)) == pytest.approx(3.5)


def test_nearest_sampling_gives_the_voxel_that_holds_the_point():
    array = np.arange(np.prod(GRID.shape)).reshape(GRID.shape)
    points = GRID.to_world([[(1.4, 2.6, 3.4), (-0.6, 0, 0)], [(5.4, 6.4, 7.4), (0, 0, 7.6)]])
    assert sample_nearest(array, GRID, points, outside=-7).tolist() == [[array[1, 3, 3], -7], [array[5, 6, 7], -7]]


def test_a_cut_through_two_directions_keeps_the_first_and_squares_the_second():
    cut = Cut.through((1, 2, 3), (2, 0, 0), (1, 1, 0), size_mm=(10, 4), spacing_mm=1)
    assert cut.right.tolist() == [1, 0, 0]
    assert cut.up.tolist() == [0, 1, 0]
    assert cut.points_mm.shape == (5, 11, 3)
    assert cut.points_mm[2, 5].tolist() == [1, 2, 3]
    assert cut.points_mm[0, 0].tolist() == [-4, 0, 3]


def test_projection_onto_a_cut_returns_its_own_raster():
    cut = Cut.through((1, 2, 3), (1, 1, 0), (0, 0, 1), size_mm=(6, 8), spacing_mm=0.5)
    columns, rows = cut.offsets_mm
    seen = cut.project(cut.points_mm)
    assert np.allclose(seen[..., 0], columns)
    assert np.allclose(seen[..., 1], rows[:, None])


@pytest.mark.parametrize(
    ("up", "size", "spacing"), [((1, 1, 0), (4, 4), 1), ((0, 1, 0), (0, 4), 1), ((0, 1, 0), (4, 4), 0)]
)
def test_a_cut_that_is_no_raster_is_refused(up, size, spacing):
    with pytest.raises(GridError):
        Cut(np.zeros(3), np.array((1.0, 0, 0)), np.array(up, float), size, spacing)
