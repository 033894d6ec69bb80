import numpy as np
import pytest

from lumbomics.core.grid import Grid
from lumbomics.core.image import Image, Quantity
from lumbomics.write.dicom import write_dicom_series


def sagittal_image(shape=(6, 8, 5), *, seed=0, origin=(10.0, 40.0, 90.0), frame=None, ct=False):
    """Random numbers on a sagittal grid, as DICOM stores it: columns to the back, rows down, slices to the right."""
    affine = np.array([[0, 0, 4.0, origin[0]], [-0.6, 0, 0, origin[1]], [0, -0.6, 0, origin[2]], [0, 0, 0, 1]])
    values = np.random.default_rng(seed).integers(0, 2000, shape).astype(np.int16)
    return Image(values, Grid(shape, affine, frame), Quantity.HOUNSFIELD if ct else Quantity.ARBITRARY)


@pytest.fixture
def sagittal():
    return sagittal_image


@pytest.fixture
def t2_series(tmp_path):
    """A folder with one T2 series of five sagittal slices; returns (folder, files in slice order, image)."""
    image = sagittal_image()
    facts = (("echo_time_ms", 100.0), ("repetition_time_ms", 3500.0))
    files = write_dicom_series(image, tmp_path / "study", facts=facts, shuffled_names=False)
    return tmp_path / "study", files, image
