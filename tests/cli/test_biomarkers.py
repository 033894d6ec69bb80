"""The command ``lumbomics biomarkers``."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner, Result

from lumbomics import measure
from lumbomics.catalogue import load_biomarkers
from lumbomics.cli.biomarkers import app

MEASURED = {*measure.IMPLEMENTED, *measure.EXAMINED}


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_without_a_subcommand_all_are_listed_and_the_implemented_marked() -> None:
    result = call()
    assert result.exit_code == 0
    lines = {line.split()[1]: line for line in result.output.splitlines() if line.startswith(" ●")}
    assert set(lines) == MEASURED
    assert all(identifier in result.output for identifier in load_biomarkers())
    assert f"141 biomarkers, {len(MEASURED)} implemented" in result.output


def test_list_is_the_same_as_no_subcommand() -> None:
    assert call("list", "--group", "scs").output == call("--group", "scs").output


def test_the_json_list_holds_the_implemented_only_when_asked() -> None:
    document = json.loads(call("--implemented", "--json").output)
    assert {row["id"] for row in document["biomarkers"]} == MEASURED
    assert document["total"] == document["implemented"] == len(MEASURED)


@pytest.mark.parametrize("biomarker", sorted(load_biomarkers()))
def test_every_biomarker_can_be_shown_in_full(biomarker: str) -> None:
    result = call("show", biomarker)
    assert result.exit_code == 0, result.output
    shown = " ".join(result.output.split())
    record = load_biomarkers()[biomarker]
    for text in (record.definition, *record.algorithm, record.reproducibility, *record.caveats, *record.sources):
        assert " ".join(text.split()) in shown


def test_an_unverified_threshold_is_shown_as_a_setting() -> None:
    shown = " ".join(call("show", "dural_sac_area").output.split())
    assert shown.count("unverified, a setting and no diagnostic cut-off") == 3
    assert "no diagnostic cut-off" not in call("show", "pelvic_tilt").output


def test_intervals_are_shown_with_population_and_mark() -> None:
    shown = " ".join(call("show", "bony_canal_dimensions").output.split())
    assert "(S1, female, supine): ≥ 9.9; 604 adults without symptoms" in shown
    lordosis = " ".join(call("show", "lumbar_lordosis_l1_s1").output.split())
    assert "40 to 80.4; asymptomatic adults [memory, verify: Vialle 2005, unverified]" in lordosis


def test_show_as_json_is_the_record_with_its_quantities() -> None:
    document = json.loads(call("show", "slip_percent", "--json").output)
    assert document["definition"] == load_biomarkers()["slip_percent"].definition
    assert {row["method"] for row in document["quantities"]} == {"endplate_corner", "endplate_corner_mm"}


def test_an_unknown_id_leaves_with_2_and_suggests() -> None:
    result = call("show", "disc_hieght")
    assert result.exit_code == 2
    assert "did you mean disc_height" in result.stderr
    assert result.stdout == ""


def test_an_unknown_group_leaves_with_2() -> None:
    assert call("--group", "nothing").exit_code == 2
