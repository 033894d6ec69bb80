"""The real CT series, against each slice's own header, one pixel followed by hand."""

import numpy as np
import pydicom
import pytest

from lumbomics.core.image import Quantity
from lumbomics.read import read_visit

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def folder(data_folder):
    return data_folder / "totalsegmentator" / "example_ct_dicom"


def test_every_slice_lies_where_its_own_header_puts_it(folder):
    image = read_visit(folder).series[0].image
    for path in folder.iterdir():
        header = pydicom.dcmread(path)
        step_columns = np.array(header.ImageOrientationPatient[:3], float) * float(header.PixelSpacing[1])
        step_rows = np.array(header.ImageOrientationPatient[3:], float) * float(header.PixelSpacing[0])
        column, row = 371, 144
        lps = np.array(header.ImagePositionPatient, float) + column * step_columns + row * step_rows
        i, j, k = image.grid.to_index(lps * (-1, -1, 1))
        assert (i, j) == pytest.approx((column, row), abs=1e-6)
        assert k == pytest.approx(round(k), abs=1e-6)
        expected = int(header.pixel_array[row, column]) * header.RescaleSlope + header.RescaleIntercept
        assert image.array[column, row, round(k)] == expected


def test_it_is_one_axial_ct_in_hounsfield_units(folder):
    visit = read_visit(folder)
    (series,) = visit.series
    assert (series.name, series.image.quantity, series.faults) == ("acq-ax_ct", Quantity.HOUNSFIELD, ())
    assert series.image.grid.shape == (512, 512, 20)
    assert np.percentile(series.image.array, 1) < -900
