"""The parser of conditions: what it reads, what it refuses, and that nothing runs."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lumbomics.catalogue import (
    Comparison,
    Conjunction,
    Disjunction,
    Negation,
    Truth,
    atoms,
    parse_condition,
)
from lumbomics.core.errors import CatalogueError

SOUND = (
    "a",
    "b_2",
    "and",
    "or",
    "not",
    "in",
    "(",
    ")",
    "[",
    "]",
    ",",
    "<",
    "<=",
    "==",
    "!=",
    "3",
    "-0.5",
    "'x'",
    '"y"',
)
STRANGE = (
    "lambda",
    "__import__",
    "eval",
    "os.system",
    ".",
    ":",
    "=",
    "{",
    "}",
    ";",
    "\n",
    "\x00",
    "1e9",
    "0x1",
    "True",
)
PIECES = st.sampled_from((*SOUND, *STRANGE))


def test_and_binds_closer_than_or_and_not_closest() -> None:
    assert parse_condition("a or b and not c") == Disjunction(
        (Truth("a"), Conjunction((Truth("b"), Negation(Truth("c")))))
    )


def test_parentheses_come_first() -> None:
    assert parse_condition("(a or b) and c") == Conjunction((Disjunction((Truth("a"), Truth("b"))), Truth("c")))


def test_not_takes_the_whole_comparison() -> None:
    assert parse_condition("not a >= 1.5") == Negation(Comparison("a", ">=", (1.5,)))


def test_lists_and_their_negation() -> None:
    assert parse_condition("a not in ['x y', \"z\"]") == Comparison("a", "not in", ("x y", "z"))


def test_a_word_in_quotes_is_no_operator() -> None:
    assert parse_condition('a == "and"') == Comparison("a", "==", ("and",))


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "().__class__",
        "[x for x in y]",
        "lambda: 0",
        "a := 1",
        "a if b else c",
        "f'{a}'",
        "a\x00b",
        "a == 1e400",
        "a == 12abc",
        "",
        "   ",
        "not",
        "a and",
        "a b",
        "(a",
        "a)",
        "a == []",
        "a ==",
        "a in [1, ]",
    ],
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(CatalogueError):
        parse_condition(text)


@pytest.mark.parametrize("text", ["(" * 5000 + "a" + ")" * 5000, "not " * 400 + "a", "(" * 60 + "a" + ")" * 60])
def test_depth_and_length_are_bounded(text: str) -> None:
    with pytest.raises(CatalogueError, match=r"nested deeper|longer than"):
        parse_condition(text)


@settings(deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=12).map(" ".join), st.lists(PIECES).map("".join)))
@example("é == 'x'")
def test_any_text_gives_a_condition_or_one_clear_error(text: str) -> None:
    try:
        condition = parse_condition(text)
    except CatalogueError:
        return
    assert all(atom.fact.isidentifier() and atom.fact.isascii() for atom in atoms(condition))
