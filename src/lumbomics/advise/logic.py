"""Kleene's three-valued logic over case facts: true, false, or unknown (``None``), with what decided it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt
from types import MappingProxyType
from typing import Any

from lumbomics.catalogue import Comparison, Condition, Conjunction, Disjunction, Negation, Truth

UNKNOWN = "unknown"
"""Value of a fact that is stated as not known; a fact that is left out counts as not known too."""
Value = bool | float | str
Facts = Mapping[str, Value]
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType({"==": eq, "<": lt, "<=": le, ">": gt, ">=": ge})


@dataclass(frozen=True)
class Verdict:
    """Truth of a condition with its reasons.

    Parameters
    ----------
    truth
        ``None`` where the known facts do not decide.
    used
        Known facts that decided, or that would count once the rest is known.
    missing
        Facts whose value could still decide; empty where the condition is decided.
    """

    truth: bool | None
    used: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()


def judge(condition: Condition, facts: Facts) -> Verdict:
    """Evaluate a condition over what is known.

    ``and`` is false as soon as one part is false, ``or`` true as soon as one part is true; otherwise one unknown part
    leaves the whole unknown. A comparison that names the word ``unknown`` is decided by a fact that is stated as
    unknown, and not by one that is left out.
    """
    match condition:
        case Truth() | Comparison():
            return _atom(condition, facts)
        case Negation(part):
            inner = judge(part, facts)
            return Verdict(None if inner.truth is None else not inner.truth, inner.used, inner.missing)
        case Conjunction(parts):
            return _joined([judge(part, facts) for part in parts], decisive=False)
        case Disjunction(parts):
            return _joined([judge(part, facts) for part in parts], decisive=True)


def _atom(atom: Truth | Comparison, facts: Facts) -> Verdict:
    value = facts.get(atom.fact)
    truth = None if value is None else bool(value) if isinstance(atom, Truth) else _compared(atom, value)
    if truth is None or (isinstance(atom, Truth) and value == UNKNOWN):
        return Verdict(None, missing=frozenset({atom.fact}))
    return Verdict(truth, used=frozenset({atom.fact}))


def _compared(atom: Comparison, value: Value) -> bool | None:
    if value == UNKNOWN and UNKNOWN not in atom.literals:
        return None
    if atom.operator in ("in", "not in"):
        return (value in atom.literals) == (atom.operator == "in")
    if atom.operator == "!=":
        return value != atom.literals[0]
    return _COMPARE[atom.operator](value, atom.literals[0])


def _joined(verdicts: list[Verdict], *, decisive: bool) -> Verdict:
    """Join parts: one part of truth ``decisive`` decides (``or``: true, ``and``: false)."""
    deciding = [v for v in verdicts if v.truth is decisive]
    if deciding:
        return Verdict(decisive, used=_union(v.used for v in deciding))
    open_parts = [v for v in verdicts if v.truth is None]
    used = _union(v.used for v in verdicts)
    if open_parts:
        return Verdict(None, used, _union(v.missing for v in open_parts))
    return Verdict(not decisive, used)


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*sets)
