import numpy as np
import pytest

from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels


@pytest.fixture
def map_of():
    """Build a label map from values: each value gets a run of voxels along the first axis."""

    def build(values, *, dtype=np.uint8, grid=None, **facts):
        array = np.asarray(values, dtype=dtype)
        array = array.reshape(-1, 1, 1) if array.ndim == 1 else array
        return Labels(array, grid or Grid.from_spacing(array.shape, (1, 1, 1)), **facts)

    return build
