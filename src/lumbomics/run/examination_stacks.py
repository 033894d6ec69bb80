"""Axial series of one stack: which belong together, and each laid finely onto the T2 of its stack.

Tissue is told by the signals of one point on several series: a patient who moved by a pixel between them shows a rim of
what is not there. Against a sagittal series a motion that small cannot be told; against the T2 of the same slices it
can.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.examination import Scan
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast
from lumbomics.core.labels import Segmentation
from lumbomics.core.provenance import Decision
from lumbomics.core.visit import Plane
from lumbomics.prepare.registration import Registration, register
from lumbomics.prepare.rigid import inverse, moved

FloatArray = NDArray[np.float64]

_T2 = (Contrast.T2, Contrast.T2_SPACE)
_SHARED = 0.5
"""A series belongs to another's stack where it shows at least this share of it."""
_LATTICE = 12
_IN_PLANE_MM, _THROUGH = 0.25, 3.0
"""A motion is undone from this much within the slices, or so many times its error across them; engineering defaults."""
_TOLD_MM = 1.0
_MOST_SPINE = 4000
_AT_ONCE = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Settled:
    """Series laid onto the T2 of their stacks.

    Parameters
    ----------
    scans
        All series, in the order given.
    decisions
        One for every series that lies beside an axial T2.
    faults
        Motions that a reader would see.
    """

    scans: tuple[Scan, ...]
    decisions: tuple[Decision, ...] = ()
    faults: tuple[str, ...] = ()


def stacks_of(scans: Sequence[Scan]) -> Iterator[tuple[Scan, list[Scan]]]:
    """Give every axial T2 without fat suppression with the axial series that show its stack, the fullest first."""
    axial = [scan for scan in scans if scan.plane is Plane.AXIAL]
    for contrast in _T2:
        for scan in axial:
            if scan.contrast is contrast and not scan.fat_suppressed:
                shares = [(_share(scan.image.grid, other.image.grid), other) for other in axial if other is not scan]
                found = [(share, other) for share, other in shares if share >= _SHARED]
                yield scan, [other for _, other in sorted(found, key=lambda pair: -pair[0])]


def settle_stacks(scans: Sequence[Scan], segmentation: Segmentation) -> Settled:
    """Register every axial series to the T2 of its stack and undo what motion is seen; others stay as they are."""
    spine = segmentation.spine
    inside = np.argwhere(spine.array > 0)
    points = spine.grid.to_world(inside[:: max(1, len(inside) // _MOST_SPINE)])
    pairs: dict[str, tuple[Scan, Scan]] = {}
    for head, beside in stacks_of(scans):
        if head.name not in pairs:
            pairs |= {other.name: (head, other) for other in beside if other.name not in pairs}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = dict(zip(pairs, pool.map(lambda pair: _settle(pair[0], pair[1], points), pairs.values()), strict=True))
    return Settled(
        scans=tuple(found[scan.name][0] if scan.name in found else scan for scan in scans),
        decisions=tuple(decision for _, decision, _ in found.values()),
        faults=tuple(fault for _, _, fault in found.values() if fault is not None),
    )


def _settle(head: Scan, other: Scan, points: FloatArray) -> tuple[Scan, Decision, str | None]:
    about = _within(points, head.image.grid)
    if not len(about):
        return other, _decided(other, "as it lies", f"{head.name} shows no labelled bone"), None
    found = register(other.image, head.image, about_mm=about)
    if not found.accepted:
        return other, _decided(other, "as it lies", f"not checked: {found.reason}"), None
    error_mm = found.error_mm or 0.0
    within, across = _parts_mm(found, about, head.image.grid)
    if within <= _IN_PLANE_MM and across <= _THROUGH * error_mm:
        because = f"agrees within {within:.2f} mm in the slices and {across:.2f} mm across"
        stays = replace(other, stack_error_mm=max(within, error_mm))
        return stays, _decided(other, "as it lies", because), None
    grid = found.place(other.image.grid, frame=head.image.grid.frame)
    laid = replace(other, image=replace(other.image, grid=grid), stack_error_mm=error_mm)
    how = f"{within:.1f} mm in the slices and {across:.1f} mm across"
    told = f"the patient moved by {how} against {head.name}; it was laid back (error about {error_mm:.1f} mm)"
    decision = _decided(other, f"laid onto {head.name}, error {error_mm:.2f} mm", f"moved by {how}")
    return laid, decision, f"{other.name}: {told}" if max(within, across) > _TOLD_MM else None


def _decided(scan: Scan, choice: str, because: str) -> Decision:
    return Decision(what=f"{scan.name}: place in its stack", choice=choice, because=because)


def _parts_mm(found: Registration, points: FloatArray, grid: Grid) -> tuple[float, float]:
    """Root mean square motion of the points within the slices and across them."""
    shifts = moved(inverse(found.motion), points) - points
    columns = grid.affine[:3, :3] / np.linalg.norm(grid.affine[:3, :3], axis=0)
    local = shifts @ columns
    squares = np.square(local).mean(axis=0)
    return float(np.sqrt(squares[:2].sum())), float(np.sqrt(squares[2]))


def _within(points: FloatArray, grid: Grid) -> FloatArray:
    index = grid.to_index(points)
    return points[((index > -0.5) & (index < np.array(grid.shape) - 0.5)).all(axis=1)]


def _share(grid: Grid, other: Grid) -> float:
    ways = [np.linspace(0, n - 1, min(n, _LATTICE)) for n in grid.shape]
    points = grid.to_world(np.stack(np.meshgrid(*ways, indexing="ij"), axis=-1).reshape(-1, 3))
    return len(_within(points, other)) / len(points)
