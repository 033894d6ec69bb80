"""The records of biomarkers, quantities, instruments, rules and evidence, and their typed loaders.

Every loader returns frozen, checked records and reads the files once per process. A broken file gives one
``FaultsError`` that lists everything wrong in all files.
"""

from __future__ import annotations

from collections.abc import Mapping

from lumbomics.catalogue.biomarkers import BiomarkerRecord, ReferenceInterval, Threshold
from lumbomics.catalogue.browse import Description, Entry, Group, Listing, describe_biomarker, list_biomarkers
from lumbomics.catalogue.catalogue import Catalogue, load_catalogue, read_catalogue, read_evidence, read_rules
from lumbomics.catalogue.evidence import EvidenceRow
from lumbomics.catalogue.expression import (
    Comparison,
    Condition,
    Conjunction,
    Disjunction,
    Negation,
    Truth,
    atoms,
    parse_condition,
)
from lumbomics.catalogue.instruments import Instrument
from lumbomics.catalogue.marks import is_unverified
from lumbomics.catalogue.meta import Meta
from lumbomics.catalogue.quantities import Quantity
from lumbomics.catalogue.rules import Fact, Rule, RuleBook, Severity
from lumbomics.catalogue.units import UNITS, unit_text

__all__ = [
    "UNITS",
    "BiomarkerRecord",
    "Catalogue",
    "Comparison",
    "Condition",
    "Conjunction",
    "Description",
    "Disjunction",
    "Entry",
    "EvidenceRow",
    "Fact",
    "Group",
    "Instrument",
    "Listing",
    "Meta",
    "Negation",
    "Quantity",
    "ReferenceInterval",
    "Rule",
    "RuleBook",
    "Severity",
    "Threshold",
    "Truth",
    "atoms",
    "describe_biomarker",
    "is_unverified",
    "list_biomarkers",
    "load_biomarkers",
    "load_catalogue",
    "load_evidence",
    "load_instruments",
    "load_meta",
    "load_quantities",
    "load_rules",
    "parse_condition",
    "read_catalogue",
    "read_evidence",
    "read_rules",
    "unit_text",
]


def load_biomarkers() -> Mapping[str, BiomarkerRecord]:
    """All biomarkers by id, in catalogue order."""
    return load_catalogue().biomarkers


def load_quantities() -> Mapping[tuple[str, str], Quantity]:
    """All exact quantities by (biomarker, method)."""
    return load_catalogue().quantities


def load_instruments() -> Mapping[str, Instrument]:
    """All instruments by id."""
    return load_catalogue().instruments


def load_rules() -> RuleBook:
    """All rules with their facts, severities and precedence."""
    return load_catalogue().rules


def load_evidence() -> Mapping[str, EvidenceRow]:
    """All rows of evidence by row number."""
    return load_catalogue().evidence


def load_meta() -> Meta:
    """Explain the marks, words and conventions of the records."""
    return load_catalogue().meta
