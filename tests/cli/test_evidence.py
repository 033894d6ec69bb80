"""The command ``lumbomics evidence``."""

from __future__ import annotations

import json
import shutil
from importlib.resources import as_file, files
from pathlib import Path

import pytest
from statsmodels.stats.proportion import proportion_confint
from typer.testing import CliRunner, Result

from lumbomics.cli.evidence import app


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_list_shows_rows_of_a_question_only() -> None:
    output = call("list", "--question", "spect_ct").output
    assert "E062" in output
    assert "E051" not in output
    assert len(json.loads(call("list", "--json").output)) == 75


def test_show_gives_stated_recomputed_interval_rules_and_fault() -> None:
    output = " ".join(call("show", "E051").output.split())
    for part in ("16/22 patients = 72.7 % (51.8 to 86.8)", "stated 72.2 %", "rules G28", "! inconsistent"):
        assert part in output
    document = json.loads(call("show", "E051", "--json").output)
    assert document["rules"] == ["G28"]
    expected = [100 * end for end in proportion_confint(16, 22, method="wilson")]
    assert document["wilson_95"] == pytest.approx(expected, abs=1e-4)


def test_table_is_tab_separated_or_markdown() -> None:
    lines = call("table", "--question", "scar_or_disc").output.splitlines()
    assert lines[0].split("\t")[:2] == ["row", "study"]
    assert len(lines) == 3
    assert call("table", "--markdown").output.startswith("# Evidence")


def test_figure_writes_the_picture(tmp_path: Path) -> None:
    path = tmp_path / "forest.svg"
    assert call("figure", "--question", "mrn", "--out", str(path)).exit_code == 0
    assert path.read_text(encoding="utf-8").startswith("<?xml")


def test_check_passes_the_shipped_table_and_names_what_is_wrong(tmp_path: Path) -> None:
    with as_file(files("lumbomics.catalogue") / "records" / "evidence.csv") as shipped:
        path = Path(shutil.copy(shipped, tmp_path / "evidence.csv"))
    assert "75 rows, no faults" in call("check", str(path)).output
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("E012,mri_findings", "E012,weather"), encoding="utf-8")
    result = call("check", str(path))
    assert result.exit_code == 2
    assert "unknown question" in result.output


def test_an_unknown_row_ends_with_code_2() -> None:
    assert call("show", "E999").exit_code == 2
