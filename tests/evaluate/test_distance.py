import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial import cKDTree

from lumbomics.evaluate.distance import distance_map, distances_to


@pytest.mark.parametrize("seed", range(4))
def test_distances_are_those_of_another_library(seed):
    rng = np.random.default_rng(seed)
    marked = rng.random((17, 1 + 9 * seed, 13)) < 0.01 * (seed + 1)
    marked[3, 0, 5] = True
    spacing = np.array([4.0, 0.4, 1.3])
    expected = ndimage.distance_transform_edt(~marked, sampling=spacing)
    np.testing.assert_allclose(distance_map(marked, spacing), expected, atol=1e-9)


def test_nothing_marked_is_infinitely_far():
    assert np.isinf(distance_map(np.zeros((3, 4, 5), bool), np.ones(3))).all()


def test_a_sheared_lattice_is_measured_along_straight_lines():
    rng = np.random.default_rng(1)
    marked = rng.random((9, 8, 7)) < 0.05
    axes = np.array([[1.0, 0, 0], [0, 0.5, 0.8], [0, 0, 3.0]])
    cells = np.argwhere(~marked)
    expected, _ = cKDTree(np.argwhere(marked) @ axes.T).query(cells @ axes.T)
    np.testing.assert_allclose(distances_to(marked, cells, axes), expected)
    upright = distance_map(marked, np.linalg.norm(axes, axis=0))[tuple(cells.T)]
    assert not np.allclose(upright, expected)
