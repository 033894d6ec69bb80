"""The project's label maps, written in another convention."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import (
    CANAL,
    CORD,
    DISC_OFFSET,
    SACRUM,
    VERTEBRA_NAMES,
    Transition,
    below,
    disc_level,
)
from lumbomics.core.conventions.convention import Convention, ConvertedLabels, Loss
from lumbomics.core.conventions.recode import recode
from lumbomics.core.conventions.tables import Facts, Table, entries_of, numbers_of
from lumbomics.core.errors import InputError, LabelError
from lumbomics.core.labels import Labels, Segmentation, Subregion, spine_name

_PRESACRAL = frozenset({*range(1, 26), 28})
_PRESACRAL_DISCS = frozenset(n + DISC_OFFSET for n in _PRESACRAL)
_LOWER_SACRUM = frozenset(range(29, 34))
_PARTS = frozenset(range(Subregion.ARCH, Subregion.CORPUS + 1))
_BODY = (Subregion.CORPUS_BORDER, Subregion.CORPUS)


@dataclass(frozen=True)
class _Place:
    """Where a value goes: the target's number (0: nowhere), and why that is a loss (empty where it is none)."""

    value: int
    why: str = ""


def from_segmentation(
    segmentation: Segmentation,
    convention: Convention | str,
    *,
    lowest_vertebra: str | None = None,
    top_vertebra: str | None = None,
) -> ConvertedLabels:
    """Write the project's maps in another convention.

    Parameters
    ----------
    segmentation
        What to write. Where both the spine and the semantic map enter, they must share a grid.
    convention
        The target's numbers.
    lowest_vertebra, top_vertebra
        The vertebra to be numbered 1 by a counting convention.

    Raises
    ------
    LabelError
        If the target can hold none of the structures, or ``vertebra_bodies_ascending`` is asked of whole vertebrae.
    InputError
        If a vertebra must be stated and is not, or the target is ``vertebra_bodies_unordered``.
    GridMismatchError
        If two maps that enter the target lie on different grids.
    """
    convention = Convention(convention)
    if convention is Convention.VERTEBRA_BODIES_UNORDERED:
        raise InputError(
            "numbers in arbitrary order are only read", expected="vertebra_bodies_ascending", got=convention
        )
    table = entries_of(convention, _facts(segmentation, lowest_vertebra, top_vertebra))
    second = _second(segmentation, convention)
    spine = {n: _place(n, table, segmentation, convention, second) for n in segmentation.spine.present}
    parts = {n: _part_place(n, table, convention, second) for n in _present(segmentation.subregion)}
    losses = [*_losses(segmentation.spine, spine, "spine"), *_losses(segmentation.subregion, parts, "subregion")]
    array = recode(segmentation.spine, {n: place.value for n, place in spine.items()})
    if convention is Convention.VERTEBRA_BODIES_ASCENDING:
        array, outside = _bodies_alone(array, segmentation)
        losses += outside
    elif convention.is_semantic and segmentation.subregion is not None:
        segmentation.spine.grid.require_same_place(segmentation.subregion.grid, where="semantic map")
        shown = recode(segmentation.subregion, {n: place.value for n, place in parts.items()})
        array = np.where(shown == 0, array, shown)
    labels = replace(segmentation.spine, array=array, names=_names(table))
    if not labels.present and (second is None or convention is not Convention.LUMBOMICS):
        raise LabelError(
            "the convention can hold none of the structures", expected=convention.value, got=_listed(spine)
        )
    return ConvertedLabels(labels=labels, second=second, losses=(*losses, *_other_maps(segmentation)))


def _facts(segmentation: Segmentation, lowest: str | None, top: str | None) -> Facts:
    present, transition = segmentation.spine.vertebrae, segmentation.numbering.transition
    return Facts(
        lowest_vertebra=lowest,
        top_vertebra=top,
        l6=25 in present or transition is Transition.LUMBARISED_S1,
        t13=28 in present or transition is Transition.T13,
    )


def _present(labels: Labels | None) -> tuple[int, ...]:
    return () if labels is None else labels.present


def _place(n: int, table: Table, segmentation: Segmentation, convention: Convention, second: Labels | None) -> _Place:
    """Where a number of the spine map goes."""
    held = _inverse(table, "spine")
    if convention is Convention.TOTALSPINESEG and n - DISC_OFFSET in VERTEBRA_NAMES:
        wrong_pair = _wrong_pair(n - DISC_OFFSET, segmentation)
        if wrong_pair:
            return _Place(0, wrong_pair)
    if n in held:
        return _Place(held[n])
    if n in (CORD, CANAL) and second is not None:
        return _Place(0)
    if n in _LOWER_SACRUM and SACRUM in held:
        return _Place(held[SACRUM], "the target does not part the sacrum")
    if n == CORD and CANAL in held:
        return _Place(held[CANAL], "the target's canal holds the cord")
    return _collapsed(n, table) if convention.is_semantic else _Place(0, "the target has no number for it")


def _collapsed(n: int, table: Table) -> _Place:
    """Where a level goes in a map that tells no levels."""
    kind = Subregion.VERTEBRA if n in _PRESACRAL else Subregion.DISC if n in _PRESACRAL_DISCS else None
    shared = _inverse(table, "subregion").get(kind, 0) if kind is not None else 0
    if not shared:
        return _Place(0, "the target has no number for it")
    return _Place(shared, "the target tells no levels")


def _wrong_pair(above: int, segmentation: Segmentation) -> str:
    """Why a disc cannot bear the name of a pair of vertebrae; empty where it can."""
    present = segmentation.spine.vertebrae
    under = below(above, present)
    last_lumbar = 25 if 25 in present else 24
    expected = SACRUM if above == last_lumbar else above + 1
    if under is None or under == expected:
        return ""
    return f"the target has no disc {disc_level(above, under)}"


def _part_place(n: int, table: Table, convention: Convention, second: Labels | None) -> _Place:
    """Where a number of the semantic map goes."""
    if second is not None or (convention is Convention.VERTEBRA_BODIES_ASCENDING and n in _BODY):
        return _Place(0)
    held = _inverse(table, "subregion") if convention.is_semantic else {}
    if n in held:
        return _Place(held[n])
    if n in _PARTS and Subregion.VERTEBRA in held:
        return _Place(held[Subregion.VERTEBRA], "the target does not part a vertebra")
    if n == Subregion.CORD and Subregion.CANAL in held:
        return _Place(held[Subregion.CANAL], "the target's canal holds the cord")
    return _Place(0, "the target has no number for it")


def _inverse(table: Table, target: Literal["spine", "subregion"]) -> dict[int, int]:
    """Project's number -> the lowest number of the convention that means it."""
    return {number: value for value, number in sorted(numbers_of(table, target).items(), reverse=True) if number}


def _second(segmentation: Segmentation, convention: Convention) -> Labels | None:
    """TPTBox semantic map beside an instance map: parts, and whatever the instance map cannot hold."""
    parts, spine = segmentation.subregion, segmentation.spine
    if not convention.takes_second:
        return None
    extra = {n: n for n in (CORD, CANAL, SACRUM)} | dict.fromkeys(_PRESACRAL_DISCS, int(Subregion.DISC))
    if convention is Convention.SPINEPS and parts is None and {CORD, CANAL} & set(spine.present):
        return replace(
            spine, array=recode(spine, extra), names=_names(entries_of(Convention.TPTBOX_SUBREGION, Facts()))
        )
    if parts is None:
        return None
    array = recode(parts, {int(s): int(s) for s in Subregion})
    if convention is not Convention.LUMBOMICS:
        spine.grid.require_same_place(parts.grid, where="semantic map")
        array = np.where(array == 0, recode(spine, extra), array)
    return replace(parts, array=array, names=_tptbox_names())


def _tptbox_names() -> MappingProxyType[int, str]:
    return _names(entries_of(Convention.TPTBOX_SUBREGION, Facts()))


def _names(table: Table) -> MappingProxyType[int, str]:
    return MappingProxyType({value: entry.name for value, entry in table.items()})


def _bodies_alone(array: NDArray[np.uint8], segmentation: Segmentation) -> tuple[NDArray[np.uint8], list[Loss]]:
    """Keep of each vertebra what the semantic map calls its body."""
    parts = segmentation.subregion
    if parts is None or not set(_BODY) & set(parts.present):
        raise LabelError(
            "the target holds vertebral bodies, and nothing tells the bodies from the arches",
            expected="a semantic map with 49 or 50",
            got="whole vertebrae alone",
            hint="give the TPTBox semantic map as the second map",
        )
    segmentation.spine.grid.require_same_place(parts.grid, where="semantic map")
    body = recode(parts, dict.fromkeys(map(int, _BODY), 1)) == 1
    lost = replace(segmentation.spine, array=np.where(body | (array == 0), 0, segmentation.spine.array))
    why = "the target holds the body alone"
    outside = [
        Loss(value=n, name=f"{spine_name(n)} outside its body", voxels=voxels, why=why, map_name="spine")
        for n, voxels in lost.voxels.items()
    ]
    return np.where(body, array, 0).astype(np.uint8), outside


def _losses(labels: Labels | None, places: dict[int, _Place], map_name: str) -> Iterable[Loss]:
    if labels is None:
        return
    for n, place in places.items():
        if place.why:
            name = (spine_name(n) if map_name == "spine" else _part_name(n)) or labels.names.get(n, "unknown")
            yield Loss(
                value=n, name=name, voxels=labels.voxels[n], why=place.why, kept_as=place.value, map_name=map_name
            )


def _part_name(n: int) -> str:
    return Subregion(n).name.lower() if n in set(Subregion) else ""


def _other_maps(segmentation: Segmentation) -> Iterable[Loss]:
    """Name what lies in the maps that no other convention has."""
    for map_name in ("dural_sac", "foramina", "muscle"):
        labels = getattr(segmentation, map_name)
        for n in _present(labels):
            name = labels.names.get(n, map_name.replace("_", " "))
            why = "no other convention has this map"
            yield Loss(value=n, name=name, voxels=labels.voxels[n], why=why, map_name=map_name)


def _listed(places: Iterable[int]) -> str:
    return ", ".join(spine_name(n) or str(n) for n in places) or "an empty map"
