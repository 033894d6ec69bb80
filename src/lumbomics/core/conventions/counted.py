"""Conventions that count vertebrae from one end, and therefore need a stated vertebra."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import numpy as np

from lumbomics.core.anatomy import CANAL, DISC_OFFSET, VERTEBRA_NAMES, vertebra_number
from lumbomics.core.conventions.convention import Convention, Entry
from lumbomics.core.errors import InputError
from lumbomics.core.labels import Labels, Subregion

_L6, _SACRUM, _T13 = 25, 26, 28
_SPIDER_DISC = 200
_SPIDER_PARTIAL = 100
_SPIDER_LARGEST = 25
_PARTIAL = "a vertebra that the image cuts off is no whole vertebra; the spine map holds whole ones"


def counted_vertebrae(
    *, lowest: str | None, top: str | None, t13: bool, l6: bool, where: str, sacrum: bool = False
) -> list[int]:
    """Instance numbers in the order of counting: 1 is the stated vertebra.

    Counting runs upwards from ``lowest`` and downwards from ``top``; exactly one of both is stated. T13 and L6 are
    counted only where they are said to exist, L6 also where it is itself the stated vertebra. S1 can be the stated one
    only where the convention says so (``sacrum``).
    """
    if (lowest is None) == (top is None):
        raise InputError(
            "this convention counts vertebrae from one end",
            expected="the lowest vertebra's name (or, for vertebra_bodies_ascending, the top one's)",
            got="none" if lowest is None else f"both {lowest} and {top}",
            where=where,
            hint="state which vertebra is number 1: --lowest-vertebra L5",
        )
    stated = vertebra_number(lowest or top or "")
    extra = [_T13] if t13 or stated == _T13 else []
    chain = [*range(1, 20), *extra, *range(20, 25), *([_L6] if l6 or stated == _L6 else [])]
    if sacrum and stated == _SACRUM:
        chain.append(_SACRUM)
    if stated not in chain:
        raise InputError(
            "counting starts at a vertebra above the sacrum",
            expected="C1 to L6" + (", or S1" if sacrum else ""),
            got=lowest or top,
            where=where,
        )
    at = chain.index(stated)
    return chain[at::-1] if lowest is not None else chain[at:]


def counted_entries(convention: Convention, order: list[int]) -> dict[int, Entry]:
    """Meaning of every number of a counting convention; ``order`` as from ``counted_vertebrae``."""
    if convention is Convention.VERTEBRA_BODIES_ASCENDING:
        return {
            n: Entry(name=f"body of {VERTEBRA_NAMES[v]}", spine=v, subregion=Subregion.CORPUS)
            for n, v in enumerate(order, start=1)
        }
    table = {100: Entry(name="spinal canal", spine=CANAL)}
    for n, vertebra in enumerate(order[:_SPIDER_LARGEST], start=1):
        name = VERTEBRA_NAMES[vertebra]
        table[n] = Entry(name=name, spine=vertebra)
        table[n + _SPIDER_PARTIAL] = Entry(name=f"{name}, partly visible", note=_PARTIAL)
        table[n + _SPIDER_DISC] = Entry(name=f"disc below {name}", spine=vertebra + DISC_OFFSET)
    return dict(sorted(table.items()))


def in_order(labels: Labels, *, from_top: bool) -> Labels:
    """Renumber bodies by their place along the spine: 1 is the top one, or the lowest.

    The order is that of the centroids along their own longest direction, headward as the grid says.
    """
    values = labels.present
    centroids = np.array([labels.points_mm(value).mean(axis=0) for value in values])
    along = np.linalg.svd(centroids - centroids.mean(axis=0))[2][0]
    height = centroids @ along * (1.0 if along[2] > 0 else -1.0)
    order = np.argsort(-height if from_top else height)
    table = np.zeros(max(values) + 1, dtype=np.uint8)
    table[np.array(values)[order]] = np.arange(1, len(values) + 1)
    return replace(labels, array=table[labels.array], names=MappingProxyType({}))


def counted_names(convention: Convention) -> dict[int, str]:
    """Names of a counting convention's numbers while nobody has stated a vertebra."""
    if convention is Convention.VERTEBRA_BODIES_ASCENDING:
        return {n: f"vertebral body {n}" for n in range(1, 26)}
    whole = {n: f"vertebra {n} from below" for n in range(1, _SPIDER_LARGEST + 1)}
    partial = {n + _SPIDER_PARTIAL: f"{name}, partly visible" for n, name in whole.items()}
    discs = {n + _SPIDER_DISC: f"disc below {name}" for n, name in whole.items()}
    return {**whole, 100: "spinal canal", **partial, **discs}
