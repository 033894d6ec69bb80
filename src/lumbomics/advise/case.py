"""A case: the facts of one patient, each with its origin, checked and completed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from types import MappingProxyType

from lumbomics.advise.logic import UNKNOWN, Facts, Value, judge
from lumbomics.catalogue import Fact, RuleBook, load_rules, parse_condition
from lumbomics.core.errors import FaultsError, InputError, LumbomicsError

STATED = "stated"
_DAYS_A_MONTH = 30.4375
_AGREE_MONTHS = 1.0
_HUGE = 1e300  # beyond it a whole number may be no float any more
_DATED = MappingProxyType({"surgery": "months_since_surgery", "last_imaging": "months_since_last_imaging"})


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a case of the library says should come out: rules that fire, gates that stay open."""

    fires: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Observed:
    """A fact that was not stated but taken from elsewhere, and from where."""

    value: Value
    origin: str


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a case was made from, before anything was computed."""

    facts: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    dates: Mapping[str, date] = field(default_factory=lambda: MappingProxyType({}))
    today: date | None = None
    observed: Mapping[str, Observed] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, kw_only=True)
class Case:
    """One patient's facts, consistent by construction when made by ``make_case``.

    Parameters
    ----------
    title, description
        For the reader; no names of persons.
    facts
        Known facts by name; ``unknown`` where stated so. A fact that is left out is not known.
    origins
        Where each fact comes from, in words.
    expected
        Of library cases only.
    given
        What the case was made from.
    """

    title: str = "Case"
    description: str = ""
    facts: Facts = field(default_factory=lambda: MappingProxyType({}))
    origins: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    expected: Expected | None = None
    given: Given = field(default_factory=Given, repr=False)


def make_case(
    facts: Mapping[str, object],
    *,
    title: str = "Case",
    description: str = "",
    dates: Mapping[str, date] | None = None,
    today: date | None = None,
    observed: Mapping[str, Observed] | None = None,
    expected: Expected | None = None,
    book: RuleBook | None = None,
) -> Case:
    """Check facts, compute times from dates, and add what follows.

    Parameters
    ----------
    facts
        Name -> boolean, number, word, or ``None`` / ``unknown``.
    dates
        ``surgery``, ``last_imaging``, and ``as_of``: the day that the case describes (default: today).
    today
        The day that no date may lie after; default: today's date.
    observed
        Facts taken from elsewhere; a statement that denies one is a fault.
    expected
        Of library cases only.
    book
        The rule book that defines the facts; default: the shipped one.

    Raises
    ------
    FaultsError
        All unknown names, wrong types, values out of range, dates in the future and contradictions at once.
    """
    rules = book or load_rules()
    faults: list[LumbomicsError] = []
    known: dict[str, Value] = {}
    sources: dict[str, str] = {}
    for name, value in facts.items():
        _take(name, value, rules.facts, known, faults)
    _take_observed(observed or {}, rules, known, sources, faults)
    _take_dates(dict(dates or {}), today or date.today(), known, sources, faults)  # noqa: DTZ011 (dates have no zone)
    _complete_times(known, sources, faults)
    if not faults:
        _complete_implied(rules, known, sources, faults)
        faults.extend(_contradictions(rules, known))
    if faults:
        raise FaultsError(faults)
    return Case(
        title=title,
        description=description,
        facts=MappingProxyType(known),
        origins=MappingProxyType({name: sources.get(name, STATED) for name in known}),
        expected=expected,
        given=Given(facts=dict(facts), dates=dict(dates or {}), today=today, observed=dict(observed or {})),
    )


def with_fact(case: Case, name: str, value: Value, *, book: RuleBook | None = None) -> Case:
    """State one more fact and complete the case anew; FaultsError if it contradicts what is known."""
    given = case.given
    return make_case(
        {**given.facts, name: value},
        title=case.title,
        description=case.description,
        dates=given.dates,
        today=given.today,
        observed=given.observed,
        expected=case.expected,
        book=book,
    )


def fact_value(name: str, value: object, fact: Fact) -> Value:
    """Check one value against its fact; InputError if it does not fit. ``None`` gives ``unknown``."""
    if value is None or value == UNKNOWN:
        return UNKNOWN
    if fact.kind == "boolean" and isinstance(value, bool):
        return value
    if fact.kind == "choice" and value in fact.values:
        return str(value)
    if fact.kind in ("number", "integer") and isinstance(value, int | float) and not isinstance(value, bool):
        return _number(name, float(value) if abs(value) < _HUGE else math.inf, fact)
    raise InputError(
        "value does not fit the fact", expected=_described(fact), got=repr(value), where=name, hint=fact.note
    )


def _number(name: str, value: float, fact: Fact) -> float:
    low, high = -math.inf if fact.low is None else fact.low, math.inf if fact.high is None else fact.high
    whole = fact.kind == "number" or value.is_integer()
    if math.isfinite(value) and low <= value <= high and whole:
        return value
    future = "; a time since something lies in the future" if fact.unit in ("mo", "d") and value < 0 else ""
    raise InputError(f"value out of range{future}", expected=_described(fact), got=f"{value:g}", where=name)


def _described(fact: Fact) -> str:
    if fact.kind == "choice":
        return f"one of {', '.join(fact.values)}, unknown"
    if fact.kind == "boolean":
        return "true, false or unknown"
    span = "" if fact.low is None else f" from {fact.low:g}" + ("" if fact.high is None else f" to {fact.high:g}")
    return f"a{' whole' if fact.kind == 'integer' else ''} number{span}, or unknown"


def _take(
    name: str, value: object, facts: Mapping[str, Fact], known: dict[str, Value], faults: list[LumbomicsError]
) -> None:
    if name not in facts or facts[name].kind == "constant":
        near = get_close_matches(str(name), facts, n=3)
        faults.append(
            InputError("no such fact", got=repr(name), hint=f"did you mean {', '.join(near)}?" if near else None)
        )
        return
    try:
        known[name] = fact_value(name, value, facts[name])
    except InputError as error:
        faults.append(error)


def _take_observed(
    observed: Mapping[str, Observed],
    book: RuleBook,
    known: dict[str, Value],
    sources: dict[str, str],
    faults: list[LumbomicsError],
) -> None:
    for name, one in observed.items():
        value = fact_value(name, one.value, book.facts[name])
        if isinstance(value, float) and book.facts[name].unit in ("mo", "d"):
            _add(name, value, one.origin, known, sources, faults)
        elif known.get(name, UNKNOWN) == UNKNOWN:
            known[name], sources[name] = value, one.origin
        elif known[name] != value:
            got, expected = shown_value(known[name]), f"{shown_value(value)} ({one.origin})"
            faults.append(InputError("two statements disagree", expected=expected, got=got, where=name))


def _take_dates(
    dates: dict[str, date], today: date, known: dict[str, Value], sources: dict[str, str], faults: list[LumbomicsError]
) -> None:
    reference = dates.pop("as_of", today)
    if reference > today:
        faults.append(InputError("date lies in the future", got=str(reference), where="dates: as_of"))
    for what, day in dates.items():
        if what not in _DATED:
            faults.append(InputError("unknown date", expected=", ".join((*_DATED, "as_of")), got=what, where="dates"))
            continue
        days = (reference - day).days
        if days < 0:
            problem = "date lies in the future" if day > today else "date lies after the day of the case"
            faults.append(InputError(problem, expected=f"up to {reference}", got=str(day), where=f"dates: {what}"))
            continue
        _add(
            _DATED[what],
            days / _DAYS_A_MONTH,
            f"computed from the date of {what.replace('_', ' ')}",
            known,
            sources,
            faults,
        )


def _add(
    name: str,
    months: float,
    origin: str,
    known: dict[str, Value],
    sources: dict[str, str],
    faults: list[LumbomicsError],
) -> None:
    """Add a computed time; one that is stated as well must agree."""
    stated = known.get(name, UNKNOWN)
    if isinstance(stated, float) and abs(stated - months) > _AGREE_MONTHS:
        faults.append(
            InputError("two statements disagree", expected=f"{months:.1f} ({origin})", got=f"{stated:g}", where=name)
        )
    elif not isinstance(stated, float):
        known[name], sources[name] = months, origin


def _complete_times(known: dict[str, Value], sources: dict[str, str], faults: list[LumbomicsError]) -> None:
    days, months = known.get("days_since_surgery", UNKNOWN), known.get("months_since_surgery", UNKNOWN)
    if isinstance(days, float):
        _add("months_since_surgery", days / _DAYS_A_MONTH, "computed from days_since_surgery", known, sources, faults)
    elif isinstance(months, float):
        known["days_since_surgery"] = months * _DAYS_A_MONTH
        sources["days_since_surgery"] = "computed from months_since_surgery"


def _complete_implied(
    book: RuleBook, known: dict[str, Value], sources: dict[str, str], faults: list[LumbomicsError]
) -> None:
    """Add what follows until nothing new does; implications have no circle, so this ends, and in one result."""
    pending = list(book.implications)
    while True:
        holding = [one for one in pending if judge(parse_condition(one.when), known).truth is True]
        if not holding:
            return
        pending = [one for one in pending if one not in holding]
        for one in holding:
            if known.get(one.fact) is False:
                problem = f"contradictory case: {one.fact} is stated as false and yet it follows, since {one.because}"
                faults.append(InputError(problem, got=_shown(one.when, known)))
            elif known.get(one.fact) is not True:
                known[one.fact], sources[one.fact] = True, f"follows: {one.because}"


def _contradictions(book: RuleBook, known: Facts) -> Iterator[LumbomicsError]:
    for one in book.contradictions:
        if judge(parse_condition(one.when), known).truth is True:
            yield InputError(f"contradictory case: {one.problem}", got=_shown(one.when, known))


def _shown(when: str, known: Facts) -> str:
    used = judge(parse_condition(when), known).used
    return ", ".join(f"{name}: {shown_value(known[name])}" for name in sorted(used))


def shown_value(value: Value) -> str:
    """Write a value for people: yes, no, a short number, or the word."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else value
