"""Round trips: what the writer puts into DICOM, the reader takes out, value for value and place for place."""

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)
from scipy.spatial.transform import Rotation

from lumbomics.core.errors import GridError, InputError, OutputError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Image, Quantity
from lumbomics.read import read_visit
from lumbomics.write.dicom import write_dicom_series


def make_image(affine, shape=(7, 5, 4), *, quantity=Quantity.ARBITRARY, dtype=np.int16, low=0, high=4000):
    values = np.random.default_rng(1).integers(low, high, size=shape).astype(dtype)
    return Image(values, Grid(shape, affine, "1.2.3"), quantity)


def read_back(folder):
    visit = read_visit(folder)
    assert len(visit.series) == 1, visit.set_aside
    return visit.series[0]


def as_read(image):
    """The same image in the reader's order: slices ascend along row x column in LPS."""
    lps = np.diag([-1, -1, 1, 1]) @ image.grid.affine
    if np.linalg.det(lps[:3, :3]) > 0:
        return image
    affine = image.grid.affine.copy()
    affine[:3, 3] += (image.grid.shape[2] - 1) * affine[:3, 2]
    affine[:3, 2] *= -1
    return Image(image.array[:, :, ::-1], Grid(image.grid.shape, affine, image.grid.frame), image.quantity)


def assert_same(read, written):
    expected = as_read(written)
    np.testing.assert_array_equal(read.array, expected.array)
    assert read.grid.same_place(expected.grid, tolerance_mm=1e-4), (read.grid.describe(), expected.grid.describe())
    assert read.quantity == written.quantity


def oblique(angles_deg=(12, -25, 40), spacing=(0.5, 0.7, 4.4), origin=(-30.2, 55.1, 812.7)):
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("xyz", angles_deg, degrees=True).as_matrix() * spacing
    affine[:3, 3] = origin
    return affine


@st.composite
def affines(draw):
    angle = st.floats(-180, 180)
    matrix = Rotation.from_euler("xyz", [draw(angle), draw(angle), draw(angle)], degrees=True).as_matrix()
    matrix = matrix[:, list(draw(st.permutations(range(3))))] * draw(st.tuples(*[st.sampled_from([-1.0, 1.0])] * 3))
    affine = np.eye(4)
    affine[:3, :3] = matrix * draw(st.tuples(*[st.floats(0.2, 6.0)] * 3))
    affine[:3, 3] = draw(st.tuples(*[st.floats(-900, 900)] * 3))
    # gantry tilt: slices shift along the columns
    affine[:3, 2] += draw(st.floats(-0.5, 0.5)) * affine[:3, 1]
    return affine


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(affine=affines(), enhanced=st.booleans(), quantity=st.sampled_from([Quantity.ARBITRARY, Quantity.HOUNSFIELD]))
def test_any_grid_survives_the_round_trip(tmp_path_factory, affine, enhanced, quantity):
    folder = tmp_path_factory.mktemp("series")
    image = make_image(affine, quantity=quantity)
    write_dicom_series(image, folder, enhanced=enhanced)
    assert_same(read_back(folder).image, image)


@pytest.mark.parametrize("tilt_mm", [0.03125, 0.049, 0.4, 2.0])
def test_slight_and_strong_tilt_stay_in_one_volume(tmp_path, tilt_mm):
    affine = np.diag([-0.5, -0.5, 1.0, 1.0])
    affine[1, 2] = tilt_mm
    image = make_image(affine, shape=(7, 5, 40))
    write_dicom_series(image, tmp_path)
    assert_same(read_back(tmp_path).image, image)


@pytest.mark.parametrize("enhanced", [False, True], ids=["classic", "enhanced"])
@pytest.mark.parametrize(
    "syntax",
    [ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless, JPEGLSLossless, JPEG2000Lossless],
    ids=lambda uid: uid.keyword,
)
def test_every_lossless_coding_gives_the_same_values(tmp_path, syntax, enhanced):
    image = make_image(oblique(), shape=(48, 40, 6), quantity=Quantity.HOUNSFIELD, low=-1024, high=3000)
    write_dicom_series(image, tmp_path, transfer_syntax=syntax, enhanced=enhanced)
    assert_same(read_back(tmp_path).image, image)


@pytest.mark.parametrize("low", [-30000, -1024, 0])
def test_signed_values_survive(tmp_path, low):
    image = make_image(oblique(), low=low, high=low + 32000, dtype=np.int32)
    write_dicom_series(image, tmp_path)
    assert_same(read_back(tmp_path).image, image)


def test_lps_headers_are_those_computed_by_hand(tmp_path):
    # row along patient's left (LPS +x), column towards the feet (LPS -z): a coronal slice, written out by hand
    affine = np.array([[-2.0, 0, 0, 10], [0, 0, 3.0, 20], [0, -1.0, 0, 30], [0, 0, 0, 1]])
    files = write_dicom_series(make_image(affine), tmp_path)
    first, second = (pydicom.dcmread(file) for file in files[:2])
    assert list(first.ImageOrientationPatient) == [1, 0, 0, 0, 0, -1]
    assert list(first.ImagePositionPatient) == [-10, -20, 30]
    assert list(second.ImagePositionPatient) == [-10, -23, 30]
    assert list(first.PixelSpacing) == [1, 2]


def test_file_names_do_not_follow_the_slices(tmp_path):
    files = write_dicom_series(make_image(oblique(), shape=(4, 4, 12)), tmp_path)
    assert list(files) != sorted(files)
    assert [pydicom.dcmread(file).InstanceNumber for file in files] == list(range(1, 13))


def test_fractional_values_are_off_by_at_most_half_a_step(tmp_path):
    values = np.random.default_rng(2).normal(size=(6, 5, 3)).astype(np.float32)
    image = Image(values, Grid(values.shape, oblique()))
    write_dicom_series(image, tmp_path)
    back = read_back(tmp_path).image.array
    step = float(values.max() - values.min()) / 65535
    assert np.abs(back - as_read(image).array).max() <= 0.51 * step


def test_facts_pass_through(tmp_path):
    facts = (("echo_time_ms", 102.0), ("repetition_time_ms", 3500.0), ("field_strength_t", 1.5))
    for name, enhanced in (("classic", False), ("enhanced", True)):
        write_dicom_series(make_image(oblique()), tmp_path / name, facts=facts, enhanced=enhanced)
        read = dict(read_back(tmp_path / name).facts)
        assert {key: read[key] for key, _ in facts} == dict(facts)


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({"echo_time_ms": 100, "repetition_time_ms": 3500, "scan_options": "FS"}, "acq-axFS_T2w"),
        ({"echo_time_ms": 60, "repetition_time_ms": 4000, "inversion_time_ms": 160}, "acq-axSTIR_T2w"),
        ({"echo_time_ms": 130, "repetition_time_ms": 1500, "acquisition": "3D"}, "acq-axSPACE_T2w"),
        (
            {
                "echo_time_ms": 2.2,
                "repetition_time_ms": 4.4,
                "flip_angle_deg": 60,
                "scanning_sequence": "GR",
                "sequence_variant": "SS",
            },
            "acq-axBSSFP_T2w",
        ),
        ({"echo_time_ms": 70, "repetition_time_ms": 5000, "scanning_sequence": "EP\\SE"}, "acq-ax_dwi"),
    ],
)
def test_enhanced_and_classic_objects_are_named_alike(tmp_path, facts, name):
    for enhanced in (False, True):
        write_dicom_series(
            make_image(np.diag([-1.0, -1, 4, 1])), tmp_path / str(enhanced), facts=facts.items(), enhanced=enhanced
        )
        assert read_back(tmp_path / str(enhanced)).name == name


def test_same_study_shares_frame_of_reference(tmp_path):
    image = Image(np.ones((3, 3, 3), np.int16), Grid((3, 3, 3), np.eye(4)))
    first = pydicom.dcmread(write_dicom_series(image, tmp_path / "a", series_number=1)[0])
    second = pydicom.dcmread(write_dicom_series(image, tmp_path / "b", series_number=2)[0])
    assert first.FrameOfReferenceUID == second.FrameOfReferenceUID
    assert first.SeriesInstanceUID != second.SeriesInstanceUID


def test_shear_within_the_slice_is_refused(tmp_path):
    affine = np.eye(4)
    affine[0, 1] = 0.2
    with pytest.raises(GridError, match="perpendicular"):
        write_dicom_series(make_image(affine), tmp_path)


def test_values_beyond_16_bits_under_a_given_rescale_are_refused(tmp_path):
    with pytest.raises(InputError, match="16 bits"):
        write_dicom_series(make_image(np.eye(4), high=30000), tmp_path, rescale=(0.1, 0.0))


def test_a_picture_too_small_for_jpeg_2000_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be coded"):
        write_dicom_series(make_image(np.eye(4)), tmp_path, transfer_syntax=JPEG2000Lossless)


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be written"):
        write_dicom_series(make_image(np.eye(4)), tmp_path / "file" / "series")
