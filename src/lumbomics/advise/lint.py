"""Faults of a rule book that a loader cannot see: dead rules, rules against each other, limits without a source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from lumbomics.advise.evaluate import verdict_on
from lumbomics.advise.logic import UNKNOWN
from lumbomics.advise.space import facts_of, points
from lumbomics.catalogue import Comparison, Rule, RuleBook, atoms, parse_condition

Grade = Literal["error", "notice"]


@dataclass(frozen=True, kw_only=True)
class Remark:
    """One thing that is wrong, or worth a look, in a rule book."""

    grade: Grade
    rule: str
    kind: str
    text: str


def lint(book: RuleBook) -> tuple[Remark, ...]:
    """Search a rule book that has been read without faults; errors first.

    Errors: a rule that cannot fire, a rule that fires on everything without saying ``always``, two rules of one
    condition that contradict each other, a proposal that a gate always forbids, a limit without a source, a gate that
    is not among the hard gates. Notices: unused facts, rules without a row of evidence, questions without words.

    Unknown facts, wrong words and circles among implications are faults of reading the book (``read_rules``).
    """
    searches: tuple[Callable[[RuleBook], Iterator[Remark]], ...] = (
        _reachability,
        _contradictions,
        _unsourced_limits,
        _soft_gates,
        _unused_facts,
        _unsupported,
    )
    remarks = [remark for search in searches for remark in search(book)]
    return tuple(sorted(remarks, key=lambda one: (one.grade != "error", one.kind, one.rule)))


def _reachability(book: RuleBook) -> Iterator[Remark]:
    for rule in book.rules.values():
        found = [(point, verdict_on(rule, point, book).truth) for point in points(facts_of(rule), book)]
        decided = {truth for point, truth in found if UNKNOWN not in point.values()}
        if True not in {truth for _, truth in found}:
            yield Remark(grade="error", rule=rule.id, kind="unreachable", text="no consistent case makes it fire")
        elif decided == {True} and rule.when != "always":
            text = "fires whatever the facts are: write `always`, or correct the condition"
            yield Remark(grade="error", rule=rule.id, kind="always true", text=text)


def _contradictions(book: RuleBook) -> Iterator[Remark]:
    for one, other in combinations(book.rules.values(), 2):
        for proposer, gate in ((one, other), (other, one)):
            clash = set(proposer.proposes) & set(gate.forbids)
            if clash and proposer.severity != "safety" and _always_forbidden(proposer, gate, book):
                text = f"proposes {', '.join(sorted(clash))}, which {gate.id} forbids whenever it fires"
                yield Remark(grade="error", rule=proposer.id, kind="contradiction", text=text)
        if one.when == other.when and one.when != "always" and one.recommendation == other.recommendation:
            yield Remark(grade="error", rule=other.id, kind="duplicate", text=f"says the same as {one.id}")


def _always_forbidden(proposer: Rule, gate: Rule, book: RuleBook) -> bool:
    shared = tuple(dict.fromkeys((*facts_of(proposer), *facts_of(gate))))
    if not set(facts_of(proposer)) & set(facts_of(gate)):
        return verdict_on(gate, {}, book).truth is True
    firing = (point for point in points(shared, book) if verdict_on(proposer, point, book).truth is True)
    return all(verdict_on(gate, point, book).truth is True for point in firing)


def _unsourced_limits(book: RuleBook) -> Iterator[Remark]:
    for rule in book.rules.values():
        sourced = {(limit.fact, limit.value) for limit in rule.limits}
        named = {
            (atom.fact, literal)
            for atom in atoms(parse_condition(rule.when))
            if isinstance(atom, Comparison)
            for literal in atom.literals
            if isinstance(literal, float)
        }
        for fact, value in sorted(named - sourced):
            text = f"{fact} {value:g} has no source: add it under `limits` with its basis"
            yield Remark(grade="error", rule=rule.id, kind="limit without a source", text=text)
        for fact, value in sorted(sourced - named):
            text = f"{fact} {value:g} stands under `limits` and not in the condition"
            yield Remark(grade="error", rule=rule.id, kind="limit without a condition", text=text)


def _soft_gates(book: RuleBook) -> Iterator[Remark]:
    for rule in book.rules.values():
        if rule.severity in ("block", "safety") and rule.id not in book.evaluation.hard_gates:
            text = f"is of severity {rule.severity} and not listed under `hard_gates`"
            yield Remark(grade="error", rule=rule.id, kind="gate not declared", text=text)


def _unused_facts(book: RuleBook) -> Iterator[Remark]:
    used = {fact for rule in book.rules.values() for fact in facts_of(rule)}
    follows = {atom.fact for one in book.implications for atom in atoms(parse_condition(one.when))}
    for name, fact in book.facts.items():
        if name not in used | follows:
            yield Remark(grade="notice", rule="", kind="unused fact", text=f"{name} is in no condition")
        elif fact.ask is None and fact.kind != "constant":
            yield Remark(grade="notice", rule="", kind="no question", text=f"{name} has no `ask`")


def _unsupported(book: RuleBook) -> Iterator[Remark]:
    for rule in book.rules.values():
        if not rule.rows:
            text = f"no row of evidence; rests on {rule.evidence.study} ({rule.strength})"
            yield Remark(grade="notice", rule=rule.id, kind="no row of evidence", text=text)
