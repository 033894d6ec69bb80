"""Segmentations written by highdicom, read back by world coordinates."""

from dataclasses import replace

import highdicom
import numpy as np
import pydicom
import pytest
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import generate_uid
from scipy.spatial.transform import Rotation

from lumbomics.core.errors import GridError, InputError, LabelError, ReadError
from lumbomics.core.grid import Grid
from lumbomics.read.dicom.segment_names import by_label, meaning_of
from lumbomics.read.dicom.segmentation import read_dicom_segmentation
from lumbomics.read.labels import read_labels
from lumbomics.write import write_labels_nifti
from lumbomics.write.dicom import write_dicom_series

BINARY, FRACTIONAL, LABELMAP = (highdicom.seg.SegmentationTypeValues[n] for n in ("BINARY", "FRACTIONAL", "LABELMAP"))
ALGORITHM = highdicom.AlgorithmIdentificationSequence(
    name="by hand", family=codes.DCM.ArtificialIntelligence, version="1"
)
L4, L5 = codes.SCT.L4Vertebra, codes.SCT.L5Vertebra
TISSUE = Code("85756007", "SCT", "Tissue")
STRUCTURE = Code("123037004", "SCT", "Anatomical Structure")


def described(number, label, *, kind=TISSUE, category=STRUCTURE, region=None, modifiers=None):
    made = highdicom.seg.SegmentDescription(
        segment_number=number,
        segment_label=label,
        segmented_property_category=category,
        segmented_property_type=kind,
        algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.MANUAL,
        anatomic_regions=None if region is None else [region],
    )
    if modifiers is not None:
        item = pydicom.Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = modifiers
        made.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence = [item]
    return made


@pytest.fixture
def study(sagittal, tmp_path):
    """Source images in slice order, and the image they hold: 7 columns x 9 rows (no whole bytes), 6 slices."""
    straight = sagittal((7, 9, 6), frame=generate_uid())
    # pixels that are no squares, slices that are not upright
    turn, stretch = np.eye(4), np.diag([1.0, 1.5, 1.0, 1.0])
    turn[:3, :3] = Rotation.from_euler("zx", [12, 7], degrees=True).as_matrix()
    image = replace(straight, grid=replace(straight.grid, affine=turn @ straight.grid.affine @ stretch))
    files = write_dicom_series(image, tmp_path / "study", shuffled_names=False)
    sources = [pydicom.dcmread(file) for file in files]
    for source in sources:
        source.PatientName = "Phantom^"  # highdicom warns of names of one part
    return sources, image


@pytest.fixture
def write(study, tmp_path):
    """Write segments, each (columns, rows, slices), with their descriptions; returns the path."""

    def make(masks, descriptions, *, kind=BINARY, sources=None, change=None, **options):
        sources = sources or study[0]
        masks = [np.asarray(mask) for mask in masks]
        pixels = np.stack([mask.transpose(2, 1, 0) for mask in masks], axis=-1)
        if kind is LABELMAP:
            pixels = sum((mask.transpose(2, 1, 0) > 0) * (n + 1) for n, mask in enumerate(masks))
        pixels = pixels.astype(np.float32 if kind is FRACTIONAL else np.uint8)
        made = highdicom.seg.Segmentation(
            source_images=sources,
            pixel_array=pixels,
            segmentation_type=kind,
            segment_descriptions=descriptions,
            series_instance_uid=generate_uid(),
            series_number=9,
            sop_instance_uid=generate_uid(),
            instance_number=1,
            manufacturer="test",
            manufacturer_model_name="test",
            software_versions="1",
            device_serial_number="1",
            **options,
        )
        if change is not None:
            change(made)
        made.save_as(tmp_path / "seg.dcm")
        return tmp_path / "seg.dcm"

    return make


def box(image, *slices):
    mask = np.zeros(image.grid.shape, bool)
    mask[slices] = True
    return mask


@pytest.fixture
def two(study):
    """Two blocks: slices 1 to 4, and slices 2 and 3; slices 0 and 5 hold nothing."""
    image = study[1]
    return box(image, slice(1, 5), slice(0, 3), slice(1, 5)), box(image, slice(2, 5), slice(5, 8), slice(2, 4))


def points(grid: Grid, mask):
    return _sorted(grid.to_world(np.argwhere(mask)))


def _sorted(found):
    rounded = np.round(found, 3)
    return rounded[np.lexsort(rounded.T)]


def same_points(labels, value, grid, mask):
    return np.array_equal(_sorted(labels.points_mm(value)), points(grid, mask))


VERTEBRAE = [described(1, "one", kind=L4), described(2, "two", kind=L5)]


@pytest.mark.parametrize("kind", [BINARY, FRACTIONAL, LABELMAP])
@pytest.mark.parametrize("omit", [True, False])
def test_each_kind_of_segmentation_comes_back_at_its_place(kind, omit, study, two, write):
    path = write(two, VERTEBRAE, kind=kind, omit_empty_frames=omit)
    spine = read_dicom_segmentation(path).segmentation.spine
    assert spine.present == (23, 24)
    assert same_points(spine, 23, study[1].grid, two[0])
    assert same_points(spine, 24, study[1].grid, two[1])


def test_the_frame_of_reference_comes_along_and_the_lattice_is_the_image_s(study, two, write):
    spine = read_dicom_segmentation(write(two, VERTEBRAE)).segmentation.spine
    assert spine.grid.frame == study[1].grid.frame
    assert study[1].grid.shares_lattice(spine.grid)
    # empty slices at the ends were left out of the file
    assert spine.grid.shape == (7, 9, 4)


def test_slices_stored_in_reverse_give_the_same_labels(study, two, write):
    sources = study[0][::-1]
    path = write([mask[:, :, ::-1] for mask in two], VERTEBRAE, sources=sources)
    spine = read_dicom_segmentation(path).segmentation.spine
    assert same_points(spine, 23, study[1].grid, two[0])
    assert same_points(spine, 24, study[1].grid, two[1])


def test_frames_in_any_order_give_the_same_labels(study, two, write):
    def shuffle(made):
        order = np.random.default_rng(1).permutation(int(made.NumberOfFrames))
        pixels = np.unpackbits(np.frombuffer(made.PixelData, np.uint8), bitorder="little")[: 63 * len(order)]
        packed = np.packbits(pixels.reshape(-1, 63)[order].ravel(), bitorder="little").tobytes()
        made.PixelData = packed + b"\0" * (len(packed) % 2)
        groups = made.PerFrameFunctionalGroupsSequence
        made.PerFrameFunctionalGroupsSequence = [groups[int(n)] for n in order]

    spine = read_dicom_segmentation(write(two, VERTEBRAE, change=shuffle)).segmentation.spine
    assert same_points(spine, 23, study[1].grid, two[0])
    assert same_points(spine, 24, study[1].grid, two[1])


def test_empty_slices_between_two_frames_stay_empty(study, write):
    mask = box(study[1], slice(1, 5), slice(0, 3), [0, 3, 5])
    spine = read_dicom_segmentation(write([mask], VERTEBRAE[:1])).segmentation.spine
    assert spine.grid.shape == (7, 9, 6)
    assert same_points(spine, 23, study[1].grid, mask)


def test_without_a_stated_spacing_the_smallest_gap_counts(study, two, write):
    def strip(made):
        measures = made.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
        del measures.SpacingBetweenSlices
        measures.SliceThickness = 1.0

    spine = read_dicom_segmentation(write(two, VERTEBRAE, change=strip)).segmentation.spine
    assert same_points(spine, 23, study[1].grid, two[0])


def test_a_single_slice_takes_its_thickness_from_the_header(study, write):
    mask = box(study[1], slice(1, 5), slice(0, 3), slice(2, 3))
    spine = read_dicom_segmentation(write([mask], VERTEBRAE[:1])).segmentation.spine
    assert spine.grid.spacing_mm[2] == pytest.approx(study[1].grid.spacing_mm[2])
    assert same_points(spine, 23, study[1].grid, mask)


def test_a_single_slice_without_any_distance_is_refused(study, write):
    def strip(made):
        measures = made.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
        del measures.SpacingBetweenSlices
        del measures.SliceThickness

    mask = box(study[1], slice(1, 5), slice(0, 3), slice(2, 3))
    with pytest.raises(GridError, match="slice distance"):
        read_dicom_segmentation(write([mask], VERTEBRAE[:1], change=strip))


def test_uneven_slices_are_refused(two, write):
    def move(made):
        for group in made.PerFrameFunctionalGroupsSequence[2:]:
            place = group.PlanePositionSequence[0].ImagePositionPatient
            place[0] = float(place[0]) + 1.7

    with pytest.raises(GridError, match="no even spacing"):
        read_dicom_segmentation(write(two, VERTEBRAE, change=move))


def test_frames_without_a_place_or_turned_are_refused(two, write):
    def lose(made):
        del made.PerFrameFunctionalGroupsSequence[1].PlanePositionSequence

    def turn(made):
        group = made.PerFrameFunctionalGroupsSequence[1]
        group.PlaneOrientationSequence = [pydicom.Dataset()]
        group.PlaneOrientationSequence[0].ImageOrientationPatient = [1, 0, 0, 0, 1, 0]

    with pytest.raises(ReadError, match=r"1 of \d+ without"):
        read_dicom_segmentation(write(two, VERTEBRAE, change=lose))
    with pytest.raises(ReadError, match="parallel planes"):
        read_dicom_segmentation(write(two, VERTEBRAE, change=turn))


def test_a_voxel_that_two_segments_claim_stays_with_the_lower_number_and_is_told(study, write):
    image = study[1]
    first, second = box(image, slice(0, 4)), box(image, slice(3, 7))
    conversion = read_dicom_segmentation(write([first, second], VERTEBRAE))
    spine = conversion.segmentation.spine
    assert same_points(spine, 23, image.grid, first)
    assert same_points(spine, 24, image.grid, second & ~first)
    (loss,) = conversion.losses
    assert (loss.value, loss.voxels, loss.kept_as, loss.map_name) == (2, 9 * 6, 23, "spine")
    assert "overlaps with segment 1" in loss.why


def test_the_higher_fraction_has_a_disputed_voxel(study, write):
    image = study[1]
    first = np.where(box(image, slice(0, 4)), 0.6, 0.0)
    second = np.where(box(image, slice(3, 7)), 0.9, 0.0)
    conversion = read_dicom_segmentation(write([first, second], VERTEBRAE, kind=FRACTIONAL))
    assert same_points(conversion.segmentation.spine, 24, image.grid, second > 0)
    assert [(loss.value, loss.voxels) for loss in conversion.losses] == [(1, 9 * 6)]


@pytest.mark.parametrize("largest", [255, 100])
def test_a_fractional_voxel_counts_from_one_half(largest, study, write):
    image = study[1]
    mask = np.zeros(image.grid.shape)
    mask[0], mask[1], mask[2] = 1.0, 0.5, 0.48
    half = {"max_fractional_value": largest}
    conversion = read_dicom_segmentation(write([mask], VERTEBRAE[:1], kind=FRACTIONAL, **half))
    assert same_points(conversion.segmentation.spine, 23, image.grid, mask >= 0.5)
    assert [(loss.voxels, loss.why) for loss in conversion.losses] == [
        (9 * 6, "less than half of the voxel is claimed")
    ]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_cord_lies_in_the_canal_and_nothing_is_lost(order, study, write):
    image = study[1]
    masks = {"spinal canal": box(image, slice(1, 6)), "spinal cord": box(image, slice(3, 4))}
    names = [list(masks)[n] for n in order]
    conversion = read_dicom_segmentation(
        write([masks[name] for name in names], [described(n + 1, name) for n, name in enumerate(names)])
    )
    spine = conversion.segmentation.spine
    assert same_points(spine, 60, image.grid, masks["spinal cord"])
    assert same_points(spine, 61, image.grid, masks["spinal canal"] & ~masks["spinal cord"])
    assert conversion.losses == ()


def target(label="x", **options):
    return meaning_of(described(1, label, **options), pydicom.Dataset()).targets


# identifiers and meanings as DICOM's code dictionary (PS3.16) prints them; S1 from TotalSegmentator's published mapping
@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("66794005", 20),
        ("14293000", 21),
        ("36470004", 22),
        ("11994002", 23),
        ("49668003", 24),
        ("65985001", 26),
        ("54735007", 26),
        ("64688005", 27),
        ("23215003", 19),
        ("11068009", 15),
        ("14806007", 1),
        ("76206002", 119),
        ("80064006", 120),
        ("84020006", 123),
        ("715056000", 124),
        ("2748008", 60),
        ("61853006", 61),
    ],
)
def test_a_coded_type_says_what_a_segment_is(code, number):
    assert target(kind=Code(code, "SCT", "x")) == {"spine": number}


def test_codes_of_the_older_snomed_rt_are_understood():
    spinal_cord = Code("T-A7010", "SRT", "Spinal cord")
    assert target(kind=spinal_cord, category=Code("T-D0050", "SRT", "Tissue")) == {"spine": 60}


def test_the_fifth_disc_s_misleading_code_is_not_taken_for_l5_s1():
    assert target(kind=Code("75782005", "SCT", "Disc structure of fifth lumbar vertebra")) == {}


def test_a_kind_without_level_takes_it_from_region_or_label():
    body, vertebra = Code("3572006", "SCT", "Vertebral body"), codes.SCT.Vertebra
    assert target(kind=body, region=L4) == {"spine": 23, "subregion": 50}
    assert target(kind=vertebra, region=L5) == {"spine": 24}
    assert target(kind=vertebra, label="L5") == {"spine": 24}


def test_a_lesion_in_a_vertebra_is_not_the_vertebra():
    altered = Code("49755003", "SCT", "Morphologically Altered Structure")
    lesion = Code("4147007", "SCT", "Mass")
    assert target(kind=lesion, category=altered, region=L4, label="L4") == {}
    assert target(kind=lesion, region=L4) == {}


def test_sides_of_muscles_and_processes_come_from_the_modifier():
    psoas, process = Code("57240007", "SCT", "Psoas"), codes.SCT.SuperiorArticularProcessOfVertebra
    left, right = ("7771000", "SCT", "Left"), ("24028007", "SCT", "Right")
    assert target(kind=psoas, modifiers=left) == {"muscle": 1}
    assert target(kind=psoas, modifiers=right) == {"muscle": 2}
    assert target(kind=process, modifiers=right) == {"subregion": 46}
    assert target(kind=psoas) == {}


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("L4 vertebra", {"spine": 23}),
        ("vertebrae_L4", {"spine": 23}),
        ("Vertebra T12", {"spine": 19}),
        ("Th11", {"spine": 18}),
        ("L4 vertebral body", {"spine": 23, "subregion": 50}),
        ("body of L2", {"spine": 21, "subregion": 50}),
        ("S1", {"spine": 26}),
        ("Sacrum", {"spine": 26}),
        ("L4-L5 disc", {"spine": 123}),
        ("L4/5 intervertebral disk", {"spine": 123}),
        ("disc_L5_S", {"spine": 124}),
        ("Disc L5-S1", {"spine": 124}),
        ("IVD T12\u2013L1", {"spine": 119}),
        ("disc below L3", {"spine": 122}),
        ("L6-S1 disc", {"spine": 125}),
        ("spinal canal", {"spine": 61}),
        ("Cord", {"spine": 60}),
        ("thecal sac", {"dural_sac": 1}),
        ("left psoas major muscle", {"muscle": 1}),
        ("multifidus right", {"muscle": 4}),
        ("Spinous process", {"subregion": 42}),
    ],
)
def test_labels_say_what_a_segment_is(label, expected):
    assert by_label(label) == expected


@pytest.mark.parametrize(
    "label", ["L4 lesion", "L7", "L5 disc", "L3-L5 disc", "L5-L4 disc", "L4-L5", "psoas", "vertebra", "Liver", "L45"]
)
def test_labels_that_are_not_wholly_understood_mean_nothing(label):
    assert by_label(label) == {}


def test_all_unknown_segments_are_named_at_once(study, write):
    masks = [box(study[1], slice(n, n + 1)) for n in range(4)]
    names = ["Liver", "L4", "Spleen", "left kidney"]
    path = write(masks, [described(n, name) for n, name in enumerate(names, start=1)])
    with pytest.raises(LabelError, match=r"1 'Liver'; 3 'Spleen'; 4 'left kidney'"):
        read_dicom_segmentation(path)
    conversion = read_dicom_segmentation(path, ignore_unknown=True)
    assert conversion.segmentation.spine.present == (23,)
    assert [(loss.value, loss.name, loss.voxels) for loss in conversion.losses] == [
        (1, "Liver", 54),
        (3, "Spleen", 54),
        (4, "left kidney", 54),
    ]


def test_code_and_label_that_contradict_each_other_are_refused_even_where_unknown_ones_may_pass(study, write):
    path = write([box(study[1], slice(0, 2))], [described(1, "L5 vertebra", kind=L4)])
    with pytest.raises(LabelError, match="coded as L4, labelled L5"):
        read_dicom_segmentation(path, ignore_unknown=True)


def test_a_label_that_holds_the_patient_s_name_is_withheld(study, write):
    def name(made):
        made.PatientName = "Nightingale^Florence"
        made.PatientID = "HOSP-4711"

    masks = [box(study[1], slice(n, n + 1)) for n in range(3)]
    labels = ["Tumour florence", "hosp-4711", "Other"]
    path = write(masks, [described(n, label) for n, label in enumerate(labels, start=1)], change=name)
    with pytest.raises(LabelError) as caught:
        read_dicom_segmentation(path)
    assert "florence" not in str(caught.value).lower()
    assert "4711" not in str(caught.value)
    assert "'Other'" in str(caught.value)


def test_an_empty_segmentation_is_refused(study, two, write):
    def empty(made):
        made.PixelData = bytes(len(made.PixelData))

    with pytest.raises(LabelError, match="is empty"):
        read_dicom_segmentation(write(two, VERTEBRAE, change=empty))


def test_frames_of_a_segment_nobody_described_are_refused(two, write):
    def renumber(made):
        made.PerFrameFunctionalGroupsSequence[0].SegmentIdentificationSequence[0].ReferencedSegmentNumber = 7

    with pytest.raises(LabelError, match=r"does not describe.*got 7"):
        read_dicom_segmentation(write(two, VERTEBRAE, change=renumber))


def test_broken_pixels_are_told(two, write):
    def cut(made):
        made.PixelData = made.PixelData[:8]

    with pytest.raises(ReadError, match="truncated"):
        read_dicom_segmentation(write(two, VERTEBRAE, change=cut))


def test_an_image_or_no_dicom_at_all_is_refused(study, tmp_path):
    study[0][0].save_as(tmp_path / "image.dcm")
    with pytest.raises(ReadError, match=r"no segmentation.*MR Image Storage"):
        read_dicom_segmentation(tmp_path / "image.dcm")
    (tmp_path / "text.dcm").write_text("hello")
    with pytest.raises(ReadError, match="no DICOM object"):
        read_dicom_segmentation(tmp_path / "text.dcm")
    with pytest.raises(ReadError, match="no such file"):
        read_dicom_segmentation(tmp_path / "missing.dcm")


def test_the_same_labels_as_nifti_and_as_segmentation_are_read_alike(study, two, write, tmp_path):
    conversion = read_labels(write(two, VERTEBRAE))
    nifti, *_ = (
        path for path in write_labels_nifti(conversion.segmentation.spine, tmp_path / "a.nii.gz") if "nii" in path.name
    )
    again = read_labels(nifti, convention="lumbomics")
    assert np.array_equal(again.segmentation.spine.array, conversion.segmentation.spine.array)
    assert again.segmentation.spine.grid.same_place(conversion.segmentation.spine.grid)
    assert conversion.segmentation.spine.source == "DICOM segmentation"


def test_a_segmentation_is_known_by_its_mark_without_any_suffix(two, write, tmp_path):
    bare = write(two, VERTEBRAE).rename(tmp_path / "export")
    assert read_labels(bare).segmentation.spine.present == (23, 24)


def test_what_a_dicom_segmentation_says_itself_may_not_be_stated(two, write):
    with pytest.raises(InputError, match="second, lowest_vertebra"):
        read_labels(write(two, VERTEBRAE), second="other.nii.gz", lowest_vertebra="L5")
