"""Water and fat images: their fat fraction is the tissue's own."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.anatomy import Side
from lumbomics.core.image import Contrast
from lumbomics.core.labels import Muscle
from lumbomics.phantom.lesions import MuscleState
from lumbomics.phantom.lesions.sections import muscle_truth

LEVEL = "L4-L5"


@pytest.fixture(scope="module")
def fraction(make, even):
    """Phantom, its grid and the fat fraction on it."""
    phantom = make(muscles=(MuscleState(muscle=Muscle.MULTIFIDUS_LEFT, fat=0.4),))
    grid = phantom.axial_grid(LEVEL, in_plane_mm=0.6, thickness_mm=1.0, slices=1)
    water, fat = (
        phantom.image(grid, c, acquisition=even).array.astype(float) for c in (Contrast.DIXON_WATER, Contrast.DIXON_FAT)
    )
    return phantom, grid, fat / np.maximum(fat + water, 1)


def test_the_fat_fraction_of_subcutaneous_fat_is_one_and_of_fluid_zero(fraction):
    phantom, grid, share = fraction
    numbers = phantom.scene.tissue(grid)
    assert np.median(share[numbers == 1]) == pytest.approx(1.0, abs=1e-3)
    assert np.median(share[numbers == 5]) == 0


def test_the_mean_fraction_of_a_muscle_is_its_truth(fraction):
    phantom, grid, share = fraction
    mask = phantom.segmentation(grid).muscle.array == Muscle.MULTIFIDUS_LEFT
    truth = next(
        r.value
        for r in muscle_truth(phantom.scene, discs=(LEVEL,))
        if (r.method, r.side) == ("dixon_multifidus", Side.LEFT)
    )
    assert 100 * share[mask].mean() == pytest.approx(truth, abs=1.0)
