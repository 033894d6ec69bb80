"""A visit's series against what its question needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from lumbomics.advise.case import Case
from lumbomics.advise.evaluate import advise
from lumbomics.advise.findings import DISCLAIMER, Finding, State
from lumbomics.advise.logic import judge
from lumbomics.catalogue import RuleBook, is_unverified, load_rules, parse_condition
from lumbomics.core.errors import InputError
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Posture
from lumbomics.core.visit import MetalTechnique, Plane, Series, SeriesKind

_NO_MR = {Contrast.CT, Contrast.CT_MYELOGRAPHY, Contrast.RADIOGRAPH, Contrast.NM, Contrast.PET, Contrast.UNKNOWN}
_MR = tuple(contrast for contrast in Contrast if contrast not in _NO_MR)
_FLAT = (Plane.PROJECTION, Plane.UNKNOWN)


class Availability(StrEnum):
    """What became of one need."""

    PRESENT = "present"
    TOO_COARSE = "insufficient resolution"
    MISSING = "missing"
    FORBIDDEN = "forbidden by a gate"
    """Not there, and a gate forbids to ask for it."""
    NOT_NEEDED = "not needed"
    UNDECIDED = "depends on unknown facts"


class Need(BaseModel):
    """One thing that a question needs; a series that has all stated properties serves it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    text: str
    contrast: tuple[Contrast, ...] | Literal["mr"]
    plane: tuple[Plane, ...] = ()
    posture: tuple[Posture, ...] = ()
    metal_technique: bool | None = None
    max_slice_mm: Annotated[float, Field(gt=0)] | None = None
    max_in_plane_mm: Annotated[float, Field(gt=0)] | None = None
    when: str | None = None
    unless: str | None = None
    rules: Annotated[tuple[str, ...], Field(min_length=1)]

    @property
    def contrasts(self) -> tuple[Contrast, ...]:
        """Kinds of series that serve it."""
        return _MR if self.contrast == "mr" else self.contrast

    @property
    def actions(self) -> frozenset[str]:
        """Actions of the rule book that making such a series would be."""
        agent = {"gadolinium"} if set(self.contrasts) == {Contrast.T1_POST} else set()
        return frozenset(agent | ({"mr"} if set(self.contrasts) <= set(_MR) else set()))


class Protocol(BaseModel):
    """What one question needs, and where the limits on resolution come from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    basis: str
    needs: Annotated[tuple[Need, ...], Field(min_length=1)]


@dataclass(frozen=True, kw_only=True)
class SeriesSummary:
    """What the check must know of a series.

    Parameters
    ----------
    name
        As in the visit.
    kind
        Contrast, plane, metal technique.
    posture
        How the patient was held.
    slice_mm, in_plane_mm
        Largest voxel edge, and the larger of the two others; ``None`` where unknown.
    """

    name: str
    kind: SeriesKind
    posture: Posture = Posture.UNKNOWN
    slice_mm: float | None = None
    in_plane_mm: float | None = None


@dataclass(frozen=True, kw_only=True)
class ProtocolRow:
    """One need and what became of it.

    Parameters
    ----------
    need
        What is needed, in words.
    availability
        What became of it.
    series
        Series that serve it, or that would if they were finer.
    detail
        The reason in one sentence, empty where it is plain.
    rules
        Rules that ask for it.
    """

    need: str
    availability: Availability
    series: tuple[str, ...] = ()
    detail: str = ""
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ProtocolReport:
    """A visit against one question, ready to be shown as a table.

    Parameters
    ----------
    question, title
        Id of the protocol and the question in words.
    basis
        Where its limits come from; unverified ones are settings.
    rows
        One entry a need.
    """

    question: str
    title: str
    basis: str
    rows: tuple[ProtocolRow, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing that is needed, or may be, is lacking."""
        return all(row.availability in (Availability.PRESENT, Availability.NOT_NEEDED) for row in self.rows)

    @property
    def limits(self) -> str:
        """What the limits on resolution rest on, where that is no verified source; else empty."""
        return f"Limits on resolution are settings ({self.basis}), no standard." if is_unverified(self.basis) else ""

    def table(self) -> tuple[tuple[str, ...], ...]:
        """Headings and rows as plain text: need, what became of it, series, why, rules; for a page that shows them."""
        rows = ((r.need, str(r.availability), ", ".join(r.series), r.detail, ", ".join(r.rules)) for r in self.rows)
        return (("Needed", "State", "Series", "Why", "Rules"), *rows)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a machine."""
        return {"disclaimer": DISCLAIMER, "complete": self.complete, **asdict(self)}


@cache
def load_protocols() -> Mapping[str, Protocol]:
    """All protocols by question."""
    document = yaml.safe_load(files("lumbomics.advise").joinpath("protocols.yaml").read_text(encoding="utf-8"))
    return MappingProxyType({name: Protocol.model_validate(entry) for name, entry in document.items()})


def summarise(series: Series) -> SeriesSummary:
    """Take from a series what the check needs; the spacing of its grid stands for its resolution."""
    _, middle, large = sorted(float(edge) for edge in series.image.grid.spacing_mm)
    flat = series.kind.plane in _FLAT
    return SeriesSummary(
        name=series.name,
        kind=series.kind,
        posture=series.posture,
        slice_mm=None if flat else large,
        in_plane_mm=middle,
    )


def check_protocol(
    series: Sequence[SeriesSummary], question: str, case: Case | None = None, *, book: RuleBook | None = None
) -> ProtocolReport:
    """Compare a visit's series with what a question needs.

    Parameters
    ----------
    series
        The visit's series, from ``summarise``.
    question
        A key of ``load_protocols()``.
    case
        Facts that decide which needs apply and which gates stand; unknown facts leave a need undecided.
    book
        Rules behind the needs; default: the shipped ones.

    Raises
    ------
    InputError
        If there is no such question.
    """
    protocols = load_protocols()
    if question not in protocols:
        raise InputError("no protocol for this question", expected=", ".join(protocols), got=question)
    protocol, facts = protocols[question], case or Case()
    gates = _gates(facts, book or load_rules())
    served = {need.id for need in protocol.needs if _served(need, series)}
    rows = tuple(_row(need, series, facts, gates, served) for need in protocol.needs)
    return ProtocolReport(question=question, title=protocol.title, basis=protocol.basis, rows=rows)


def protocol_lines(report: ProtocolReport) -> Iterator[str]:
    """Write a report for reading."""
    yield report.title
    for row in report.rows:
        where = f" ({', '.join(row.series)})" if row.series else ""
        detail = f": {row.detail}" if row.detail else ""
        yield f"  {row.availability.value:24} {row.need}{where}{detail} [{', '.join(row.rules)}]"
    yield "Nothing is lacking." if report.complete else "Not complete."
    if report.limits:
        yield report.limits
    yield DISCLAIMER


def _gates(case: Case, book: RuleBook) -> tuple[Finding, ...]:
    return tuple(f for f in advise(case, book=book).of(State.FIRES, State.HELD) if f.rule.forbids)


def _row(
    need: Need, series: Sequence[SeriesSummary], case: Case, gates: Iterable[Finding], served: set[str]
) -> ProtocolRow:
    fine = _served(need, series)
    if fine:
        return _as_row(need, Availability.PRESENT, fine)
    verdict = None if need.when is None else judge(parse_condition(need.when), case.facts)
    if verdict is not None and verdict.truth is False:
        return _as_row(need, Availability.NOT_NEEDED, detail=f"only where {need.when}")
    if need.unless in served:
        return _as_row(need, Availability.NOT_NEEDED, detail=f"{need.unless} is there")
    if verdict is not None and verdict.truth is None:
        return _as_row(need, Availability.UNDECIDED, detail=f"unknown: {', '.join(sorted(verdict.missing))}")
    coarse = _of_kind(need, series)
    if coarse:
        return _as_row(need, Availability.TOO_COARSE, coarse, "; ".join(_coarseness(need, one) for one in coarse))
    return _lacking(need, [gate for gate in gates if need.actions & set(gate.rule.forbids)])


def _lacking(need: Need, gates: Sequence[Finding]) -> ProtocolRow:
    firing = ", ".join(gate.rule.id for gate in gates if gate.state is State.FIRES)
    if firing:
        return _as_row(need, Availability.FORBIDDEN, detail=f"{firing}, which nothing lifts")
    held = "; ".join(f"{gate.rule.id} (state {', '.join(gate.missing)})" for gate in gates)
    return _as_row(need, Availability.MISSING, detail=f"before it is asked for, clear {held}" if held else "")


def _as_row(
    need: Need, availability: Availability, series: Iterable[SeriesSummary] = (), detail: str = ""
) -> ProtocolRow:
    names = tuple(one.name for one in series)
    return ProtocolRow(need=need.text, availability=availability, series=names, detail=detail, rules=need.rules)


def _served(need: Need, series: Iterable[SeriesSummary]) -> list[SeriesSummary]:
    return [one for one in _of_kind(need, series) if not _coarseness(need, one)]


def _of_kind(need: Need, series: Iterable[SeriesSummary]) -> list[SeriesSummary]:
    return [
        one
        for one in series
        if one.kind.contrast in need.contrasts
        and (not need.plane or one.kind.plane in (*need.plane, Plane.ISOTROPIC))
        and (not need.posture or one.posture in need.posture)
        and need.metal_technique in (None, one.kind.metal_technique is not MetalTechnique.NONE)
    ]


def _coarseness(need: Need, one: SeriesSummary) -> str:
    """Say what is too coarse; empty where nothing is. Unknown resolution does not pass."""
    edges = (("slice", one.slice_mm, need.max_slice_mm), ("in-plane", one.in_plane_mm, need.max_in_plane_mm))
    return "; ".join(
        _excess(name, edge, limit) for name, edge, limit in edges if limit is not None and _exceeds(edge, limit)
    )


def _exceeds(edge: float | None, limit: float) -> bool:
    return edge is None or edge > limit + 1e-6


def _excess(name: str, edge: float | None, limit: float) -> str:
    return f"{name} resolution unknown" if edge is None else f"{name} {edge:.2g} mm, needed {limit:g} mm or finer"
