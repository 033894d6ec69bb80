import numpy as np
import pytest

from lumbomics.core.errors import InputError
from lumbomics.core.landmarks import Landmarks


@pytest.mark.parametrize("point", [(0, 0), (0, 0, np.nan), (0, 0, np.inf)])
def test_a_landmark_that_is_no_finite_point_is_named(point):
    with pytest.raises(InputError, match="hip_left"):
        Landmarks({"hip_left": np.array(point)})


def test_landmarks_cannot_be_changed_afterwards():
    landmarks = Landmarks({"hip_left": np.zeros(3)})
    with pytest.raises(TypeError):
        landmarks.points_mm["hip_right"] = np.zeros(3)
    with pytest.raises(ValueError, match="read-only"):
        landmarks.points_mm["hip_left"][0] = 1
