"""Registration of moved phantoms: error by kind of pair, and refusal of images that do not belong together.

    python benchmarks/registration.py --patients 14 --out docs/reference/registration.csv

Each digital reference patient is imaged, then imaged again after a known motion (up to 15 mm and 10 degrees) as
another series whose header does not know of it. Errors are those of the answer over points within 40 mm of the middle
of the shared region: root mean square distance, and the angle of the rotation left over.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.phantom import Acquisition, Phantom, make_phantom
from lumbomics.prepare.registration import Registration, register
from lumbomics.prepare.rigid import inverse, rms_distance_mm, rotation_deg

KINDS = (
    "sagittal T2 - axial T2",
    "sagittal T2 - axial T1",
    "sagittal T2 - T1",
    "axial T1 - after contrast",
    "two visits",
)
STRANGERS = ("another patient, axial T2", "another patient, sagittal T2", "upside down", "noise")
SIDE_MIRRORED = "mirrored left to right"
_AROUND_MM = 40.0


def motion(rng: np.random.Generator, centre: np.ndarray) -> np.ndarray:
    """A turn by up to 10 degrees about a random axis, and a shift by up to 15 mm."""
    axis, way = rng.standard_normal(3), rng.standard_normal(3)
    matrix = np.eye(4)
    turn = np.radians(rng.uniform(0, 10)) * axis / np.linalg.norm(axis)
    matrix[:3, :3] = Rotation.from_rotvec(turn).as_matrix()
    shift = rng.uniform(0, 15) * way / np.linalg.norm(way)
    matrix[:3, 3] = centre + shift - matrix[:3, :3] @ centre
    return matrix


def seen(phantom: Phantom, grid: Grid, contrast: Contrast, moved: np.ndarray, rng: np.random.Generator) -> Image:
    """Image of the moved patient on the grid that the scanner states; noise between half and twice the usual."""
    acquisition = Acquisition(noise=0.012 * 2 ** rng.uniform(-1, 1))
    made = phantom.image(Grid(grid.shape, moved @ grid.affine), contrast, acquisition=acquisition, rng=rng)
    return Image(made.array, grid, contrast=contrast)


def pairs(seed: int, spacing: float) -> list[tuple[str, Image, Image, np.ndarray | None]]:
    """(kind, moving, fixed, true motion or None) of one patient, and of strangers."""
    rng = np.random.default_rng([seed, 77])
    phantom = make_phantom(seed)
    sagittal = phantom.sagittal_grid(in_plane_mm=spacing, slices=13)
    axial = phantom.axial_grid(in_plane_mm=spacing, slices=16, width_mm=160.0)
    still = np.eye(4)
    moved = motion(rng, axial.centre_mm)
    fixed = seen(phantom, sagittal, Contrast.T2, still, rng)
    ax_t2, ax_t1 = (seen(phantom, axial, c, moved, rng) for c in (Contrast.T2, Contrast.T1))
    before, after = (seen(phantom, axial, c, m, rng) for c, m in ((Contrast.T1, still), (Contrast.T1_POST, moved)))
    sag_t1 = seen(phantom, sagittal, Contrast.T1, moved, rng)
    later = seen(phantom, sagittal, Contrast.T2, moved, rng)
    other = make_phantom(seed + 500)
    stranger = seen(other, other.axial_grid(in_plane_mm=spacing, slices=16, width_mm=160.0), Contrast.T2, still, rng)
    foreign = seen(other, other.sagittal_grid(in_plane_mm=spacing, slices=13), Contrast.T2, still, rng)
    noise = Image(rng.normal(100, 20, axial.shape), axial)
    return [
        (KINDS[0], ax_t2, fixed, moved),
        (KINDS[1], ax_t1, fixed, moved),
        (KINDS[2], sag_t1, fixed, moved),
        (KINDS[3], after, before, moved),
        (KINDS[4], later, fixed, moved),
        (STRANGERS[0], stranger, fixed, None),
        (STRANGERS[1], foreign, fixed, None),
        (STRANGERS[2], Image(ax_t2.array[:, :, ::-1], axial), fixed, None),
        (STRANGERS[3], noise, fixed, None),
        (SIDE_MIRRORED, Image(ax_t2.array[::-1], axial), fixed, None),
    ]


def row(seed: int, kind: str, found: Registration, true: np.ndarray | None, seconds: float) -> dict[str, object]:
    about = found.centre_mm + np.random.default_rng(0).uniform(-_AROUND_MM, _AROUND_MM, (200, 3))
    left = None if true is None else inverse(true) @ found.motion
    return {
        "seed": seed,
        "kind": kind,
        "accepted": int(found.accepted),
        "refusal": found.refusal or "",
        "error_mm": "" if left is None else round(rms_distance_mm(left, np.eye(4), about), 4),
        "error_deg": "" if left is None else round(rotation_deg(left), 4),
        "stated_mm": "" if found.error_mm is None else round(found.error_mm, 4),
        "information": round(found.information, 4),
        "gain": round(found.gain, 3),
        "overlap": round(found.overlap, 3),
        "inconsistency_mm": "" if found.inconsistency_mm is None else round(found.inconsistency_mm, 3),
        "cpu_s": round(seconds, 2),
    }


def table(rows: list[dict[str, object]]) -> str:
    lines = [
        "| pair | n | accepted | error mm, median (95 %) | error deg, median (95 %) | within 0.5 mm and 0.5 deg "
        "| true < 2 x stated | CPU s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    by_kind: dict[str, list[dict[str, object]]] = defaultdict(list)
    for one in rows:
        by_kind[str(one["kind"])].append(one)
    for kind, those in by_kind.items():
        taken = [one for one in those if one["accepted"]]
        start = f"| {kind} | {len(those)} | {len(taken)} |"
        seconds = np.mean([float(str(one["cpu_s"])) for one in those])
        if not taken or taken[0]["error_mm"] == "":
            lines.append(f"{start} | | | | {seconds:.1f} |")
            continue
        mm, deg, stated = (
            np.array([float(str(one[name])) for one in taken]) for name in ("error_mm", "error_deg", "stated_mm")
        )
        good = ((mm <= 0.5) & (deg <= 0.5)).sum()
        covered = (mm < 2 * stated).mean()
        lines.append(
            f"{start} {np.median(mm):.2f} ({np.quantile(mm, 0.95):.2f}) | {np.median(deg):.2f} "
            f"({np.quantile(deg, 0.95):.2f}) | {good} of {len(those)} | {100 * covered:.0f} % | {seconds:.1f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=14)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--spacing", type=float, default=0.8, help="pixel of every series, mm")
    parser.add_argument("--out", type=Path, help="table of all pairs, CSV")
    chosen = parser.parse_args()
    rows = []
    for seed in range(chosen.first, chosen.first + chosen.patients):
        for kind, moving, fixed, true in pairs(seed, chosen.spacing):
            start = time.process_time()
            found = register(moving, fixed)
            rows.append(row(seed, kind, found, true, time.process_time() - start))
        print(f"patient {seed} done", file=sys.stderr, flush=True)
        if chosen.out:
            with chosen.out.open("w", newline="", encoding="utf-8") as handle:
                writer = csv.DictWriter(handle, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
    print(table(rows))


if __name__ == "__main__":
    main()
