"""The evidence table: intervals as statsmodels has them, percentages recomputed, faults shown, links both ways."""

from __future__ import annotations

import csv
import re
import shutil
from importlib.resources import as_file, files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from lumbomics.advise import (
    evidence_entry,
    evidence_lines,
    evidence_markdown,
    evidence_table,
    evidence_tsv,
    uncited_rows,
    wilson_interval,
)
from lumbomics.advise.figure import write_evidence_figure
from lumbomics.catalogue import load_evidence, load_meta, load_rules, read_evidence
from lumbomics.core.errors import FaultsError, InputError, OutputError

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "evidence.md"


@settings(deadline=None)
@given(
    st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([0.9, 0.95, 0.99])
)
def test_the_interval_is_statsmodels_wilson_interval(pair: tuple[int, int], confidence: float) -> None:
    count, total = pair
    expected = [100 * end for end in proportion_confint(count, total, alpha=1 - confidence, method="wilson")]
    assert wilson_interval(count, total, confidence=confidence) == pytest.approx(expected, abs=1e-9)


def test_the_interval_is_the_published_one() -> None:
    # Newcombe 1998, Stat Med 17:857, table I: 81/263 gives 0.2553 to 0.3662 and 0/20 gives 0 to 0.1611
    assert wilson_interval(81, 263) == pytest.approx((25.53, 36.62), abs=0.005)
    assert wilson_interval(0, 20) == pytest.approx((0, 16.11), abs=0.005)


@pytest.mark.parametrize("pair", [(1, 0), (-1, 3), (4, 3)])
def test_what_is_no_proportion_has_no_interval(pair: tuple[int, int]) -> None:
    with pytest.raises(InputError):
        wilson_interval(*pair)


def test_every_row_with_counts_has_an_interval_around_its_percentage() -> None:
    for entry in evidence_table():
        assert (entry.interval is None) == (entry.row.percent is None)
        if entry.interval and entry.row.percent is not None:
            assert entry.interval[0] <= entry.row.percent <= entry.interval[1]


def test_stated_percentages_agree_with_the_counts_except_where_said() -> None:
    wrong = {e.row.row for e in evidence_table() if (e.row.discrepancy or 0) > 0.005}
    # 16/22 is 72.7, printed 72.2; 6/13 is 46.2, printed 46.1; 14/31 is 45.2, printed 55.3; 8/575 is 1.4, printed 1.6
    assert wrong == {"E029", "E051", "E054", "E072"}
    assert all(evidence_entry(row).row.disagrees for row in wrong)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("E051", "16/22 = 72.7"),
        ("E029", "cannot be reproduced"),
        ("E055", "57 %"),
        ("E065", "direction"),
        ("E022", "counts findings of 25 patients, not patients"),
        ("E034", "counts findings"),
        ("E011", "do not count it twice"),
    ],
)
def test_the_known_inconsistencies_are_shown_as_such(row: str, words: str) -> None:
    assert any(words in caution for caution in evidence_entry(row).cautions)
    assert words in " ".join(" ".join(evidence_lines([evidence_entry(row)])).split())


def test_rules_and_rows_link_both_ways() -> None:
    rules = load_rules().rules
    for entry in evidence_table():
        assert entry.rules == tuple(rule.id for rule in rules.values() if entry.row.row in rule.rows)
    assert uncited_rows(load_evidence()) == ()


def test_every_question_has_rows() -> None:
    questions = load_meta().evidence_questions
    assert sum(len(evidence_table(question)) for question in questions) == len(load_evidence())
    assert all(evidence_table(question) for question in questions)
    with pytest.raises(InputError, match="no such question"):
        evidence_table("weather")


def test_an_unknown_row_says_which_there_are() -> None:
    with pytest.raises(InputError, match="E001 to E075"):
        evidence_entry("E999")


def test_the_reference_page_is_what_the_command_writes() -> None:
    assert PAGE.read_text(encoding="utf-8") == "\n".join(evidence_markdown(evidence_table())) + "\n"


def test_the_table_has_as_many_cells_in_every_line() -> None:
    lines = list(evidence_tsv(evidence_table()))
    assert {line.count("\t") for line in lines} == {9}
    markdown = [line for line in evidence_markdown(evidence_table()) if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in markdown} == {11}


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    with as_file(files("lumbomics.catalogue") / "records" / "evidence.csv") as source:
        shutil.copy(source, tmp_path / "evidence.csv")
    return tmp_path / "evidence.csv"


def add_line(path: Path, **cells: str) -> None:
    with path.open(newline="", encoding="utf-8") as stream:
        columns = next(csv.reader(stream))
    with path.open("a", newline="", encoding="utf-8") as stream:
        csv.DictWriter(stream, columns, lineterminator="\n").writerow(cells)


NEW = {
    "row": "E076", "question": "early_imaging", "study": "New et al.", "year": "2025", "finding": "correct",
    "count": "9", "denominator": "12", "counted": "patients", "percent_stated": "75", "percent_recomputed": "75.00",
    "abs_discrepancy": "0.00", "status": "consistent", "source": "paper:New 2025",
}  # fmt: skip


def test_adding_a_study_is_one_line_and_a_check(shipped: Path) -> None:
    add_line(shipped, **NEW)
    rows = read_evidence(shipped)
    assert len(rows) == len(load_evidence()) + 1
    assert uncited_rows(rows) == ("E076",)


def test_a_wrong_line_is_refused_with_all_its_faults(shipped: Path) -> None:
    add_line(shipped, **{**NEW, "question": "weather"})
    add_line(shipped, **{**NEW, "row": "E077", "count": "13"})
    add_line(shipped, **{**NEW, "row": "E078", "percent_stated": "80", "abs_discrepancy": "5.00"})
    add_line(shipped, **{**NEW, "row": "E079", "counted": ""})
    with pytest.raises(FaultsError) as caught:
        read_evidence(shipped)
    found = [str(fault) for fault in caught.value.faults]
    assert [row in text for row, text in zip(("E077", "E078", "E079", "E076"), found, strict=True)] == [True] * 4


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_the_figure_shows_every_row_with_counts(tmp_path: Path, kind: str) -> None:
    path = write_evidence_figure("early_imaging", tmp_path / f"forest.{kind}")
    content = path.read_bytes()
    if kind == "svg":
        text = content.decode("utf-8")
        assert all(entry.row.row in text for entry in evidence_table("early_imaging") if entry.interval)
        assert "16/22 patients" in text
        assert "73 (52 to 87)" in text
    else:
        assert content.startswith(b"\x89PNG")


def test_the_figure_is_the_same_every_time(tmp_path: Path) -> None:
    first, second = (write_evidence_figure("spect_ct", tmp_path / f"{n}.svg").read_bytes() for n in "ab")
    assert first == second


def test_what_cannot_be_drawn_says_why(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no row of this question has counts"):
        write_evidence_figure("scar_and_pain", tmp_path / "a.svg")
    with pytest.raises(InputError, match="no picture format"):
        write_evidence_figure("spect_ct", tmp_path / "a.txt")
    with pytest.raises(OutputError):
        write_evidence_figure("spect_ct", tmp_path / "missing" / "a.svg")
