"""The command ``lumbomics clinical``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lumbomics.cli.clinical import app


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments])


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "nrs.csv"
    path.write_text("participant_id,session_id,nrs_back\n01,1,7\n02,1,12\n03,1,-99\n", encoding="utf-8")
    return path


def test_check_lists_faults_and_ends_with_code_2(table: Path) -> None:
    done = call("check", table)
    assert done.exit_code == 2
    assert "fault: nrs.csv, row 3, column nrs_back: answer is out of range" in done.output
    assert "2 faults, 1 remarks" in done.output
    document = json.loads(call("check", table, "--missing", "-99", "--json").output)
    assert [(one["row"], one["column"], one["got"]) for one in document["faults"]] == [(3, "nrs_back", "12")]
    assert document["filled"] == {"nrs_back": 1}


def test_score_refuses_a_table_with_faults_and_writes_nothing(table: Path, tmp_path: Path) -> None:
    done = call("score", table, "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert "2 fault(s)" in done.output
    assert not (tmp_path / "out").exists()


def test_score_tells_what_it_wrote(table: Path, tmp_path: Path) -> None:
    table.write_text("participant_id,session_id,nrs_back\n01,1,7\n02,1,\n", encoding="utf-8")
    done = call("score", table, "--out", tmp_path / "out")
    assert done.exit_code == 0
    assert "2 scores, 1 of them absent with a reason; 2 sessions" in done.output
    document = json.loads(call("score", table, "--out", tmp_path / "out", "--json").output)
    assert (document["scores"], document["absent"]) == (2, 1)
    assert str(tmp_path / "out" / "phenotype" / "nrs_back.tsv") in document["files"]


def test_instruments_shows_columns_rules_and_important_change() -> None:
    assert len(call("instruments").output.splitlines()) == 21
    one = call("instruments", "hads").output
    for part in ("columns: hads_1, hads_2", "missing items: half rule", "case from 11", "important change: 1.5 to 1.7"):
        assert part in one
    document = json.loads(call("instruments", "odi", "--json").output)
    assert document["odi"]["Scales"]["total"]["ItemsNeeded"] == 8
    assert call("instruments", "oddi").exit_code == 2
