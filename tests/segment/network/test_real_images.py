"""Real volumes of several sources are seen the same way round, and wrong ones are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lumbomics.core.errors import InputError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.read import read_nifti_image, read_nifti_labels
from lumbomics.segment.network.prepare import intensity_bounds, prepare, restore
from lumbomics.segment.network.view import SagittalView

pytestmark = pytest.mark.realdata
FindFile = Callable[[str], Path]


def middle(array: NDArray[np.integer], value: int) -> NDArray[np.float64]:
    return np.argwhere(array == value).mean(axis=0)


def test_the_canal_lies_behind_the_discs_of_a_real_patient(real_file: FindFile) -> None:
    labels = read_nifti_labels(real_file("spider-t2space/sub-005_dseg.nii.gz"))
    seen = SagittalView.of(labels.grid).turn(labels.array)
    assert middle(seen, 3)[2] > middle(seen, 2)[2] + 10
    assert seen.shape[0] == min(labels.grid.shape)


def test_l5_lies_below_l1_in_a_volume_stored_from_back_to_front(real_file: FindFile) -> None:
    labels = read_nifti_labels(real_file("verse014/sub-verse014_seg-vert_msk.nii.gz"))
    assert labels.grid.axis_codes == "PIR"
    view = SagittalView.of(labels.grid)
    seen = view.turn(labels.array)
    heights = [middle(seen, value)[1] for value in range(20, 25)]
    assert heights == sorted(heights)
    assert view.backwards == (False, False, False)


@pytest.mark.parametrize(
    "name",
    ["spider-t2space/sub-005_T2w.nii.gz", "spider-midsag/sub-002_T1w.nii.gz", "vertebra-volumes/VB3-01_img.nii.gz"],
)
def test_a_real_volume_survives_the_way_there_and_back(real_file: FindFile, name: str) -> None:
    image = read_nifti_image(real_file(name))
    prepared = prepare(image, spacing_mm=0.5)
    low, high = intensity_bounds(image.array)
    expected = np.clip((image.array - low) / (high - low), -0.2, 1.5)
    back = restore(prepared.array, prepared)
    assert back.shape == image.grid.shape
    assert np.corrcoef(back.ravel(), expected.ravel())[0, 1] > 0.985
    assert np.abs(back - expected).mean() < 0.04


def test_a_real_ct_is_refused(real_file: FindFile) -> None:
    read = read_nifti_image(real_file("verse014/sub-verse014_ct.nii.gz"))
    with pytest.raises(InputError, match="MR alone"):
        prepare(Image(read.array, read.grid, read.quantity, Contrast.CT), spacing_mm=0.5)


def test_a_real_slab_read_as_axial_is_refused(real_file: FindFile) -> None:
    image = read_nifti_image(real_file("spider-t2space/sub-005_T2w.nii.gz"))
    thick = np.argmin(image.grid.shape)
    affine = image.grid.affine.copy()
    affine[:3, thick] *= 4  # slices 4 mm apart
    upright = affine[[1, 2, 0, 3]]  # what ran to the right now runs to the head
    with pytest.raises(InputError, match="axial stack"):
        prepare(Image(image.array, Grid(image.grid.shape, upright)), spacing_mm=0.5)
