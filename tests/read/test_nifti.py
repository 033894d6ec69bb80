import gzip

import nibabel as nib
import numpy as np
import pytest

from lumbomics.core.errors import GridError, LabelError, ReadError
from lumbomics.read import read_nifti_image, read_nifti_labels, read_visit

AFFINE = np.array([[-0.6, 0, 0, 30], [0, 0, 4.0, -20], [0, 0.6, 0, 100], [0, 0, 0, 1]], float)


def save(path, array, affine=AFFINE):
    image = nib.Nifti1Image(array, affine)
    nib.save(image, path)
    return path


def labels(dtype=np.int16):
    array = np.zeros((4, 5, 6), dtype)
    array[1:3, 2, 3] = 24
    return array


def broken_affine(path, row):
    """Overwrite the first sform row of an uncompressed file: bytes 280-295 of a NIfTI-1 header."""
    data = bytearray(path.read_bytes())
    data[280:296] = np.array(row, "<f4").tobytes()
    data[252:254] = np.array(0, "<i2").tobytes()
    path.write_bytes(bytes(data))
    return path


def test_values_type_and_place_are_those_of_the_file(tmp_path):
    array = np.arange(120, dtype=np.int16).reshape(4, 5, 6)
    image = read_nifti_image(save(tmp_path / "a.nii.gz", array))
    np.testing.assert_array_equal(image.array, array)
    assert image.array.dtype == np.int16
    np.testing.assert_allclose(image.grid.affine, AFFINE, atol=1e-5)


def test_a_big_endian_file_gives_native_numbers(tmp_path):
    array = np.arange(24, dtype=">i2").reshape(2, 3, 4)
    nib.save(nib.Nifti1Image(array, AFFINE, nib.Nifti1Header(endianness=">")), tmp_path / "a.nii")
    image = read_nifti_image(tmp_path / "a.nii")
    assert image.array.dtype.isnative
    np.testing.assert_array_equal(image.array, array)


def test_header_scaling_is_applied(tmp_path):
    image = nib.Nifti1Image(np.arange(24, dtype=np.int16).reshape(2, 3, 4), AFFINE)
    image.header.set_slope_inter(2.0, -3.0)
    nib.save(image, tmp_path / "a.nii")
    stored = nib.load(tmp_path / "a.nii").dataobj
    read = read_nifti_image(tmp_path / "a.nii").array
    np.testing.assert_allclose(read, np.asarray(stored), rtol=1e-6)


def test_metres_become_millimetres(tmp_path):
    image = nib.Nifti1Image(np.ones((2, 3, 4), np.int16), np.diag([0.001, 0.001, 0.002, 1]))
    image.header.set_xyzt_units("meter")
    nib.save(image, tmp_path / "a.nii")
    np.testing.assert_allclose(read_nifti_image(tmp_path / "a.nii").grid.spacing_mm, (1, 1, 2), rtol=1e-6)


def test_a_fourth_axis_of_one_volume_is_dropped(tmp_path):
    assert read_nifti_image(save(tmp_path / "a.nii", np.ones((2, 3, 4, 1), np.int16))).grid.shape == (2, 3, 4)


def test_several_volumes_are_refused(tmp_path):
    with pytest.raises(GridError, match="several volumes"):
        read_nifti_image(save(tmp_path / "a.nii", np.ones((2, 3, 4, 2), np.int16)))


def test_a_single_slice_is_a_volume(tmp_path):
    assert read_nifti_image(save(tmp_path / "a.nii", np.ones((5, 6), np.int16))).grid.shape == (5, 6, 1)


def test_a_singular_affine_is_refused_with_the_file_s_name(tmp_path):
    path = broken_affine(save(tmp_path / "a.nii", np.ones((2, 3, 4), np.int16)), (0, 0, 0, 0))
    with pytest.raises(GridError, match=r"a\.nii: affine is singular"):
        read_nifti_image(path)


def test_an_affine_of_nan_is_refused(tmp_path):
    path = broken_affine(save(tmp_path / "a.nii", np.ones((2, 3, 4), np.int16)), (np.nan, 0, 0, 0))
    with pytest.raises(GridError, match="NaN"):
        read_nifti_image(path)


def test_a_file_without_orientation_is_refused(tmp_path):
    image = nib.Nifti1Image(np.ones((2, 3, 4), np.int16), None)
    nib.save(image, tmp_path / "a.nii")
    with pytest.raises(GridError, match="left and right would be a guess"):
        read_nifti_image(tmp_path / "a.nii")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_voxels_that_are_no_numbers_are_refused(tmp_path, value):
    array = np.ones((2, 3, 4), np.float32)
    array[0, 0, 0] = value
    with pytest.raises(ReadError, match="1 of 24 voxels"):
        read_nifti_image(save(tmp_path / "a.nii", array))


def test_colour_voxels_are_refused(tmp_path):
    array = np.zeros((2, 3, 4), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    with pytest.raises(ReadError, match="not real numbers"):
        read_nifti_image(save(tmp_path / "a.nii", array))


@pytest.mark.parametrize("reader", [read_nifti_image, read_nifti_labels])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_an_empty_or_truncated_file_is_refused(tmp_path, reader, share, name):
    path = save(tmp_path / name, np.random.default_rng(0).integers(0, 3000, (20, 20, 20)).astype(np.int16))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ReadError, match="empty, truncated"):
        reader(path)


def test_a_text_file_under_a_nifti_name_is_refused(tmp_path):
    (tmp_path / "a.nii").write_text("no image " * 100)
    (tmp_path / "b.nii.gz").write_bytes(gzip.compress(b"no image" * 100))
    for name in ("a.nii", "b.nii.gz"):
        with pytest.raises(ReadError):
            read_nifti_image(tmp_path / name)


def test_a_missing_file_and_another_kind_of_file_are_refused(tmp_path):
    with pytest.raises(ReadError, match="no such file"):
        read_nifti_image(tmp_path / "a.nii")
    with pytest.raises(ReadError, match="not a NIfTI"):
        read_nifti_image(tmp_path / "a.mhd")


def test_a_file_that_may_not_be_read_is_refused(tmp_path, monkeypatch):
    path = save(tmp_path / "a.nii", labels())

    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(nib, "load", refuse)
    with pytest.raises(ReadError, match="may not be read"):
        read_nifti_image(path)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float32, np.float64])
def test_labels_of_any_type_become_small_whole_numbers(tmp_path, dtype):
    read = read_nifti_labels(save(tmp_path / "a.nii.gz", labels(dtype)), source="manual", boundary_sd_mm=0.4)
    assert read.array.dtype == np.uint8
    assert read.present == (24,)
    assert (read.source, read.boundary_sd_mm) == ("manual", 0.4)


@pytest.mark.parametrize("value", [0.5, np.nan, np.inf])
def test_fractional_labels_are_refused(tmp_path, value):
    array = labels(np.float32)
    array[0, 0, 0] = value
    with pytest.raises(LabelError):
        read_nifti_labels(save(tmp_path / "a.nii", array))


@pytest.mark.parametrize("value", [-1, 70000])
def test_labels_out_of_range_are_refused(tmp_path, value):
    array = labels(np.int32)
    array[0, 0, 0] = value
    with pytest.raises(LabelError, match="out of range"):
        read_nifti_labels(save(tmp_path / "a.nii", array))


def test_an_all_zero_label_map_is_refused(tmp_path):
    with pytest.raises(LabelError, match="every voxel is 0"):
        read_nifti_labels(save(tmp_path / "a.nii", np.zeros((2, 3, 4), np.uint8)))


def test_a_nifti_file_is_a_visit_named_from_its_words(tmp_path):
    path = save(tmp_path / "patient_T2_sag.nii.gz", np.ones((20, 3, 30), np.int16))
    series = read_visit(path).series[0]
    assert series.name.endswith("_T2w")
    assert "patient" not in repr((series.name, series.facts, series.kind))


@pytest.mark.realdata
def test_the_real_ct_lies_where_an_independent_reading_of_its_header_puts_it(data_folder):
    path = data_folder / "verse014" / "sub-verse014_ct.nii.gz"
    raw = gzip.decompress(path.read_bytes())
    b, c, d, x, y, z = np.frombuffer(raw, "<f4", 6, 256).astype(float)
    factor, spacing = np.frombuffer(raw, "<f4", 4, 76)[0], np.frombuffer(raw, "<f4", 3, 80).astype(float)
    a = np.sqrt(max(0.0, 1 - b * b - c * c - d * d))
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    scaled = rotation * spacing * (1, 1, -1 if factor < 0 else 1)
    affine = read_nifti_image(path).grid.affine
    np.testing.assert_allclose(affine[:3, :3], scaled, atol=1e-4)
    np.testing.assert_allclose(affine[:3, 3], (x, y, z), atol=1e-3)
