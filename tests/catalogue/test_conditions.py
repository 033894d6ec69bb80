"""The language of rule conditions."""

from __future__ import annotations

import pytest

from lumbomics.catalogue import Fact, load_rules
from lumbomics.catalogue.conditions import condition_faults, facts_in

FACTS = {
    "postop": Fact(kind="boolean"),
    "age": Fact(kind="number", unit="mo"),
    "pain": Fact(kind="choice", values=("back", "leg"), may_be_unknown=True),
}


@pytest.mark.parametrize(
    "when", ["postop", "not postop or age >= 6", 'pain in ["leg", "unknown"] and age < 3', 'pain != "back"']
)
def test_sound_conditions_have_no_fault(when: str) -> None:
    assert condition_faults(when, FACTS) == []


@pytest.mark.parametrize(
    ("when", "problem"),
    [
        ("postop and", "cannot be read"),
        ("weather", "unknown fact 'weather'"),
        ("postop and weather", "unknown fact 'weather'"),
        ("not weather", "unknown fact 'weather'"),
        ("weather > 3", "unknown fact 'weather'"),
        ("age", "needs a comparison"),
        ("age > 'old'", "is a number"),
        ('pain == "arm"', "cannot be 'arm'"),
        ('pain < "leg"', "has no order"),
        ('pain in "leg"', "takes a list"),
        ('pain == ["leg"]', "takes a list"),
        ("postop == True", "without a comparison"),
        ("1 < age < 3", "one fact with a literal"),
        ("age > postop", "is no literal"),
        ("postop + 1", "not allowed"),
        ("open('x')", "not allowed"),
        ("-age", "not allowed"),
    ],
)
def test_a_condition_that_cannot_be_evaluated_says_why(when: str, problem: str) -> None:
    assert any(problem in fault for fault in condition_faults(when, FACTS))


def test_every_fact_is_used_by_a_rule() -> None:
    book = load_rules()
    assert frozenset().union(*(facts_in(rule.when) for rule in book.rules.values())) == set(book.facts)
