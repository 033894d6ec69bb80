"""Registration of moved phantoms: error by kind of pair, and refusal of images that do not belong together.

    python benchmarks/registration.py --patients 25 --records records.csv

Each digital reference patient is imaged, then imaged again after a known motion (up to 15 mm and 10 degrees) as
another series whose header does not know of it. As in a run, the motion is looked for about the spine of the fixed
series. Errors are those of the answer over points within 40 mm of the middle of the shared region: root mean square
distance, and the angle of the rotation left over. Records that stand are kept: a stopped benchmark goes on.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.phantom import Acquisition, Phantom, make_phantom
from lumbomics.prepare.registration import Registration, RegistrationOptions, register
from lumbomics.prepare.rigid import inverse, rms_distance_mm, rotation_deg

_AROUND_MM = 40.0
_STRANGER = 500
"""Seed of the other patient, from a patient's own."""
_APART_MM = (15.0, 35.0, 45.0)
"""How far frames of reference lie apart."""


@dataclass(frozen=True, kw_only=True)
class Condition:
    """How the series are taken; ``noise`` is a factor, drawn from half to twice this."""

    name: str
    noise: float = 1.0
    thickness_mm: float = 4.0
    everything: bool = False


CONDITIONS = (
    Condition(name="ordinary", everything=True),
    Condition(name="four times the noise", noise=4.0),
    Condition(name="slices 3 mm", thickness_mm=3.0),
    Condition(name="slices 6 mm", thickness_mm=6.0),
)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two images; ``true`` is the motion, ``None`` where there is none to find."""

    kind: str
    moving: Image
    fixed: Image
    true: np.ndarray | None = None
    about_mm: np.ndarray | None = None
    search: bool = False


def motion(rng: np.random.Generator, centre: np.ndarray) -> np.ndarray:
    """A turn by up to 10 degrees about a random axis, and a shift by up to 15 mm."""
    axis, way = rng.standard_normal(3), rng.standard_normal(3)
    matrix = np.eye(4)
    turn = np.radians(rng.uniform(0, 10)) * axis / np.linalg.norm(axis)
    matrix[:3, :3] = Rotation.from_rotvec(turn).as_matrix()
    shift = rng.uniform(0, 15) * way / np.linalg.norm(way)
    matrix[:3, 3] = centre + shift - matrix[:3, :3] @ centre
    return matrix


class Studio:
    """Takes series of one patient under one condition."""

    def __init__(self, seed: int, condition: Condition, spacing: float, rng: np.random.Generator) -> None:
        self.phantom: Phantom = make_phantom(seed)
        self._condition, self._rng = condition, rng
        thick = condition.thickness_mm
        self.sagittal = self.phantom.sagittal_grid(in_plane_mm=spacing, thickness_mm=thick, slices=round(52 / thick))
        self.axial = self.phantom.axial_grid(
            in_plane_mm=spacing, thickness_mm=thick, slices=round(64 / thick), width_mm=160.0
        )
        level = self.phantom.parameters.discs[-1 - seed % 3]
        self.short = self.phantom.axial_grid(level, in_plane_mm=spacing, thickness_mm=thick, slices=5, width_mm=160.0)

    def take(self, grid: Grid, contrast: Contrast, moved: np.ndarray | None = None) -> Image:
        """Image of the moved patient on the grid that the scanner states."""
        acquisition = Acquisition(noise=0.012 * self._condition.noise * 2 ** self._rng.uniform(-1, 1))
        true = grid if moved is None else Grid(grid.shape, moved @ grid.affine)
        made = self.phantom.image(true, contrast, acquisition=acquisition, rng=self._rng)
        return Image(made.array, grid, contrast=contrast)

    def spine_mm(self) -> np.ndarray:
        """Points of the spine in the sagittal series."""
        spine = self.phantom.segmentation(self.sagittal).spine
        inside = np.argwhere(spine.array > 0)
        return spine.grid.to_world(inside[:: max(1, len(inside) // 4000)])


def mirrored(image: Image) -> Image:
    """The image with left and right swapped; the grid stays."""
    across = int(np.argmax(np.abs(image.grid.axes[0])))
    return Image(np.flip(image.array, across), image.grid, contrast=image.contrast)


def pairs(seed: int, condition: Condition, spacing: float) -> Iterator[Pair]:
    rng = np.random.default_rng([seed, 77])
    own = Studio(seed, condition, spacing, rng)
    stranger = Studio(seed + _STRANGER, condition, spacing, rng)
    moved, spine = motion(rng, own.axial.centre_mm), own.spine_mm()
    fixed = own.take(own.sagittal, Contrast.T2)
    ax_t2, ax_t1 = (own.take(own.axial, contrast, moved) for contrast in (Contrast.T2, Contrast.T1))
    foreign = stranger.take(stranger.axial, Contrast.T2)

    def to_sagittal(kind: str, moving: Image, true: np.ndarray | None = None, *, search: bool = False) -> Pair:
        return Pair(kind=kind, moving=moving, fixed=fixed, true=true, about_mm=spine, search=search)

    yield to_sagittal("sagittal T2 - axial T2", ax_t2, moved)
    yield to_sagittal("sagittal T2 - axial T1", ax_t1, moved)
    yield to_sagittal("sagittal T2 - five slices along a disc, T2", own.take(own.short, Contrast.T2, moved), moved)
    yield to_sagittal("another patient, axial T2", foreign)
    yield to_sagittal("mirrored axial T2", mirrored(ax_t2))
    if not condition.everything:
        return
    sag_t1, stir = (own.take(own.sagittal, contrast, moved) for contrast in (Contrast.T1, Contrast.STIR))
    before, after = own.take(own.axial, Contrast.T1), own.take(own.axial, Contrast.T1_POST, moved)
    apart = np.eye(4)
    apart[:3, 3] = rng.uniform(-1, 1, 3) * _APART_MM
    elsewhere = Image(ax_t2.array, Grid(own.axial.shape, apart @ own.axial.affine), contrast=Contrast.T2)
    yield to_sagittal("sagittal T2 - T1", sag_t1, moved)
    yield to_sagittal("sagittal T2 - STIR", stir, moved)
    yield to_sagittal("two visits", own.take(own.sagittal, Contrast.T2, moved), moved)
    yield to_sagittal("axial T2 of another frame", elsewhere, moved @ inverse(apart), search=True)
    yield Pair(kind="axial T1 - after contrast", moving=after, fixed=before, true=moved)
    foreign_t1 = stranger.take(stranger.axial, Contrast.T1)
    foreign_sagittal = stranger.take(stranger.sagittal, Contrast.T2)
    yield to_sagittal("another patient, axial T1", foreign_t1)
    yield to_sagittal("another patient, axial T2 of another frame", foreign, search=True)
    yield to_sagittal("another patient, five slices", stranger.take(stranger.short, Contrast.T2))
    yield to_sagittal("another patient, sagittal T2", foreign_sagittal)
    yield to_sagittal("another patient, sagittal T1", stranger.take(stranger.sagittal, Contrast.T1))
    yield Pair(kind="another patient's sagittal T2 on axial T2", moving=foreign_sagittal, fixed=ax_t2)
    yield Pair(kind="another patient, axial T1 - after contrast", moving=after, fixed=foreign_t1)
    yield to_sagittal("upside down", Image(ax_t2.array[:, :, ::-1], own.axial))
    yield to_sagittal("noise", Image(rng.normal(100, 20, own.axial.shape), own.axial))
    yield to_sagittal("mirrored axial T1", mirrored(ax_t1))
    yield to_sagittal("mirrored sagittal T1", mirrored(sag_t1))
    yield to_sagittal("mirrored STIR", mirrored(stir))
    yield Pair(kind="mirrored after contrast", moving=mirrored(after), fixed=before)


def row(seed: int, condition: Condition, pair: Pair, found: Registration, seconds: float) -> dict[str, object]:
    about = found.centre_mm + np.random.default_rng(0).uniform(-_AROUND_MM, _AROUND_MM, (200, 3))
    left = None if pair.true is None else inverse(pair.true) @ found.motion
    return {
        "condition": condition.name,
        "seed": seed,
        "kind": pair.kind,
        "accepted": int(found.accepted),
        "refusal": found.refusal or "",
        "error_mm": "" if left is None else round(rms_distance_mm(left, np.eye(4), about), 4),
        "error_deg": "" if left is None else round(rotation_deg(left), 4),
        "stated_mm": "" if found.error_mm is None else round(found.error_mm, 4),
        "gain": round(found.gain, 3),
        "likeness": round(found.likeness, 3),
        "side_gain": "" if found.side_gain is None else round(found.side_gain, 3),
        "side_checked": int(found.side_checked),
        "overlap": round(found.overlap, 3),
        "inconsistency_mm": "" if found.inconsistency_mm is None else round(found.inconsistency_mm, 3),
        "cpu_s": round(seconds, 2),
    }


def measured(seed: int, condition: Condition, spacing: float) -> list[dict[str, object]]:
    rows = []
    for pair in pairs(seed, condition, spacing):
        start = time.process_time()
        options = RegistrationOptions(search=pair.search)
        found = register(pair.moving, pair.fixed, about_mm=pair.about_mm, options=options)
        rows.append(row(seed, condition, pair, found, time.process_time() - start))
    return rows


def table(rows: list[dict[str, str]]) -> str:
    """Page tables: pairs to be accepted, and pairs to be refused."""
    kinds = list(dict.fromkeys((one["condition"], one["kind"]) for one in rows))
    true = [
        "| series | pair | n | accepted | error mm, median (95 %) | error deg, median (95 %) "
        "| within 0.5 mm and 0.5 deg | true < 2 x stated | sides told | least gain, likeness | CPU s |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    false = ["| series | pair | n | accepted | refused, why | greatest gain, likeness |", "|---|---|---|---|---|---|"]
    for condition, kind in kinds:
        those = [one for one in rows if (one["condition"], one["kind"]) == (condition, kind)]
        start = f"| {condition} | {kind} | {len(those)} | {sum(one['accepted'] == '1' for one in those)} |"
        (true if those[0]["error_mm"] else false).append(
            start + (_errors(those) if those[0]["error_mm"] else _refusals(those))
        )
    return "\n".join([*true, "", *false])


def _errors(those: list[dict[str, str]]) -> str:
    taken = [one for one in those if one["accepted"] == "1"]
    if not taken:
        return " | | | | | | |"
    mm, deg, stated = (np.array([float(one[name]) for one in taken]) for name in ("error_mm", "error_deg", "stated_mm"))
    within = ((mm <= 0.5) & (deg <= 0.5)).sum()
    sided = sum(one["side_checked"] == "1" for one in taken)
    return (
        f" {np.median(mm):.2f} ({np.quantile(mm, 0.95):.2f}) | {np.median(deg):.2f} ({np.quantile(deg, 0.95):.2f}) "
        f"| {within} of {len(those)} | {100 * (mm < 2 * stated).mean():.0f} % | {sided} of {len(taken)} "
        f"| {_extreme(taken, min)} | {np.mean([float(one['cpu_s']) for one in those]):.1f} |"
    )


def _refusals(those: list[dict[str, str]]) -> str:
    whys = [one["refusal"] for one in those if one["refusal"]]
    told = ", ".join(f"{whys.count(why)} {why}" for why in sorted(set(whys)))
    return f" {told} | {_extreme(those, max)} |"


def _extreme(those: list[dict[str, str]], which: Callable[[Iterable[float]], float]) -> str:
    return ", ".join(f"{which(float(one[name]) for one in those):.2f}" for name in ("gain", "likeness"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=25)
    parser.add_argument("--varied", type=int, default=8, help="patients imaged under the other conditions too")
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--spacing", type=float, default=0.9, help="pixel of every series, mm")
    parser.add_argument("--records", type=Path, required=True, help="CSV of all pairs, kept and continued")
    chosen = parser.parse_args()
    seeds = range(chosen.first, chosen.first + chosen.patients)
    jobs = [(c, seed) for c in CONDITIONS for seed in (seeds if c.everything else seeds[: chosen.varied])]
    rows = _read(chosen.records)
    done = {(one["condition"], one["seed"]) for one in rows}
    for condition, seed in jobs:
        if (condition.name, str(seed)) not in done:
            _append(chosen.records, measured(seed, condition, chosen.spacing))
            print(f"patient {seed}, {condition.name}: done", file=sys.stderr, flush=True)
    print(table(_read(chosen.records)))


def _read(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def _append(path: Path, rows: list[dict[str, object]]) -> None:
    new = not path.is_file()
    with path.open("a", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        if new:
            writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
