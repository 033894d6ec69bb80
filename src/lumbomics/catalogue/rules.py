"""Advisory rules over case facts: data only; evaluating them is another room's work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lumbomics.catalogue._record import Identifier, Record, Text
from lumbomics.catalogue.marks import SourceMark
from lumbomics.catalogue.units import Unit

Severity = Literal["block", "safety", "warn", "suggest", "check", "info"]
RuleId = Annotated[str, Field(pattern=r"^G\d{2,}$")]


class Fact(Record):
    """One thing that may be known of a case, and the values that it can take."""

    kind: Literal["boolean", "number", "integer", "choice", "constant"]
    unit: Unit | None = None
    low: float | None = None
    high: float | None = None
    values: tuple[Text, ...] = ()
    biomarker: Identifier | None = None
    may_be_unknown: bool = False
    note: Text | None = None

    @model_validator(mode="after")
    def _choices(self) -> Self:
        if (self.kind == "choice") != bool(self.values):
            raise ValueError("values are given for a choice, and only there")
        return self

    @property
    def choices(self) -> tuple[str, ...]:
        """Words that a rule may compare the fact with."""
        return (*self.values, "unknown") if self.may_be_unknown else self.values


class RuleEvidence(Record):
    """The study behind a rule."""

    study: Text
    n: Text | None
    result: Text | None


class Rule(Record):
    """One rule: when it speaks, what it says, on what evidence."""

    id: RuleId
    category: Identifier
    severity: Severity
    when: Text
    condition: Text
    recommendation: Text
    evidence: RuleEvidence
    strength: Text
    caveat: Text | None
    sources: Annotated[tuple[SourceMark, ...], Field(min_length=1)]


class Evaluation(Record):
    """How rules are weighed against each other."""

    precedence: tuple[Severity, ...]
    hard_gates: tuple[RuleId, ...]
    unknown: Text


class RuleBook(Record):
    """All rules with the facts they speak of."""

    severities: Mapping[Severity, Text]
    evaluation: Evaluation
    facts: Mapping[Identifier, Fact]
    rules: Mapping[RuleId, Rule]
