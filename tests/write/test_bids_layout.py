import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels
from lumbomics.core.measurement import Drawing, Measurement
from lumbomics.core.provenance import Provenance
from lumbomics.core.visit import Visit
from lumbomics.write import (
    MUSCLE_NAMES,
    SUBREGION_NAMES,
    bids_path,
    visit_folder,
    visit_path,
    write_dataset_description,
    write_drawings,
    write_labels_nifti,
    write_measurements,
    write_run_manifest,
    write_text_atomic,
)

VALIDATOR = Path(sys.executable).with_name("bids-validator-deno")


def derivatives(root: Path) -> None:
    visit = Visit(participant="01", session="03")
    grid = Grid.from_spacing((10, 10, 10), (1, 1, 4))
    array = np.zeros((10, 10, 10), dtype=np.uint8)
    array[2:5], array[5:6], array[6:9] = 23, 123, 24
    labels = Labels(array, grid, source="manual", boundary_sd_mm=0.4)
    one = Labels((array > 0).astype(np.uint8), grid)
    made = []
    for series in ("acq-sag_T2w", "acq-ax_run-2_T1w", "CT"):
        made += write_labels_nifti(labels, bids_path(root, visit, series, seg="spine", desc="given"))
        made += write_labels_nifti(
            one, bids_path(root, visit, series, seg="muscle", desc="given"), names=dict(MUSCLE_NAMES)
        )
        made += write_labels_nifti(
            one, bids_path(root, visit, series, seg="subregion", desc="given"), names=dict(SUBREGION_NAMES)
        )
        made += write_labels_nifti(
            one, bids_path(root, visit, series, label="duralsac", suffix="mask", desc="given"), names={1: "dural sac"}
        )
    drawn = Measurement(
        biomarker="disc_height", method="anterior", unit="mm", value=9, drawings=(Drawing.line((0, 0, 0), (1, 1, 1)),)
    )
    made += write_measurements([drawn], visit_path(root, visit, "measurements.tsv"), participant="01", session="03")
    made.append(write_drawings([drawn], visit_path(root, visit, "drawings.mrk.json")))
    made.append(write_text_atomic("<!doctype html>", visit_path(root, visit, "report.html")))
    write_run_manifest(visit_folder(root, visit), provenance=Provenance(), files=made)
    write_dataset_description(root, name="Lumbomics derivatives", sources=["file:///somewhere/raw"])


@pytest.mark.slow
@pytest.mark.skipif(not VALIDATOR.exists(), reason="the BIDS validator is not installed in this environment")
def test_the_official_validator_finds_no_error(tmp_path):
    derivatives(tmp_path)
    (tmp_path / "sub-01" / "ses-03" / ".unfinished-0a1b2c3d-x.tsv").write_text("left by a killed run")
    done = subprocess.run([VALIDATOR, tmp_path, "--format", "json"], capture_output=True, text=True, check=False)
    issues = json.loads(done.stdout)["issues"]["issues"]
    assert [issue for issue in issues if issue["severity"] == "error"] == []
    # A derivative of DICOM files has no source with a BIDS URI, and its authors are not ours to name.
    known = {("TOO_FEW_AUTHORS", None), ("SIDECAR_KEY_RECOMMENDED", "Sources")}
    assert {(issue["code"], issue.get("subCode")) for issue in issues} <= known
    assert done.returncode == 0


def test_the_description_says_what_made_the_dataset_and_from_what(tmp_path):
    derivatives(tmp_path)
    content = json.loads((tmp_path / "dataset_description.json").read_text())
    assert content["DatasetType"] == "derivative"
    assert content["GeneratedBy"][0]["Name"] == "lumbomics"
    assert content["SourceDatasets"] == [{"URL": "file:///somewhere/raw"}]
    assert "not a medical device" in " ".join((tmp_path / "README.md").read_text().split())
