"""What the rules say about a case, with every reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lumbomics.advise.case import Case, shown_value
from lumbomics.catalogue import Rule

DISCLAIMER = (
    "Research software, no medical device. This is no clinical order: it recalls what published studies say, "
    "and the treating clinician decides."
)
"""Stands on everything that this room says."""


class State(StrEnum):
    """What a rule came to."""

    FIRES = "fires"
    HELD = "held"
    """A gate (safety, block) with unknown facts: not passed."""
    WAITS = "waits"
    """Any other rule with unknown facts."""
    SILENT = "silent"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One rule on one case.

    Parameters
    ----------
    rule
        The rule, with study, strength, caveat, sources and rows of evidence.
    state
        What it came to.
    used
        Known facts that decided.
    missing
        Facts that would decide.
    stopped_by
        Gates that fire and forbid what the rule proposes.
    held_by
        Gates that are not passed yet and would forbid what the rule proposes.
    """

    rule: Rule
    state: State
    used: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    stopped_by: tuple[str, ...] = ()
    held_by: tuple[str, ...] = ()

    @property
    def is_withheld(self) -> bool:
        """Whether the rule fires and a gate forbids what it proposes; a safety rule is never withheld."""
        return self.state is State.FIRES and bool(self.stopped_by) and self.rule.severity != "safety"


@dataclass(frozen=True, kw_only=True)
class Advice:
    """All rules on one case, in the order of presentation: by severity, then by rule.

    Parameters
    ----------
    case
        The case with its completed facts.
    findings
        One entry a rule.
    """

    case: Case
    findings: tuple[Finding, ...]

    def of(self, *states: State) -> tuple[Finding, ...]:
        """Select findings by their states."""
        return tuple(finding for finding in self.findings if finding.state in states)

    @property
    def fires(self) -> frozenset[str]:
        """Rules that fire."""
        return frozenset(finding.rule.id for finding in self.of(State.FIRES))

    @property
    def held(self) -> frozenset[str]:
        """Gates that are not passed because facts are missing."""
        return frozenset(finding.rule.id for finding in self.of(State.HELD))

    @property
    def cautions(self) -> frozenset[str]:
        """Gates that fire or are held."""
        return frozenset(
            f.rule.id for f in self.of(State.FIRES, State.HELD) if f.rule.severity in ("safety", "block")
        ) | (self.held)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a machine."""
        case = self.case
        return {
            "disclaimer": DISCLAIMER,
            "title": case.title,
            "description": case.description,
            "facts": {name: {"value": case.facts[name], "origin": case.origins[name]} for name in sorted(case.facts)},
            "findings": [_plain(finding, case) for finding in self.findings],
        }


def _plain(finding: Finding, case: Case) -> dict[str, Any]:
    rule = finding.rule
    return {
        "rule": rule.id,
        "severity": rule.severity,
        "category": rule.category,
        "state": str(finding.state),
        "withheld": finding.is_withheld,
        "condition": rule.condition,
        "recommendation": rule.recommendation,
        "because": reasons(finding, case.facts),
        "missing": list(finding.missing),
        "stopped_by": list(finding.stopped_by),
        "held_by": list(finding.held_by),
        "evidence": {**rule.evidence.model_dump(), "rows": list(rule.rows)},
        "strength": rule.strength,
        "caveat": rule.caveat,
        "limits": [{**limit.model_dump(), "unverified": limit.is_unverified} for limit in rule.limits],
        "sources": list(rule.sources),
    }


def reasons(finding: Finding, facts: Mapping[str, Any]) -> dict[str, str]:
    """Known facts behind a finding with their values in words."""
    return {name: shown_value(facts[name]) for name in finding.used if name in facts}
