"""Label maps of another convention, read as the project's own maps."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Literal

import numpy as np

from lumbomics.core.anatomy import Numbering, NumberingSource
from lumbomics.core.conventions.convention import Convention, Conversion, Loss
from lumbomics.core.conventions.counted import in_order
from lumbomics.core.conventions.recode import recode
from lumbomics.core.conventions.tables import Facts, Table, entries_of, numbers_of
from lumbomics.core.errors import InputError, LabelError
from lumbomics.core.labels import Labels, Segmentation

_TOTALSPINESEG_L6 = 46


def to_segmentation(
    labels: Labels,
    convention: Convention | str,
    *,
    second: Labels | None = None,
    lowest_vertebra: str | None = None,
    top_vertebra: str | None = None,
    numbering: Numbering | None = None,
    ignore_unknown: bool = False,
) -> Conversion:
    """Read a label map of another convention.

    Nothing is guessed: levels keep the source's numbers, whether or not every level is there.

    Parameters
    ----------
    labels
        The map in ``convention``'s numbers.
    convention
        The numbers' meaning.
    second
        TPTBox semantic map on the same grid, beside an instance map (``spineps``, ``verse``, ``lumbomics``).
    lowest_vertebra, top_vertebra
        The vertebra numbered 1 by a counting convention (``spider``, ``vertebra_bodies_*``).
    numbering
        How the levels were numbered; by default the label file's word, an operator's where a vertebra is stated,
        and unknown for maps that tell no levels. A stated T13 or lumbarised S1 enters the count.
    ignore_unknown
        Take values that the convention does not know for losses instead of an error.

    Raises
    ------
    LabelError
        If the map is empty, holds unknown values, or holds nothing that the project's maps hold.
    InputError
        If a vertebra must be stated and is not, or a second map is given where the convention has none.
    GridMismatchError
        If the second map lies on another grid.
    """
    convention = Convention(convention)
    _check_second(labels, second, convention)
    if convention is Convention.VERTEBRA_BODIES_UNORDERED:
        labels, convention = in_order(labels, from_top=lowest_vertebra is None), Convention.VERTEBRA_BODIES_ASCENDING
    stated = numbering or _default_numbering(convention)
    facts = Facts.stated(stated.transition, lowest_vertebra=lowest_vertebra, top_vertebra=top_vertebra)
    tables = {"labels": (labels, entries_of(convention, _with_l6(facts, convention, labels)))}
    if second is not None:
        tables["second"] = (second, entries_of(Convention.TPTBOX_SUBREGION, facts))
    losses = [loss for name, (source, table) in tables.items() for loss in _losses(source, table, name)]
    _refuse_unknown([loss for loss in losses if not loss.name], convention, ignore_unknown=ignore_unknown)
    segmentation = Segmentation(
        spine=_merged(tables, "spine", labels),
        subregion=_merged(tables, "subregion", labels) if second is not None or _tells_parts(convention) else None,
        numbering=stated,
    )
    _require_structures(segmentation, convention)
    return Conversion(segmentation=segmentation, losses=tuple(replace(x, name=x.name or "unknown") for x in losses))


def _check_second(labels: Labels, second: Labels | None, convention: Convention) -> None:
    if not labels.present:
        raise LabelError("the label map is empty", expected=f"values of {convention.value}", got="zeros alone")
    if second is None:
        return
    if not convention.takes_second:
        raise InputError("this convention has no second map", expected="lumbomics, verse or spineps", got=convention)
    labels.grid.require_same_place(second.grid, where="second label map")


def _default_numbering(convention: Convention) -> Numbering:
    if convention.is_semantic:
        return Numbering(source=NumberingSource.UNKNOWN)
    return Numbering(source=NumberingSource.OPERATOR if convention.is_counted else NumberingSource.LABEL_FILE)


def _with_l6(facts: Facts, convention: Convention, labels: Labels) -> Facts:
    if convention is Convention.TOTALSPINESEG and _TOTALSPINESEG_L6 in labels.voxels:
        return replace(facts, l6=True)
    return facts


def _tells_parts(convention: Convention) -> bool:
    return convention.is_semantic or convention is Convention.VERTEBRA_BODIES_ASCENDING


def _losses(labels: Labels, table: Table, map_name: str) -> list[Loss]:
    """Values with a note, and values without an entry (whose name stays empty)."""
    found = []
    for value, voxels in labels.voxels.items():
        entry = table.get(value)
        if entry is None:
            why = "the convention has no such value"
            found.append(Loss(value=value, name="", voxels=voxels, why=why, map_name=map_name))
        elif entry.note:
            kept = entry.spine or entry.subregion
            loss = Loss(value=value, name=entry.name, voxels=voxels, why=entry.note, kept_as=kept, map_name=map_name)
            found.append(loss)
    return found


def _refuse_unknown(unknown: list[Loss], convention: Convention, *, ignore_unknown: bool) -> None:
    if unknown and not ignore_unknown:
        raise LabelError(
            "the label map holds values that its convention does not know",
            expected=f"values of {convention.value}",
            got=", ".join(f"{loss.value} ({loss.voxels} voxels)" for loss in unknown),
            hint="name the map's true convention, or state that unknown values may be left out (--ignore-unknown)",
        )


def _merged(tables: dict[str, tuple[Labels, Table]], target: Literal["spine", "subregion"], labels: Labels) -> Labels:
    """One of the project's maps from all source maps; the first source wins."""
    first, *others = (recode(source, numbers_of(table, target)) for source, table in tables.values())
    for other in others:
        first = np.where(first == 0, other, first)
    return replace(labels, array=first, names=MappingProxyType({}))


def _require_structures(segmentation: Segmentation, convention: Convention) -> None:
    parts = segmentation.subregion
    if not segmentation.spine.present and (parts is None or not parts.present):
        raise LabelError(
            "the label map holds nothing of the spine",
            expected=f"vertebrae, discs, canal or cord in the numbers of {convention.value}",
            got="other structures alone",
        )
