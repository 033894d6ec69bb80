"""Where a result comes from: software, inputs, decisions."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A choice the software or its operator made.

    Parameters
    ----------
    what
        What was decided (``contrast``, ``level numbering`` …).
    choice
        What was chosen.
    because
        The fact that decided.
    by
        ``software`` or ``operator``.
    confidence
        Probability in [0, 1] that the choice is right, where known.
    """

    what: str
    choice: str
    because: str
    by: str = "software"
    confidence: float | None = None


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What is needed to make the result again.

    Parameters
    ----------
    software
        Package -> version.
    inputs
        Input (file name or series) -> SHA-256 of its bytes.
    decisions
        Choices made on the way.
    started, finished
        ISO 8601 times with zone.
    """

    software: MappingProxyType[str, str] = field(default_factory=lambda: MappingProxyType({}))
    inputs: MappingProxyType[str, str] = field(default_factory=lambda: MappingProxyType({}))
    decisions: tuple[Decision, ...] = ()
    started: str = ""
    finished: str = ""
