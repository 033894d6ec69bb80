"""Reads the records folder into one checked catalogue, or reports everything that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from lumbomics.catalogue._checks import (
    group_faults,
    interval_faults,
    link_faults,
    quantity_faults,
    question_faults,
    repeated,
    rule_faults,
)
from lumbomics.catalogue._files import list_yaml, parse, parse_all, read_csv, read_yaml, rows_of
from lumbomics.catalogue.biomarkers import BiomarkerRecord
from lumbomics.catalogue.evidence import EvidenceRow
from lumbomics.catalogue.instruments import Instrument
from lumbomics.catalogue.meta import Meta
from lumbomics.catalogue.quantities import Quantity
from lumbomics.catalogue.rules import Rule, RuleBook
from lumbomics.core.errors import FaultsError, LumbomicsError

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Faults = list[LumbomicsError]


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """Everything in the records folder, valid by construction.

    Mappings keep the order of the files.
    """

    meta: Meta
    biomarkers: Mapping[str, BiomarkerRecord]
    quantities: Mapping[tuple[str, str], Quantity]
    instruments: Mapping[str, Instrument]
    rules: RuleBook
    evidence: Mapping[str, EvidenceRow]


@cache
def load_catalogue() -> Catalogue:
    """Load the shipped catalogue, once per process."""
    return read_catalogue(files("lumbomics.catalogue") / "records")


def read_catalogue(folder: Traversable) -> Catalogue:
    """Read and check a records folder (any ``pathlib.Path`` will do).

    Raises
    ------
    FaultsError
        All faults found in all files, each a CatalogueError with file, record and field.
    """
    faults: Faults = []
    meta = parse(Meta, read_yaml(folder, "meta.yaml", faults), "meta.yaml", faults)
    biomarkers = _biomarkers(folder, meta, faults)
    quantities = _quantities(folder, biomarkers, faults)
    faults.extend(interval_faults(biomarkers, frozenset(quantities)))
    instruments = _instruments(folder, faults)
    rules = _rules(folder, "rules.yaml", biomarkers, faults)
    evidence = _evidence(folder, "evidence.csv", meta, faults)
    faults.extend(link_faults(rules, evidence) if rules and evidence else ())
    if faults or meta is None or rules is None:
        raise FaultsError(faults)
    return Catalogue(
        meta=meta,
        biomarkers=biomarkers,
        quantities=quantities,
        instruments=instruments,
        rules=rules,
        evidence=evidence,
    )


def _biomarkers(folder: Traversable, meta: Meta | None, faults: Faults) -> Mapping[str, BiomarkerRecord]:
    records: list[BiomarkerRecord] = []
    for name in list_yaml(folder, "biomarkers", faults):
        path = f"biomarkers/{name}"
        rows = rows_of(read_yaml(folder, path, faults), "records", path, faults)
        records += parse_all(BiomarkerRecord, rows, "id", path, faults, group=name.removesuffix(".yaml"))
    faults.extend(group_faults(records, meta))
    order = list(meta.groups) if meta else []
    records.sort(key=lambda record: order.index(record.group) if record.group in order else len(order))
    return _table(records, lambda record: record.id, "biomarkers", faults)


def _quantities(
    folder: Traversable, biomarkers: Mapping[str, BiomarkerRecord], faults: Faults
) -> Mapping[tuple[str, str], Quantity]:
    quantities: list[Quantity] = []
    for name in list_yaml(folder, "quantities", faults):
        path = f"quantities/{name}"
        rows = rows_of(read_yaml(folder, path, faults), "quantities", path, faults)
        quantities += parse_all(Quantity, rows, "biomarker", path, faults)
    faults.extend(quantity_faults(quantities, biomarkers))
    return _table(quantities, lambda quantity: quantity.key, "quantities", faults)


def _instruments(folder: Traversable, faults: Faults) -> Mapping[str, Instrument]:
    name = "instruments.yaml"
    rows = rows_of(read_yaml(folder, name, faults), "instruments", name, faults)
    return _table(parse_all(Instrument, rows, "id", name, faults), lambda one: one.id, name, faults)


def read_rules(path: Path) -> RuleBook:
    """Read and check a rule book of one's own, against the shipped biomarkers and evidence.

    Raises
    ------
    FaultsError
        All faults of the file.
    """
    faults: Faults = []
    shipped = load_catalogue()
    book = _rules(path.parent, path.name, shipped.biomarkers, faults)
    faults.extend(link_faults(book, shipped.evidence) if book else ())
    if faults or book is None:
        raise FaultsError(faults)
    return book


def read_evidence(path: Path) -> Mapping[str, EvidenceRow]:
    """Read and check a table of evidence of one's own: form, arithmetic, marks and questions.

    Raises
    ------
    FaultsError
        All faults of the file.
    """
    faults: Faults = []
    evidence = _evidence(path.parent, path.name, load_catalogue().meta, faults)
    if faults:
        raise FaultsError(faults)
    return evidence


def _rules(
    folder: Traversable, name: str, biomarkers: Mapping[str, BiomarkerRecord], faults: Faults
) -> RuleBook | None:
    document = read_yaml(folder, name, faults)
    rules = parse_all(Rule, rows_of(document, "rules", name, faults), "id", name, faults)
    table = _table(rules, lambda rule: rule.id, name, faults)
    book = parse(RuleBook, {**document, "rules": dict(table)}, name, faults)
    if book is not None:
        faults.extend(rule_faults(book, biomarkers))
    return book


def _evidence(folder: Traversable, name: str, meta: Meta | None, faults: Faults) -> Mapping[str, EvidenceRow]:
    rows = parse_all(EvidenceRow, read_csv(folder, name, faults), "row", name, faults)
    faults.extend(question_faults(rows, meta))
    return _table(rows, lambda row: row.row, name, faults)


def _table(records: Iterable[V], key: Callable[[V], K], where: str, faults: Faults) -> Mapping[K, V]:
    found = list(records)
    faults.extend(repeated((key(record) for record in found), where))
    return MappingProxyType({key(record): record for record in found})
