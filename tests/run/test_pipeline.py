"""The main job: what it writes, that it resumes, and what it does with bad input."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from lumbomics.core.errors import InputError, OutputError, ReadError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.core.labels import Labels
from lumbomics.core.measurement import Absent, Measurement
from lumbomics.read import read_nifti_labels
from lumbomics.run.outcome import RunSummary, Status
from lumbomics.run.pipeline import run
from lumbomics.write import read_measurements, write_dicom_series, write_image_nifti, write_labels_nifti

VISIT = Path("sub-01/ses-01")


def run_study(study: Any, out: Path, **changed: Any) -> RunSummary:
    given = {"labels": study.labels, "convention": "lumbomics", "contrast": ("T2w",), "posture": "supine"}
    return run(study.image, out=out, **(given | changed))


def only(summary: RunSummary) -> Any:
    (outcome,) = summary.outcomes
    return outcome


def files_of(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def finished(study: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunSummary]:
    out = tmp_path_factory.mktemp("derivatives")
    return out, run_study(study, out)


def test_a_visit_gets_its_table_maps_drawings_report_and_record(finished: tuple[Path, RunSummary]) -> None:
    out, summary = finished
    outcome = only(summary)
    assert outcome.status is Status.DONE
    assert {p.name for p in (out / VISIT).iterdir()} == {
        "anat",
        "run.json",
        "sub-01_ses-01_drawings.mrk.json",
        "sub-01_ses-01_examination.json",
        "sub-01_ses-01_measurements.json",
        "sub-01_ses-01_measurements.tsv",
        "sub-01_ses-01_report.html",
    }
    assert outcome.report == out / VISIT / "sub-01_ses-01_report.html"
    assert (out / "participants.tsv").read_text(encoding="utf-8") == "participant_id\nsub-01\n"


def test_the_table_holds_the_same_counts_as_the_summary_and_the_stated_posture(
    finished: tuple[Path, RunSummary],
) -> None:
    out, summary = finished
    rows = [row.result for row in read_measurements(out / VISIT / "sub-01_ses-01_measurements.tsv")]
    outcome = only(summary)
    assert sum(isinstance(r, Measurement) for r in rows) == outcome.measured > 100
    assert sum(isinstance(r, Absent) for r in rows) == outcome.absent
    assert {r.context.posture.value for r in rows} == {"supine"}


def test_label_maps_come_back_unchanged(finished: tuple[Path, RunSummary], study: Any) -> None:
    out, _ = finished
    (path,) = (out / VISIT / "anat").glob("*seg-spine*_dseg.nii.gz")
    assert np.array_equal(read_nifti_labels(path).array, study.segmentation.spine.array)


def test_the_record_names_inputs_software_and_the_operators_decisions(finished: tuple[Path, RunSummary]) -> None:
    out, _ = finished
    record = json.loads((out / VISIT / "run.json").read_text(encoding="utf-8"))
    assert "label map 1" in record["inputs"]
    assert "_dseg" not in json.dumps([record["inputs"], record["decisions"]])
    assert {"lumbomics", "python", "numpy"} <= set(record["software"])
    by_operator = [d for d in record["decisions"] if d["by"] == "operator"]
    assert {"T2w", "supine"} <= {d["choice"] for d in by_operator}


def test_a_finished_visit_is_kept_and_a_damaged_one_is_made_again(study: Any, tmp_path: Path) -> None:
    first = only(run_study(study, tmp_path))
    before = files_of(tmp_path)
    kept = only(run_study(study, tmp_path))
    assert kept.status is Status.SKIPPED
    assert (kept.measured, kept.absent, kept.report) == (first.measured, first.absent, first.report)
    assert files_of(tmp_path) == before
    (tmp_path / VISIT / "sub-01_ses-01_measurements.tsv").write_text("damaged", encoding="utf-8")
    assert only(run_study(study, tmp_path)).status is Status.DONE
    after = files_of(tmp_path)
    name = f"{VISIT}/sub-01_ses-01_measurements.tsv"
    assert after[name] == before[name]


@pytest.mark.parametrize(
    "changed", [{"posture": "standing"}, {"boundary_sd_mm": 1.0}, {"contrast": ("acq-sag_T2w=T2w_SPACE",)}]
)
def test_another_word_on_posture_boundary_or_contrast_is_another_result(
    changed: dict[str, Any], study: Any, tmp_path: Path
) -> None:
    data = tmp_path / "sub-01_acq-sag_T2w.nii.gz"
    data.write_bytes(study.image.read_bytes())
    given = {"labels": study.labels, "convention": "lumbomics", "posture": "supine"}
    first = {**given, "contrast": ("acq-sag_T2w=T2w",)}
    assert only(run(data, out=tmp_path / "out", **first)).status is Status.DONE
    assert only(run(data, out=tmp_path / "out", **(first | changed))).status is Status.DONE


def test_without_labels_every_quantity_is_absent_and_says_so(study: Any, tmp_path: Path) -> None:
    outcome = only(run_study(study, tmp_path, labels=None, convention=None, engine="none"))
    assert (outcome.status, outcome.measured) == (Status.DONE, 0)
    rows = [row.result for row in read_measurements(outcome.measurements)]
    assert rows
    assert all(isinstance(r, Absent) and r.reason == "structure_not_labelled" for r in rows)


def test_a_question_puts_the_lacking_series_into_the_report(study: Any, tmp_path: Path) -> None:
    outcome = only(run_study(study, tmp_path, question="scar_vs_disc"))
    page = outcome.report.read_text(encoding="utf-8")
    assert "Series for the question: Scar or recurrent disc herniation?" in page
    assert "T1 axial after contrast" in page


def test_a_fault_of_a_series_is_told_once(tmp_path: Path) -> None:
    image = Image(np.arange(6 * 5 * 4, dtype=np.int16).reshape(6, 5, 4), Grid.from_spacing((6, 5, 4), (1, 1, 4)))
    files = write_dicom_series(image, tmp_path / "in", shuffled_names=False)
    files[2].unlink()
    outcome = only(run(tmp_path / "in", out=tmp_path / "out", engine="none"))
    assert outcome.report.read_text(encoding="utf-8").count("missing at 1 place") == 1


def shifted(grid: Grid, shift_mm: float) -> Grid:
    affine = grid.affine.copy()
    affine[:3, 3] += shift_mm
    return Grid(grid.shape, affine)


def bad_labels(kind: str, study: Any, folder: Path) -> Path:
    spine = study.segmentation.spine
    array, grid = spine.array.copy(), spine.grid
    if kind == "another grid":
        grid = shifted(grid, 0.4)
    elif kind == "all zero":
        array[...] = 0
    else:
        array[0, 0, :5] = 77
    path = folder / "labels.nii.gz"
    write_labels_nifti(Labels(array, grid), path)
    return path


@pytest.mark.parametrize(
    ("kind", "told"),
    [("another grid", "no series"), ("all zero", "every voxel is 0"), ("unknown value", "77")],
)
def test_bad_labels_are_named_and_nothing_is_written(kind: str, told: str, study: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    outcome = only(run_study(study, out, labels=bad_labels(kind, study, tmp_path)))
    assert outcome.status is Status.FAILED
    assert told in outcome.faults[0]
    assert not out.exists()


def test_labels_in_another_storage_order_fit(study: Any, tmp_path: Path) -> None:
    spine = study.segmentation.spine
    flipped = np.ascontiguousarray(spine.array[::-1].transpose(2, 0, 1))
    to_old = np.zeros((4, 4))
    to_old[0, 1], to_old[0, 3] = -1, spine.grid.shape[0] - 1
    to_old[1, 2] = to_old[2, 0] = to_old[3, 3] = 1
    write_labels_nifti(Labels(flipped, Grid(flipped.shape, spine.grid.affine @ to_old)), tmp_path / "labels.nii.gz")
    turned = only(run_study(study, tmp_path / "a", labels=tmp_path / "labels.nii.gz"))
    straight = only(run_study(study, tmp_path / "b", labels=study.spine))
    values = [
        [r.result.value for r in read_measurements(o.measurements) if isinstance(r.result, Measurement)]
        for o in (turned, straight)
    ]
    assert values[0] == pytest.approx(values[1], abs=1e-6)


def test_a_bad_visit_does_not_stop_the_next(study: Any, tmp_path: Path) -> None:
    image = Image(np.arange(6 * 5 * 4, dtype=np.int16).reshape(6, 5, 4), Grid.from_spacing((6, 5, 4), (1, 1, 4)))
    for name in ("sub-01", "sub-03"):
        write_dicom_series(image, tmp_path / "in" / name, patient_id=name)
    (tmp_path / "in" / "sub-02").mkdir()
    (tmp_path / "in" / "sub-02" / "note.txt").write_text("no image", encoding="utf-8")
    summary = run(tmp_path / "in", out=tmp_path / "out", engine="none")
    by_visit = {o.visit: o.status for o in summary.outcomes}
    assert by_visit == {
        "sub-01_ses-01": Status.DONE,
        "sub-02_ses-01": Status.FAILED,
        "sub-03_ses-01": Status.DONE,
    }


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"convention": None}, "--convention"),
        ({"convention": "vers"}, "did you mean verse"),
        ({"posture": "lying"}, "supine"),
        ({"contrast": ("=T2w",)}, "NAME=KIND"),
        ({"labels": Path("nowhere.nii.gz")}, "no such label map"),
        ({"transition": "l6"}, "lumbarised_s1"),
        ({"question": "everything"}, "scar_vs_disc"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_before_anything_is_read(
    changed: dict[str, Any], told: str, study: Any, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=told):
        run_study(study, tmp_path / "out", **changed)
    assert not (tmp_path / "out").exists()


def test_an_empty_folder_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(ReadError, match="empty"):
        run(tmp_path / "in", out=tmp_path / "out", engine="none")


def test_output_below_a_file_is_refused(study: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="another output folder"):
        run_study(study, tmp_path / "file" / "out")


def command(study: Any, out: Path) -> list[str]:
    code = (
        "from lumbomics.run.pipeline import run;"
        f"run({str(study.image)!r}, out={str(out)!r}, labels={str(study.labels)!r},"
        "convention='lumbomics', contrast=('T2w',), posture='supine')"
    )
    return [sys.executable, "-c", code]


def test_a_killed_run_leaves_no_half_file_and_goes_on(study: Any, tmp_path: Path) -> None:
    process = subprocess.Popen(command(study, tmp_path))
    deadline = time.monotonic() + 60
    while not list(tmp_path.rglob("*.nii.gz")) and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / VISIT / "run.json").exists()
    assert only(run_study(study, tmp_path)).status is Status.DONE
    assert not list(tmp_path.rglob(".unfinished-*"))
    assert only(run_study(study, tmp_path)).status is Status.SKIPPED


def test_a_full_disk_stops_the_run_with_no_record_and_no_half_file(study: Any, tmp_path: Path) -> None:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    done = subprocess.run(command(study, tmp_path), preexec_fn=limit, capture_output=True, text=True)
    assert done.returncode != 0
    assert "no room left" in done.stderr
    assert not list(tmp_path.rglob("run.json"))
    assert not list(tmp_path.rglob(".unfinished-*"))


def test_images_with_nan_affine_or_four_axes_are_refused(tmp_path: Path) -> None:
    broken = nib.Nifti1Image(np.zeros((4, 4, 4), np.int16), None)
    broken.header["sform_code"], broken.header["srow_x"] = 1, [np.nan] * 4
    nib.save(broken, tmp_path / "nan.nii.gz")
    nib.save(nib.Nifti1Image(np.zeros((4, 4, 4, 3), np.int16), np.eye(4)), tmp_path / "four.nii.gz")
    for name, told in (("nan", "affine"), ("four", "several volumes")):
        outcome = only(run(tmp_path / f"{name}.nii.gz", out=tmp_path / "out", engine="none"))
        assert outcome.status is Status.FAILED
        assert told in outcome.faults[0]


def test_a_single_slice_is_measured_as_far_as_it_goes(study: Any, tmp_path: Path) -> None:
    spine = study.segmentation.spine
    middle = spine.grid.shape[0] // 2
    affine = spine.grid.affine.copy()
    affine[:3, 3] = spine.grid.to_world((middle, 0, 0))
    array = spine.array[middle : middle + 1]
    grid = Grid(array.shape, affine)
    write_image_nifti(Image(array.astype(np.int16), grid), tmp_path / "T2w.nii.gz")
    write_labels_nifti(Labels(array, grid), tmp_path / "labels.nii.gz")
    outcome = only(
        run(tmp_path / "T2w.nii.gz", out=tmp_path / "out", labels=tmp_path / "labels.nii.gz", convention="lumbomics")
    )
    assert outcome.status is Status.DONE
    assert outcome.absent > 0
