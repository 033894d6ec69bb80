"""Statements put together from parts that are quoted here, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from string import Template


def name(identifier: str) -> str:
    """Quote a table's or column's name."""
    return '"' + identifier.replace('"', '""') + '"'


def text(literal: str) -> str:
    """Quote a text."""
    return "'" + literal.replace("'", "''") + "'"


def texts(literals: Iterable[str]) -> str:
    """Quote texts, parted by commas."""
    return ", ".join(text(literal) for literal in literals)


def compose(template: str, **parts: str) -> str:
    """Fill ``$part``s, each already quoted or a statement of ours; a lacking part raises KeyError."""
    return Template(template).substitute(parts)
