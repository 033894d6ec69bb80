"""The linter finds what the loader cannot, and the shipped book is free of errors."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from lumbomics.advise import Remark, cover, coverage_lines, diff_books, diff_lines, library_folder, lint, read_cases
from lumbomics.advise.space import is_consistent, representative_values
from lumbomics.catalogue import RuleBook, load_rules, read_rules
from lumbomics.core.errors import FaultsError

Changed = Callable[[str, str], Path]


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    def change(old: str, new: str) -> Path:
        path = tmp_path / "rules.yaml"
        if not path.exists():
            with as_file(files("lumbomics.catalogue") / "records" / "rules.yaml") as shipped:
                shutil.copy(shipped, path)
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return path

    return change


def errors(book: RuleBook) -> list[Remark]:
    return [remark for remark in lint(book) if remark.grade == "error"]


def test_the_shipped_book_has_no_error() -> None:
    assert errors(load_rules()) == []


def test_rules_without_rows_are_named_and_no_other() -> None:
    noticed = {remark.rule for remark in lint(load_rules()) if remark.kind == "no row of evidence"}
    assert noticed == {rule.id for rule in load_rules().rules.values() if not rule.rows}


@pytest.mark.parametrize(
    ("old", "new", "rule", "kind"),
    [
        ("when: spect_only_planar\n", "when: spect_only_planar and not spect_only_planar\n", "G17", "unreachable"),
        ("when: spect_only_planar\n", "when: spect_only_planar and spect_positive\n", "G17", "unreachable"),
        ("when: ross_max >= 1", "when: ross_max >= 5", "G30", "unreachable"),
        ("when: spect_only_planar\n", "when: ross_max >= 0 or ross_max < 0\n", "G17", "limit without a source"),
        ("      - {fact: egfr, value: 30,", "      - {fact: egfr, value: 31,", "G25", "limit without a source"),
        ("      - {fact: egfr, value: 30,", "      - {fact: egfr, value: 31,", "G25", "limit without a condition"),
        ("hard_gates: [G11, ", "hard_gates: [", "G11", "gate not declared"),
        (
            'when: question in ["neural","soft_tissue","inflammatory","marrow"]',
            'when: mr_status == "MR Unsafe"',
            "G21",
            "contradiction",
        ),
        (
            "when: spect_only_planar\n",
            'when: metal_type in ["titanium"] or metal_type != "titanium"\n',
            "G17",
            "always true",
        ),
    ],
)
def test_a_fault_is_found_with_its_rule(changed: Changed, old: str, new: str, rule: str, kind: str) -> None:
    found = errors(read_rules(changed(old, new)))
    assert (rule, kind) in {(remark.rule, remark.kind) for remark in found}


def test_a_safety_rule_may_stand_beside_a_gate_that_always_stops_it(changed: Changed) -> None:
    red_flags = 'when: red_flag in ["cauda_equina","new_motor_deficit","fever","sepsis"]'
    assert errors(read_rules(changed(red_flags, 'when: mr_status == "MR Unsafe"'))) == []


def test_a_rule_book_with_a_python_tag_is_refused_and_not_run(changed: Changed, tmp_path: Path) -> None:
    target = tmp_path / "hacked"
    path = changed("when: spect_only_planar\n", f"when: !!python/object/apply:os.mkdir ['{target}']\n")
    with pytest.raises(FaultsError, match="cannot be read"):
        read_rules(path)
    assert not target.exists()


def test_an_unused_fact_and_a_missing_question_are_noticed(changed: Changed) -> None:
    path = changed("facts:\n", "facts:\n  weather: {kind: boolean}\n")
    changed("when: spect_only_planar\n", "when: spect_only_planar or silence\n")
    changed("facts:\n", "facts:\n  silence: {kind: boolean}\n")
    noticed = {(remark.kind, remark.text.split()[0]) for remark in lint(read_rules(path))}
    assert {("unused fact", "weather"), ("no question", "silence")} <= noticed


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("when: spect_only_planar\n", "when: weather\n", "unknown fact 'weather'"),
        ("when: scs_present, fact: metal_near_roi", "when: postop, fact: postop", "in a circle"),
        ("facts:\n", "facts: [\n", "cannot be read"),
    ],
)
def test_what_the_loader_sees_is_a_fault_of_reading(changed: Changed, old: str, new: str, problem: str) -> None:
    path = changed(old, new)
    with pytest.raises(FaultsError, match=problem):
        read_rules(path)


def test_a_circle_of_two_implications_is_found(changed: Changed) -> None:
    changed("when: scs_present, fact: metal_near_roi,", "when: pregnancy, fact: metal_near_roi,")
    path = changed("egfr < 30 or pregnancy, fact: contrast_contraindicated,", "metal_near_roi, fact: pregnancy,")
    with pytest.raises(FaultsError, match="in a circle"):
        read_rules(path)


def test_numbers_are_tried_on_both_sides_of_every_limit() -> None:
    values = representative_values("months_since_surgery", load_rules())
    for limit in (1.5, 6):
        assert any(v < limit for v in values if isinstance(v, float))
        assert limit in values
        assert any(v > limit for v in values if isinstance(v, float))
    assert representative_values("discitis_count", load_rules())[-2] == 5


def test_contradictory_points_are_no_part_of_the_space() -> None:
    assert not is_consistent({"mr_status": "none", "scs_present": True}, load_rules())
    assert not is_consistent({"egfr": 12.0, "contrast_contraindicated": False}, load_rules())
    assert is_consistent({"egfr": 12.0}, load_rules())


def test_coverage_counts_points_and_cases() -> None:
    report = cover(read_cases(library_folder()).values())
    g44 = next(one for one in report.rules if one.rule == "G44")
    # model_used and trained_on_postop_or_normal, three values each: one fires, five are false, three stay open
    assert (g44.points, g44.fires, g44.silent, g44.undecided) == (9, 1, 5, 3)
    assert sum(g44.cases.values()) == report.cases
    assert any("G44" in line for line in coverage_lines(report))


def test_diff_names_the_cases_that_a_change_touches(changed: Changed) -> None:
    before, after = (
        load_rules(),
        read_rules(changed("when: days_since_surgery < 42 and", "when: days_since_surgery < 7 and")),
    )
    cases = [read_cases(library_folder(), book=book) for book in (before, after)]
    diff = diff_books(before, after, cases_before=cases[0], cases_after=cases[1])
    assert [(c.case, c.rule, c.before, c.after) for c in diff.changes] == [
        ("scar-or-disc-at-one-month", "G28", "fires", "silent")
    ]
    assert diff.reworded == {"G28": ("when",)}
    assert any("scar-or-disc-at-one-month: G28 fires -> silent" in line for line in diff_lines(diff))


def test_diff_shows_rules_that_come_and_go() -> None:
    book = load_rules()
    fewer = book.model_copy(update={"rules": {k: v for k, v in book.rules.items() if k != "G48"}})
    cases = read_cases(library_folder())
    diff = diff_books(book, fewer, cases_before=cases, cases_after=cases)
    assert (diff.added, diff.removed) == ((), ("G48",))
    assert {change.after for change in diff.changes} == {"no such rule"}
    assert len(diff.changes) == len(cases)


def test_diff_shows_what_a_new_gate_withholds() -> None:
    book = load_rules()
    rules = dict(book.rules) | {"G40": book.rules["G40"].model_copy(update={"severity": "block", "forbids": ("mr",)})}
    cases = read_cases(library_folder())
    diff = diff_books(book, book.model_copy(update={"rules": rules}), cases_before=cases, cases_after=cases)
    assert ("roots-asked-no-implant", "G21", "fires", "withheld") in {
        (c.case, c.rule, c.before, c.after) for c in diff.changes
    }
