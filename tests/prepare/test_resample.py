from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lumbomics.core.errors import FrameMismatchError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.core.labels import Labels
from lumbomics.core.sampling import sample_linear, sample_nearest
from lumbomics.phantom import Phantom
from lumbomics.prepare.resample import resample_image, resample_labels


@pytest.fixture
def oblique() -> Grid:
    turn = Rotation.from_euler("xyz", (20, -15, 30), degrees=True).as_matrix()
    return Grid.from_spacing((9, 11, 7), (1.3, 0.8, 3.0), origin_mm=(3, 2, 1), axes=turn)


@pytest.fixture
def here() -> Grid:
    return Grid.from_spacing((20, 24, 22), (1.0, 1.2, 0.9), origin_mm=(-4, -5, -6))


def _points(grid: Grid) -> NDArray[np.float64]:
    return grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))


def test_values_agree_with_interpolation_at_world_points(here: Grid, oblique: Grid) -> None:
    array = np.random.default_rng(0).random(here.shape)
    expected = sample_linear(array, here, _points(oblique), outside=-1)
    np.testing.assert_allclose(resample_image(Image(array, here), oblique, outside=-1).array, expected, atol=1e-5)


def test_labels_agree_with_the_nearest_voxel_at_world_points(here: Grid, oblique: Grid) -> None:
    array = np.random.default_rng(0).integers(0, 200, here.shape).astype(np.uint8)
    carried = resample_labels(Labels(array, here, {3: "x"}, "manual", 0.4), oblique)
    np.testing.assert_array_equal(carried.array, sample_nearest(array, here, _points(oblique)))
    assert (carried.source, carried.boundary_sd_mm, carried.names[3]) == ("manual", 0.4, "x")


def test_labels_carried_into_stacks_angled_along_each_disc_meet_the_true_ones(patient: Phantom) -> None:
    fine = patient.segmentation(patient.default_grid(1.0)).spine
    for disc in ("L3-L4", "L5-S1"):
        stack = patient.axial_grid(disc, in_plane_mm=1.0)
        true, carried = patient.segmentation(stack).spine.array, resample_labels(fine, stack).array
        shared = (true == carried) & (true > 0)
        assert shared.sum() > 0.93 * (true > 0).sum()


def test_other_frames_are_refused(here: Grid) -> None:
    image = Image(np.zeros(here.shape), Grid(here.shape, here.affine, "1.2.3"))
    with pytest.raises(FrameMismatchError, match="register the two first"):
        resample_image(image, Grid(here.shape, here.affine, "1.2.4"))
