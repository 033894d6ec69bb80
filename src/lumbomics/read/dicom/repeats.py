"""Frames that share a position: copies are dropped, further acquisitions told apart, the rest refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lumbomics.read.dicom.frames import Frame
from lumbomics.read.dicom.pixels import FrameError, load_stack
from lumbomics.read.dicom.stacks import in_order, repeated

_MOST_PARTS = 16


@dataclass(frozen=True, kw_only=True, eq=False)
class Untangled:
    """Parts in which no position repeats, faults that hold for all, or the problem why there are none."""

    parts: tuple[tuple[Frame, ...], ...] = ()
    faults: tuple[str, ...] = ()
    problem: str = ""


def untangle(frames: Sequence[Frame], files: Sequence[Path]) -> Untangled:
    """Cut frames of one orientation into parts in which no position repeats."""
    ordered = in_order(frames)
    if not repeated(ordered):
        return Untangled(parts=(tuple(ordered),))
    parts = _by_turn(ordered)
    if parts is not None:
        return _limited(parts, ())
    distinct = _without_copies(ordered, files)
    dropped = len(ordered) - len(distinct)
    faults = (f"{dropped} slice(s) occurred twice with the same pixels: one of each kept",) if dropped else ()
    if not repeated(distinct):
        return Untangled(parts=(tuple(distinct),), faults=faults)
    parts = _by_turn(distinct)
    if parts is not None:
        return _limited(parts, faults)
    places = len(repeated(distinct))
    return Untangled(
        problem=f"{places} position(s) hold several differing slices and nothing in the headers tells them apart"
    )


def _limited(parts: list[list[Frame]], faults: tuple[str, ...]) -> Untangled:
    if len(parts) > _MOST_PARTS:
        return Untangled(
            problem=f"{len(parts)} volumes over time or direction: a 4D series is not read as single volumes"
        )
    return Untangled(parts=tuple(tuple(part) for part in parts), faults=faults)


def _by_turn(ordered: Sequence[Frame]) -> list[list[Frame]] | None:
    """Split by the first header fact (acquisition, time point, trigger time …) that leaves no repeat in any part.

    Each part must hold at least half of the positions: a fact that differs from slice to slice tells nothing.
    """
    positions = len(ordered) - sum(len(group) - 1 for group in repeated(ordered))
    for turn in range(len(ordered[0].turns)):
        parts: dict[object, list[Frame]] = defaultdict(list)
        for frame in ordered:
            parts[frame.turns[turn]].append(frame)
        whole = all(len(part) * 2 >= positions and not repeated(part) for part in parts.values())
        if len(parts) > 1 and whole:
            return list(parts.values())
    return None


def _without_copies(ordered: Sequence[Frame], files: Sequence[Path]) -> list[Frame]:
    copies = {id(frame) for group in repeated(ordered) for frame in _copies(group, files)}
    return [frame for frame in ordered if id(frame) not in copies]


def _copies(group: Sequence[Frame], files: Sequence[Path]) -> list[Frame]:
    """Frames whose values equal an earlier one's at the same place; frames that cannot be decoded are no copies."""
    kept: list[tuple[Frame, np.ndarray]] = []
    copies = []
    for frame in group:
        try:
            picture, _ = load_stack([frame], files)
        except FrameError:
            continue
        same = any(_same_place(frame, other) and np.array_equal(picture, values) for other, values in kept)
        if same:
            copies.append(frame)
        else:
            kept.append((frame, picture))
    return copies


def _same_place(one: Frame, other: Frame) -> bool:
    if one.position_mm is None or other.position_mm is None:
        return False
    return bool(np.linalg.norm(one.position_mm - other.position_mm) < 0.01)
