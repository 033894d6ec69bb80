import csv
import json

import numpy as np
import pytest

from lumbomics.core.errors import FaultsError, GridMismatchError, InputError
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels
from lumbomics.evaluate import Metric, Structure
from lumbomics.run.evaluate import evaluate_labels
from lumbomics.run.evaluate_pairs import find_pairs
from lumbomics.write import write_labels_nifti

GRID = Grid.from_spacing((4, 10, 34), (8, 1, 1))


def spine_array(*, shift=0):
    array = np.zeros(GRID.shape, np.uint8)
    for n, value in enumerate((24, 23)):
        array[1:3, 4:9, 4 + 16 * n : 16 + 16 * n] = value + shift
        array[1:3, 4:9, 16 * n : 4 + 16 * n] = value + shift + 100
    array[1:3, 1:4, :] = 61
    return array


@pytest.fixture
def put(tmp_path):
    def put(name, array=None, grid=GRID):
        path = tmp_path / name
        write_labels_nifti(Labels(spine_array() if array is None else array, grid), path)
        return path

    return put


@pytest.fixture
def study(put, tmp_path):
    """Three patients, the second one numbered one level too high, the third one with two visits."""
    for name in ("sub-01_ses-01", "sub-02_ses-01", "sub-03_ses-01", "sub-03_ses-02"):
        put(f"ref/{name}_dseg.nii.gz")
        shift = -1 if "sub-02" in name else 0
        put(f"pred/{name}_acq-sagT2w_seg-spine_desc-auto_dseg.nii.gz", spine_array(shift=shift))
        put(f"pred/{name}_acq-sagT2w_seg-subregion_desc-auto_dseg.nii.gz", np.ones(GRID.shape, np.uint8))
    return tmp_path / "pred", tmp_path / "ref"


def test_a_folder_is_judged_by_patient(study):
    found = evaluate_labels(*study, convention="lumbomics")
    assert [(s.case, s.participant, s.session) for s in found.scores] == [
        ("sub-01_ses-01_dseg", "01", "01"),
        ("sub-02_ses-01_dseg", "02", "01"),
        ("sub-03_ses-01_dseg", "03", "01"),
        ("sub-03_ses-02_dseg", "03", "02"),
    ]
    rows = {(r.structure, r.level, r.metric): r for r in found.summary}
    accuracy = rows[Structure.VERTEBRA, None, Metric.LEVEL_ACCURACY]
    assert (accuracy.mean, accuracy.patients, accuracy.cases) == (pytest.approx(2 / 3), 3, 4)
    assert (accuracy.worst, accuracy.worst_case) == (0, "sub-02_ses-01_dseg")
    assert rows[Structure.VERTEBRA, None, Metric.DICE].mean == 1
    assert rows[Structure.DISC, "L5-S1", Metric.DICE].mean == pytest.approx(2 / 3)
    assert not found.failed


def test_the_table_holds_every_number_and_a_reason_where_there_is_none(study, tmp_path):
    found = evaluate_labels(*study, convention="lumbomics", out=tmp_path / "out" / "scores.tsv")
    assert [path.name for path in found.files] == ["scores.tsv", "scores.json", "scores_summary.json"]
    with found.files[0].open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    sidecar = json.loads(found.files[1].read_text())
    assert list(rows[0]) == list(sidecar)
    assert len(rows) == sum(len(case.rows) for case in found.scores)
    lost = next(r for r in rows if r["participant_id"] == "02" and r["level"] == "L5")
    assert (lost["dice"], lost["hausdorff_95_mm"]) == ("0.0", "n/a")
    assert "hausdorff_95_mm=prediction_empty" in lost["absent"]
    assert set(lost["absent"].replace("=", "; ").split("; ")[1::2]) <= set(sidecar["absent"]["Levels"])
    for row in rows:
        assert not {"nan", "inf", ""} & set(row.values())
    summary = json.loads(found.files[2].read_text())
    assert summary == found.as_json()
    assert (summary["cases"], summary["patients"]) == (4, 3)
    assert summary["instances"][0] == {
        "structure": "vertebra",
        "cases": 4,
        "true_positives": 8,
        "false_positives": 0,
        "false_negatives": 0,
        "f1": 1.0,
    }


def test_maps_in_two_conventions_are_compared_by_what_both_hold(put):
    prediction = put("pred.nii.gz")
    array = spine_array()
    reference = put("ref.nii.gz", np.select([array == 61, array > 100, array > 0], [3, 2, 1], 0).astype(np.uint8))
    found = evaluate_labels(prediction, reference, convention="lumbomics", reference_convention="spider_semantic")
    assert {(r.structure.value, r.value(Metric.DICE)) for r in found.scores[0].rows} == {
        ("vertebra", 1.0),
        ("disc", 1.0),
        ("canal", 1.0),
    }
    assert dict(found.not_scored)[Structure.SACRUM] == "spider_semantic does not hold it"
    counted = evaluate_labels(
        prediction, reference, convention="lumbomics", reference_convention="spider_semantic", split=True
    )
    assert counted.as_json()["instances"][1]["true_positives"] == 2


def test_a_structure_that_only_predictions_draw_is_told_and_not_scored(put):
    array = spine_array()
    array[0, :, :8] = 26
    found = evaluate_labels(put("p.nii.gz", array), put("r.nii.gz"), convention="lumbomics")
    assert found.not_scored == ((Structure.SACRUM, "no reference draws it; 1 of 1 predictions do"),)
    assert Structure.SACRUM not in {row.structure for row in found.scores[0].rows}
    asked = evaluate_labels(
        tmp := put("p.nii.gz", array), put("r.nii.gz"), convention="lumbomics", structure=["sacrum"]
    )
    assert tmp.exists()
    assert asked.scores[0].rows[0].value(Metric.DICE) == 0


def test_a_structure_that_a_convention_does_not_hold_cannot_be_asked_for(put):
    both = put("p.nii.gz"), put("r.nii.gz")
    with pytest.raises(InputError, match="canal, liver"):
        evaluate_labels(*both, convention="verse", structure=["canal", "liver", "vertebra"])
    with pytest.raises(InputError, match="iou or coverage"):
        evaluate_labels(*both, convention="lumbomics", match="dice")


def test_one_bad_case_is_named_and_the_others_are_judged(study, put):
    coarse = Grid.from_spacing((4, 10, 17), (8, 1, 2), origin_mm=(0, 0, 0.5))
    put("pred/sub-01_ses-01_acq-sagT2w_seg-spine_desc-auto_dseg.nii.gz", spine_array()[:, :, ::2], coarse)
    put("ref/sub-09_ses-01_dseg.nii.gz")
    put("pred/sub-10_ses-01_dseg.nii.gz")
    found = evaluate_labels(*study, convention="lumbomics")
    problems = dict(found.failed)
    assert set(problems) == {"sub-01_ses-01_dseg", "sub-09_ses-01_dseg"}
    assert "--resample" in problems["sub-01_ses-01_dseg"]
    assert "no prediction belongs" in problems["sub-09_ses-01_dseg"]
    assert len(found.cases) == 3
    assert found.without_reference == ("sub-10_ses-01_dseg.nii.gz",)
    resampled = evaluate_labels(*study, convention="lumbomics", resample=True)
    assert [case for case, _ in resampled.failed] == ["sub-09_ses-01_dseg"]


def test_all_faults_are_told_at_once_where_nothing_can_be_compared(put, tmp_path):
    for name in ("sub-01", "sub-02"):
        put(f"ref/{name}_dseg.nii.gz")
    put("pred/sub-03_dseg.nii.gz")
    with pytest.raises(FaultsError, match=r"(?s)sub-01_dseg.*sub-02_dseg"):
        evaluate_labels(tmp_path / "pred", tmp_path / "ref", convention="lumbomics")
    lone = Grid.from_spacing(GRID.shape, (8, 1, 1.5))
    with pytest.raises(GridMismatchError):
        evaluate_labels(put("p.nii.gz", grid=lone), put("r.nii.gz"), convention="lumbomics")


def test_an_empty_prediction_counts_as_a_bad_one(put):
    empty = put("p.nii.gz", np.zeros(GRID.shape, np.uint8))
    found = evaluate_labels(empty, put("r.nii.gz"), convention="lumbomics")
    assert found.scores[0].rows[0].value(Metric.DICE) == 0
    with pytest.raises(InputError):
        evaluate_labels(put("r.nii.gz"), empty, convention="lumbomics")


def test_names_that_are_not_bids_pair_without_their_label_words(put, tmp_path):
    for name in ("p/one_pred.nii.gz", "p/deep/two_seg.nii.gz", "r/one_gt.nii.gz", "r/deep/two.nii.gz"):
        put(name)
    pairs, without = find_pairs(tmp_path / "p", tmp_path / "r")
    assert {(pair.case, pair.prediction and pair.prediction.name) for pair in pairs} == {
        ("one_gt", "one_pred.nii.gz"),
        ("deep/two", "two_seg.nii.gz"),
    }
    assert without == ()


def test_several_images_of_a_visit_pair_by_their_other_entities(put, tmp_path):
    for kind in ("T1w", "T2w"):
        put(f"r/sub-01_{kind}_dseg.nii.gz")
        put(f"p/sub-01_{kind}_desc-auto_dseg.nii.gz")
        put(f"r/sub-02_acq-{kind}_dseg.nii.gz")
        put(f"p/sub-02_acq-{kind}_desc-auto_dseg.nii.gz")
    pairs, _ = find_pairs(tmp_path / "p", tmp_path / "r")
    assert len(pairs) == 4
    for pair in pairs:
        assert pair.prediction.name.replace("_desc-auto", "") == pair.reference.name


def test_doubtful_pairs_are_refused(put, tmp_path):
    put("r/sub-01_dseg.nii.gz")
    put("p/sub-01_acq-a_dseg.nii.gz")
    put("p/sub-01_acq-b_dseg.nii.gz")
    put("r/sub-02_acq-a_dseg.nii.gz")
    put("r/sub-02_acq-b_dseg.nii.gz")
    put("p/sub-02_dseg.nii.gz")
    pairs, _ = find_pairs(tmp_path / "p", tmp_path / "r")
    assert [pair.prediction for pair in pairs] == [None, None, None]
    assert "several predictions fit" in pairs[0].problem
    assert "several references" in pairs[1].problem


def test_a_file_is_not_compared_with_a_folder_and_an_empty_folder_is_told(put, tmp_path):
    put("r/sub-01_dseg.nii.gz")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="two files or two folders"):
        find_pairs(tmp_path / "r" / "sub-01_dseg.nii.gz", tmp_path / "r")
    with pytest.raises(InputError, match="holds no label map"):
        find_pairs(tmp_path / "empty", tmp_path / "r")


def test_the_table_must_be_a_tsv(study, tmp_path):
    with pytest.raises(InputError, match=r"\.tsv"):
        evaluate_labels(*study, convention="lumbomics", out=tmp_path / "scores.csv")


@pytest.mark.realdata
def test_a_real_mask_is_perfect_against_itself_and_its_discs_are_counted(real_file):
    mask = real_file("spider-t2space/sub-050_dseg.nii.gz")
    found = evaluate_labels(mask, mask, convention="spider_semantic", split=True)
    rows = {row.structure: row for row in found.scores[0].rows}
    assert {s.value for s in rows} == {"vertebra", "disc", "canal"}
    for row in rows.values():
        assert row.value(Metric.DICE) == row.value(Metric.SURFACE_DICE_1MM) == 1
        assert row.value(Metric.HAUSDORFF_95_MM) == 0
    counted = {row["structure"]: row["true_positives"] for row in found.as_json()["instances"]}
    assert counted == {"vertebra": 8, "disc": 8}
