import json

import nibabel as nib
import numpy as np
import pytest

from lumbomics.core.errors import InputError, ReadError
from lumbomics.core.image import Contrast, Quantity
from lumbomics.core.visit import Plane
from lumbomics.read import SourceKind, find_visits, read_bids, read_visit

SAGITTAL = np.array([[0, 0, 4.0, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]], float)


def put(path, facts=None, value=1):
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(np.full((20, 20, 5), value, np.int16), SAGITTAL), path)
    if facts is not None:
        path.with_name(path.name.replace(".nii.gz", ".json")).write_text(json.dumps(facts))


@pytest.fixture
def dataset(tmp_path):
    root = tmp_path / "raw"
    root.mkdir()
    (root / "dataset_description.json").write_text(json.dumps({"Name": "x", "BIDSVersion": "1.10.0"}))
    put(root / "sub-A1/ses-01/anat/sub-A1_ses-01_acq-sag_T2w.nii.gz", {"EchoTime": 0.1, "RepetitionTime": 3.5})
    put(root / "sub-A1/ses-01/anat/sub-A1_ses-01_acq-sag_T1w.nii.gz", {"EchoTime": 0.01, "RepetitionTime": 0.6})
    put(root / "sub-A1/ses-02/anat/sub-A1_ses-02_T2w.nii.gz")
    put(root / "sub-B/anat/sub-B_acq-sag_T2w.nii.gz")
    return root


def test_each_subject_and_session_is_a_visit(dataset):
    sources = find_visits(dataset)
    assert [(one.participant, one.session) for one in sources] == [("A1", "01"), ("A1", "02"), ("B", None)]
    assert {one.kind for one in sources} == {SourceKind.BIDS}
    assert [visit.prefix for visit in read_bids(dataset)] == ["sub-A1_ses-01", "sub-A1_ses-02", "sub-B_ses-01"]


def test_series_keep_the_data_set_s_names_and_sidecars_count(dataset):
    visit = read_visit(find_visits(dataset)[0])
    assert [series.name for series in visit.series] == ["acq-sag_T1w", "acq-sag_T2w"]
    t2 = visit.series[1]
    assert t2.image.contrast is Contrast.T2
    assert t2.kind.plane is Plane.SAGITTAL
    assert dict(t2.facts)["echo_time_ms"] == pytest.approx(100)
    assert t2.kind.confidence > 0.99


def test_a_data_set_of_many_visits_is_not_one_visit(dataset):
    with pytest.raises(InputError, match="3 visits"):
        read_visit(dataset)


def test_a_sidecar_at_the_root_holds_for_all_and_the_nearer_wins(dataset):
    (dataset / "T2w.json").write_text(json.dumps({"EchoTime": 0.09, "MagneticFieldStrength": 3}))
    near, far = (dict(read_visit(find_visits(dataset)[number]).series[-1].facts) for number in (0, 1))
    assert (near["echo_time_ms"], near["field_strength_t"]) == (pytest.approx(100), 3.0)
    assert far["echo_time_ms"] == pytest.approx(90)


def test_suffix_and_timing_that_contradict_each_other_lower_the_confidence(dataset):
    put(dataset / "sub-C/anat/sub-C_acq-sag_T1w.nii.gz", {"EchoTime": 0.1, "RepetitionTime": 3.5})
    kind = read_visit(find_visits(dataset)[-1]).series[0].kind
    assert kind.contrast is Contrast.T2
    assert kind.confidence == pytest.approx(0.5, abs=0.01)
    assert "contradicts" in kind.decisions[0].because


def test_label_maps_are_candidates_and_no_series(dataset):
    put(dataset / "sub-A1/ses-01/anat/sub-A1_ses-01_acq-sag_T2w_dseg.nii.gz")
    put(dataset / "derivatives/tool/sub-A1/ses-01/anat/sub-A1_ses-01_acq-sag_T1w_desc-auto_dseg.nii.gz")
    put(dataset / "derivatives/tool/sub-A1/ses-01/anat/sub-A1_ses-01_acq-ax_dseg.nii.gz")
    source = find_visits(dataset)[0]
    assert sorted(str(one.series) for one in source.label_maps) == ["None", "acq-sag_T1w", "acq-sag_T2w"]
    visit = read_visit(source)
    assert len(visit.series) == 2
    assert sum("label map" in reason for _, reason in visit.set_aside) == 3


def test_a_label_map_beside_a_lone_image_is_its_own(tmp_path):
    put(tmp_path / "sub-1_ct.nii.gz")
    put(tmp_path / "sub-1_seg-vert_msk.nii.gz")
    (source,) = find_visits(tmp_path)
    assert [one.series for one in source.label_maps] == ["ct"]


def test_a_bad_image_does_not_hide_the_good_ones(dataset):
    path = dataset / "sub-A1/ses-01/anat/sub-A1_ses-01_acq-sag_T2w.nii.gz"
    path.write_bytes(path.read_bytes()[:60])
    visit = read_visit(find_visits(dataset)[0])
    assert [series.name for series in visit.series] == ["acq-sag_T1w"]
    assert visit.set_aside[0][0] == "acq-sag_T2w"
    assert "truncated" in visit.set_aside[0][1]


def test_four_dimensional_images_are_set_aside(dataset):
    path = dataset / "sub-A1/ses-01/dwi/sub-A1_ses-01_dwi.nii.gz"
    path.parent.mkdir()
    nib.save(nib.Nifti1Image(np.ones((5, 5, 5, 6), np.int16), SAGITTAL), path)
    visit = read_visit(find_visits(dataset)[0])
    assert ("dwi", "file holds several volumes") in visit.set_aside


def test_a_visit_whose_only_image_is_bad_raises_and_the_others_can_be_read(dataset):
    path = dataset / "sub-B/anat/sub-B_acq-sag_T2w.nii.gz"
    path.write_bytes(b"")
    good, bad = 0, 0
    for source in find_visits(dataset):
        try:
            read_visit(source)
            good += 1
        except ReadError:
            bad += 1
    assert (good, bad) == (2, 1)


def test_a_broken_sidecar_is_refused(dataset):
    (dataset / "sub-B/anat/sub-B_acq-sag_T2w.json").write_text("{")
    with pytest.raises(ReadError, match="sidecar"):
        read_visit(find_visits(dataset)[2])


def test_a_data_set_without_images_is_refused(tmp_path):
    (tmp_path / "dataset_description.json").write_text("{}")
    with pytest.raises(ReadError, match="holds no image"):
        find_visits(tmp_path)


def test_label_maps_without_an_image_are_no_visit(dataset):
    put(dataset / "derivatives/tool/sub-Z/anat/sub-Z_desc-auto_dseg.nii.gz")
    assert "Z" not in {source.participant for source in find_visits(dataset)}


def test_loose_files_are_sorted_into_images_and_label_maps(tmp_path):
    put(tmp_path / "example_ct.nii.gz")
    put(tmp_path / "example_seg.nii.gz")
    visit = read_visit(tmp_path)
    assert [series.image.quantity for series in visit.series] == [Quantity.HOUNSFIELD]
    assert visit.set_aside == (("label map", "label map: to be converted"),)


def test_loose_files_of_several_patients_are_never_one_visit(tmp_path):
    for name in ("sub-01_T1w", "sub-01_T2w", "sub-02_ses-a_T2w", "sub-02_ses-b_T2w"):
        put(tmp_path / f"{name}.nii.gz")
    found = [(s.participant, s.session, len(s.images)) for s in find_visits(tmp_path)]
    assert found == [("01", None, 2), ("02", "a", 1), ("02", "b", 1)]


def test_the_same_name_in_two_folders_is_numbered(dataset):
    put(dataset / "sub-B/ct/sub-B_acq-sag_T2w.nii.gz")
    names = [series.name for series in read_visit(find_visits(dataset)[2]).series]
    assert names == ["acq-sag_run-1_T2w", "acq-sag_run-2_T2w"]
