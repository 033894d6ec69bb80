import csv
import json

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from lumbomics.cli.convert_labels import convert_labels
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels
from lumbomics.read import read_nifti_labels
from lumbomics.write import write_labels_nifti

GRID = Grid.from_spacing((4, 3, 2), (0.6, 0.6, 4), origin_mm=(5, 6, 7))


@pytest.fixture
def command():
    app = typer.Typer()
    app.command()(convert_labels)
    runner = CliRunner()
    return lambda *words: runner.invoke(app, [str(word) for word in words])


@pytest.fixture
def write_map(tmp_path):
    def write(name, *values):
        array = np.zeros(GRID.shape, np.uint8)
        array.flat[: len(values)] = values
        write_labels_nifti(Labels(array, GRID), tmp_path / name)
        return tmp_path / name

    return write


def test_a_verse_map_is_written_in_the_numbers_of_totalspineseg(command, write_map, tmp_path):
    source, target = write_map("in.nii.gz", 20, 24), tmp_path / "out.nii.gz"
    result = command(source, target, "--from", "verse", "--to", "totalspineseg")
    assert result.exit_code == 0, result.output
    written = read_nifti_labels(target)
    assert written.array.ravel()[:3].tolist() == [41, 45, 0]
    assert written.grid.same_place(GRID, tolerance_mm=1e-4)
    with (tmp_path / "out.tsv").open() as table:
        names = {row["index"]: row["name"] for row in csv.DictReader(table, delimiter="\t")}
    assert names == {"41": "vertebrae_L1", "45": "vertebrae_L5"}


def test_losses_are_told_and_are_no_failure(command, write_map, tmp_path):
    result = command(write_map("in.nii.gz", 28, 24), tmp_path / "o.nii.gz", "--from", "verse", "--to", "totalspineseg")
    assert result.exit_code == 0
    assert "not held by totalspineseg" in result.output
    assert "T13" in result.output


def test_losses_of_both_steps_are_given_to_machines(command, write_map, tmp_path):
    source = write_map("in.nii.gz", 27, 86, 79, 79)
    result = command(
        source, tmp_path / "o.nii.gz", "--from", "totalsegmentator_total", "--to", "vertebra_bodies_ascending", "--json"
    )
    assert result.exit_code == 2
    result = command(source, tmp_path / "o.nii.gz", "--from", "totalsegmentator_total", "--to", "verse", "--json")
    document = json.loads(result.stdout)
    assert [(loss["value"], loss["name"], loss["voxels"]) for loss in document["unread"]] == [
        (86, "autochthon_left", 1)
    ]
    assert [(loss["value"], loss["name"], loss["voxels"]) for loss in document["unwritten"]] == [(60, "cord", 2)]
    assert str(tmp_path / "o.nii.gz") in document["files"]


def test_a_second_map_is_read_and_written_beside(command, write_map, tmp_path):
    source, second = write_map("vert.nii.gz", 24, 124), write_map("spine.nii.gz", 50, 100, 61)
    target = tmp_path / "out.nii.gz"
    result = command(source, target, "--from", "spineps", "--to", "lumbomics", "--second", second)
    assert result.exit_code == 0, result.output
    assert read_nifti_labels(target).present == (24, 61, 124)
    assert read_nifti_labels(tmp_path / "out_semantic.nii.gz").present == (50, 61, 100)


def test_a_counting_convention_takes_the_stated_vertebra_and_transition(command, write_map, tmp_path):
    source, target = write_map("in.nii.gz", 1, 6), tmp_path / "out.nii.gz"
    words = (source, target, "--from", "spider", "--to", "verse", "--lowest-vertebra", "L5")
    assert command(*words).exit_code == 0
    assert read_nifti_labels(target).present == (19, 24)
    assert command(*words, "--transition", "t13").exit_code == 0
    assert read_nifti_labels(target).present == (24, 28)


@pytest.mark.parametrize(
    ("values", "words", "message"),
    [
        ((20, 99), ("--from", "verse", "--to", "spineps"), "99 (1 voxels)"),
        ((0,), ("--from", "verse", "--to", "spineps"), "empty"),
        ((1,), ("--from", "spider", "--to", "verse"), "--lowest-vertebra"),
        ((20,), ("--from", "vers", "--to", "spineps"), "unknown label convention"),
        ((20,), ("--from", "verse", "--to", "spider", "--lowest-vertebra", "L9"), "unknown vertebra"),
        ((20,), ("--from", "verse", "--to", "spineps", "--transition", "yes"), "unknown transition"),
    ],
)
def test_bad_input_ends_with_2_a_message_and_no_file(command, write_map, tmp_path, values, words, message):
    result = command(write_map("in.nii.gz", *values), tmp_path / "new" / "out.nii.gz", *words)
    assert result.exit_code == 2
    assert message in result.output
    assert not (tmp_path / "new").exists()


def test_unknown_values_are_passed_over_when_told(command, write_map, tmp_path):
    words = (write_map("in.nii.gz", 20, 99), tmp_path / "o.nii.gz", "--from", "verse", "--to", "verse")
    result = command(*words, "--ignore-unknown")
    assert result.exit_code == 0
    assert "unknown" in result.output
    assert read_nifti_labels(tmp_path / "o.nii.gz").present == (20,)


def test_a_missing_file_is_bad_input(command, tmp_path):
    assert command(tmp_path / "no.nii.gz", tmp_path / "o.nii.gz", "--from", "verse", "--to", "verse").exit_code == 2
