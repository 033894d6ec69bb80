"""Which facts to ask for: those that can still change what is said, gates first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lumbomics.advise.case import Case, fact_value, with_fact
from lumbomics.advise.evaluate import advise
from lumbomics.advise.findings import State
from lumbomics.advise.logic import UNKNOWN, Value
from lumbomics.catalogue import Fact, RuleBook, load_rules, unit_text
from lumbomics.core.errors import InputError

_YES, _NO, _OPEN = ("y", "yes", "true", "1"), ("n", "no", "false", "0"), ("", "?", "u", UNKNOWN)


@dataclass(frozen=True, kw_only=True)
class Question:
    """One fact to ask for.

    Parameters
    ----------
    fact
        Its name.
    text
        The question.
    answers
        What may be answered, in words.
    rules
        Rules that wait for it, in the order of presentation.
    """

    fact: str
    text: str
    answers: str
    rules: tuple[str, ...]


def open_questions(case: Case, *, until: str = "suggest", book: RuleBook | None = None) -> tuple[Question, ...]:
    """Facts that can still change the outcome, those of the gravest rules first.

    Parameters
    ----------
    case
        What is known so far; a fact that is stated as unknown is not asked for again.
    until
        The least grave severity that is worth a question.
    book
        Rules; default: the shipped ones.

    Raises
    ------
    InputError
        If there is no such severity.
    """
    rules = book or load_rules()
    wanted = _down_to(until, rules)
    waiting: dict[str, list[str]] = {}
    for finding in advise(case, book=rules).of(State.HELD, State.WAITS):
        if finding.rule.severity in wanted:
            for name in _by_position(finding.missing, finding.rule.when):
                waiting.setdefault(name, []).append(finding.rule.id)
    return tuple(
        Question(fact=name, text=rules.facts[name].ask or name, answers=_answers(rules.facts[name]), rules=tuple(ids))
        for name, ids in waiting.items()
        if name not in case.facts
    )


def answered(case: Case, fact: str, text: str, *, book: RuleBook | None = None) -> Case:
    """Add an answer to a case.

    Raises
    ------
    InputError
        If the answer does not fit its fact.
    FaultsError
        If it contradicts what is known.
    """
    rules = book or load_rules()
    return with_fact(case, fact, parse_answer(fact, text, rules.facts[fact]), book=rules)


def parse_answer(name: str, text: str, fact: Fact) -> Value:
    """Turn what was typed into a value; empty and ``?`` give ``unknown``. InputError if it does not fit."""
    typed = text.strip()
    if typed.lower() in _OPEN:
        return UNKNOWN
    if fact.kind == "boolean":
        return _truth(name, typed)
    if fact.kind == "choice":
        return fact_value(name, _choice(typed, fact), fact)
    try:
        return fact_value(name, float(typed.replace(",", ".")), fact)
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError("no number", got=repr(typed), where=name) from error


def _down_to(until: str, book: RuleBook) -> tuple[str, ...]:
    order: tuple[str, ...] = book.evaluation.precedence
    if until not in order:
        raise InputError("no such severity", expected=", ".join(order), got=until)
    return order[: order.index(until) + 1]


def _truth(name: str, typed: str) -> bool:
    if typed.lower() in (*_YES, *_NO):
        return typed.lower() in _YES
    raise InputError("answer does not fit", expected="y, n or ?", got=repr(typed), where=name)


def _choice(typed: str, fact: Fact) -> str:
    if typed.isdigit() and 1 <= int(typed) <= len(fact.values):
        return fact.values[int(typed) - 1]
    return next((value for value in fact.values if value.lower() == typed.lower()), typed)


def _answers(fact: Fact) -> str:
    if fact.kind == "boolean":
        return "y / n / ?"
    if fact.kind == "choice":
        return ", ".join(f"{number} {value}" for number, value in enumerate(fact.values, start=1)) + ", ?"
    return " ".join(part for part in ("number", unit_text(fact.unit) if fact.unit else "", "/ ?") if part)


def _by_position(names: tuple[str, ...], when: str) -> Iterator[str]:
    yield from sorted(names, key=when.find)
