"""Two people screen without seeing each other; what they agree on counts, what they do not is a conflict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lumbomics.registry.decision import Decision, Kind, Stage, standing


class Outcome(StrEnum):
    """Where a report stands at a stage."""

    INCLUDED = "included"
    EXCLUDED = "excluded"
    CONFLICT = "conflict"
    AWAITING = "awaiting"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One report at one stage.

    Parameters
    ----------
    report
        First record's id.
    words
        The two screeners' standing decisions; ``None`` where one has not decided.
    resolution
        The decision that settled a conflict, if any.
    """

    report: str
    stage: Stage
    words: tuple[Decision | None, Decision | None]
    resolution: Decision | None = None

    @property
    def outcome(self) -> Outcome:
        """What counts: the resolution of a conflict, else what both say."""
        first, second = self.words
        if first is None or second is None:
            return Outcome.AWAITING
        if self.disagreement:
            return Outcome.CONFLICT if self.resolution is None else _outcome(self.resolution)
        return _outcome(first)

    @property
    def disagreement(self) -> str:
        """``decision``, at full text also ``reason``; empty where both agree or one has not decided."""
        first, second = self.words
        if first is None or second is None:
            return ""
        if keeps(first) != keeps(second):
            return "decision"
        return "reason" if self.stage is Stage.FULL_TEXT and first.reason != second.reason else ""

    @property
    def reason(self) -> str:
        """Reason id of an exclusion that counts."""
        decisive = self.resolution if self.disagreement else self.words[0]
        return decisive.reason if self.outcome is Outcome.EXCLUDED and decisive is not None else ""


def keeps(decision: Decision) -> bool:
    """Whether a decision lets a report pass: ``unsure`` at title and abstract does."""
    return decision.choice != "exclude"


def stand(
    stage: Stage,
    reports: Iterable[str],
    screeners: tuple[str, str],
    decisions: Sequence[Decision],
    lead: Mapping[str, str],
) -> dict[str, Standing]:
    """Where each of ``reports`` stands at ``stage``.

    Parameters
    ----------
    decisions
        Everyone's, each person's in the order made.
    lead
        Record id -> first record's id of its group.
    """
    said = [standing(said_by(decisions, person, stage), lead) for person in screeners]
    resolutions = [d for d in decisions if d.kind is Kind.RESOLUTION and d.stage is stage]
    settled = standing(sorted(resolutions, key=lambda d: d.at), lead)
    return {
        report: Standing(
            report=report, stage=stage, words=(said[0].get(report), said[1].get(report)), resolution=settled.get(report)
        )
        for report in reports
    }


def said_by(decisions: Iterable[Decision], person: str, stage: Stage) -> list[Decision]:
    """One person's own screening decisions at a stage."""
    return [d for d in decisions if d.kind is Kind.SCREENING and d.stage is stage and d.by == person]


def _outcome(decision: Decision) -> Outcome:
    return Outcome.INCLUDED if keeps(decision) else Outcome.EXCLUDED
