"""Outside engines, run as programs of their own environments: TotalSpineSeg, SPINEPS, TotalSegmentator."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from lumbomics.core.errors import InputError
from lumbomics.segment.external.engine import DEFAULT_TIMEOUT_S, ExternalEngine
from lumbomics.segment.external.spineps import Spineps
from lumbomics.segment.external.totalsegmentator import TotalSegmentator
from lumbomics.segment.external.totalspineseg import TotalSpineSeg

EXTERNAL_ENGINES = MappingProxyType({engine.tool.name: engine for engine in (TotalSpineSeg, Spineps, TotalSegmentator)})
"""Short name -> engine."""


def external_engine(
    name: str,
    *,
    executable: Path | str | None = None,
    weights: Path | str | None = None,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    device: str = "auto",
) -> ExternalEngine:
    """Make an outside engine by its short name; for the parameters see ``ExternalEngine``.

    Raises
    ------
    InputError
        If there is no engine of that name, or as ``ExternalEngine``.
    """
    if name not in EXTERNAL_ENGINES:
        raise InputError("unknown outside engine", expected=", ".join(EXTERNAL_ENGINES), got=repr(name))
    return EXTERNAL_ENGINES[name](executable=executable, weights=weights, timeout_s=timeout_s, device=device)


__all__ = ["EXTERNAL_ENGINES", "ExternalEngine", "Spineps", "TotalSegmentator", "TotalSpineSeg", "external_engine"]
