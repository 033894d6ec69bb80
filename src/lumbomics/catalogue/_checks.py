"""What no single record can know: ids that clash, and references from one table to another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

from lumbomics.catalogue.biomarkers import BiomarkerRecord
from lumbomics.catalogue.conditions import condition_faults
from lumbomics.catalogue.meta import Meta
from lumbomics.catalogue.quantities import Quantity
from lumbomics.catalogue.rules import RuleBook
from lumbomics.core.anatomy import VERTEBRA_NUMBERS
from lumbomics.core.errors import CatalogueError

Biomarkers = Mapping[str, BiomarkerRecord]


def repeated(keys: Iterable[Hashable], where: str) -> Iterator[CatalogueError]:
    """Find keys that stand more than once in a table."""
    for key, times in Counter(keys).items():
        if times > 1:
            yield CatalogueError("id is used more than once", got=f"{key} {times} times", where=where)


def group_faults(records: Sequence[BiomarkerRecord], meta: Meta | None) -> Iterator[CatalogueError]:
    """Find groups that the meta file does not name."""
    known = set(meta.groups) if meta else {record.group for record in records}
    for group in sorted({record.group for record in records} - known):
        yield CatalogueError("unknown group", expected=", ".join(sorted(known)), got=group, where="meta.yaml: groups")


def quantity_faults(quantities: Iterable[Quantity], biomarkers: Biomarkers) -> Iterator[CatalogueError]:
    """Find quantities without a biomarker, or with a unit, site or side that the biomarker does not have."""
    for quantity in quantities:
        where = f"quantities.yaml: {quantity.biomarker}.{quantity.method}"
        record = biomarkers.get(quantity.biomarker)
        if record is None:
            yield CatalogueError("no such biomarker", got=quantity.biomarker, where=f"{where}: biomarker")
            continue
        if quantity.unit not in record.units:
            yield CatalogueError(
                "unit is not one of the biomarker's", expected=", ".join(record.units), got=quantity.unit, where=where
            )
        if (quantity.site != "global") != record.level_wise:
            yield CatalogueError("site contradicts level_wise", got=quantity.site, where=f"{where}: site")
        if quantity.sides != record.side_wise:
            yield CatalogueError("sides contradicts side_wise", got=str(quantity.sides), where=f"{where}: sides")


def interval_faults(biomarkers: Biomarkers, methods: frozenset[tuple[str, str]]) -> Iterator[CatalogueError]:
    """Find reference intervals of unknown methods or levels."""
    for record in biomarkers.values():
        for interval in record.reference_intervals:
            where = f"biomarkers/{record.group}.yaml: {record.id}: reference_intervals"
            if (record.id, interval.method) not in methods:
                yield CatalogueError("interval of an unknown method", got=interval.method, where=where)
            if interval.level is not None and not set(interval.level.split("-")) <= set(VERTEBRA_NUMBERS):
                yield CatalogueError("interval at an unknown level", got=interval.level, where=where)


def rule_faults(book: RuleBook, biomarkers: Biomarkers) -> Iterator[CatalogueError]:
    """Find conditions that cannot be evaluated, and names that lead nowhere."""
    for name, fact in book.facts.items():
        if fact.biomarker is not None and fact.biomarker not in biomarkers:
            yield CatalogueError("no such biomarker", got=fact.biomarker, where=f"rules.yaml: facts: {name}")
    for rule in book.rules.values():
        for problem in condition_faults(rule.when, book.facts):
            yield CatalogueError(problem, got=rule.when, where=f"rules.yaml: {rule.id}: when")
    for gate in book.evaluation.hard_gates:
        if gate not in book.rules or book.rules[gate].severity not in ("block", "safety"):
            yield CatalogueError(
                "a hard gate must be a rule that blocks or is for safety", got=gate, where="rules.yaml"
            )
    if sorted(book.evaluation.precedence) != sorted(book.severities):
        yield CatalogueError("precedence must order every severity once", where="rules.yaml: evaluation")
