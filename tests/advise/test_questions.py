"""Asking: only what can still change the outcome, gates first."""

from __future__ import annotations

import pytest

from lumbomics.advise import UNKNOWN, State, advise, answered, load_cases, make_case, open_questions, parse_answer
from lumbomics.catalogue import load_rules
from lumbomics.core.errors import FaultsError, InputError

FACTS = load_rules().facts


def asked(**facts: object) -> list[str]:
    return [question.fact for question in open_questions(make_case(facts))]


def test_an_empty_case_is_asked_for_red_flags_first_and_then_for_the_gates() -> None:
    assert asked()[:3] == ["red_flag", "mr_status", "conditions_met"]


def test_conditions_of_a_label_are_asked_only_for_a_conditional_device() -> None:
    assert "conditions_met" not in asked(mr_status="none")
    assert "conditions_met" not in asked(mr_status="MR Unsafe")
    assert "conditions_met" in asked(mr_status="MR Conditional")


def test_one_reason_against_contrast_is_enough() -> None:
    assert not {"egfr", "pregnancy", "contrast_contraindicated"} & set(asked(prior_contrast_reaction=True))


def test_what_is_stated_as_unknown_is_not_asked_again() -> None:
    assert "red_flag" not in asked(red_flag=UNKNOWN)


def test_a_question_that_is_not_asked_changes_nothing_that_is_said() -> None:
    case = load_cases()["conditional-device-conditions-not-checked"]
    book, before = load_rules(), outcome(case)
    silent = set(FACTS) - {q.fact for q in open_questions(case, until="info")} - set(case.facts) - {"always"}
    assert "reoperations" not in silent
    for name in silent & {name for name, fact in FACTS.items() if fact.kind == "boolean"}:
        for word in ("y", "n"):
            assert outcome(answered(case, name, word, book=book)) == before


def outcome(case: object) -> set[str]:
    return {f.rule.id for f in advise(case).of(State.FIRES, State.HELD)}  # type: ignore[arg-type]


def test_until_limits_the_questions_to_grave_rules() -> None:
    few = {question.fact for question in open_questions(make_case({}), until="block")}
    assert "red_flag" in few
    assert "only_xr_done" not in few
    assert len(few) < len(open_questions(make_case({}), until="info"))
    with pytest.raises(InputError, match="no such severity"):
        open_questions(make_case({}), until="doom")


def test_answering_everything_leaves_no_question() -> None:
    assert open_questions(load_cases()["everything-asked-nothing-found"], until="info") == ()


@pytest.mark.parametrize(
    ("fact", "text", "value"),
    [
        ("postop", "Y", True),
        ("postop", "no", False),
        ("postop", "", UNKNOWN),
        ("egfr", "?", UNKNOWN),
        ("egfr", " 41,5 ", 41.5),
        ("red_flag", "1", "none"),
        ("mr_status", "mr conditional", "MR Conditional"),
        ("ross_max", "2", 2.0),
    ],
)
def test_answers_are_understood(fact: str, text: str, value: object) -> None:
    assert parse_answer(fact, text, FACTS[fact]) == value


@pytest.mark.parametrize(
    ("fact", "text"),
    [("postop", "perhaps"), ("egfr", "low"), ("red_flag", "9"), ("mr_status", "compatible"), ("egfr", "-3")],
)
def test_an_answer_that_does_not_fit_is_refused(fact: str, text: str) -> None:
    with pytest.raises(InputError):
        parse_answer(fact, text, FACTS[fact])


def test_an_answer_that_contradicts_the_case_is_refused() -> None:
    with pytest.raises(FaultsError, match="contradictory case"):
        answered(make_case({"scs_present": True}), "mr_status", "none")


def test_every_shipped_fact_has_a_question() -> None:
    assert [name for name, fact in FACTS.items() if fact.ask is None] == ["always"]
