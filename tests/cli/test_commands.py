"""The command line as a user meets it: help, exit codes, JSON for machines, and documentation that keeps up."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from lumbomics import api
from lumbomics.cli.main import app
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels
from lumbomics.phantom import make_phantom
from lumbomics.write import read_measurements, write_labels_nifti

ROOT = Path(__file__).parents[2]
RUNNER = CliRunner()
COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]  # a group has commands


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spine map of one reference object at 2 mm."""
    phantom = make_phantom(3)
    path = tmp_path_factory.mktemp("labels") / "spine.nii.gz"
    write_labels_nifti(phantom.segmentation(phantom.default_grid(2.0)).spine, path)
    return path


def test_help_names_every_command() -> None:
    shown = RUNNER.invoke(app, ["--help"]).output
    assert all(command in shown for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented_and_is_a_library_call(command: str) -> None:
    page = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"`lumbomics {command}" in page
    assert f"`lumbomics {command}" in readme
    call = getattr(api, command.replace("-", "_"))
    assert callable(call) or inspect.ismodule(call)


@pytest.mark.parametrize(
    "command", ["run", "segment", "qc", "evaluate", "measure", "convert-labels", "phantom", "demo"]
)
def test_options_of_a_command_are_arguments_of_its_call(command: str) -> None:
    options = {p.name for p in typer.main.get_command(app).commands[command].params}  # type: ignore[attr-defined]
    arguments = set(inspect.signature(getattr(api, command.replace("-", "_"))).parameters)
    assert options - {"json", "help"} <= arguments


def test_nothing_heavy_is_imported_for_help() -> None:
    code = "import sys, lumbomics.cli.main; print([m for m in ('numpy', 'scipy', 'nibabel') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_measure_writes_the_table_and_prints_the_same_results_as_json(labels: Path, tmp_path: Path) -> None:
    out = tmp_path / "t.tsv"
    shown = RUNNER.invoke(app, ["measure", str(labels), "--convention", "lumbomics", "--out", str(out), "--json"])
    assert shown.exit_code == 0, shown.output
    printed = json.loads(shown.stdout)
    rows = [row.result for row in read_measurements(out)]
    assert [(p["biomarker"], p["method"], p["level"]) for p in printed] == [
        (r.biomarker, r.method, r.level) for r in rows
    ]
    assert sum("value" in p for p in printed) > 50


def test_measure_can_be_held_to_one_biomarker(labels: Path, tmp_path: Path) -> None:
    out = tmp_path / "t.tsv"
    arguments = ["measure", str(labels), "--convention", "lumbomics", "--out", str(out), "--biomarker", "disc_height"]
    assert RUNNER.invoke(app, arguments).exit_code == 0
    assert {row.result.biomarker for row in read_measurements(out)} == {"disc_height"}


@pytest.mark.parametrize(
    ("changed", "code", "told"),
    [
        ({"--convention": "versee"}, 2, "did you mean verse"),
        ({"--biomarker": "disc_hight"}, 2, "disc_height"),
        ({"--posture": "lying"}, 2, "supine"),
        ({"--image": "nowhere.nii.gz"}, 2, "no such file"),
    ],
)
def test_bad_arguments_of_measure_name_the_choice_and_write_nothing(
    changed: dict[str, str], code: int, told: str, labels: Path, tmp_path: Path
) -> None:
    given: dict[str, Any] = {"--convention": "lumbomics", "--out": str(tmp_path / "t.tsv")} | changed
    shown = RUNNER.invoke(app, ["measure", str(labels), *(text for pair in given.items() for text in pair)])
    assert shown.exit_code == code
    assert told in shown.output
    assert not list(tmp_path.iterdir())


def test_labels_beside_the_image_they_were_not_drawn_on_are_refused(labels: Path, tmp_path: Path) -> None:
    other = Labels(
        make_phantom(3).segmentation(Grid.from_spacing((4, 4, 4), (30, 30, 30))).spine.array + 1,
        Grid.from_spacing((4, 4, 4), (30, 30, 30)),
    )
    write_labels_nifti(other, tmp_path / "image.nii.gz")
    arguments = ["measure", str(labels), "--convention", "lumbomics", "--out", str(tmp_path / "t.tsv")]
    shown = RUNNER.invoke(app, [*arguments, "--image", str(tmp_path / "image.nii.gz")])
    assert shown.exit_code == 2
    assert "do not share their voxels" in shown.output


def test_a_run_of_which_every_visit_fails_ends_with_code_2_and_names_the_fault(labels: Path, tmp_path: Path) -> None:
    arguments = ["run", str(labels), "--labels", str(labels), "--convention", "spider", "--out", str(tmp_path / "out")]
    shown = RUNNER.invoke(app, arguments)
    assert shown.exit_code == 2
    assert "--lowest-vertebra" in shown.output
