import nibabel
import numpy as np
import pytest

from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.core.labels import Labels
from lumbomics.write import SUBREGION_NAMES, foramen_names, write_image_nifti, write_labels_nifti

TILTED = Grid.from_spacing(
    (4, 5, 6), (0.6, 0.7, 4.0), origin_mm=(10, -20, 30), axes=[[0, 0, -1], [0.8, 0.6, 0], [0.6, -0.8, 0]]
)


def spine_map(*values: int, dtype=np.int64) -> Labels:
    array = np.zeros((8, 8, max(len(values), 1)), dtype=dtype)
    for layer, value in enumerate(values):
        array[2:5, 2:5, layer] = value
    return Labels(array, Grid.from_spacing(array.shape, (1, 1, 2)), source="manual")


def test_an_image_keeps_values_type_and_place(tmp_path):
    array = np.arange(120, dtype=np.int16).reshape(4, 5, 6) - 60
    back = nibabel.load(write_image_nifti(Image(array, TILTED), tmp_path / "t2.nii.gz"))
    assert np.asarray(back.dataobj).dtype == np.int16
    assert np.array_equal(np.asarray(back.dataobj), array)
    assert np.allclose(back.affine, TILTED.affine, atol=1e-5)
    assert back.header.get_xyzt_units()[0] == "mm"


def test_sform_and_qform_agree_and_say_scanner(tmp_path):
    header = nibabel.load(write_image_nifti(Image(np.zeros((4, 5, 6)), TILTED), tmp_path / "t2.nii")).header
    assert (int(header["sform_code"]), int(header["qform_code"])) == (1, 1)
    assert np.allclose(header.get_qform(), header.get_sform(), atol=1e-4)


def test_a_gantry_tilt_is_left_to_the_sform_alone(tmp_path):
    affine = np.diag([1.0, 1.0, 3.0, 1.0])
    affine[1, 2] = 0.9
    back = nibabel.load(write_image_nifti(Image(np.zeros((3, 3, 3)), Grid((3, 3, 3), affine)), tmp_path / "ct.nii"))
    assert int(back.header["qform_code"]) == 0
    assert np.allclose(back.affine, affine, atol=1e-6)


@pytest.mark.parametrize(
    ("given", "stored"), [(np.bool_, np.uint8), (np.int64, np.uint8), (np.uint64, np.uint8), (np.float16, np.float32)]
)
def test_types_that_nifti_lacks_are_widened_without_loss(tmp_path, given, stored):
    array = np.ones((3, 3, 3), dtype=given)
    back = nibabel.load(write_image_nifti(Image(array, Grid((3, 3, 3), np.eye(4))), tmp_path / "x.nii.gz"))
    assert back.get_data_dtype() == stored
    assert np.array_equal(np.asarray(back.dataobj), array.astype(stored))


def test_writing_twice_gives_the_same_bytes(tmp_path):
    image = Image(np.ones((4, 5, 6), dtype=np.float32), TILTED)
    first, second = (write_image_nifti(image, tmp_path / name).read_bytes() for name in ("a.nii.gz", "b.nii.gz"))
    assert first == second


@pytest.mark.parametrize(("value", "stored"), [(61, np.uint8), (255, np.uint8), (256, np.uint16), (70000, np.uint32)])
def test_labels_take_the_smallest_type_that_holds_them(tmp_path, value, stored):
    *_, path = write_labels_nifti(spine_map(value), tmp_path / "x_dseg.nii.gz")
    back = nibabel.load(path)
    assert back.get_data_dtype() == stored
    assert set(np.unique(np.asarray(back.dataobj))) == {0, value}


def test_the_lookup_table_names_colours_and_codes_what_is_there(tmp_path):
    _, table, _ = write_labels_nifti(spine_map(23, 24, 26, 61, 124, 123), tmp_path / "x_dseg.nii.gz")
    header, *rows = [line.split("\t") for line in table.read_text().splitlines()]
    assert header == ["index", "name", "color", "snomed_ct"]
    assert {row[0]: (row[1], row[3]) for row in rows} == {
        "23": ("L4", "11994002"),
        "24": ("L5", "49668003"),
        "26": ("S1", "65985001"),
        "61": ("canal", "61853006"),
        "123": ("disc L4-L5", "84020006"),
        "124": ("disc L5-S1", "715056000"),
    }
    assert len({row[2] for row in rows}) == len(rows)


def test_a_transitional_disc_is_named_by_its_true_neighbour_and_gets_no_false_code(tmp_path):
    _, table, _ = write_labels_nifti(spine_map(24, 25, 124), tmp_path / "x_dseg.nii.gz")
    assert "124\tdisc L5-L6\t" in table.read_text()
    assert table.read_text().splitlines()[-1].endswith("n/a")


def test_a_name_cannot_break_the_table(tmp_path):
    _, table, _ = write_labels_nifti(spine_map(1), tmp_path / "x_dseg.nii.gz", names={1: "a\tb\nc"})
    assert table.read_text().splitlines()[1].split("\t")[1] == "a b c"


def test_names_follow_the_convention_given(tmp_path):
    _, table, _ = write_labels_nifti(spine_map(49, 100), tmp_path / "x_dseg.nii.gz", names=SUBREGION_NAMES)
    assert [line.split("\t")[1] for line in table.read_text().splitlines()[1:]] == ["corpus_border", "disc"]


def test_foramina_are_named_by_disc_level_and_patient_side():
    assert foramen_names((23, 24, 26)) == {
        46: "foramen L4-L5 left",
        47: "foramen L4-L5 right",
        48: "foramen L5-S1 left",
        49: "foramen L5-S1 right",
        52: "foramen below S1 left",
        53: "foramen below S1 right",
    }
