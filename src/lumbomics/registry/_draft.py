"""A record on its way in: what a reader found, before it has an id."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Draft:
    """Fields of one record as ``Record`` names them."""

    line: int
    title: str = ""
    authors: tuple[str, ...] = ()
    year: int | None = None
    journal: str = ""
    volume: str = ""
    start_page: str = ""
    doi: str = ""
    pmid: str = ""
    abstract: str = ""
    language: str = ""
    kind: str = ""
    raw: dict[str, Any] = field(default_factory=dict)


def one_line(text: object) -> str:
    """Text on one line, runs of blanks made one."""
    return " ".join(str(text or "").split())
