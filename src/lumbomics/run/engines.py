"""Which engine draws the labels."""

from __future__ import annotations

from pathlib import Path

from lumbomics.core.errors import InputError, SegmentationError, did_you_mean
from lumbomics.segment.protocol import Segmenter

BUILTIN = "builtin"
NO_ENGINE = "none"
"""Word for a run that draws nothing itself."""
ENGINES = (BUILTIN, "totalspineseg", "spineps", "totalsegmentator")
_ANY_MODALITY = {"totalsegmentator"}
_ABSENT = "not installed"


def chosen_engine(word: str, *, allow_none: bool = False) -> str:
    """Engine by name; InputError with the nearest names otherwise."""
    known = (*ENGINES, NO_ENGINE) if allow_none else ENGINES
    folded = word.casefold()
    if folded in known:
        return folded
    hint = did_you_mean(folded, known, most=2)
    raise InputError("unknown engine", expected=", ".join(known), got=repr(word), hint=hint)


def load_engine(name: str, *, engine_path: Path | str | None = None, weights: Path | str | None = None) -> Segmenter:
    """Make an engine ready and see that it is there.

    Parameters
    ----------
    name
        One of ``ENGINES``.
    engine_path
        The outside tool's executable; by default its environment variable, then the search path.
    weights
        Folder of weights; by default those shipped, or the outside tool's own.

    Raises
    ------
    InputError
        If there is no engine of that name, or the built-in one is given an executable.
    SegmentationError
        If the tool is not installed, or its weights are missing or altered.
    """
    if chosen_engine(name) == BUILTIN:
        return _builtin(engine_path, weights)
    # Outside engines are looked for only where one is asked for.
    from lumbomics.segment.external import external_engine  # noqa: PLC0415

    engine = external_engine(name, executable=engine_path, weights=weights)
    if engine.version == _ABSENT:
        raise SegmentationError(
            f"{name} is not installed",
            expected="its command on the search path, or stated",
            got="no such command",
            hint=f"install {name} in an environment of its own and state its command (--engine-path)",
        )
    return engine


def _builtin(engine_path: Path | str | None, weights: Path | str | None) -> Segmenter:
    if engine_path is not None:
        raise InputError("the built-in engine has no executable", expected="no --engine-path", got="a path")
    from lumbomics.segment.builtin import BuiltinSegmenter  # noqa: PLC0415  loads what inference needs

    return BuiltinSegmenter(weights=None if weights is None else Path(weights))


def identity_of(engine: Segmenter) -> str:
    """Name, version and fingerprint of the weights: what a result of the engine depends on, besides the image."""
    card = getattr(engine, "card", None)
    digest = "" if card is None else f" {card.sha256[:16]}"
    return f"{engine.name} {engine.version}{digest}"


def takes_any_modality(name: str) -> bool:
    """Whether an engine draws CT and stacks of any direction too."""
    return name in _ANY_MODALITY
