"""A visit after surgery on disk is read back as what it is."""

from __future__ import annotations

import json

import nibabel
import numpy as np
import pytest

from lumbomics.core.errors import InputError
from lumbomics.core.image import Contrast
from lumbomics.core.visit import Plane
from lumbomics.phantom import VisitProtocol
from lumbomics.phantom.postoperative import Kind, make_postoperative
from lumbomics.read import read_visit
from lumbomics.run.phantom import write_phantom
from lumbomics.run.phantom_postoperative import write_postoperative_visit, write_visit_dicom
from lumbomics.write import read_measurements

QUICK = VisitProtocol(
    levels=("L4-L5",),
    angled=True,
    slices=3,
    in_plane_mm=1.2,
    sagittal_mm=1.5,
    sagittal_slices=3,
    post_fat_suppressed=True,
)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    root = tmp_path_factory.mktemp("operated")
    return root, write_postoperative_visit(2, Kind.SCAR, root, protocol=QUICK)


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    phantom = make_postoperative(2, Kind.SCAR)
    folder = tmp_path_factory.mktemp("scanner")
    files = write_visit_dicom(phantom.examination(QUICK), folder)
    return phantom.examination(QUICK), files, read_visit(folder)


def test_six_series_and_two_tissue_maps_are_written(written):
    _, files = written
    assert len(files.images) == 6
    maps = [path for path in files.labels if "seg-canaltissue" in path.name and path.name.endswith(".nii.gz")]
    assert len(maps) == 2
    axial = next(path for path in maps if "acq-ax" in path.name)
    image = next(path for path in files.images if path.name.endswith("acq-ax_T2w.nii.gz"))
    assert np.allclose(nibabel.load(axial).affine, nibabel.load(image).affine)
    assert 6 in np.unique(np.asanyarray(nibabel.load(axial).dataobj))


def test_the_sidecar_names_the_agent_after_it_only(written):
    root, _ = written
    found = {path.name: json.loads(path.read_text()) for path in root.glob("sub-*/ses-*/anat/*T1w.json")}
    agents = {name: "ContrastBolusIngredient" in facts for name, facts in found.items()}
    assert agents == {name: "ce-gadolinium" in name for name in found}
    assert any(agents.values())


def test_the_table_of_operations_tells_level_side_and_time(written):
    root, files = written
    lines = (root / "derivatives" / "phantom" / "surgery.tsv").read_text().splitlines()
    defect = make_postoperative(2, Kind.SCAR).scene.extras[0].defect
    row = dict(zip(lines[0].split("\t"), lines[1].split("\t"), strict=True))
    assert (row["participant_id"], row["level"], row["side"]) == (f"sub-{files.participant}", defect.level, defect.side)
    assert float(row["months"]) == pytest.approx(defect.months, abs=0.01)


def test_truth_of_the_operated_level_is_among_the_values(written):
    _, files = written
    rows = [row.result for row in read_measurements(files.truth)]
    assert {"ross_fibrosis_sum", "sac_traction", "laminectomy_defect", "dural_sac_area"} <= {r.biomarker for r in rows}


def test_dicom_series_are_read_back_as_what_they_are(scanned):
    _, _, visit = scanned
    kinds = {(s.kind.contrast, s.kind.plane, s.kind.fat_suppressed) for s in visit.series}
    assert (Contrast.T1_POST, Plane.AXIAL, True) in kinds
    assert (Contrast.STIR, Plane.SAGITTAL, True) in kinds
    assert {(c, Plane.AXIAL, False) for c in (Contrast.T1, Contrast.T2)} <= kinds
    assert len(visit.series) == 6
    assert not visit.set_aside


def test_dicom_puts_every_voxel_in_its_place(scanned):
    examination, _, visit = scanned
    by_name = {series.name: series for series in visit.series}
    for scan in examination.scans:
        series = by_name[scan.name]
        index = np.argwhere(np.ones(scan.image.grid.shape))[::97]
        there = np.rint(series.image.grid.to_index(scan.image.grid.to_world(index))).astype(int)
        assert np.array_equal(series.image.array[tuple(there.T)], scan.image.array[tuple(index.T)])


def test_a_finding_that_is_none_is_refused_and_nothing_written(tmp_path):
    with pytest.raises(InputError, match="finding"):
        write_phantom(out=tmp_path / "new", postoperative=True, kind="gremlins")
    with pytest.raises(InputError, match="visit after surgery"):
        write_phantom(out=tmp_path / "new", dicom=True)
    assert not (tmp_path / "new").exists()
