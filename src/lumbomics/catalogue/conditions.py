"""Whether a rule's condition fits the facts that it speaks of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lumbomics.catalogue.expression import Comparison, Truth, atoms, parse_condition
from lumbomics.catalogue.rules import Fact
from lumbomics.core.errors import CatalogueError


def facts_in(when: str) -> frozenset[str]:
    """Names of the facts that a condition speaks of; CatalogueError if it is none."""
    return frozenset(atom.fact for atom in atoms(parse_condition(when)))


def condition_faults(when: str, facts: Mapping[str, Fact]) -> list[str]:
    """All that is wrong with a condition, in words; empty if it can be evaluated over ``facts``."""
    try:
        condition = parse_condition(when)
    except CatalogueError as error:
        return [str(error)]
    return [fault for atom in atoms(condition) for fault in _faults(atom, facts)]


def _faults(atom: Truth | Comparison, facts: Mapping[str, Fact]) -> Iterator[str]:
    if atom.fact not in facts:
        yield f"unknown fact {atom.fact!r}"
    elif isinstance(atom, Comparison):
        yield from _literal_faults(atom, facts[atom.fact])
    elif facts[atom.fact].kind not in ("boolean", "constant"):
        yield f"fact {atom.fact!r} is a {facts[atom.fact].kind} and needs a comparison"


def _literal_faults(atom: Comparison, fact: Fact) -> Iterator[str]:
    name = atom.fact
    if fact.kind == "choice":
        yield from (f"{name!r} cannot be {word!r}" for word in atom.literals if word not in fact.choices)
        if atom.has_order:
            yield f"{name!r} is a choice and has no order"
    elif fact.kind in ("number", "integer"):
        yield from (f"{name!r} is a number, not {word!r}" for word in atom.literals if not isinstance(word, float))
    else:
        yield f"fact {name!r} is true or false: write it without a comparison"
