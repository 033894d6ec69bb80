"""What must hold for any case and any order: caution grows with ignorance, and nothing runs as code."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lumbomics import advise as room
from lumbomics import catalogue
from lumbomics.advise import UNKNOWN, Case, Finding, State, Value, advise, make_case
from lumbomics.advise.space import representative_values
from lumbomics.catalogue import RuleBook, load_rules, parse_condition
from lumbomics.catalogue.conditions import condition_faults, facts_in
from lumbomics.core.errors import FaultsError

GATE_FACTS = ("red_flag", "mr_status", "conditions_met", "prior_contrast_reaction", "egfr", "pregnancy", "modality")
FACTS = (*GATE_FACTS, "intent", "question", "scs_present", "metal_near_roi", "epidural_soft_tissue_mass", "postop")
MORE_FACTS = (
    *FACTS,
    "contrast_contraindicated",
    "mr_contraindicated",
    "days_since_surgery",
    "ross_max",
    "reoperations",
)


@st.composite
def partial_facts(draw: st.DrawFn) -> dict[str, Value]:
    """Some facts with values that the rules tell apart; consistent."""
    book = load_rules()
    names = draw(st.lists(st.sampled_from(MORE_FACTS), unique=True, max_size=len(MORE_FACTS)))
    facts = {name: draw(st.sampled_from(representative_values(name, book))) for name in names}
    while consistent(facts) is None:
        facts.popitem()
    return facts


def consistent(facts: Mapping[str, Value], book: RuleBook | None = None) -> Case | None:
    """The case, or nothing where the facts contradict each other."""
    try:
        return make_case(facts, book=book)
    except FaultsError:
        return None


UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
GATES = {rule.id for rule in load_rules().rules.values() if rule.severity in ("safety", "block")}


def findings(facts: dict[str, Value]) -> dict[str, Finding]:
    return {finding.rule.id: finding for finding in advise(make_case(facts)).findings}


@UNHURRIED
@given(partial_facts(), st.sampled_from(MORE_FACTS), st.data())
def test_adding_a_fact_never_removes_a_safety_or_block_finding(
    facts: dict[str, Value], name: str, data: st.DataObject
) -> None:
    assume(name not in make_case(facts).facts)
    value = data.draw(st.sampled_from(representative_values(name, load_rules())))
    assume(consistent({**facts, name: value}))
    before, after = findings(facts), findings({**facts, name: value})
    for gate in GATES:
        if before[gate].state is State.FIRES:
            assert after[gate].state is State.FIRES
        if before[gate].state is State.HELD and after[gate].state is State.SILENT:
            assert name in before[gate].missing  # the rule itself asked for the fact that cleared it


@UNHURRIED
@given(partial_facts(), st.sampled_from(MORE_FACTS), st.data(), st.booleans())
def test_unknown_never_yields_less_caution_than_any_answer(
    facts: dict[str, Value], name: str, data: st.DataObject, stated: bool
) -> None:
    value = data.draw(st.sampled_from([v for v in representative_values(name, load_rules()) if v != UNKNOWN]))
    known = {**facts, name: value}
    unknown = {**facts, name: UNKNOWN} if stated else {k: v for k, v in facts.items() if k != name}
    assume(consistent(known) and consistent(unknown))
    assert advise(make_case(known)).cautions <= advise(make_case(unknown)).cautions


@UNHURRIED
@given(partial_facts())
def test_a_proposal_never_passes_a_gate_that_is_not_known_to_be_clear(facts: dict[str, Value]) -> None:
    found = findings(facts)
    for finding in found.values():
        for gate in found.values():
            if set(finding.rule.proposes) & set(gate.rule.forbids):
                assert (gate.rule.id in finding.stopped_by) == (gate.state is State.FIRES)
                assert (gate.rule.id in finding.held_by) == (gate.state is State.HELD)


@UNHURRIED
@given(partial_facts(), st.randoms(use_true_random=False))
def test_the_order_of_rules_facts_and_implications_does_not_matter(
    facts: dict[str, Value], order: random.Random
) -> None:
    book = load_rules()
    rules, stated, follows = list(book.rules.items()), list(facts.items()), list(book.implications)
    for shuffled in (rules, stated, follows):
        order.shuffle(shuffled)
    other = book.model_copy(update={"rules": dict(rules), "implications": tuple(follows)})
    first = advise(make_case(facts))
    second = advise(make_case(dict(stated), book=other), book=other)
    assert first.findings == second.findings
    assert first.case.facts == second.case.facts


@UNHURRIED
@given(partial_facts())
def test_every_finding_is_explained(facts: dict[str, Value]) -> None:
    case = make_case(facts)
    for finding in advise(case).findings:
        assert set(finding.used) <= set(case.facts)
        assert bool(finding.missing) == (finding.state in (State.HELD, State.WAITS))
        if finding.state is State.FIRES and finding.rule.when != "always":
            assert finding.used


@UNHURRIED
@given(partial_facts())
def test_a_missing_fact_is_named_by_the_rule(facts: dict[str, Value]) -> None:
    for finding in advise(make_case(facts)).findings:
        assert set(finding.missing) <= facts_in(finding.rule.when)


@UNHURRIED
@given(st.text(max_size=80))
def test_any_text_as_a_condition_gives_faults_in_words_and_never_an_error(text: str) -> None:
    faults = condition_faults(text, load_rules().facts)
    if not faults:
        assert facts_in(text) <= load_rules().facts.keys()


@pytest.mark.parametrize(
    "attack",
    ["__import__('os').system('touch hacked')", "open('hacked', 'w')", "exec('1')", "postop if postop else postop"],
)
def test_code_in_a_condition_is_a_fault_and_not_run(attack: str, tmp_path: object) -> None:
    assert condition_faults(attack, load_rules().facts)


def test_no_module_of_rules_hands_text_to_an_interpreter() -> None:
    for package in (room, catalogue):
        for module in files(package.__name__).iterdir():
            if module.name.endswith(".py"):
                source = module.read_text(encoding="utf-8")
                assert not any(
                    word in source for word in ("eval(", "exec(", "import ast", "__import__", 'compile(r"eval')
                )


def test_a_rule_book_with_a_rule_that_fires_on_unknown_says_so_itself() -> None:
    (unsafe,) = [rule for rule in load_rules().rules.values() if "unknown" in rule.when]
    assert unsafe.id == "G11"
    assert parse_condition(unsafe.when)


def test_an_unknown_gate_of_any_severity_is_held_when_it_is_a_hard_gate() -> None:
    book = load_rules()
    rule = book.rules["G27"]
    gated = book.model_copy(
        update={"evaluation": book.evaluation.model_copy(update={"hard_gates": (*book.evaluation.hard_gates, rule.id)})}
    )
    advice = advise(make_case({}), book=gated)
    assert rule.id in advice.held
    assert replace(advice, findings=()).held == frozenset()
