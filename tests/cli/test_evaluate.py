import json

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from lumbomics.cli.evaluate import evaluate
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels
from lumbomics.write import write_labels_nifti

GRID = Grid.from_spacing((4, 8, 20), (4, 1, 1))


@pytest.fixture
def command():
    app = typer.Typer()
    app.command()(evaluate)
    runner = CliRunner()
    return lambda *words: runner.invoke(app, [str(word) for word in words])


@pytest.fixture
def put(tmp_path):
    def put(name, value, grid=GRID):
        array = np.zeros(grid.shape, np.uint8)
        array[1:3, 2:6, 2:12] = value
        write_labels_nifti(Labels(array, grid), tmp_path / name)
        return tmp_path / name

    return put


def test_the_numbers_stand_on_the_screen_with_case_and_reason(command, put):
    result = command(put("p.nii.gz", 23), put("r.nii.gz", 24), "--convention", "verse")
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.output.splitlines()]
    assert ["vertebra", "dice", "1", "1", "r", "1"] in lines
    assert ["vertebra", "level_shift", "-1", "-1", "r", "1"] in lines
    assert ["vertebra", "L5", "dice", "0", "0", "r", "1"] in lines
    assert "1 case(s) of 1 patient(s)" in result.output


def test_machines_get_one_document_and_files(command, put, tmp_path):
    out = tmp_path / "scores.tsv"
    words = (put("p.nii.gz", 24), put("r.nii.gz", 24), "--convention", "verse", "--out", out, "--json")
    result = command(*words)
    document = json.loads(result.stdout)
    assert document == json.loads((tmp_path / "scores_summary.json").read_text())
    assert {row["mean"] for row in document["summary"] if row["metric"] == "dice"} == {1.0}
    assert out.exists()


def test_another_convention_of_the_reference_is_read(command, put):
    words = (put("p.nii.gz", 24), put("r.nii.gz", 45), "--convention", "verse")
    assert command(*words).exit_code == 2
    assert command(*words, "--reference-convention", "totalspineseg").exit_code == 0


def test_a_batch_with_one_bad_case_ends_with_1_and_one_of_bad_cases_with_2(command, put, tmp_path):
    for name in ("sub-01", "sub-02"):
        put(f"r/{name}_dseg.nii.gz", 24)
    put("p/sub-01_dseg.nii.gz", 24)
    put("p/sub-02_dseg.nii.gz", 24, Grid.from_spacing((4, 8, 20), (4, 1, 1.2)))
    folders = (tmp_path / "p", tmp_path / "r", "--convention", "verse")
    result = command(*folders)
    assert result.exit_code == 1
    assert "failed: sub-02_dseg" in result.output
    assert command(*folders, "--resample").exit_code == 0
    (tmp_path / "p" / "sub-01_dseg.nii.gz").unlink()
    result = command(*folders)
    assert result.exit_code == 2
    assert "2 fault(s)" in result.output


def test_a_wrong_word_is_told_with_what_was_expected(command, put):
    both = (put("p.nii.gz", 24), put("r.nii.gz", 24))
    result = command(*both, "--convention", "vers")
    assert result.exit_code == 2
    assert "did you mean" in result.output
    result = command(*both, "--convention", "verse", "--structure", "disc", "--structure", "liver")
    assert result.exit_code == 2
    assert "disc, liver" in result.output
