import numpy as np
import pytest

from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels
from lumbomics.segment.quality.facts import gather_facts


@pytest.mark.parametrize("voxels", [1, 2, 3])
def test_a_vertebra_of_a_few_voxels_has_a_size_and_breaks_nothing(voxels):
    array = np.zeros((5, 9, 9), dtype=np.uint8)
    array[2, 3 : 3 + voxels, 4] = 23
    facts = gather_facts(Labels(array, Grid.from_spacing(array.shape, (4.0, 1.0, 1.0))))
    assert np.isfinite(facts.bodies[23].height_mm)
