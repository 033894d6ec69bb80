"""Motion between the axial series of one stack: how much of it is left when they are laid onto the T2.

    python benchmarks/stack_motion.py --first 240 --patients 14

Digital patients after surgery, one stack along the operated disc (0.55 x 0.55 x 4 mm): T2, T1 and T1 after contrast.
T1 and contrast series are taken of the patient turned by up to 1 degree about each axis and shifted by up to 1.5 mm
along each, or not moved at all; the headers do not know. Labels are the truth with boundaries off by 0.5 mm (SD), on
sagittal slices of 4 mm. Each is laid as in a run (``settle_stacks``); distances are root mean squares over the bone in
the stack.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from lumbomics.core.examination import Scan
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast
from lumbomics.core.visit import Plane
from lumbomics.phantom import Acquisition, Injection
from lumbomics.phantom.postoperative import Kind, make_postoperative
from lumbomics.prepare.rigid import inverse, moved
from lumbomics.run.examination_stacks import settle_stacks

_SHIFT_MM, _TURN_DEG = 1.5, 1.0
_SLICES = (5, 7)


@dataclass(frozen=True, kw_only=True)
class Left:
    """One series: motion in the slices and across them before and after, mm, and what was decided."""

    series: str
    slices: int
    moved: bool
    before: tuple[float, float]
    after: tuple[float, float]
    laid: bool
    checked: bool
    stated_mm: float


def left(seed: int, slices: int, *, move: bool) -> Iterator[Left]:
    """Take the series of one patient, lay them, and compare with where they truly lie."""
    rng = np.random.default_rng([seed, slices, 31])
    phantom = make_postoperative(seed, tuple(Kind)[seed % len(Kind)])
    level = next(one.level for extra in phantom.scene.extras for one in extra.operations())
    grid = phantom.axial_grid(level, thickness_mm=4.0, slices=slices, in_plane_mm=0.55, width_mm=160.0)
    labels = phantom.segmentation(phantom.sagittal_grid(), boundary_sd_mm=0.5, rng=rng)
    bone = labels.spine.grid.to_world(np.argwhere(labels.spine.array > 0)[::20])
    index = grid.to_index(bone)
    bone = bone[((index > -0.5) & (index < np.array(grid.shape) - 0.5)).all(axis=1)]
    scans, true = [], {}
    for contrast in (Contrast.T2, Contrast.T1, Contrast.T1_POST):
        motion = np.eye(4)
        if move and contrast is not Contrast.T2:
            turn = np.radians(rng.uniform(-_TURN_DEG, _TURN_DEG, 3))
            motion[:3, :3] = Rotation.from_rotvec(turn).as_matrix()
            centre = bone.mean(axis=0)
            motion[:3, 3] = centre + rng.uniform(-_SHIFT_MM, _SHIFT_MM, 3) - motion[:3, :3] @ centre
        given = Injection(delay_min=float(rng.uniform(3, 9))) if contrast is Contrast.T1_POST else None
        acquisition = Acquisition(noise=0.012, gain=float(rng.uniform(0.5, 2)), injection=given)
        image = phantom.image(Grid(grid.shape, motion @ grid.affine, grid.frame), contrast, acquisition=acquisition)
        scans.append(Scan(name=contrast.value, image=replace(image, grid=grid), plane=Plane.AXIAL))
        true[contrast.value] = motion
    for scan in settle_stacks(scans, labels).scans[1:]:
        placed = scan.image.grid.affine @ inverse(grid.affine)
        yield Left(
            series=scan.name,
            slices=slices,
            moved=move,
            before=_parts(np.eye(4), true[scan.name], bone, grid),
            after=_parts(placed, true[scan.name], bone, grid),
            laid=not scan.image.grid.same_place(grid),
            checked=scan.stack_error_mm is not None,
            stated_mm=scan.stack_error_mm or float("nan"),
        )


def _parts(placed: np.ndarray, true: np.ndarray, points: np.ndarray, grid: Grid) -> tuple[float, float]:
    off = moved(placed, points) - moved(true, points)
    squares = np.square(off @ (grid.affine[:3, :3] / np.linalg.norm(grid.affine[:3, :3], axis=0))).mean(axis=0)
    return float(np.sqrt(squares[:2].sum())), float(np.sqrt(squares[2]))


def table(rows: list[Left]) -> Iterator[str]:
    """One line for each number of slices, series and whether the patient moved."""
    yield (
        "| slices | series on T2 | patient | n | checked | laid | in slices, mm: median before | after: median, most "
        "| across: median before | after | within 2 x stated |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for key in dict.fromkeys((one.slices, one.series, one.moved) for one in rows):
        those = [one for one in rows if (one.slices, one.series, one.moved) == key]
        before, after = (np.array([getattr(one, name) for one in those]) for name in ("before", "after"))
        whole = np.hypot(after[:, 0], after[:, 1])
        held = np.mean([size < 2 * one.stated_mm for size, one in zip(whole, those, strict=True) if one.checked])
        yield (
            f"| {key[0]} | {key[1]} | {'moved' if key[2] else 'still'} | {len(those)} "
            f"| {sum(one.checked for one in those)} | {sum(one.laid for one in those)} "
            f"| {np.median(before[:, 0]):.2f} | {np.median(after[:, 0]):.2f}, {after[:, 0].max():.2f} "
            f"| {np.median(before[:, 1]):.2f} | {np.median(after[:, 1]):.2f}, {after[:, 1].max():.2f} "
            f"| {100 * held:.0f} % |"
        )


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=240)
    parser.add_argument("--patients", type=int, default=14)
    chosen = parser.parse_args()
    rows = [
        one
        for slices in _SLICES
        for move in (True, False)
        for seed in range(chosen.first, chosen.first + chosen.patients)
        for one in left(seed, slices, move=move)
    ]
    print("\n".join(table(rows)))


if __name__ == "__main__":
    main()
