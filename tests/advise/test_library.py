"""The shipped cases: what a clinician would expect of each, written before the rules were run on it."""

from __future__ import annotations

import pytest

from lumbomics.advise import State, advise, cover, load_cases
from lumbomics.catalogue import load_rules

ALWAYS = frozenset(rule.id for rule in load_rules().rules.values() if rule.when == "always")


def test_the_library_holds_at_least_forty_cases_with_words() -> None:
    cases = load_cases()
    assert len(cases) >= 40
    assert all(len(case.description) > 20 and case.title != "Case" for case in cases.values())
    assert len({case.title for case in cases.values()}) == len(cases)


@pytest.mark.parametrize("name", tuple(load_cases()))
def test_the_expected_rules_fire_and_the_expected_gates_are_held(name: str) -> None:
    case = load_cases()[name]
    assert case.expected is not None
    advice = advise(case)
    assert advice.fires - ALWAYS == case.expected.fires
    assert advice.held == case.expected.held


def test_every_rule_fires_in_a_case_and_is_silent_in_another() -> None:
    report = cover(load_cases().values())
    assert report.never_fired == ()
    assert set(report.never_silent) == ALWAYS == {"G40", "G46"}


def test_red_flags_stand_first_and_lift_no_block() -> None:
    advice = advise(load_cases()["fever-unlabelled-stimulator"])
    assert advice.findings[0].rule.id == "G29"
    assert advice.findings[0].state is State.FIRES
    assert not advice.findings[0].is_withheld
    assert set(advice.findings[0].stopped_by) == {"G11", "G25"}
    (mri,) = [finding for finding in advice.findings if finding.rule.id == "G21"]
    assert mri.is_withheld


def test_an_unsafe_implant_blocks_mri_whatever_the_red_flag() -> None:
    advice = advise(load_cases()["new-paresis-with-unsafe-implant"])
    assert {"G11", "G29"} <= advice.fires
    assert "CT" in advice.findings[0].rule.recommendation
