"""Accuracy of every measurement against the digital reference objects' exact truth.

Each seed makes one random spine. Its labels are drawn at three conditions: 1 mm isotropic; sagittal slices of
0.6 x 0.6 x 4 mm; and 1 mm with a smooth random error of 0.5 mm SD on every boundary. The grid is turned by up to 5 deg
and shifted by a random part of a voxel. Values are compared with the truth from the geometry.

    python benchmarks/measure_accuracy.py --seeds 100

prints one table a condition and writes it, from the same run, as CSV and as the Markdown page of the documentation.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from lumbomics.catalogue import load_catalogue
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Segmentation
from lumbomics.core.measurement import Z_95, Measurement
from lumbomics.measure import measure
from lumbomics.phantom import Phantom, make_phantom

ROOT = Path(__file__).resolve().parents[1]
CONDITIONS = ("1 mm", "0.6 x 0.6 x 4 mm", "1 mm, drawn with 0.5 mm error")
DRAWING_SD_MM = 0.5
LARGEST_TURN_DEG = 5.0
_HEADINGS = (
    "biomarker",
    "method",
    "unit",
    "n",
    "absent",
    "bias",
    "SD",
    "RMSE",
    "95 % limits",
    "slope",
    "intercept",
    "r²",
)
_HEADINGS += ("coverage %",)


@dataclass(frozen=True)
class Pair:
    """A measured and a true value."""

    condition: str
    biomarker: str
    method: str
    seed: int
    level: str
    side: str
    measured: float
    true: float
    se: float | None


@dataclass(frozen=True)
class Row:
    """Agreement of one quantity in one condition."""

    condition: str
    biomarker: str
    method: str
    unit: str
    n: int
    absent: int
    bias: float
    sd: float
    rmse: float
    low: float
    high: float
    slope: float
    intercept: float
    r2: float
    coverage_percent: float


def small_turn(rng: np.random.Generator) -> NDArray[np.float64]:
    """Rotation about a random axis by up to 5 deg, 3 x 3."""
    x, y, z = (axis := rng.normal(size=3)) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(rng.uniform(0, LARGEST_TURN_DEG))
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


def shifted(grid: Grid, rng: np.random.Generator) -> Grid:
    """The same grid, moved by a random part of a voxel."""
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_world(rng.uniform(-0.5, 0.5, 3))
    return Grid(grid.shape, affine, grid.frame)


def draw(phantom: Phantom, condition: str, rng: np.random.Generator) -> Segmentation:
    """Label maps of one phantom at one condition."""
    turn = small_turn(rng)
    if condition == "0.6 x 0.6 x 4 mm":
        return phantom.segmentation(shifted(phantom.sagittal_grid(slices=19, rotation=turn), rng))
    grid = shifted(phantom.default_grid(1.0, rotation=turn), rng)
    sd = DRAWING_SD_MM if "drawn" in condition else 0.0
    return phantom.segmentation(grid, boundary_sd_mm=sd, rng=rng)


def measure_seed(
    seed: int, *, only: Sequence[str] | None, conditions: Sequence[str]
) -> tuple[list[Pair], list[tuple[str, str, str]]]:
    """All pairs of one seed, and (condition, biomarker, method) of what is true but was not measured."""
    phantom = make_phantom(seed)
    true = {(r.biomarker, r.method, r.level, r.side): r for r in phantom.truth() if isinstance(r, Measurement)}
    pairs, missing = [], []
    for number, condition in enumerate(conditions):
        labels = draw(phantom, condition, np.random.default_rng([seed, number]))
        for result in measure(labels, only=only):
            known = true.get((result.biomarker, result.method, result.level, result.side))
            if known is None or known.value is None:
                continue
            if not isinstance(result, Measurement) or result.value is None:
                missing.append((condition, result.biomarker, result.method or ""))
                continue
            place = (seed, result.level or "", result.side or "")
            pairs.append(Pair(condition, result.biomarker, result.method, *place, result.value, known.value, result.se))
    return pairs, missing


def agreement(pairs: Sequence[Pair], absent: int, unit: str) -> Row:
    """Bias, spread, linearity and coverage of one group of pairs."""
    measured, true = np.array([p.measured for p in pairs]), np.array([p.true for p in pairs])
    error = measured - true
    slope, intercept = np.polyfit(true, measured, 1) if np.ptp(true) > 1e-9 else (np.nan, np.nan)
    r2 = np.corrcoef(true, measured)[0, 1] ** 2 if min(np.ptp(true), np.ptp(measured)) > 1e-9 else np.nan
    held = [abs(p.measured - p.true) <= Z_95 * p.se for p in pairs if p.se is not None]
    bias, sd = float(error.mean()), float(error.std(ddof=1)) if len(error) > 1 else 0.0
    return Row(
        pairs[0].condition,
        pairs[0].biomarker,
        pairs[0].method,
        unit,
        len(pairs),
        absent,
        bias,
        sd,
        float(np.sqrt(np.mean(error**2))),
        bias - Z_95 * sd,
        bias + Z_95 * sd,
        float(slope),
        float(intercept),
        float(r2),
        100 * float(np.mean(held)) if held else float("nan"),
    )


def summarise(pairs: Iterable[Pair], missing: Iterable[tuple[str, str, str]]) -> Iterator[Row]:
    """One row a condition and quantity, in the catalogue's order."""
    groups: dict[tuple[str, str, str], list[Pair]] = defaultdict(list)
    for pair in pairs:
        groups[pair.condition, pair.biomarker, pair.method].append(pair)
    lost: dict[tuple[str, str, str], int] = defaultdict(int)
    for key in missing:
        lost[key] += 1
    for condition in CONDITIONS:
        for (biomarker, method), quantity in load_catalogue().quantities.items():
            if group := groups.get((condition, biomarker, method)):
                yield agreement(group, lost[condition, biomarker, method], quantity.unit)


def markdown(rows: Sequence[Row], seeds: int, first: int) -> str:
    """The documentation page."""
    lines = [
        "# Accuracy on digital reference objects",
        "",
        f"{seeds} random spines (seeds {first} to {first + seeds - 1}), labels drawn from the exact geometry, the grid",
        "turned by up to 5 deg and shifted by a random part of a voxel; measured values against the geometry's truth.",
        "Phantoms, not patients: real labels err more. `benchmarks/measure_accuracy.py` writes this page.",
        "",
        "n: values compared; absent: known to the geometry but not measured. Bias and SD of measured - true, limits =",
        "bias ± 1.96 SD, straight line measured = slope x true + intercept, coverage: share of cases whose value ±",
        "1.96 se holds the truth.",
    ]
    for condition in dict.fromkeys(row.condition for row in rows):
        lines += ["", f"## {condition}", ""]
        lines += [f"| {' | '.join(_HEADINGS)} |", "|" + "---|" * len(_HEADINGS)]
        lines += [_line(row) for row in rows if row.condition == condition]
    return "\n".join(lines) + "\n"


def _line(row: Row) -> str:
    def number(value: float, digits: int = 3) -> str:
        return "n/a" if np.isnan(value) else f"{value:.{digits}f}"

    cells = [row.biomarker, row.method, row.unit, str(row.n), str(row.absent)]
    cells += [number(v) for v in (row.bias, row.sd, row.rmse)]
    cells += [f"{number(row.low)} to {number(row.high)}", number(row.slope), number(row.intercept), number(row.r2, 4)]
    return "| " + " | ".join([*cells, number(row.coverage_percent, 1)]) + " |"


def write(rows: Sequence[Row], folder: Path, page: Path, *, seeds: int, first: int) -> None:
    """Write the table as CSV and as Markdown."""
    with (folder / "measure_accuracy.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, fieldnames=list(asdict(rows[0])))
        table.writeheader()
        table.writerows({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in asdict(row).items()} for row in rows)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(markdown(rows, seeds, first))


def main() -> None:
    """Run the seeds, print and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", help="biomarker ids; all by default")
    parser.add_argument("--conditions", type=int, nargs="*", default=[0, 1, 2], help="which of the three conditions")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks", help="folder of the CSV")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "reference" / "accuracy.md")
    chosen = parser.parse_args()
    started = time.perf_counter()
    job = partial(measure_seed, only=chosen.only, conditions=[CONDITIONS[i] for i in chosen.conditions])
    seeds = range(chosen.first_seed, chosen.first_seed + chosen.seeds)
    with ProcessPoolExecutor(chosen.processes) as pool:
        found = list(pool.map(job, seeds))
    rows = list(summarise((p for pairs, _ in found for p in pairs), (m for _, missing in found for m in missing)))
    write(rows, chosen.out, chosen.page, seeds=chosen.seeds, first=chosen.first_seed)
    print(markdown(rows, chosen.seeds, chosen.first_seed))
    print(f"{chosen.seeds} seeds in {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
