"""The definition and source of every quantity shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lumbomics.catalogue import load_biomarkers, load_quantities
from lumbomics.core.measurement import Measurement, Result
from lumbomics.report.ranges import Range, quoted_ranges
from lumbomics.report.text import biomarker_name, source_text


@dataclass(frozen=True, kw_only=True)
class Definition:
    """One biomarker as the glossary prints it.

    Parameters
    ----------
    name, identifier
        Name and catalogue id.
    methods
        (method, unit code, exact definition) of each variant shown.
    usual, caveats, reproducibility, sources
        The catalogue's words.
    ranges
        Ranges that stand for all levels and both sexes.
    """

    name: str
    identifier: str
    methods: tuple[tuple[str, str, str], ...]
    usual: str = ""
    caveats: tuple[str, ...] = ()
    reproducibility: str = ""
    sources: tuple[str, ...] = ()
    ranges: tuple[Range, ...] = ()


def definitions_of(results: Iterable[Result]) -> list[Definition]:
    """List what every measured quantity is, in order of first appearance; absences need none."""
    methods: dict[str, dict[str, str]] = {}
    for result in results:
        if isinstance(result, Measurement):
            methods.setdefault(result.biomarker, {})[result.method] = result.unit
    return [_definition(biomarker, units) for biomarker, units in methods.items()]


def _definition(biomarker: str, units: dict[str, str]) -> Definition:
    quantities, record = load_quantities(), load_biomarkers().get(biomarker)
    known = {method: quantities.get((biomarker, method)) for method in units}
    methods = tuple(
        (method, units[method], quantity.definition if quantity else "No definition in the catalogue.")
        for method, quantity in known.items()
    )
    if record is None:
        return Definition(name=biomarker_name(biomarker), identifier=biomarker, methods=methods)
    return Definition(
        name=record.name,
        identifier=biomarker,
        methods=methods,
        usual=record.normal_range,
        caveats=record.caveats,
        reproducibility=record.reproducibility,
        sources=tuple(source_text(mark) for mark in record.sources),
        ranges=tuple(r for method, unit in units.items() for r in quoted_ranges(biomarker, method, unit, level=None)),
    )
