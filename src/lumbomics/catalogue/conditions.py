"""The small language of a rule's ``when``: facts, comparisons with literals, and / or / not."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from lumbomics.catalogue.rules import Fact

_ORDERING = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_COMPARING = (ast.Eq, ast.NotEq, ast.In, ast.NotIn, *_ORDERING)


def facts_in(when: str) -> frozenset[str]:
    """Names of the facts that a condition speaks of; SyntaxError if it is no expression."""
    return frozenset(node.id for node in ast.walk(_parse(when)) if isinstance(node, ast.Name))


def condition_faults(when: str, facts: Mapping[str, Fact]) -> list[str]:
    """All that is wrong with a condition, in words; empty if it can be evaluated over ``facts``."""
    try:
        tree = _parse(when)
    except SyntaxError as error:
        return [f"cannot be read as an expression ({error.msg})"]
    return list(_faults(tree, facts))


def _parse(when: str) -> ast.expr:
    return ast.parse(when, mode="eval").body


def _faults(node: ast.expr, facts: Mapping[str, Fact]) -> Iterator[str]:
    if isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from _faults(value, facts)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield from _faults(node.operand, facts)
    elif isinstance(node, ast.Compare):
        yield from _comparison_faults(node, facts)
    elif isinstance(node, ast.Name):
        yield from _name_faults(node, facts)
    else:
        yield f"{ast.unparse(node)!r} is not allowed: only facts, comparisons, and, or, not"


def _name_faults(node: ast.Name, facts: Mapping[str, Fact]) -> Iterator[str]:
    if node.id not in facts:
        yield f"unknown fact {node.id!r}"
    elif facts[node.id].kind not in ("boolean", "constant"):
        yield f"fact {node.id!r} is a {facts[node.id].kind} and needs a comparison"


def _comparison_faults(node: ast.Compare, facts: Mapping[str, Fact]) -> Iterator[str]:
    name = node.left
    if not isinstance(name, ast.Name) or len(node.ops) != 1 or not isinstance(node.ops[0], _COMPARING):
        yield f"{ast.unparse(node)!r} is not a comparison of one fact with a literal"
    elif name.id not in facts:
        yield f"unknown fact {name.id!r}"
    else:
        yield from _literal_faults(node, name.id, facts[name.id])


def _literal_faults(node: ast.Compare, name: str, fact: Fact) -> Iterator[str]:
    try:
        literal = ast.literal_eval(node.comparators[0])
    except ValueError:
        yield f"{ast.unparse(node.comparators[0])!r} is no literal"
        return
    literals = literal if isinstance(literal, list) else [literal]
    if isinstance(node.ops[0], ast.In | ast.NotIn) != isinstance(literal, list):
        yield f"{ast.unparse(node)!r}: 'in' takes a list, every other comparison one value"
    if fact.kind == "choice":
        yield from (f"{name!r} cannot be {word!r}" for word in literals if word not in fact.choices)
        if isinstance(node.ops[0], _ORDERING):
            yield f"{name!r} is a choice and has no order"
    elif fact.kind in ("number", "integer"):
        yield from (f"{name!r} is a number, not {word!r}" for word in literals if not isinstance(word, int | float))
    else:
        yield f"fact {name!r} is true or false: write it without a comparison"
