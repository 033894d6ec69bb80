"""How much of what can happen the rules answer, and how much of it the case library shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lumbomics.advise.case import Case, shown_value
from lumbomics.advise.evaluate import advise, verdict_on
from lumbomics.advise.findings import State
from lumbomics.advise.space import facts_of, points, representative_values
from lumbomics.catalogue import Rule, RuleBook, load_rules


@dataclass(frozen=True, kw_only=True)
class RuleCoverage:
    """One rule over its own fact space (every consistent combination of values that matter) and over the cases."""

    rule: str
    points: int
    fires: int
    silent: int
    undecided: int
    cases: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class FactCoverage:
    """One fact: the rules that read it, and the values that no case states."""

    fact: str
    rules: tuple[str, ...]
    values: int
    unseen: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Report over the fact space and the cases."""

    cases: int
    rules: tuple[RuleCoverage, ...]
    facts: tuple[FactCoverage, ...]

    @property
    def never_fired(self) -> tuple[str, ...]:
        """Rules that fire in no case."""
        return tuple(one.rule for one in self.rules if not one.cases.get(State.FIRES))

    @property
    def never_silent(self) -> tuple[str, ...]:
        """Rules that no case makes false."""
        return tuple(one.rule for one in self.rules if not one.cases.get(State.SILENT))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a machine."""
        return {"cases": self.cases, "rules": [asdict(r) for r in self.rules], "facts": [asdict(f) for f in self.facts]}


def cover(cases: Iterable[Case], *, book: RuleBook | None = None) -> Coverage:
    """Count where each rule fires, is silent or undecided, and which values of facts the cases leave out."""
    rules, found = book or load_rules(), list(cases)
    seen = {rule: Counter[str]() for rule in rules.rules}
    for case in found:
        for finding in advise(case, book=rules).findings:
            seen[finding.rule.id][finding.state] += 1
    return Coverage(
        cases=len(found),
        rules=tuple(_rule(rule, rules, seen[rule.id]) for rule in rules.rules.values()),
        facts=tuple(_facts(rules, found)),
    )


def coverage_lines(report: Coverage) -> Iterator[str]:
    """Write a coverage report for reading."""
    yield f"{len(report.rules)} rules, {len(report.facts)} facts, {report.cases} cases"
    yield ""
    yield "rule   fact space: points   fires  silent  undecided   cases: fires  silent  held  waits"
    for one in report.rules:
        cases = [one.cases.get(state, 0) for state in (State.FIRES, State.SILENT, State.HELD, State.WAITS)]
        numbers = f"{one.points:18d}  {one.fires:6d}  {one.silent:6d}  {one.undecided:9d}"
        yield f"{one.rule:5}{numbers}  {cases[0]:13d}  {cases[1]:6d}  {cases[2]:4d}  {cases[3]:5d}"
    yield ""
    yield f"fires in no case: {', '.join(report.never_fired) or 'none'}"
    yield f"silent in no case: {', '.join(report.never_silent) or 'none'}"
    yield "values that no case states:"
    for fact in report.facts:
        if fact.unseen:
            yield f"  {fact.fact}: {', '.join(fact.unseen)}"


def _rule(rule: Rule, book: RuleBook, cases: Counter[str]) -> RuleCoverage:
    truths = Counter(verdict_on(rule, point, book).truth for point in points(facts_of(rule), book))
    return RuleCoverage(
        rule=rule.id,
        points=truths.total(),
        fires=truths[True],
        silent=truths[False],
        undecided=truths[None],
        cases=dict(cases),
    )


def _facts(book: RuleBook, cases: list[Case]) -> Iterator[FactCoverage]:
    for name, fact in book.facts.items():
        if fact.kind == "constant":
            continue
        values = representative_values(name, book)
        stated = {case.facts[name] for case in cases if name in case.facts}
        words = () if fact.kind in ("number", "integer") else tuple(shown_value(v) for v in values if v not in stated)
        yield FactCoverage(
            fact=name,
            rules=tuple(rule.id for rule in book.rules.values() if name in facts_of(rule)),
            values=len(values),
            unseen=words if fact.kind not in ("number", "integer") or stated else ("any",),
        )
