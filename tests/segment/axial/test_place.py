"""Where the spine lies in slices that are angled steeply."""

import numpy as np
import pytest

from lumbomics.core.grid import Grid
from lumbomics.segment.axial.place import find_places


@pytest.mark.parametrize("degrees", [-55, 0, 55])
def test_a_stack_angled_steeply_keeps_its_own_slices(plain, degrees):
    scan = plain.scans["t2"]
    grid = scan.image.grid
    middle = find_places(grid, plain.segmentation.spine)[1].centre_mm
    turn = np.radians(degrees)
    tilt = np.eye(4)
    tilt[1:3, 1:3] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    tilt[:3, 3] = middle - tilt[:3, :3] @ middle
    places = find_places(Grid(grid.shape, tilt @ grid.affine), plain.segmentation.spine)
    assert {place.axis for place in places} == {2}
    assert [place.index for place in places] == [0, 1, 2]
