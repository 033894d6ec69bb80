"""Advisory rules over case facts: data only; the room ``advise`` evaluates them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lumbomics.catalogue._record import Identifier, Record, Text
from lumbomics.catalogue.evidence import RowId
from lumbomics.catalogue.marks import Basis, SourceMark, is_unverified
from lumbomics.catalogue.units import Unit

Severity = Literal["block", "safety", "warn", "suggest", "check", "info"]
RuleId = Annotated[str, Field(pattern=r"^G\d{2,}$")]


class Fact(Record):
    """One thing that may be known of a case, and the values that it can take.

    ``may_be_unknown`` lets a rule name the word ``unknown``; a case may leave any fact open. ``ask`` is the question.
    """

    kind: Literal["boolean", "number", "integer", "choice", "constant"]
    unit: Unit | None = None
    low: float | None = None
    high: float | None = None
    values: tuple[Text, ...] = ()
    biomarker: Identifier | None = None
    may_be_unknown: bool = False
    note: Text | None = None
    ask: Text | None = None

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


class Limit(Record):
    """A number that a condition compares a fact with, and where it comes from."""

    fact: Identifier
    value: float
    basis: Basis

    @property
    def is_unverified(self) -> bool:
        """Whether the number is only an engineering default or recalled from memory."""
        return is_unverified(self.basis)


class Rule(Record):
    """One rule: when it speaks, what it says, on what evidence.

    ``proposes`` and ``forbids`` name actions of the book: a rule that proposes what a gate forbids is shown as
    withheld. ``rows`` are the rows of evidence behind the rule; ``limits`` give each number in ``when`` its source.
    """

    id: RuleId
    category: Identifier
    severity: Severity
    when: Text
    condition: Text
    recommendation: Text
    evidence: RuleEvidence
    strength: Text
    caveat: Text | None
    proposes: tuple[Identifier, ...] = ()
    forbids: tuple[Identifier, ...] = ()
    rows: tuple[RowId, ...] = ()
    limits: tuple[Limit, ...] = ()
    sources: Annotated[tuple[SourceMark, ...], Field(min_length=1)]


class Implication(Record):
    """A condition that makes a boolean fact true; where it does not hold, nothing follows."""

    when: Text
    fact: Identifier
    because: Text


class Contradiction(Record):
    """A condition that no case can fulfil, and what is wrong with one that does."""

    when: Text
    problem: Text


class Evaluation(Record):
    """How rules are weighed: the order in which they are shown, and the gates that an unknown fact does not pass."""

    precedence: tuple[Severity, ...]
    hard_gates: tuple[RuleId, ...]
    unknown: Text


class RuleBook(Record):
    """All rules with the facts they speak of."""

    severities: Mapping[Severity, Text]
    evaluation: Evaluation
    actions: Mapping[Identifier, Text] = {}
    facts: Mapping[Identifier, Fact]
    implications: tuple[Implication, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    rules: Mapping[RuleId, Rule]

    def is_gate(self, rule: Rule) -> bool:
        """Whether an unknown fact must not pass the rule: all that blocks or is for safety, and the hard gates."""
        return rule.severity in ("block", "safety") or rule.id in self.evaluation.hard_gates
