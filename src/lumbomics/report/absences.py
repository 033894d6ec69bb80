"""What was not assessable and why, gathered so that it can be read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lumbomics.catalogue import load_quantities
from lumbomics.core.measurement import Absent, Reason, Result
from lumbomics.report.composition import Composition, load_composition
from lumbomics.report.text import biomarker_name, level_order, list_text


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """One obstacle in words, and everything it stood in the way of (name, places)."""

    detail: str
    hidden: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class ReasonGroup:
    """All obstacles of one class."""

    heading: str
    count: int
    obstacles: tuple[Obstacle, ...]


def group_absences(results: Sequence[Result], composition: Composition) -> list[ReasonGroup]:
    """Group absences by reason, then by obstacle, then by biomarker; commonest reason first."""
    absences = [result for result in results if isinstance(result, Absent)]
    groups = [_group(reason, absences, composition) for reason in dict.fromkeys(a.reason for a in absences)]
    return sorted(groups, key=lambda group: -group.count)


def _group(reason: Reason, absences: Iterable[Absent], composition: Composition) -> ReasonGroup:
    mine = [absence for absence in absences if absence.reason is reason]
    obstacles = tuple(
        _obstacle(detail, [a for a in mine if a.detail == detail]) for detail in dict.fromkeys(a.detail for a in mine)
    )
    return ReasonGroup(heading=composition.reasons[reason], count=len(mine), obstacles=obstacles)


def _obstacle(detail: str, absences: Sequence[Absent]) -> Obstacle:
    names = dict.fromkeys(absence.biomarker for absence in absences)
    mine = {name: [a for a in absences if a.biomarker == name] for name in names}
    hidden = tuple((biomarker_name(name) + _variants(name, found), _places(found)) for name, found in mine.items())
    return Obstacle(detail=detail, hidden=hidden)


def _variants(biomarker: str, absences: Sequence[Absent]) -> str:
    """Headings of the methods concerned, in brackets, where they are not all that the biomarker has."""
    methods = dict.fromkeys(absence.method for absence in absences if absence.method)
    every = {method for name, method in load_quantities() if name == biomarker}
    if not methods or set(methods) >= every:
        return ""
    headings = (load_composition().heading(biomarker, method) or method.replace("_", " ") for method in methods)
    return f" ({list_text(headings)})"


def _places(absences: Sequence[Absent]) -> str:
    """Levels with their sides, each once, head to tail: ``L4-L5, L5-S1 left``."""
    sides: dict[str, list[str]] = {}
    for absence in absences:
        if absence.level:
            kept = sides.setdefault(absence.level, [])
            kept += [absence.side] if absence.side and absence.side not in kept else []
    ordered = sorted(sides, key=level_order)
    return list_text(level + (f" {sides[level][0]}" if len(sides[level]) == 1 else "") for level in ordered)
