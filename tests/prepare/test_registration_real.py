"""Registration of real volumes: no two patients are taken for one, nor a mirrored one for what it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.prepare.registration import Refusal, register
from lumbomics.read.nifti import read_nifti_image

pytestmark = pytest.mark.realdata


def _thinned(path: Path) -> Image:
    """Every third voxel of the fine axes, which leaves pixels of 1.4 mm."""
    image = read_nifti_image(path)
    step = np.where(image.grid.spacing_mm < 0.9, 3, 1)
    affine = image.grid.affine @ np.diag([*step, 1.0])
    array = image.array[tuple(slice(None, None, int(s)) for s in step)]
    return Image(array, Grid((array.shape[0], array.shape[1], array.shape[2]), affine), contrast=image.contrast)


@pytest.fixture(scope="module")
def patient(real_file: Callable[[str], Path]) -> Image:
    return _thinned(real_file("spider-t2space/sub-011_T2w.nii.gz"))


def test_volumes_of_two_real_patients_are_refused(real_file: Callable[[str], Path], patient: Image) -> None:
    other = _thinned(real_file("spider-t2space/sub-005_T2w.nii.gz"))
    middle = np.eye(4)
    middle[:3, 3] = patient.grid.centre_mm - other.grid.centre_mm
    moving = Image(other.array, Grid(other.grid.shape, middle @ other.grid.affine))
    assert register(moving, patient).refusal is Refusal.UNRELATED


def test_a_real_volume_mirrored_onto_itself_is_refused(patient: Image) -> None:
    across = int(np.argmax(np.abs(patient.grid.axes[0])))
    mirrored = Image(np.flip(patient.array, across), patient.grid)
    assert register(mirrored, patient).refusal is Refusal.MIRRORED
