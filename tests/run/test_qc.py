"""Verdicts and corrected maps of an operator: stored, remembered by the next run, never overwritten."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lumbomics.core.conventions import from_segmentation
from lumbomics.core.errors import FaultsError, GridMismatchError, InputError
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.measurement import Measurement
from lumbomics.read import read_nifti_labels
from lumbomics.run.outcome import Status
from lumbomics.run.pipeline import run
from lumbomics.run.qc import qc
from lumbomics.write import read_measurements, write_labels_nifti

pytestmark = pytest.mark.usefixtures("without_pictures")
VISIT = Path("sub-01/ses-01")
HEAD = "participant_id\tsession_id\tseries\tmap\tverdict\tcomment\n"


def run_study(study: Any, out: Path) -> Any:
    (outcome,) = run(study.image, out=out, contrast=("T2w",)).outcomes
    return outcome


def record_of(out: Path) -> tuple[str, dict[str, Any]]:
    content = json.loads((out / VISIT / "sub-01_ses-01_quality.json").read_text(encoding="utf-8"))
    ((name, entry),) = content["series"].items()
    return name, entry


@pytest.fixture
def derivatives(study: Any, engine: Any, tmp_path: Path) -> Path:
    assert engine.calls == 0
    assert run_study(study, tmp_path / "out").status is Status.DONE
    return tmp_path / "out"


def table(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "verdicts.tsv"
    path.write_text(HEAD + "".join(row + "\n" for row in rows), encoding="utf-8")
    return path


def test_the_page_holds_every_map_with_its_picture_and_no_address(derivatives: Path) -> None:
    summary = qc(derivatives)
    page = summary.page.read_text(encoding="utf-8")
    name, entry = record_of(derivatives)
    assert (summary.cases, summary.by_verdict) == (1, {"pass": 1})
    assert name in page
    assert entry["map"] in page
    assert "data:image/png;base64," in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_an_operators_verdict_is_remembered_and_takes_the_numbers_away(
    derivatives: Path, study: Any, engine: Any, tmp_path: Path
) -> None:
    name, entry = record_of(derivatives)
    said = table(tmp_path, f"sub-01\tses-01\t{name}\t{entry['map']}\tfail\tmoved  during the scan")
    summary = qc(derivatives, verdicts=said)
    assert (summary.verdicts, summary.by_verdict) == (1, {"fail": 1})
    outcome = run_study(study, derivatives)
    assert (outcome.status, outcome.measured) == (Status.DONE, 0)
    assert record_of(derivatives)[1]["quality"]["by"] == "operator"
    assert record_of(derivatives)[1]["quality"]["comment"] == "moved during the scan"
    assert run_study(study, derivatives).status is Status.SKIPPED
    stored = (derivatives / "verdicts.tsv").read_text(encoding="utf-8")
    qc(derivatives, verdicts=table(tmp_path, f"sub-01\tses-01\t{name}\t{entry['map']}\tpass\tn/a"))
    assert (derivatives / "verdicts.tsv").read_text(encoding="utf-8") != stored
    assert run_study(study, derivatives).measured > 80
    assert engine.calls == 3


def test_a_verdict_about_another_map_does_not_count_and_is_told(derivatives: Path, study: Any, tmp_path: Path) -> None:
    name, _ = record_of(derivatives)
    qc(derivatives, verdicts=table(tmp_path, f"sub-01\tses-01\t{name}\t0123456789abcdef\tfail\tn/a"))
    assert run_study(study, derivatives).measured > 80
    told = [f["message"] for f in record_of(derivatives)[1]["quality"]["findings"]]
    assert any("earlier label map" in message for message in told)


def test_an_operators_pass_stands_over_the_softwares_fail(study: Any, engine: Any, tmp_path: Path) -> None:
    def without_l3(array: np.ndarray) -> np.ndarray:
        return np.where(array == 22, 0, array)

    engine.spoil = without_l3
    out = tmp_path / "out"
    assert run_study(study, out).measured == 0
    name, entry = record_of(out)
    qc(out, verdicts=table(tmp_path, f"sub-01\tses-01\t{name}\t{entry['map']}\tpass\tL3 was resected"))
    assert run_study(study, out).measured > 20


def test_all_faults_of_a_table_of_verdicts_are_told_and_nothing_is_stored(derivatives: Path, tmp_path: Path) -> None:
    name, _ = record_of(derivatives)
    rows = (
        f"sub-01\tses-01\t{name}\tn/a\tgood\tn/a",
        "\tses-01\tT2w\tn/a\tpass\tn/a",
        f"sub-01\tses-01\t{name}\tn/a\tpass\tn/a",
    )
    with pytest.raises(FaultsError) as told:
        qc(derivatives, verdicts=table(tmp_path, *rows))
    assert [fault.where for fault in told.value.faults] == ["line 2", "line 3"]
    with pytest.raises(FaultsError, match="no such series"):
        qc(derivatives, verdicts=table(tmp_path, "sub-01\tses-01\tacq-ax_T2w\tn/a\tpass\tn/a"))
    with pytest.raises(FaultsError, match="no such visit"):
        qc(derivatives, verdicts=table(tmp_path, "sub-99\tses-01\tT2w\tn/a\tpass\tn/a"))
    assert not (derivatives / "verdicts.tsv").exists()


def corrected_map(study: Any, folder: Path, *, shift_mm: float = 0.0) -> Path:
    """The phantom's map without L1, in another tool's numbers."""
    spine = study.segmentation.spine
    array = np.where(np.isin(spine.array, (20, 120)), 0, spine.array)
    affine = spine.grid.affine.copy()
    affine[:3, 3] += shift_mm
    labels = Labels(array, Grid(array.shape, affine))
    converted = from_segmentation(Segmentation(spine=labels), "totalspineseg").labels
    path = folder / "corrected.nii.gz"
    write_labels_nifti(converted, path)
    return path


def test_a_corrected_map_in_another_tools_numbers_replaces_ours_and_survives_every_run(
    derivatives: Path, study: Any, engine: Any, tmp_path: Path
) -> None:
    name, _ = record_of(derivatives)
    word = f"sub-01_ses-01_{name}={corrected_map(study, tmp_path)}"
    assert qc(derivatives, correct=(word,), convention="totalspineseg").corrected
    (manual,) = (derivatives / VISIT / "anat").glob("*seg-spine_desc-manual_dseg.nii.gz")
    before = manual.read_bytes()
    assert 20 not in read_nifti_labels(manual).present
    outcome = run_study(study, derivatives)
    assert (outcome.status, engine.calls) == (Status.DONE, 1)
    rows = [row.result for row in read_measurements(outcome.measurements)]
    assert "L1" not in {r.level for r in rows if isinstance(r, Measurement)}
    assert {r.context.label_source for r in rows} == {"manual"}
    assert record_of(derivatives)[1]["origin"] == "manual"
    assert run_study(study, derivatives).status is Status.SKIPPED
    engine.version = "2"
    run_study(study, derivatives)
    assert manual.read_bytes() == before


def test_a_corrected_map_on_other_voxels_is_refused_and_nothing_is_stored(
    derivatives: Path, study: Any, tmp_path: Path
) -> None:
    name, _ = record_of(derivatives)
    word = f"sub-01_ses-01_{name}={corrected_map(study, tmp_path, shift_mm=0.4)}"
    with pytest.raises(GridMismatchError, match="does not lie"):
        qc(derivatives, correct=(word,), convention="totalspineseg")
    assert not list(derivatives.rglob("*desc-manual*"))


@pytest.mark.parametrize(
    ("word", "convention", "told"),
    [
        ("sub-01_ses-01_T2w", "spider", "cannot read a correction"),
        ("sub-01_ses-01_T2w=nowhere.nii.gz", "spider", "no such label map"),
        ("sub-01_ses-01_T2w=nowhere.nii.gz", None, "--convention"),
    ],
)
def test_a_correction_that_makes_no_sense_is_refused(
    word: str, convention: str | None, told: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=told):
        qc(tmp_path, correct=(word,), convention=convention)


def test_a_folder_without_label_maps_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no label map to check"):
        qc(tmp_path)
