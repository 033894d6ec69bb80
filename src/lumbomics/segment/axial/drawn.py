"""What drawing on an axial series hands back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from lumbomics import __version__
from lumbomics.core.errors import InputError
from lumbomics.core.examination import CanalTissue
from lumbomics.core.labels import Labels, Muscle
from lumbomics.core.quality import Finding

LEAST_CONFIDENCE = 0.5
"""Slices drawn with less are left blank: what is not believed is left out. Engineering default."""
TISSUE_NAMES = MappingProxyType({int(kind): kind.name.lower() for kind in CanalTissue})
"""Number -> name of the tissue map."""
MUSCLE_NAMES = MappingProxyType({int(kind): kind.name.lower() for kind in Muscle})
"""Number -> name of the muscle map."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DrawnTissue:
    """A label map on an axial series, how sure it is, and what was noticed.

    Parameters
    ----------
    labels
        The map on the series' own voxels; slices that are not believed are blank.
    confidence
        Level (``L4-L5``) -> expected agreement (Dice) in [0, 1] of the slices that lie nearest to this disc; a level
        that no slice passes is not in it.
    findings
        What was left out, and why.
    """

    labels: Labels
    confidence: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        wrong = {level: value for level, value in self.confidence.items() if not 0 <= value <= 1}
        if wrong:
            raise InputError("confidence out of range", expected="0 to 1", got=str(wrong))
        object.__setattr__(self, "confidence", MappingProxyType(dict(self.confidence)))


def drawn_by() -> str:
    """Name and version of what drew the labels, as it goes into ``Labels.source``."""
    return f"lumbomics axial {__version__}"
