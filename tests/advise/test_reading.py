"""Case files: YAML, JSON, standard input, and everything that can be wrong with them."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lumbomics.advise import make_case, parse_case, read_case, read_cases
from lumbomics.catalogue import load_rules
from lumbomics.core.errors import FaultsError, ReadError

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
PIECES = st.sampled_from(
    ["facts:", "{", "}", "[", "]", ": ", ", ", "- ", "&a ", "*a", "!!set ", "? ", "postop", "true", "\n  "]
)


def test_yaml_and_json_give_the_same_case(tmp_path: Path) -> None:
    facts = {"red_flag": "none", "egfr": 41.5, "postop": True, "pregnancy": None}
    (tmp_path / "a.json").write_text(json.dumps({"title": "T", "facts": facts}), encoding="utf-8")
    (tmp_path / "b.yaml").write_text(
        "title: T\nfacts:\n  red_flag: none\n  egfr: 41.5\n  postop: true\n  pregnancy:\n", encoding="utf-8"
    )
    cases = read_cases(tmp_path)
    assert cases["a"].facts == cases["b"].facts
    assert cases["a"].facts["pregnancy"] == "unknown"


def test_a_dash_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("facts: {postop: true}"))
    assert read_case("-").facts == {"postop": True}


@pytest.mark.parametrize(
    "text",
    [
        "facts: [",
        "facts: {postop: true, postop: false}",
        "!!python/object/apply:os.system ['true']",
        "facts: {postop: !!python/name:os.system }",
        "facts: \x00",
        "- a list",
        "",
        "{" * 1200,
    ],
)
def test_text_that_is_no_case_is_refused(text: str) -> None:
    with pytest.raises(ReadError):
        parse_case(text)


def test_a_key_given_twice_is_named() -> None:
    with pytest.raises(ReadError, match="given twice: postop"):
        parse_case("facts: {postop: true, postop: false}")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("fact: {postop: true}", "fact"),
        ("facts: [postop]", "facts"),
        ("dates: {surgery: soon}", "dates.surgery"),
        ("dates: {surgery: 2999-01-01}", "future"),
        ("facts: {&a x: *a}", "no such fact"),
    ],
)
def test_a_case_of_the_wrong_form_says_where(text: str, problem: str) -> None:
    with pytest.raises(FaultsError, match=problem):
        parse_case(text, where="my.yaml")


def test_faults_name_the_file_and_all_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("facts: {postop: maybe}", encoding="utf-8")
    (tmp_path / "two.yaml").write_text("facts: [", encoding="utf-8")
    with pytest.raises(FaultsError) as caught:
        read_cases(tmp_path)
    assert ["one.yaml" in str(f) or "two.yaml" in str(f) for f in caught.value.faults] == [True, True]


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00bad"])
def test_a_file_that_cannot_be_read_says_so(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "case.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ReadError, match=r"case\.yaml"):
        read_case(path)


def test_an_empty_folder_is_no_library(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="no case files"):
        read_cases(tmp_path)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(load_rules().facts)) | st.text(max_size=6), ANYTHING, max_size=6))
@example({"egfr": 10**400})
@example({"egfr": -0.0, "question": {"bone": 1}})
def test_any_facts_make_a_case_or_one_list_of_faults(facts: dict[str, object]) -> None:
    try:
        case = make_case(facts)
    except FaultsError:
        return
    assert set(facts) <= set(case.facts)


@settings(deadline=None)
@given(st.text(max_size=40) | st.lists(PIECES, max_size=14).map("".join))
@example("facts: {egfr: " + "9" * 5000 + "}")
@example("dates: {surgery: 2024-02-31}")
@example("? [a]\n: b")
def test_any_text_makes_a_case_or_a_clear_error(text: str) -> None:
    with suppress(FaultsError, ReadError):
        assert parse_case(text, where="w").title
