"""The facts that a rule can meet, thinned to values that matter: every word, both truths, both sides of a limit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, pairwise, product

from lumbomics.advise.logic import UNKNOWN, Value, judge
from lumbomics.catalogue import Comparison, Fact, Rule, RuleBook, atoms, parse_condition

MOST_POINTS = 200_000
"""Beyond this many combinations a rule is not searched to the end, and the report says so."""


def facts_of(rule: Rule) -> tuple[str, ...]:
    """Facts that a rule's condition names, in order, each once."""
    return tuple(dict.fromkeys(atom.fact for atom in atoms(parse_condition(rule.when))))


def representative_values(name: str, book: RuleBook) -> tuple[Value, ...]:
    """Values of a fact that the rules can tell apart, ``unknown`` last unless it is a constant.

    For numbers: every limit that any condition of the book names, a value between neighbours, and one beyond each end,
    within the fact's own bounds.
    """
    fact = book.facts[name]
    if fact.kind == "constant":
        return (True,)
    if fact.kind == "boolean":
        return (True, False, UNKNOWN)
    if fact.kind == "choice":
        return (*fact.values, UNKNOWN)
    return (*_numbers(name, fact, book), UNKNOWN)


def points(names: Iterable[str], book: RuleBook) -> Iterator[Mapping[str, Value]]:
    """All combinations of representative values, at most ``MOST_POINTS``, without those that contradict themselves."""
    chosen = tuple(names)
    combinations = product(*(representative_values(name, book) for name in chosen))
    for values in islice(combinations, MOST_POINTS):
        point = dict(zip(chosen, values, strict=True))
        if is_consistent(point, book):
            yield point


def is_consistent(point: Mapping[str, Value], book: RuleBook) -> bool:
    """Whether no contradiction and no denied implication is certain."""
    impossible = (one.when for one in book.contradictions)
    if any(judge(parse_condition(when), point).truth is True for when in impossible):
        return False
    return not any(
        point.get(one.fact) is False and judge(parse_condition(one.when), point).truth is True
        for one in book.implications
    )


def _numbers(name: str, fact: Fact, book: RuleBook) -> tuple[float, ...]:
    limits = sorted({limit for when in _conditions(book) for limit in _limits(name, when)})
    step = 1.0
    middles = [(low + high) / 2 for low, high in pairwise(limits)] if fact.kind == "number" else []
    outer = [limits[0] - step, limits[-1] + step] if limits else [0.0]
    bounds = [bound for bound in (fact.low, fact.high) if bound is not None]
    low = -float("inf") if fact.low is None else fact.low
    high = float("inf") if fact.high is None else fact.high
    return tuple(value for value in sorted({*limits, *middles, *outer, *bounds}) if low <= value <= high)


def _conditions(book: RuleBook) -> Iterator[str]:
    for group in (book.rules.values(), book.implications, book.contradictions):
        for one in group:
            yield one.when


def _limits(name: str, when: str) -> Iterator[float]:
    for atom in atoms(parse_condition(when)):
        if isinstance(atom, Comparison) and atom.fact == name:
            yield from (literal for literal in atom.literals if isinstance(literal, float))
