"""What came of each visit."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any


class Status(StrEnum):
    """How a visit ended."""

    DONE = "done"
    SKIPPED = "skipped"
    """Finished earlier from the same inputs with the same options."""
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class VisitOutcome:
    """One visit's end.

    Parameters
    ----------
    visit
        BIDS prefix, ``sub-01_ses-01``.
    status
        How it ended.
    report, measurements
        Files made; ``None`` where it failed.
    measured, absent
        Number of results with and without a value.
    faults
        What went wrong, in words.
    """

    visit: str
    status: Status
    report: Path | None = None
    measurements: Path | None = None
    measured: int = 0
    absent: int = 0
    faults: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values for a machine."""
        return {key: str(value) if isinstance(value, Path) else value for key, value in asdict(self).items()}


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """All visits of a run.

    Parameters
    ----------
    out
        The derivatives folder.
    outcomes
        One entry a visit.
    seconds
        Wall time.
    """

    out: Path
    outcomes: tuple[VisitOutcome, ...]
    seconds: float

    @property
    def failed(self) -> tuple[VisitOutcome, ...]:
        """Visits without a result."""
        return tuple(o for o in self.outcomes if o.status is Status.FAILED)

    def as_json(self) -> dict[str, Any]:
        """Plain values for a machine."""
        return {
            "out": str(self.out),
            "seconds": round(self.seconds, 2),
            "visits": [outcome.as_json() for outcome in self.outcomes],
        }
