"""A finished visit's folder, and a study, to facts and to a protocol check."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from lumbomics.advise import Availability
from lumbomics.core.errors import ReadError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.core.measurement import Absent, Context, Measurement, Posture, Reason
from lumbomics.core.provenance import Decision, Provenance
from lumbomics.run.advise import facts_of_visit, protocol_of_study
from lumbomics.write import write_image_nifti, write_measurements, write_run_manifest


@pytest.fixture
def visit(tmp_path: Path) -> Path:
    folder = tmp_path / "sub-01" / "ses-02"
    place = Context(series="acq-ax_ce-gd_T1w", posture=Posture.SUPINE, months_since_surgery=8.0)
    results = [
        Measurement(
            biomarker="ross_fibrosis_grade", method="m", unit="{grade}", value=2.0, level="L4-L5", context=place
        ),
        Absent(
            biomarker="disc_height", reason=Reason.NOT_ASSESSABLE_METAL, detail="screw", level="L4-L5", context=place
        ),
    ]
    files = write_measurements(results, folder / "sub-01_ses-02_measurements.tsv", participant="01", session="02")
    decisions = (
        Decision(what="acq-ax_ce-gd_T1w: contrast", choice=Contrast.T1, because="times"),
        Decision(what="acq-ax_ce-gd_T1w: contrast", choice=Contrast.T1_POST, because="said so", by="operator"),
        Decision(what="acq-ax_ce-gd_T1w: plane", choice="axial", because="geometry"),
    )
    provenance = Provenance(decisions=decisions, software=MappingProxyType({"lumbomics": "0"}))
    write_run_manifest(folder, provenance=provenance, files=files, options={"months_since_surgery": None})
    return folder


def test_a_finished_visit_tells_its_facts(visit: Path) -> None:
    seen = {name: one.value for name, one in facts_of_visit(visit).items()}
    assert seen == {
        "months_since_surgery": 8.0,
        "ross_max": 2.0,
        "metal_near_roi": True,
        "only_xr_done": False,
        "mri_supine_done": True,
        "only_noncontrast_mri": False,
    }


def test_a_folder_without_a_finished_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="no record of a finished run"):
        facts_of_visit(tmp_path)


def test_a_visit_without_its_table_is_refused(visit: Path) -> None:
    (visit / "sub-01_ses-02_measurements.tsv").unlink()
    with pytest.raises(ReadError, match="no measurement table"):
        facts_of_visit(visit)


def test_a_study_is_checked_by_what_its_files_say(tmp_path: Path) -> None:
    grid = Grid.from_spacing((16, 16, 6), (0.7, 0.7, 4.0))
    path = tmp_path / "sub-01_T2w.nii.gz"
    write_image_nifti(Image(np.ones(grid.shape, np.float32), grid, contrast=Contrast.T2), path)
    rows = {row.need: row for row in protocol_of_study(path, "scar_vs_disc").rows}
    assert rows["T2 axial through the operated level"].availability is Availability.PRESENT
    assert rows["T2 sagittal"].availability is Availability.MISSING
    assert rows["T1 axial after contrast"].availability is Availability.MISSING
