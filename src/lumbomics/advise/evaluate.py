"""The rules on a case: three-valued, gates first, each answer with its reasons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lumbomics.advise.case import Case
from lumbomics.advise.findings import Advice, Finding, State
from lumbomics.advise.logic import Facts, Verdict, judge
from lumbomics.catalogue import Rule, RuleBook, load_rules, parse_condition


def advise(case: Case, *, book: RuleBook | None = None) -> Advice:
    """Evaluate all rules on a case.

    A rule whose condition is true fires. A gate (safety, block) whose condition is unknown is held: what it would
    forbid waits until its facts are known. Any other unknown rule waits for its facts and says nothing. Safety is
    shown first; a block is lifted by nothing.

    Parameters
    ----------
    case
        From ``make_case`` or ``read_case``.
    book
        Rules; default: the shipped ones.

    Notes
    -----
    No probability and no order: the strength of each rule is that of its studies, most of them weak.
    """
    rules = book or load_rules()
    facts = {**case.facts, **_constants(rules)}
    first = [_finding(rule, rules, facts) for rule in rules.rules.values()]
    rank = {severity: place for place, severity in enumerate(rules.evaluation.precedence)}
    stopped = [_with_gates(finding, first) for finding in first]
    return Advice(case=case, findings=tuple(sorted(stopped, key=lambda one: (rank[one.rule.severity], one.rule.id))))


def verdict_on(rule: Rule, facts: Facts, book: RuleBook) -> Verdict:
    """Judge one rule's condition over facts, constants included."""
    return judge(parse_condition(rule.when), {**facts, **_constants(book)})


def _constants(book: RuleBook) -> dict[str, bool]:
    return {name: True for name, fact in book.facts.items() if fact.kind == "constant"}


def _finding(rule: Rule, book: RuleBook, facts: Facts) -> Finding:
    verdict = judge(parse_condition(rule.when), facts)
    constants = _constants(book)
    return Finding(
        rule=rule,
        state=_state(verdict.truth, gate=book.is_gate(rule)),
        used=tuple(sorted(verdict.used - constants.keys())),
        missing=tuple(sorted(verdict.missing)),
    )


def _state(truth: bool | None, *, gate: bool) -> State:
    if truth is None:
        return State.HELD if gate else State.WAITS
    return State.FIRES if truth else State.SILENT


def _with_gates(finding: Finding, findings: Iterable[Finding]) -> Finding:
    proposed = set(finding.rule.proposes)
    against = [one for one in findings if proposed & set(one.rule.forbids)]
    return replace(
        finding,
        stopped_by=tuple(sorted(one.rule.id for one in against if one.state is State.FIRES)),
        held_by=tuple(sorted(one.rule.id for one in against if one.state is State.HELD)),
    )
