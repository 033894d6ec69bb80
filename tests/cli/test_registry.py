import json

import pytest
from typer.testing import CliRunner

from lumbomics.cli.registry import app

RIS = "TY  - JOUR\nTI  - {}\nAU  - Kim, S\nPY  - 2010\nJO  - {}\nER  -\n"


@pytest.fixture
def command():
    runner = CliRunner()
    return lambda *words, typed="": runner.invoke(app, [str(word) for word in words], input=typed)


@pytest.fixture
def registry(command, tmp_path):
    made = command("create", tmp_path / "reg", "--title", "Scars", "--screener", "anna", "--screener", "ben")
    assert made.exit_code == 0, made.output
    (tmp_path / "a.ris").write_text(
        RIS.format("Scar on MRI after surgery", "Spine") + RIS.format("Fat in muscle, outcome", "Spine")
    )
    (tmp_path / "b.ris").write_text(RIS.format("Scar on MRI after surgery", "Pain Medicine"))
    return tmp_path / "reg"


@pytest.fixture
def filled(command, registry):
    for name, database in (("a", "PubMed"), ("b", "Embase")):
        done = command("import", registry, registry.parent / f"{name}.ris", "--database", database)
        assert done.exit_code == 0, done.output
    return registry


def queue(command, registry, who, stage="title_abstract"):
    found = command("screen", registry, "--screener", who, "--stage", stage, "--json")
    return [record["id"] for record in json.loads(found.stdout)]


def test_an_import_tells_what_it_kept_and_what_it_did_not(command, registry, tmp_path):
    (tmp_path / "c.ris").write_text(RIS.format("Good", "Spine") + "TY  - JOUR\nTI  - cut")
    (tmp_path / "d.txt").write_text("Colour;Shape\nred;round\n")
    done = command(
        "import", registry, tmp_path / "d.txt", tmp_path / "c.ris", "--database", "PubMed", "--searched", "2025-01-31"
    )
    assert done.exit_code == 1
    assert "c.ris: 1 records, ris, utf-8: imported as pubmed-" in done.output
    assert "c.ris, line 7: the record has no end (ER) (record set aside)" in done.output
    assert "d.txt: the table has no known column" in done.output
    assert "searched 2025-01-31" in command("status", registry).output


def test_bad_input_ends_with_2_and_a_message(command, registry, tmp_path):
    for words, message in (
        (("import", registry, tmp_path / "none.ris", "--database", "PubMed"), "cannot be read"),
        (("status", tmp_path), "no registry here"),
        (("screen", registry, "--screener", "cleo"), "not a screener"),
        (("export", registry, tmp_path / "x.csv", "--only", "lost"), "no such outcome"),
        (("create", registry, "--title", "x", "--screener", "a", "--screener", "b"), "already"),
        (("create", tmp_path / "n", "--title", "x", "--screener", "a"), "screeners"),
        (("review", registry, "--by", "anna", "--pair", "a", "b"), "--same or --different"),
    ):
        done = command(*words)
        assert done.exit_code == 2, done.output
        assert message in done.output


def test_doubtful_pairs_are_shown_and_decided_by_typing(command, filled):
    assert "1 doubtful pairs" in command("dedupe", filled).output
    done = command("review", filled, "--by", "anna", typed="x\ny\n")
    assert done.exit_code == 0, done.output
    assert done.output.count("Scar on MRI after surgery") == 2
    summary = json.loads(command("dedupe", filled, "--json").stdout)
    assert (summary["records"], summary["reports"], summary["duplicates"], summary["to_review"]) == (3, 2, 1, 0)


def test_a_merge_is_taken_back_by_naming_the_pair(command, filled):
    command("review", filled, "--by", "anna", typed="y\n")
    assert json.loads(command("dedupe", filled, "--json").stdout)["reports"] == 2
    pair = (filled / "derived" / "merges.tsv").read_text().splitlines()[1].split("\t")[:2]
    assert command("review", filled, "--by", "anna", "--pair", *pair, "--different").exit_code == 0
    assert json.loads(command("dedupe", filled, "--json").stdout)["reports"] == 3


def test_the_whole_way_by_typing(command, filled, tmp_path):
    command("review", filled, "--by", "anna", typed="y\n")
    first, second = queue(command, filled, "anna")
    assert command("screen", filled, "--screener", "anna", typed="i\ne\n2\n").exit_code == 0
    assert queue(command, filled, "anna") == []
    assert queue(command, filled, "ben") == [first, second]
    table = tmp_path / "ben.tsv"
    table.write_text(f"record\tdecision\treason\n{first}\tinclude\t\n{second}\tinclude\t\n")
    assert "2 decisions taken" in command("screen", filled, "--screener", "ben", "--from", table).output
    told = json.loads(command("conflicts", filled, "--json").stdout)
    assert told == [
        {"report": second, "about": "decision", "said": [["anna", "exclude", "index_test"], ["ben", "include", ""]]}
    ]
    assert "1 conflicts" in command("conflicts", filled).output
    assert command("resolve", filled, second, "--decision", "include", "--by", "cleo").exit_code == 0
    assert (
        "no kappa: a screener gave all reports the same answer (n = 2; both keep 1"
        in command("agreement", filled).output
    )
    assert command("retrieval", filled, second, "--by", "ben", "--not-retrieved").exit_code == 0
    for who in ("anna", "ben"):
        words = ("--stage", "full_text", "--record", first, "--decision", "include")
        assert command("screen", filled, "--screener", who, *words).exit_code == 0
    assert command("study", filled, first, "Kim 2010", "--by", "anna").exit_code == 0
    done = command("flow", filled, "--out", tmp_path / "flow.svg")
    assert "3 records, 1 duplicates, 2 screened, 2 sought, 1 assessed, 1 included" in done.output
    assert done.output.endswith("1 studies in 1 reports\n")
    assert (tmp_path / "flow.svg").read_text().startswith("<svg")
    assert json.loads(command("flow", filled, "--json").stdout)["finished"] is True
    assert "1 reports in" in command("export", filled, tmp_path / "in.ris", "--only", "included").output


def test_removed_reports_leave_the_queue_with_a_reason_and_come_back(command, filled):
    record = queue(command, filled, "ben")[0]
    assert command("remove", filled, record, "--by", "anna").exit_code == 2
    assert command("remove", filled, record, "--by", "anna", "--reason", "retracted").exit_code == 0
    assert record not in queue(command, filled, "ben")
    assert command("remove", filled, record, "--by", "anna", "--restore").exit_code == 0
    assert record in queue(command, filled, "ben")


def test_status_tells_the_work_left_and_no_decision(command, filled):
    record = queue(command, filled, "anna")[0]
    words = ("--record", record, "--decision", "exclude", "--reason", "outcome")
    command("screen", filled, "--screener", "anna", *words)
    told = command("status", filled).output
    assert "left to screen, title_abstract: anna 2, ben 3" in told
    assert "outcome" not in told
    assert "exclude" not in told
    assert json.loads(command("status", filled, "--json").stdout)["records"] == 3


def test_checking_a_file_writes_nothing(command, registry):
    done = command("import", registry, registry.parent / "a.ris", "--database", "PubMed", "--check", "--json")
    assert json.loads(done.stdout)["batches"][0]["records"] == 2
    assert not (registry / "records").exists()
