"""Label maps that others drew, read in their own conventions."""

from pathlib import Path

import nibabel
import numpy as np
import pytest

from lumbomics.core.conventions import from_segmentation, to_segmentation
from lumbomics.core.errors import LabelError
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels


def load(path):
    image = nibabel.load(path)
    array = np.asanyarray(image.dataobj)
    return Labels(array, Grid(array.shape, image.affine))


@pytest.fixture(scope="session")
def tptbox_samples():
    package = pytest.importorskip("TPTBox")
    folder = Path(package.__file__).parent / "tests"
    if not folder.is_dir():
        pytest.skip("this TPTBox carries no samples")
    return folder


@pytest.mark.realdata
def test_a_manual_verse_map_goes_to_every_instance_convention_and_back_unchanged(data_folder):
    labels = load(data_folder / "verse014" / "sub-verse014_seg-vert_msk.nii.gz")
    conversion = to_segmentation(labels, "verse")
    assert conversion.segmentation.spine.vertebrae == (20, 21, 22, 23, 24)
    assert conversion.losses == ()
    for target in ("totalspineseg", "totalsegmentator_total", "totalsegmentator_vertebrae_mr", "spineps", "spider"):
        converted = from_segmentation(conversion.segmentation, target, lowest_vertebra="L5")
        assert converted.losses == ()
        back = to_segmentation(converted.labels, target, lowest_vertebra="L5").segmentation.spine
        assert np.array_equal(back.array, labels.array)


@pytest.mark.realdata
def test_levels_of_a_totalsegmentator_ct_map_lie_in_order_from_head_to_tail(data_folder):
    labels = load(data_folder / "totalsegmentator" / "example_seg_fast_force_split.nii.gz")
    conversion = to_segmentation(labels, "totalsegmentator_total")
    spine = conversion.segmentation.spine
    assert spine.vertebrae == (18, 19, 20, 21, 22, 23, 24, 26)
    heights = [spine.points_mm(n)[:, 2].mean() for n in spine.vertebrae]
    assert heights == sorted(heights, reverse=True)
    assert {"liver", "iliopsoas_left", "vertebrae_S1"} <= {loss.name for loss in conversion.losses}
    told = sum(loss.voxels for loss in conversion.losses if not loss.kept_as)
    assert told + np.count_nonzero(spine.array) == np.count_nonzero(labels.array)


@pytest.mark.realdata
def test_a_totalsegmentator_mr_map_tells_no_levels(data_folder):
    found = to_segmentation(
        load(data_folder / "totalsegmentator" / "example_seg_mr.nii.gz"), "totalsegmentator_total_mr"
    ).segmentation
    assert found.spine.present == (60,)
    assert found.subregion is not None
    assert found.subregion.present == (40, 60, 100)


@pytest.mark.realdata
def test_bodies_of_vb3_lie_from_the_stated_top_downwards(data_folder):
    found = to_segmentation(
        load(data_folder / "vertebra-volumes" / "VB3-01_dseg.nii.gz"), "vertebra_bodies_ascending", top_vertebra="L1"
    ).segmentation
    heights = [found.spine.points_mm(n)[:, 2].mean() for n in (20, 21, 22, 23, 24)]
    assert heights == sorted(heights, reverse=True)


@pytest.mark.realdata
def test_bodies_in_arbitrary_order_are_refused_where_their_count_cannot_be(data_folder):
    with pytest.raises(LabelError, match="does not know"):
        to_segmentation(
            load(data_folder / "vertebra-volumes" / "VB1-02_dseg.nii.gz"),
            "vertebra_bodies_ascending",
            top_vertebra="L1",
        )


@pytest.mark.realdata
def test_a_semantic_spider_map_gives_canal_and_parts_without_levels(data_folder):
    path = sorted((data_folder / "spider-t2space").glob("*dseg*"))[0]
    found = to_segmentation(load(path), "spider_semantic").segmentation
    assert found.spine.present == (61,)
    assert found.subregion is not None
    assert found.subregion.present == (40, 61, 100)


def test_the_ct_sample_of_tptbox_is_read_with_its_parts(tptbox_samples):
    folder = tptbox_samples / "sample_ct"
    found = to_segmentation(
        load(folder / "sub-ct_seg-vert_label-22_msk.nii.gz"),
        "verse",
        second=load(folder / "sub-ct_seg-subreg_label-22_msk.nii.gz"),
    )
    assert found.losses == ()
    assert found.segmentation.spine.vertebrae == (21, 22, 23)
    assert found.segmentation.subregion is not None
    left, right = (found.segmentation.subregion.points_mm(n)[:, 0].mean() for n in (43, 44))
    assert left < right  # world x runs to the patient's right


def test_the_mr_sample_of_tptbox_keeps_discs_and_loses_endplate_levels(tptbox_samples):
    folder = tptbox_samples / "sample_mri"
    found = to_segmentation(
        load(folder / "sub-mri_seg-vert_label-6_msk.nii.gz"),
        "spineps",
        second=load(folder / "sub-mri_seg-subreg_label-6_msk.nii.gz"),
    )
    spine = found.segmentation.spine
    assert (spine.vertebrae, spine.discs) == ((5, 6, 7), (105, 106))
    assert {60, 61} <= set(spine.present)
    assert {loss.value: loss.voxels for loss in found.losses} == {205: 892, 206: 971, 207: 28}
