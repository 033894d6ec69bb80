"""What quality control finds, and what it finds wrongly, on digital reference objects.

Each seed makes one random spine (slips, scoliosis, degeneration, transitional anatomy), drawn on one of four grids,
with or without a smooth boundary error of 0.5 mm SD, imaged as T2, T1 or STIR. The clean map must pass with
nothing left out; then errors are planted one at a time. An error counts as found where the map fails, or where the
structure concerned is left out.

    python benchmarks/quality_control.py --seeds 100 --planted 16

prints both tables and writes them, from the same run, as CSV beside this file.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import CANAL, DISC_OFFSET, VERTEBRA_NAMES, rank
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image, Quantity
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.prediction import Prediction
from lumbomics.core.quality import QualityReport, Verdict
from lumbomics.phantom import Phantom, make_phantom
from lumbomics.segment.quality import assess

Array = NDArray[Any]
CONTRASTS = (Contrast.T2, Contrast.T1, Contrast.STIR)
GRIDS = ("15 slices of 4 mm", "21 slices of 1 mm", "1.2 mm isotropic", "one slice")
DRAWING_SD_MM = 0.5


@dataclass(frozen=True)
class Case:
    """A clean map with its image and what is at hand to spoil it."""

    image: Image
    labels: Labels
    rng: np.random.Generator
    is_thin: bool

    def prediction(self, array: Array | None = None, **known: Any) -> Prediction:
        labels = self.labels if array is None else Labels(array, self.labels.grid)
        return Prediction(segmentation=Segmentation(spine=labels), **known)

    def lumbar(self) -> int:
        """A vertebra from L1 to L4 in the map."""
        return int(self.rng.choice([n for n in self.labels.vertebrae if 20 <= n <= 23]))

    def height(self) -> Array:
        """World height of every voxel."""
        indices = np.moveaxis(np.indices(self.labels.array.shape), 0, -1)
        return np.asarray(self.labels.grid.to_world(indices)[..., 2])


def make_case(seed: int) -> Case:
    phantom = make_phantom(seed)
    rng = np.random.default_rng([seed, 7])
    kind = GRIDS[seed % len(GRIDS)]
    grid = grid_of(phantom, kind)
    error = {"boundary_sd_mm": DRAWING_SD_MM, "rng": rng} if seed % 2 else {}
    labels = phantom.segmentation(grid, **error).spine
    return Case(phantom.image(grid, CONTRASTS[seed % 3]), labels, rng, kind == GRIDS[3])


def grid_of(phantom: Phantom, kind: str) -> Grid:
    if kind == GRIDS[0]:
        return phantom.sagittal_grid(in_plane_mm=0.8, thickness_mm=4.0, slices=15)
    if kind == GRIDS[1]:
        return phantom.sagittal_grid(in_plane_mm=0.9, thickness_mm=1.0, slices=21)
    if kind == GRIDS[2]:
        return phantom.default_grid(1.2)
    return phantom.sagittal_grid(in_plane_mm=0.8, thickness_mm=4.0, slices=1)


Spoiled = tuple[Prediction, Image, set[int]]
"""A map with an error, its image, and the structures that the error concerns."""


def swapped_numbers(case: Case) -> Spoiled:
    upper = case.lumbar()
    array = case.labels.array.copy()
    array[case.labels.array == upper], array[case.labels.array == upper + 1] = upper + 1, upper
    return case.prediction(array), case.image, {upper, upper + 1}


def missing_vertebra(case: Case) -> Spoiled:
    lost = case.lumbar()
    array = np.where(case.labels.array == lost, 0, case.labels.array)
    return case.prediction(array), case.image, set()


def missing_and_counted_on(case: Case) -> Spoiled:
    """A body is missed, and those above it are numbered as if it were not there: only the distance tells."""
    lost = case.lumbar()
    array = case.labels.array.copy()
    array[np.isin(array, (lost, lost + DISC_OFFSET))] = 0
    return case.prediction(moved_down(array, lost)), case.image, set()


def merged_pair(case: Case) -> Spoiled:
    """Two bodies and their disc drawn as one, those above numbered on."""
    upper = case.lumbar()
    array = case.labels.array.copy()
    array[np.isin(array, (upper, upper + DISC_OFFSET))] = upper + 1
    return case.prediction(moved_down(array, upper)), case.image, {upper + 1}


def moved_down(array: Array, lost: int) -> Array:
    """Give every vertebra and disc above ``lost`` the number of the next one below."""
    order = [n for n in sorted(VERTEBRA_NAMES, key=rank) if n in array or n == lost]
    moved = array.copy()
    for above, number in pairwise(order):
        if rank(number) <= rank(lost):
            moved[array == above] = number
            moved[array == above + DISC_OFFSET] = number + DISC_OFFSET
    return moved


def leaked_disc(case: Case) -> Spoiled:
    """A disc takes the upper two thirds of the vertebra below."""
    above = case.lumbar()
    array, height = case.labels.array.copy(), case.height()
    body = array == above + 1
    array[body & (height > np.quantile(height[body], 0.33))] = above + DISC_OFFSET
    return case.prediction(array), case.image, {above + DISC_OFFSET, above + 1}


def one_side_only(case: Case) -> Spoiled:
    lost = case.lumbar()
    array = case.labels.array.copy()
    right = np.moveaxis(np.indices(array.shape), 0, -1)
    across = case.labels.grid.to_world(right)[..., 0]
    array[(array == lost) & (across > np.median(across[array == CANAL]) - 4.0)] = 0
    return case.prediction(array), case.image, {lost}


def shifted_map(case: Case) -> Spoiled:
    """The whole map 10 mm off in the slice plane, as from another image."""
    angle = case.rng.uniform(0, 2 * np.pi)
    move = np.array([0.0, np.cos(angle), np.sin(angle)]) * 10.0
    step = np.rint(case.labels.grid.inverse[:3, :3] @ move).astype(int)
    return case.prediction(np.roll(case.labels.array, step, axis=(0, 1, 2))), case.image, set()


def broken_canal(case: Case) -> Spoiled:
    array, height = case.labels.array.copy(), case.height()
    middle = float(np.median(height[array == case.lumbar()]))
    array[(array == CANAL) & (np.abs(height - middle) < 15)] = 0
    array[(array == 60) & (np.abs(height - middle) < 15)] = 0
    return case.prediction(array), case.image, {CANAL}


def far_island(case: Case) -> Spoiled:
    """A quarter of a body's voxels carry the number of the vertebra two levels above."""
    number = int(case.rng.choice([n for n in case.labels.vertebrae if 22 <= n <= 24]))
    array, height = case.labels.array.copy(), case.height()
    body = array == number
    array[body & (height < np.quantile(height[body], 0.3))] = number - 2
    return case.prediction(array), case.image, {number - 2}


def metal_screws(case: Case) -> Spoiled:
    """Metal of 22 mm radius over one level; the labels in it are lost in part."""
    number = case.lumbar()
    centre = case.labels.points_mm(number + DISC_OFFSET).mean(axis=0)
    indices = np.moveaxis(np.indices(case.labels.array.shape), 0, -1)
    distance = np.linalg.norm(case.labels.grid.to_world(indices) - centre, axis=-1)
    metal = Image((distance < 22).astype(np.float16), case.labels.grid, Quantity.PROBABILITY)
    array = np.where(distance < 12, 0, case.labels.array)
    return case.prediction(array, metal=metal), case.image, {number, number + 1}


def unsure_structure(case: Case) -> Spoiled:
    number = case.lumbar()
    sure = dict.fromkeys(case.labels.present, 0.95) | {number: 0.4}
    return case.prediction(confidence=sure), case.image, {number}


def cervical_size(case: Case) -> Spoiled:
    affine = case.labels.grid.affine.copy()
    affine[:3, :3] *= 0.5
    grid = Grid(case.labels.grid.shape, affine)
    small = replace(case, labels=Labels(case.labels.array, grid), image=Image(case.image.array, grid))
    return small.prediction(), small.image, set()


def hounsfield_values(case: Case) -> Spoiled:
    array = case.image.array.astype(np.float64)
    return case.prediction(), Image(array / array.max() * 1500 - 1000, case.image.grid), set()


def pure_noise(case: Case) -> Spoiled:
    return case.prediction(), Image(case.rng.rayleigh(50, case.image.array.shape), case.image.grid), set()


def constant_image(case: Case) -> Spoiled:
    return case.prediction(), Image(np.full(case.image.array.shape, 7.0), case.image.grid), set()


def nothing_found(case: Case) -> Spoiled:
    return case.prediction(np.zeros_like(case.labels.array)), case.image, set()


ERRORS: tuple[Callable[[Case], Spoiled], ...] = (
    swapped_numbers,
    missing_vertebra,
    missing_and_counted_on,
    merged_pair,
    leaked_disc,
    one_side_only,
    shifted_map,
    broken_canal,
    far_island,
    metal_screws,
    unsure_structure,
    cervical_size,
    hounsfield_values,
    pure_noise,
    constant_image,
    nothing_found,
)
_NEEDS_SIDES = {one_side_only}


def left_out(report: QualityReport) -> set[int]:
    return {value for finding in report.findings if finding.excludes for value in finding.structures}


def is_found(report: QualityReport, concerned: set[int]) -> bool:
    return report.verdict is not Verdict.PASS or bool(left_out(report) & concerned)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--planted", type=int, help="plant errors in the first so many only; by default in all")
    parser.add_argument("--show", action="store_true", help="print the findings of false alarms and of missed errors")
    options = parser.parse_args()
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    seconds = []
    for seed in range(options.seeds):
        case = make_case(seed)
        start = time.perf_counter()
        report = assess(case.prediction(), case.image)
        seconds.append(time.perf_counter() - start)
        wrong = report.verdict is not Verdict.PASS or bool(left_out(report))
        if wrong and options.show:
            print(seed, GRIDS[seed % 4], [f.message for f in report.findings if f.excludes or f.verdict != "pass"])
        for name in ("clean map, any grid", f"clean map, {GRIDS[seed % 4]}"):
            counts[name][0] += wrong
            counts[name][1] += 1
        for error in ERRORS if options.planted is None or seed < options.planted else ():
            if error in _NEEDS_SIDES and seed % 4 in (1, 3):  # a narrow slab has no sides to lack
                continue
            spoiled, image, concerned = error(case)
            found = is_found(assess(spoiled, image), concerned)
            if not found and options.show:
                print(seed, GRIDS[seed % 4], "missed", error.__name__)
            counts[error.__name__.replace("_", " ")][0] += found
            counts[error.__name__.replace("_", " ")][1] += 1
    rows = [(name, flagged, n, f"{100 * flagged / n:.1f}") for name, (flagged, n) in counts.items()]
    print(f"{'what':40s} {'flagged':>8s} {'n':>5s} {'%':>6s}")
    for name, flagged, n, share in rows:
        print(f"{name:40s} {flagged:8d} {n:5d} {share:>6s}")
    print(f"median time of all checks {np.median(seconds):.2f} s, longest {max(seconds):.2f} s")
    with Path(__file__).with_suffix(".csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("what", "flagged", "n", "percent"))
        writer.writerows(rows)


if __name__ == "__main__":
    main()
