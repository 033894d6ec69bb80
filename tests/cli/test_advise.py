"""The command ``lumbomics advise``."""

from __future__ import annotations

import json
import shutil
from importlib.resources import as_file, files
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from lumbomics.advise import DISCLAIMER, library_folder
from lumbomics.cli import advise

SCAR = str(library_folder() / "scar-or-disc-at-eight-months.yaml")
FEVER = str(library_folder() / "fever-unlabelled-stimulator.yaml")


def call(*arguments: str, typed: str | None = None) -> Result:
    root = typer.Typer()
    root.add_typer(advise.app, name="advise")
    root.command("other")(lambda: None)
    return CliRunner().invoke(root, ["advise", *arguments], input=typed)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    with as_file(files("lumbomics.catalogue") / "records" / "rules.yaml") as shipped:
        return Path(shutil.copy(shipped, tmp_path / "rules.yaml"))


def test_a_case_file_is_advised_without_a_subcommand() -> None:
    result = call(SCAR)
    assert result.exit_code == 0
    assert result.output == call("case", SCAR).output
    assert "TO CONSIDER" in result.output
    assert "Add pre/post-contrast T1 early" in result.output
    assert "no clinical order" in " ".join(result.output.split())


def test_the_text_gives_facts_study_strength_caveat_and_rows() -> None:
    text = " ".join(call(SCAR).output.split())
    parts = (
        "epidural soft tissue mass: yes; months since surgery: 8",
        "Hueftle 1988",
        "strength: moderate",
        "rows E012, E013",
        "caveat Counter-evidence: Mullin 2000",
        "limit months_since_surgery 1.5 is a setting",
    )
    for part in parts:
        assert part in text


def test_safety_stands_before_blocks_and_a_withheld_proposal_last() -> None:
    output = call(FEVER).output
    places = [output.index(word) for word in ("SAFETY", "BLOCKED", "GATES NOT PASSED", "KEEP IN MIND", "WITHHELD")]
    assert places == sorted(places)
    assert "G21" in output[places[-1] :]


def test_json_holds_every_rule_with_its_state() -> None:
    document = json.loads(call(FEVER, "--json").output)
    assert document["disclaimer"] == DISCLAIMER
    assert len(document["findings"]) == 48
    first = document["findings"][0]
    assert (first["rule"], first["state"], first["stopped_by"]) == ("G29", "fires", ["G11", "G25"])
    assert {f["rule"] for f in document["findings"] if f["withheld"]} == {"G21"}


def test_standard_input_gives_a_case() -> None:
    assert "G30" in call("-", typed="facts: {ross_max: 3}").output


def test_all_shows_information_and_what_waits() -> None:
    assert "WAITING for facts" not in call(SCAR).output
    full = call(SCAR, "--all").output
    assert "FOR INFORMATION" in full
    assert "WAITING for facts" in full


def test_asking_goes_from_red_flags_on_and_ends_on_q() -> None:
    result = call("--ask", typed="fever\nnonsense\nnone\nq\n")
    assert result.exit_code == 0
    assert result.output.index("Is there a red flag?") < result.output.index("Worst ASTM label")
    assert "value does not fit" in result.output
    assert "red flag: fever" in result.output
    assert "→ Urgent MRI" in result.output


def test_asking_to_the_end_asks_each_question_once() -> None:
    result = call("--ask", "--until", "block", SCAR, typed="?\n" * 60)
    assert result.exit_code == 0
    assert "Is there a red flag?" not in result.output  # stated in the file


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("facts: [", "no readable YAML"),
        ("facts: {mr_status: none, scs_present: true, }", "contradictory case"),
        ("facts: {egfr: -1, weather: 1}", "2 fault(s)"),
        ("dates: {surgery: 2999-01-01}", "future"),
    ],
)
def test_a_bad_case_ends_with_its_faults_and_code_2(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "case.yaml"
    path.write_text(text, encoding="utf-8")
    result = call(str(path))
    assert result.exit_code == 2
    assert words in result.output


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    result = call(str(tmp_path / "none.yaml"))
    assert result.exit_code == 2
    assert "cannot be read" in result.output


def test_lint_passes_the_shipped_book_and_fails_a_broken_one(rules: Path) -> None:
    assert "48 rules, 70 facts: 0 errors" in call("lint").output
    text = rules.read_text(encoding="utf-8")
    rules.write_text(text.replace("when: ross_max >= 1", "when: ross_max >= 5"), encoding="utf-8")
    result = call("lint", str(rules))
    assert result.exit_code == 1
    assert "unreachable" in result.output
    remarks = json.loads(call("lint", str(rules), "--json").output)
    assert any(r["kind"] == "unreachable" and r["rule"] == "G30" for r in remarks)


def test_lint_names_an_unknown_fact(rules: Path) -> None:
    text = rules.read_text(encoding="utf-8")
    rules.write_text(text.replace("when: ross_max >= 1", "when: ross_least >= 1"), encoding="utf-8")
    result = call("lint", str(rules))
    assert result.exit_code == 2
    assert "unknown fact 'ross_least'" in result.output


def test_coverage_and_diff_read_a_folder_of_cases(rules: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cases"
    folder.mkdir()
    shutil.copy(SCAR, folder)
    assert "48 rules, 69 facts, 1 cases" in call("coverage", "--cases", str(folder)).output
    other = rules.with_name("newer.yaml")
    text = rules.read_text(encoding="utf-8").replace("months_since_surgery >= 1.5", "months_since_surgery >= 12")
    other.write_text(text.replace("value: 1.5", "value: 12"), encoding="utf-8")
    result = call("diff", str(rules), str(other), str(folder))
    assert "scar-or-disc-at-eight-months: G24 fires -> silent" in result.output
    assert json.loads(call("diff", str(rules), str(other), "--json").output)["cases"] >= 40
    assert json.loads(call("coverage", "--json").output)["cases"] >= 40


def test_advice_follows_a_rule_book_of_ones_own(rules: Path) -> None:
    text = rules.read_text(encoding="utf-8").replace("months_since_surgery >= 1.5", "months_since_surgery >= 12")
    rules.write_text(text, encoding="utf-8")
    assert "G24" not in call(SCAR, "--rules", str(rules)).output


def test_help_lists_the_commands() -> None:
    output = call("--help").output
    assert all(name in output for name in ("case", "protocol", "lint", "coverage", "diff"))


def test_protocol_of_nothing_readable_is_told(tmp_path: Path) -> None:
    result = call("protocol", str(tmp_path), "--question", "scar_vs_disc")
    assert result.exit_code == 2
