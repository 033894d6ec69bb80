"""A study without label maps: the engine draws, quality control judges, the record remembers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lumbomics.core.errors import InputError, SegmentationError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Image, Quantity
from lumbomics.core.measurement import Absent, Measurement, Reason
from lumbomics.read import read_nifti_image, read_nifti_labels
from lumbomics.run.engines import load_engine
from lumbomics.run.outcome import Status
from lumbomics.run.pipeline import run
from lumbomics.run.segment import segment
from lumbomics.write import read_measurements, write_image_nifti

VISIT = Path("sub-01/ses-01")


def run_study(study: Any, out: Path, **changed: Any) -> Any:
    (outcome,) = run(study.image, out=out, **({"contrast": ("T2w",)} | changed)).outcomes
    return outcome


def results_of(outcome: Any) -> list[Any]:
    return [row.result for row in read_measurements(outcome.measurements)]


def swap_l3_and_l4(array: np.ndarray) -> np.ndarray:
    spoiled = array.copy()
    spoiled[array == 22], spoiled[array == 23] = 23, 22
    return spoiled


def test_a_study_without_labels_is_drawn_judged_measured_and_kept(study: Any, engine: Any, tmp_path: Path) -> None:
    outcome = run_study(study, tmp_path)
    folder = tmp_path / VISIT
    assert outcome.status is Status.DONE
    assert outcome.measured > 80
    (spine,) = (folder / "anat").glob("*seg-spine_desc-auto_dseg.nii.gz")
    assert np.array_equal(read_nifti_labels(spine).array, study.segmentation.spine.array)
    sidecar = json.loads((folder / "anat" / spine.name.replace(".nii.gz", ".json")).read_text(encoding="utf-8"))
    assert (sidecar["Engine"], sidecar["Quality"]["verdict"]) == ("builtin 1", "pass")
    assert sidecar["Confidence"]["L3"] == 0.9
    assert sidecar["Numbering"]["source"] == "sacrum_assumption"
    record = json.loads((folder / "sub-01_ses-01_quality.json").read_text(encoding="utf-8"))
    ((name, entry),) = record["series"].items()
    assert entry["quality"]["verdict"] == "pass"
    assert (folder / entry["picture"]).read_bytes()[:4] == b"\x89PNG"
    manifest = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    verdicts = [d for d in manifest["decisions"] if d["what"] == f"{name}: quality"]
    assert [(d["choice"], d["by"]) for d in verdicts] == [("pass", "software")]
    assert manifest["options"]["engine"] == "builtin 1"
    assert "Quality of the labels" in outcome.report.read_text(encoding="utf-8")
    assert run_study(study, tmp_path).status is Status.SKIPPED
    assert engine.calls == 1
    engine.version = "2"
    assert run_study(study, tmp_path).status is Status.DONE
    assert engine.calls == 2


def test_a_map_that_fails_gives_no_number_and_says_why(study: Any, engine: Any, tmp_path: Path) -> None:
    engine.spoil = swap_l3_and_l4
    outcome = run_study(study, tmp_path)
    results = results_of(outcome)
    assert (outcome.status, outcome.measured) == (Status.DONE, 0)
    assert {r.reason for r in results} == {Reason.QUALITY_FAILED}
    assert any("out of order" in fault for fault in outcome.faults)
    page = outcome.report.read_text(encoding="utf-8")
    assert "Label map not believed" in page
    assert page.count("out of order") >= 1


@pytest.mark.usefixtures("without_pictures")
def test_a_structure_left_out_costs_its_own_numbers_alone(study: Any, engine: Any, tmp_path: Path) -> None:
    present = study.segmentation.spine.present
    engine.known = {"confidence": dict.fromkeys(present, 0.9) | {22: 0.2}}
    results = results_of(run_study(study, tmp_path))
    lost = {r.level for r in results if isinstance(r, Absent) and r.reason is Reason.LOW_SEGMENTATION_CONFIDENCE}
    assert {"L3", "L2-L3", "L3-L4"} <= lost
    kept = {r.level for r in results if isinstance(r, Measurement)}
    assert {"L5", "L4-L5"} <= kept
    assert not any(isinstance(r, Measurement) and r.level in {"L3", "L2-L3", "L3-L4"} for r in results)


@pytest.mark.usefixtures("without_pictures")
def test_an_image_that_is_no_mr_is_a_reason_and_no_crash(study: Any, engine: Any, tmp_path: Path) -> None:
    image = read_nifti_image(study.image)
    rng = np.random.default_rng(0)
    noise = Image(rng.rayleigh(80, image.array.shape).astype(np.int16), image.grid)
    write_image_nifti(noise, tmp_path / "T2w.nii.gz")
    (outcome,) = run(tmp_path / "T2w.nii.gz", out=tmp_path / "out").outcomes
    assert (outcome.status, outcome.measured, engine.calls) == (Status.DONE, 0, 0)
    assert {r.reason for r in results_of(outcome)} == {Reason.IMAGE_ARTIFACT}
    assert any("noise" in fault for fault in outcome.faults)


@pytest.mark.usefixtures("without_pictures")
def test_an_engine_that_refuses_one_series_is_a_reason_and_no_crash(study: Any, engine: Any, tmp_path: Path) -> None:
    image = read_nifti_image(study.image)
    cut = Image(image.array[:-1], Grid((image.array.shape[0] - 1, *image.array.shape[1:]), image.grid.affine))
    write_image_nifti(cut, tmp_path / "T2w.nii.gz")
    (outcome,) = run(tmp_path / "T2w.nii.gz", out=tmp_path / "out").outcomes
    assert (outcome.status, engine.calls) == (Status.DONE, 1)
    assert {r.reason for r in results_of(outcome)} == {Reason.QUALITY_FAILED}
    assert any("knows one image alone" in fault for fault in outcome.faults)


@pytest.mark.usefixtures("without_pictures")
def test_given_labels_are_measured_without_any_engine(study: Any, engine: Any, tmp_path: Path) -> None:
    outcome = run_study(study, tmp_path, labels=study.spine, convention="lumbomics")
    assert (outcome.status, engine.calls) == (Status.DONE, 0)
    assert not list(tmp_path.rglob("*desc-auto*"))


@pytest.mark.parametrize(
    ("changed", "told"),
    [({"engine": "totalspine"}, "did you mean totalspineseg"), ({"engine_path": Path("tool")}, "no executable")],
)
def test_an_engine_that_makes_no_sense_is_refused_before_anything_is_read(
    changed: dict[str, Any], told: str, study: Any, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=told):
        run_study(study, tmp_path / "out", **changed)
    assert not (tmp_path / "out").exists()


def test_an_outside_engine_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(SegmentationError, match="--engine-path"):
        load_engine("totalspineseg", engine_path=tmp_path / "nothing")


def test_one_image_becomes_a_map_with_record_uncertainty_and_picture(study: Any, engine: Any, tmp_path: Path) -> None:
    doubt = np.zeros(study.segmentation.spine.array.shape, np.float16)
    engine.known = {"uncertainty": Image(doubt, study.segmentation.spine.grid, Quantity.PROBABILITY)}
    out = tmp_path / "labels.nii.gz"
    summary = segment(study.image, out=out, uncertainty=tmp_path / "doubt.nii.gz", qc=tmp_path / "qc.png")
    assert np.array_equal(read_nifti_labels(out).array, study.segmentation.spine.array)
    assert {path.name for path in summary.files} == {p.name for p in tmp_path.iterdir()}
    assert (tmp_path / "qc.png").read_bytes()[:4] == b"\x89PNG"
    told = json.loads((tmp_path / "labels.json").read_text(encoding="utf-8"))
    assert told["Decisions"][0]["choice"] == "fake"
    assert summary.as_json()["Quality"] == told["Quality"]


def test_an_unfit_image_is_refused_and_nothing_is_written_unless_forced(
    study: Any, engine: Any, tmp_path: Path
) -> None:
    image = read_nifti_image(study.image)
    noise = np.random.default_rng(0).rayleigh(80, image.array.shape).astype(np.int16)
    write_image_nifti(Image(noise, image.grid), tmp_path / "noise.nii.gz")
    with pytest.raises(InputError, match="--force"):
        segment(tmp_path / "noise.nii.gz", out=tmp_path / "labels.nii.gz")
    assert not (tmp_path / "labels.nii.gz").exists()
    forced = segment(tmp_path / "noise.nii.gz", out=tmp_path / "labels.nii.gz", force=True)
    assert forced.drawn.report.verdict == "artifact"
    assert engine.calls == 1


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"out": "labels.png"}, ".nii.gz"),
        ({"engine": "nnunet"}, "totalsegmentator"),
        ({"engine": "spineps", "uncertainty": "u.nii.gz"}, "builtin"),
        ({"series": "acq-ax_T2w"}, "no such series"),
    ],
)
def test_words_that_make_no_sense_are_refused(changed: dict[str, Any], told: str, study: Any, tmp_path: Path) -> None:
    given = {"out": tmp_path / "labels.nii.gz"} | changed
    with pytest.raises(InputError, match=told):
        segment(study.image, **given)
    assert not list(tmp_path.iterdir())
