"""What a check of a label map found, and the verdict it leads to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lumbomics.core.errors import InputError


class Verdict(StrEnum):
    """Whether the label map may be used."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    FAIL = "fail"
    """The labels are wrong or unbelievable: no number is taken from them."""
    ARTIFACT = "artifact"
    """The image itself does not allow it (metal, motion, wrong region or modality)."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing a check noticed.

    Parameters
    ----------
    check
        Short id of the check: ``order``, ``spacing``, ``volume``, ``gap``, ``balance``, ``metal``,
        ``out_of_distribution``, ``confidence`` …
    message
        What was expected and what was found, with numbers and units.
    verdict
        The verdict this finding alone would lead to; ``PASS`` for a remark.
    structures
        Values of the spine map concerned; empty where it is the whole image.
    excludes
        Whether numbers that rest on ``structures`` are withheld, though the map as a whole may pass.
    """

    check: str
    message: str
    verdict: Verdict = Verdict.PASS
    structures: tuple[int, ...] = ()
    excludes: bool = False


@dataclass(frozen=True, kw_only=True)
class QualityReport:
    """Findings and the verdict.

    Parameters
    ----------
    verdict
        The final word.
    findings
        What the checks noticed, worst first.
    by
        ``software`` or ``operator``: an operator's verdict stands over the software's.
    comment
        The operator's words; holds no patient data.
    """

    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    by: str = "software"
    comment: str = ""

    def __post_init__(self) -> None:
        if self.by not in {"software", "operator"}:
            raise InputError("a verdict is given by software or operator", got=self.by)

    @property
    def usable(self) -> bool:
        """Whether numbers may be taken."""
        return self.verdict is Verdict.PASS
