"""Kleene's tables, and what an unknown word does in a comparison."""

from __future__ import annotations

import itertools

import pytest

from lumbomics.advise import UNKNOWN, judge
from lumbomics.catalogue import parse_condition

T, F, U = True, False, None
NOT = {T: F, F: T, U: U}
AND = {(T, T): T, (T, F): F, (T, U): U, (F, T): F, (F, F): F, (F, U): F, (U, T): U, (U, F): F, (U, U): U}
OR = {(T, T): T, (T, F): T, (T, U): T, (F, T): T, (F, F): F, (F, U): U, (U, T): T, (U, F): U, (U, U): U}


def facts(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


@pytest.mark.parametrize(("a", "b"), tuple(itertools.product((T, F, U), repeat=2)))
def test_and_and_or_follow_kleenes_strong_tables(a: bool | None, b: bool | None) -> None:
    known = facts(a=a, b=b)
    assert judge(parse_condition("a and b"), known).truth is AND[a, b]
    assert judge(parse_condition("a or b"), known).truth is OR[a, b]
    assert judge(parse_condition("not a"), known).truth is NOT[a]


@pytest.mark.parametrize("value", [None, UNKNOWN])
def test_a_fact_stated_as_unknown_is_no_more_than_one_left_out(value: str | None) -> None:
    for when in ("a", "not a", "x < 3", "x != 3", "w == 'p'", "w in ['p', 'q']", "w not in ['p']"):
        assert judge(parse_condition(when), facts(a=value, x=value, w=value)).truth is None


def test_a_rule_that_names_unknown_is_decided_by_it_and_not_by_silence() -> None:
    condition = parse_condition("w in ['p', 'unknown']")
    assert judge(condition, {"w": UNKNOWN}).truth is True
    assert judge(condition, {"w": "q"}).truth is False
    assert judge(condition, {}).truth is None
    assert judge(parse_condition("w not in ['unknown']"), {"w": UNKNOWN}).truth is False


@pytest.mark.parametrize(
    ("when", "below", "at", "above"),
    [
        ("x < 3", T, F, F),
        ("x <= 3", T, T, F),
        ("x == 3", F, T, F),
        ("x != 3", T, F, T),
        ("x >= 3", F, T, T),
        ("x > 3", F, F, T),
    ],
)
def test_comparisons_on_both_sides_of_the_limit(when: str, below: bool, at: bool, above: bool) -> None:
    assert [judge(parse_condition(when), {"x": x}).truth for x in (2.9, 3.0, 3.1)] == [below, at, above]


def test_only_the_deciding_part_is_given_as_reason() -> None:
    verdict = judge(parse_condition("a or b"), {"a": True, "b": False})
    assert (verdict.used, verdict.missing) == ({"a"}, frozenset())


def test_what_is_missing_is_what_could_still_decide() -> None:
    verdict = judge(parse_condition("(a or b) and c"), {"a": True})
    assert (verdict.truth, verdict.used, verdict.missing) == (None, {"a"}, {"c"})
