"""What no single record can know: ids that clash, and references from one table to another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

from lumbomics.catalogue.biomarkers import BiomarkerRecord
from lumbomics.catalogue.conditions import condition_faults, facts_in
from lumbomics.catalogue.evidence import EvidenceRow
from lumbomics.catalogue.meta import Meta
from lumbomics.catalogue.quantities import Quantity
from lumbomics.catalogue.rules import Implication, Rule, RuleBook
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
        where = f"quantities: {quantity.biomarker}.{quantity.method}"
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
        yield from _condition_faults(rule.when, f"rules.yaml: {rule.id}: when", book)
        yield from _action_faults(rule, book)
    for gate in book.evaluation.hard_gates:
        if gate not in book.rules or book.rules[gate].severity not in ("block", "safety"):
            yield CatalogueError(
                "a hard gate must be a rule that blocks or is for safety", got=gate, where="rules.yaml"
            )
    if sorted(book.evaluation.precedence) != sorted(book.severities):
        yield CatalogueError("precedence must order every severity once", where="rules.yaml: evaluation")
    yield from _consistency_faults(book)


def link_faults(book: RuleBook, evidence: Mapping[str, EvidenceRow]) -> Iterator[CatalogueError]:
    """Find rows of evidence that a rule names and nobody wrote."""
    for rule in book.rules.values():
        for row in rule.rows:
            if row not in evidence:
                yield CatalogueError("no such row of evidence", got=row, where=f"rules.yaml: {rule.id}: rows")


def question_faults(evidence: Iterable[EvidenceRow], meta: Meta | None) -> Iterator[CatalogueError]:
    """Find questions of evidence that the meta file does not name."""
    known = set(meta.evidence_questions) if meta else None
    for row in evidence:
        if known is not None and row.question not in known:
            yield CatalogueError(
                "unknown question",
                expected=", ".join(sorted(known)),
                got=row.question,
                where=f"evidence.csv: {row.row}",
            )


def _condition_faults(when: str, where: str, book: RuleBook) -> Iterator[CatalogueError]:
    for problem in condition_faults(when, book.facts):
        yield CatalogueError(problem, got=when, where=where)


def _action_faults(rule: Rule, book: RuleBook) -> Iterator[CatalogueError]:
    for action in (*rule.proposes, *rule.forbids):
        if action not in book.actions:
            yield CatalogueError("no such action", expected=", ".join(book.actions), got=action, where=rule.id)
    for limit in rule.limits:
        if limit.fact not in book.facts:
            yield CatalogueError("limit of an unknown fact", got=limit.fact, where=f"rules.yaml: {rule.id}: limits")


def _consistency_faults(book: RuleBook) -> Iterator[CatalogueError]:
    for implication in book.implications:
        where = f"rules.yaml: implications: {implication.fact}"
        yield from _condition_faults(implication.when, where, book)
        if implication.fact not in book.facts or book.facts[implication.fact].kind != "boolean":
            yield CatalogueError("only a boolean fact can follow", got=implication.fact, where=where)
    for number, contradiction in enumerate(book.contradictions, start=1):
        yield from _condition_faults(contradiction.when, f"rules.yaml: contradictions: {number}", book)
    cycle = find_cycle(book.implications)
    if cycle:
        yield CatalogueError(
            "facts follow from each other in a circle", got=" -> ".join(cycle), where="rules.yaml: implications"
        )


def find_cycle(implications: Iterable[Implication]) -> tuple[str, ...]:
    """Facts of one circle among the implications, the first repeated at the end; empty where there is none."""
    follows: dict[str, set[str]] = {}
    for implication in implications:
        try:
            follows.setdefault(implication.fact, set()).update(facts_in(implication.when))
        except CatalogueError:
            continue  # already a fault of its own
    for start in follows:
        cycle = _path_back(start, start, follows, (start,))
        if cycle:
            return cycle
    return ()


def _path_back(here: str, goal: str, follows: Mapping[str, set[str]], path: tuple[str, ...]) -> tuple[str, ...]:
    for origin in sorted(follows.get(here, ())):
        if origin == goal:
            return (*path, goal)
        if origin not in path:
            found = _path_back(origin, goal, follows, (*path, origin))
            if found:
                return found
    return ()
