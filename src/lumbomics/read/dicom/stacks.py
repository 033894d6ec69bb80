"""Frames of one kind -> evenly spaced stacks, by position alone; gaps are reported, never filled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lumbomics.read.dicom.frames import Frame

SAME_PLACE_MM = 0.01
_SAME_DIRECTION = 2e-3
_SAME_LINE_MM = 0.05
_OTHER_LINE_MM = 0.5
_EVEN = 0.1
_WORTH_SAYING_MM = 0.05
_UNEVEN = "slice spacing is uneven throughout: no volume can be built"


@dataclass(frozen=True, kw_only=True, eq=False)
class Stack:
    """Frames in order along their normal, one step apart.

    Parameters
    ----------
    frames
        In ascending position along the normal.
    step_mm
        (3,) LPS vector from one slice to the next, sheared where the gantry was tilted.
    faults
        What is wrong with it, in words.
    """

    frames: tuple[Frame, ...]
    step_mm: NDArray[np.float64]
    faults: tuple[str, ...] = ()

    @property
    def affine(self) -> NDArray[np.float64]:
        """4 x 4, (column, row, slice) index -> RAS+ mm.

        DICOM PS3.3 C.7.6.2.1.1 gives the LPS point of pixel (column, row); RAS is LPS with x and y negated.
        """
        first = self.frames[0]
        if first.row is None or first.column is None or first.position_mm is None:
            msg = "a stack is made of placed frames"
            raise ValueError(msg)
        between_rows, between_columns = first.spacing_mm
        lps = np.eye(4)
        lps[:3, 0] = first.row * between_columns
        lps[:3, 1] = first.column * between_rows
        lps[:3, 2] = self.step_mm
        lps[:3, 3] = first.position_mm
        return np.diag([-1.0, -1.0, 1.0, 1.0]) @ lps


@dataclass(frozen=True, kw_only=True, eq=False)
class Stacked:
    """Stacks made from a group of frames, and the frames left over with the reason."""

    stacks: tuple[Stack, ...]
    left_over: tuple[tuple[int, str], ...] = ()


def by_orientation(frames: Sequence[Frame]) -> list[list[Frame]]:
    """Gather frames whose direction cosines agree within 0.002 (about 0.1 degree)."""
    groups: list[list[Frame]] = []
    for frame in frames:
        for group in groups:
            if _same_direction(frame, group[0]):
                group.append(frame)
                break
        else:
            groups.append([frame])
    return groups


def _same_direction(one: Frame, other: Frame) -> bool:
    if one.row is None or other.row is None or one.column is None or other.column is None:
        return False
    apart = max(np.abs(one.row - other.row).max(), np.abs(one.column - other.column).max())
    return bool(apart < _SAME_DIRECTION)


def by_line(frames: Sequence[Frame]) -> list[list[Frame]]:
    """Tell parallel stacks apart that are shifted within the plane, where each is evenly spaced on its own.

    A gantry tilt shifts every slice: then no two slices share a line, or lines lie less than 0.5 mm apart, and the
    frames stay together.
    """
    lines: list[tuple[NDArray[np.float64], list[Frame]]] = []
    for frame, place in zip(frames, _in_plane(frames), strict=True):
        for line, members in lines:
            apart = float(np.abs(place - line).max())
            if apart <= _SAME_LINE_MM:
                members.append(frame)
                break
            if apart < _OTHER_LINE_MM:
                return [list(frames)]
        else:
            lines.append((place, [frame]))
        if 2 * len(lines) > len(frames):
            return [list(frames)]
    groups = [members for _, members in lines]
    return groups if all(_is_even_line(group) for group in groups) else [list(frames)]


def _in_plane(frames: Sequence[Frame]) -> NDArray[np.float64]:
    axes = np.array([frames[0].row, frames[0].column], dtype=np.float64)
    return np.asarray(positions(frames) @ axes.T, dtype=np.float64)


def _is_even_line(frames: Sequence[Frame]) -> bool:
    along = np.sort(positions(frames) @ frames[0].normal)
    distinct = along[np.insert(np.diff(along) > SAME_PLACE_MM, 0, True)]
    return len(distinct) > 1 and _is_even(distinct[:, None])


def positions(frames: Sequence[Frame]) -> NDArray[np.float64]:
    """First pixels' centres, (n, 3) LPS mm."""
    return np.array([frame.position_mm for frame in frames], dtype=np.float64).reshape(-1, 3)


def in_order(frames: Sequence[Frame]) -> list[Frame]:
    """Frames in ascending position along the first one's normal."""
    along = positions(frames) @ frames[0].normal
    return [frames[place] for place in np.argsort(along, kind="stable")]


def repeated(frames: Sequence[Frame]) -> list[list[Frame]]:
    """Gather ordered frames that share a position along the normal; only groups of two or more."""
    along = positions(frames) @ frames[0].normal
    starts = np.flatnonzero(np.diff(along) > SAME_PLACE_MM) + 1
    pieces = np.split(np.arange(len(frames)), starts)
    return [[frames[place] for place in piece] for piece in pieces if len(piece) > 1]


def stack(frames: Sequence[Frame], *, nominal_step_mm: float | None) -> Stacked:
    """Cut frames of one orientation, no position repeated, into evenly spaced stacks.

    Parameters
    ----------
    frames
        At least one, in any order.
    nominal_step_mm
        Slice distance that the header states; used for a single slice and to doubt two slices far apart.
    """
    ordered = in_order(frames)
    places = positions(ordered)
    if len(ordered) == 1:
        return Stacked(stacks=(Stack(frames=tuple(ordered), step_mm=ordered[0].normal * (nominal_step_mm or 1.0)),))
    if _is_even(places):
        return Stacked(stacks=(_even_stack(ordered, nominal_step_mm),))
    return _cut(ordered, places, nominal_step_mm)


def _is_even(places: NDArray[np.float64]) -> bool:
    step = (places[-1] - places[0]) / (len(places) - 1)
    ideal = places[0] + np.arange(len(places))[:, None] * step
    return bool(np.linalg.norm(places - ideal, axis=1).max() <= _EVEN * np.linalg.norm(step))


def _even_stack(frames: Sequence[Frame], nominal_mm: float | None, faults: tuple[str, ...] = ()) -> Stack:
    places = positions(frames)
    step = (places[-1] - places[0]) / (len(places) - 1)
    ideal = places[0] + np.arange(len(places))[:, None] * step
    apart = float(np.linalg.norm(places - ideal, axis=1).max())
    distance = abs(float(step @ frames[0].normal))
    if apart > _WORTH_SAYING_MM:
        faults = (*faults, f"slice positions deviate by up to {apart:.2f} mm from even spacing")
    if nominal_mm and distance > 1.5 * nominal_mm:
        faults = (*faults, f"slices lie {distance:.3g} mm apart although the header states {nominal_mm:.3g} mm")
    return Stack(frames=tuple(frames), step_mm=step, faults=faults)


def _cut(ordered: list[Frame], places: NDArray[np.float64], nominal_mm: float | None) -> Stacked:
    step = _commonest_step(places, nominal_mm)
    if step is None:
        return Stacked(stacks=(), left_over=((len(ordered), _UNEVEN),))
    breaks = [
        place
        for place, delta in enumerate(np.diff(places, axis=0))
        if np.linalg.norm(delta - step) > _EVEN * np.linalg.norm(step)
    ]
    runs = np.split(np.arange(len(ordered)), np.array(breaks, dtype=int) + 1)
    clusters = _join_over_losses(ordered, places, runs, step)
    built = [_keep_longest(cluster, ordered, places, step, nominal_mm, len(clusters)) for cluster in clusters]
    return Stacked(
        stacks=tuple(stack for stack, _ in built if stack is not None),
        left_over=tuple(note for _, note in built if note is not None),
    )


def _commonest_step(places: NDArray[np.float64], nominal_mm: float | None) -> NDArray[np.float64] | None:
    """Find the step that occurs most; one that occurs once must be the header's own slice distance."""
    deltas = np.diff(places, axis=0)
    lengths = np.linalg.norm(deltas, axis=1)
    alike = [
        np.linalg.norm(deltas - delta, axis=1) <= _EVEN * length for delta, length in zip(deltas, lengths, strict=True)
    ]
    # of equally common steps the shorter: a gap is longer than the step it interrupts
    best = max(range(len(deltas)), key=lambda place: (alike[place].sum(), -lengths[place]))
    if alike[best].sum() == 1 and abs(lengths[best] - (nominal_mm or 0)) > _EVEN * lengths[best]:
        return None
    return np.asarray(deltas[alike[best]].mean(axis=0), dtype=np.float64)


Runs = list[NDArray[np.intp]]


def _join_over_losses(
    ordered: list[Frame], places: NDArray[np.float64], runs: Runs, step: NDArray[np.float64]
) -> list[Runs]:
    """Gather runs between which slices were lost; runs that were planned apart stay apart."""
    clusters: list[Runs] = [[runs[0]]]
    for before, after in pairwise(runs):
        gap = places[after[0]] - places[before[-1]]
        if _is_loss(gap, step, ordered[before[-1]].instance, ordered[after[0]].instance):
            clusters[-1].append(after)
        else:
            clusters.append([after])
    return clusters


def _is_loss(gap: NDArray[np.float64], step: NDArray[np.float64], before: int | None, after: int | None) -> bool:
    """Tell whether slices are missing in a gap: it is a whole number of steps, and instance numbers jump as well."""
    times = float(gap @ step / (step @ step))
    whole = round(times)
    on_line = whole >= 2 and np.linalg.norm(gap - whole * step) <= _EVEN * np.linalg.norm(step) * whole
    consecutive = before is not None and after is not None and abs(after - before) == 1
    return bool(on_line) and not consecutive


def _keep_longest(
    cluster: Runs,
    ordered: list[Frame],
    places: NDArray[np.float64],
    step: NDArray[np.float64],
    nominal_mm: float | None,
    clusters: int,
) -> tuple[Stack | None, tuple[int, str] | None]:
    longest = max(cluster, key=len)
    total = sum(map(len, cluster))
    kept = [ordered[place] for place in longest]
    faults: tuple[str, ...] = ()
    if len(cluster) > 1:
        span = places[cluster[-1][-1]] - places[cluster[0][0]]
        missing = round(float(span @ step / (step @ step))) + 1 - total
        faults = (
            f"{missing} slice(s) missing at {len(cluster) - 1} place(s): "
            f"kept the longest run, {len(kept)} of {total} slices",
        )
    if len(kept) == 1:
        return None, (total, "a slice that follows no even spacing")
    if clusters > 1:
        faults = (*faults, f"spacing is uneven along the series: cut into {clusters} volumes")
    left = (total - len(kept), "slices beyond a gap") if total > len(kept) else None
    return _even_stack(kept, nominal_mm, faults), left
