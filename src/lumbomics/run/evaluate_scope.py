"""What an evaluation can compare: the structures that both conventions hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lumbomics.core.anatomy import CANAL, CORD, DISC_OFFSET, SACRUM, Transition
from lumbomics.core.conventions import Convention
from lumbomics.core.conventions.tables import Facts, entries_of
from lumbomics.core.errors import InputError
from lumbomics.core.labels import Subregion
from lumbomics.evaluate import Matching, Structure

_BODIES = frozenset({Convention.VERTEBRA_BODIES_ASCENDING, Convention.VERTEBRA_BODIES_UNORDERED})


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How both maps are read.

    Parameters
    ----------
    prediction, reference
        Their conventions.
    lowest_vertebra, top_vertebra, transition, ignore_unknown
        As for every label map.
    resample
        Whether predictions on another grid are resampled.
    """

    prediction: Convention
    reference: Convention
    lowest_vertebra: str | None = None
    top_vertebra: str | None = None
    transition: Transition | None = None
    ignore_unknown: bool = False
    resample: bool = False


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Structures to compare, and those that only one convention holds, with the reason."""

    structures: tuple[Structure, ...]
    not_scored: tuple[tuple[Structure, str], ...] = ()


def chosen_matching(word: Matching | str) -> Matching:
    """How instances are matched, by name."""
    try:
        return Matching(word)
    except ValueError:
        raise InputError("unknown matching", expected=" or ".join(Matching), got=repr(word)) from None


def comparable_structures(read: ReadOptions, asked: Sequence[str]) -> Scope:
    """Structures that both conventions hold, or those asked for among them.

    Raises
    ------
    InputError
        If a structure is unknown, or a convention does not hold it; all such faults at once.
    """
    ours, theirs = _held(read.prediction, read), _held(read.reference, read)
    both = ours & theirs
    if {read.prediction, read.reference} <= _BODIES:
        both -= {Structure.VERTEBRA}
    _check(asked, both)
    wanted = {Structure(word) for word in asked} or both
    if not wanted:
        got = f"{read.prediction.value} and {read.reference.value}"
        raise InputError("the two conventions have no structure in common", got=got)
    lone = [
        (structure, f"{(read.reference if structure in ours else read.prediction).value} does not hold it")
        for structure in Structure
        if structure in ours ^ theirs and not asked
    ]
    return Scope(structures=tuple(s for s in Structure if s in wanted), not_scored=tuple(lone))


def _check(asked: Sequence[str], both: set[Structure]) -> None:
    wrong = [word for word in asked if word not in {s.value for s in both}]
    if wrong:
        expected = ", ".join(s.value for s in Structure if s in both)
        raise InputError("these structures cannot be compared here", expected=expected, got=", ".join(wrong))


def _held(convention: Convention, read: ReadOptions) -> set[Structure]:
    """Structures that a convention has a number for."""
    if convention in _BODIES:
        return {Structure.VERTEBRA, Structure.VERTEBRAL_BODY}
    transition = read.transition or Transition.UNKNOWN
    facts = Facts.stated(transition, lowest_vertebra=read.lowest_vertebra, top_vertebra=read.top_vertebra)
    entries = entries_of(convention, facts).values()
    spine, regions = {entry.spine for entry in entries}, {entry.subregion for entry in entries}
    found = {
        Structure.VERTEBRA: bool(spine & set(range(1, SACRUM))) or Subregion.VERTEBRA in regions,
        Structure.VERTEBRAL_BODY: Subregion.CORPUS in regions,
        Structure.DISC: any(value > DISC_OFFSET for value in spine) or Subregion.DISC in regions,
        Structure.SACRUM: SACRUM in spine,
        Structure.CANAL: CANAL in spine,
        Structure.CORD: CORD in spine,
    }
    return {structure for structure, held in found.items() if held}
