"""Accuracy of the stenosis biomarkers against the exact truth of digital reference objects, axial part.

Each seed makes one spine with narrowed discs, herniations, thick ligaments and fat; three discs of each are read from
axial T2 slices of 0.55 x 0.55 x 4 mm. The tissue map is the exact one of every voxel centre (condition ``exact``) or
that with a smooth random boundary error of 0.35 mm SD (``drawn``). Truth comes from the same planes at 0.2 mm.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score, confusion_matrix

from lumbomics.core.anatomy import Side, Transition
from lumbomics.core.examination import Examination, Scan
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast
from lumbomics.core.labels import Labels
from lumbomics.core.measurement import Z_95, Measurement
from lumbomics.core.visit import Plane
from lumbomics.measure import ExaminedSpine, describe_spine, measure_examination
from lumbomics.measure.stenosis import central, lateral, posterior
from lumbomics.phantom import Herniation, Phantom, PhantomParameters, Zone, make_phantom
from lumbomics.phantom.errorfield import smooth_field
from lumbomics.phantom.lesions import Lesions, Lipomatosis, ThickFlavum
from lumbomics.phantom.postoperative import SacShift
from postoperative import foraminal
from postoperative import stenosis_truth as truth
from postoperative.operated import collect

CONDITIONS = ("exact", "drawn")
LEVELS = ("L2-L3", "L3-L4", "L4-L5")
SLICES, THICKNESS_MM, PIXEL_MM = 7, 4.0, 0.55
DRAWN_SD_MM = 0.35
FIRST, SPINES_SHARE, FORAMINAL_SHARE = 5100, 0.35, 0.08
"""Of the page: first seed, and spines for every operated patient."""
SIGNS = {Side.LEFT: -1.0, Side.RIGHT: 1.0}
GRADES = {
    "schizas_grade": lambda v: central.SCHIZAS_STEPS[central.schizas_rule(v)],
    "lee_central_grade": central.lee_rule,
    "bartynski_lateral_recess_grade": lambda v: lateral.recess_rule({"medial_shift": 0.0, "root_axis_ratio": 1.0, **v}),
    "root_compromise_grade": lateral.compromise_rule,
    "epidural_fat": posterior.borre_rule,
}
IDS = (*GRADES, "cauda_equina_displacement", "ligamentum_flavum_thickness")
Row = dict[str, str | float]


def patient(seed: int) -> Phantom:
    """Make a spine with something at every level read."""
    rng = np.random.default_rng([seed, 7])
    drawn = PhantomParameters.random(seed, healthy=True, transition=Transition.NONE)
    herniations, flavum, fat, shifts = [], [], [], []
    for level in LEVELS:
        if rng.random() < 0.4:
            side = rng.choice([Side.LEFT, Side.RIGHT])
            herniations.append(
                Herniation(level=level, zone=Zone.SUBARTICULAR, side=side, size_mm=float(rng.uniform(3, 14)))
            )
        flavum += [
            ThickFlavum(disc=level, side=side, thickness_mm=float(rng.uniform(3.3, 6.5)))
            for side in SIGNS
            if rng.random() < 0.4
        ]
        if rng.random() < 0.6:
            shifts.append(SacShift(level=level, flattening=float(rng.uniform(0, 0.7)), half_length_mm=14.0))
    if rng.random() < 0.5:
        fat.append(Lipomatosis(disc="L4-L5", sac_share=float(rng.uniform(0.35, 0.9))))
    parameters = PhantomParameters(
        size=drawn.size,
        sacral_slope_deg=drawn.sacral_slope_deg,
        disc_angle_deg=drawn.disc_angle_deg,
        disc_height_mm=drawn.disc_height_mm,
        canal_narrowing={level: float(rng.uniform(0, 0.75)) for level in LEVELS},
        herniations=tuple(herniations),
    )
    return make_phantom(seed, parameters, extras=(Lesions(flava=tuple(flavum), fats=tuple(fat)), *shifts))


def axial_grid(phantom: Phantom, level: str) -> Grid:
    """Lay a short stack across the canal at a disc."""
    frame = phantom.disc_frame(level)
    low = np.array([-24.0, -50.0, -THICKNESS_MM * (SLICES - 1) / 2])
    columns, rows = round(48.0 / PIXEL_MM), round(54.0 / PIXEL_MM)
    spacing = (PIXEL_MM, PIXEL_MM, THICKNESS_MM)
    return Grid.from_spacing((columns, rows, SLICES), spacing, origin_mm=frame.to_world(low), axes=frame.rotation)


def drawn_with_error(tissue: Labels, rng: np.random.Generator) -> Labels:
    """Move the boundaries of a map within its slices."""
    shifts = [smooth_field(tissue.grid, sd=DRAWN_SD_MM, correlation_mm=3.0, rng=rng) / PIXEL_MM for _ in range(2)]
    index = np.indices(tissue.grid.shape)
    moved = [
        np.clip(np.rint(index[axis] + shifts[axis]).astype(int), 0, tissue.grid.shape[axis] - 1) for axis in (0, 1)
    ]
    array = tissue.array[moved[0], moved[1], index[2]]
    return Labels(array, tissue.grid, tissue.names, tissue.source, DRAWN_SD_MM)


def seed_rows(seed: int, conditions: Iterable[str] = CONDITIONS) -> Iterator[Row]:
    """Measure one patient in the conditions and compare with the truth."""
    phantom, rng = patient(seed), np.random.default_rng([seed, 11])
    labels = phantom.segmentation(phantom.sagittal_grid(in_plane_mm=0.8))
    scans: dict[str, list[Scan]] = {condition: [] for condition in conditions}
    true: dict[tuple[str, str, str, str], float] = {}
    for level in LEVELS:
        grid = axial_grid(phantom, level)
        image, exact = phantom.image(grid, Contrast.T2), phantom.canal_tissue(grid)
        drawn = drawn_with_error(exact, rng)
        for condition, series in scans.items():
            tissue = exact if condition == "exact" else drawn
            series.append(Scan(name=level, image=image, plane=Plane.AXIAL, tissue=tissue))
        true |= level_truth(phantom, level)
    for condition, series in scans.items():
        examined = ExaminedSpine(
            spine=describe_spine(labels), examination=Examination(segmentation=labels, scans=tuple(series))
        )
        for result in measure_examination(examined, only=IDS):
            key = result.biomarker, result.method or "", result.level or "", str(result.side or "")
            if not isinstance(result, Measurement) or result.value is None or key not in true:
                continue
            yield {
                **dict(zip(("biomarker", "method", "level", "side"), key, strict=True)),
                "condition": condition,
                "seed": seed,
                "measured": result.value,
                "true": true[key],
                "se": np.nan if result.se is None else result.se,
            }


def level_truth(phantom: Phantom, level: str) -> dict[tuple[str, str, str, str], float]:
    """All true values at a disc, each from the slice that its definition names."""
    frame, middle = phantom.disc_frame(level), (SLICES - 1) / 2
    heights = [(n - middle) * THICKNESS_MM for n in range(SLICES)]
    pictures = {height: truth.picture(phantom, frame, height) for height in heights if height <= 8.0}
    found: dict[tuple[str, str, str, str], float] = {}
    if not all(one.sac.any() for one in pictures.values()):
        # a sac that a herniation closes altogether has no axes of its own
        return found
    # of slices that tell the same the one nearest to the disc counts
    near = [one for height, one in sorted(pictures.items(), key=lambda item: abs(item[0])) if abs(height) <= 8.0]
    narrow = min(near, key=lambda one: one.sac.sum())

    def put(biomarker: str, values: dict[str, float], side: str = "") -> None:
        found.update({(biomarker, method, level, side): value for method, value in values.items()})
        if biomarker in GRADES and values:
            found[biomarker, "grade", level, side] = float(GRADES[biomarker](values))

    put("schizas_grade", truth.central(narrow))
    put("lee_central_grade", truth.central(narrow))
    put("epidural_fat", truth.fat(pictures[0.0]))
    for side, sign in SIGNS.items():
        put("cauda_equina_displacement", truth.displacement(narrow, sign), side)
        thickest = max(truth.flavum_mm(one, sign) for one in near)
        put("ligamentum_flavum_thickness", {"max_inscribed": thickest}, side)
        pressed = [v for one in near if (v := truth.compromise(one, sign))]
        if pressed:
            put("root_compromise_grade", min(pressed, key=lambda v: v["distance"]), side)
            if found["root_compromise_grade", "distance", level, side] == truth.NO_MASS_MM:
                del found["root_compromise_grade", "distance", level, side]
        put("bartynski_lateral_recess_grade", _least_recess(phantom, level, pictures, sign), side)
    return found


def _least_recess(phantom: Phantom, level: str, pictures: dict[float, truth.Picture], sign: float) -> dict[str, float]:
    """Values of the slice with the least fluid within 4 mm of 2 mm below the lower vertebra's upper endplate."""
    frame, lower = phantom.disc_frame(level), phantom.anatomy.vertebra(level.split("-")[1])
    corners = [lower.corner(superior=True, anterior=front) for front in (True, False)]
    centre = float(frame.to_local(np.mean(corners, axis=0))[2]) - lateral.BELOW_MM
    there = [one for height, one in pictures.items() if abs(height - centre) <= lateral.ABOUT_MM]
    return min((truth.recess(one, sign) for one in there), key=lambda v: v["fluid_area"]) if there else {}


def summary(rows: Iterable[Row]) -> Iterator[Row]:
    """Agreement of every quantity."""
    groups: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[str(row["condition"]), str(row["biomarker"]), str(row["method"])].append(row)
    for (condition, biomarker, method), members in sorted(groups.items()):
        if method == "grade":
            continue
        measured, true, se = (_column(members, name) for name in ("measured", "true", "se"))
        error = measured - true
        spread = error.std(ddof=1)
        known = np.isfinite(se) & (se > 0)
        yield {
            "condition": condition,
            "biomarker": biomarker,
            "method": method,
            "n": len(error),
            "bias": round(float(error.mean()), 3),
            "sd": round(float(spread), 3),
            "low": round(float(error.mean() - Z_95 * spread), 3),
            "high": round(float(error.mean() + Z_95 * spread), 3),
            "r": round(float(np.corrcoef(measured, true)[0, 1]), 3) if true.std() > 0 and measured.std() > 0 else "",
            "coverage": round(float((np.abs(error[known]) <= Z_95 * se[known]).mean()), 3) if known.any() else "",
        }


def _column(rows: list[Row], name: str) -> NDArray[np.float64]:
    return np.array([row[name] for row in rows], dtype=np.float64)


@dataclass(frozen=True)
class Graded:
    """Agreement of one grade on one kind of map."""

    condition: str
    biomarker: str
    n: int
    kappa: float
    matrix: list[list[int]]

    def cells(self) -> str:
        """Row of a table."""
        matrix = "; ".join(" ".join(str(n) for n in line) for line in self.matrix)
        return f"| {self.biomarker} | {self.condition} | {self.n} | {self.kappa:.2f} | {matrix} |"


def grades(rows: Iterable[Row]) -> Iterator[Graded]:
    """Weighted kappa and confusion matrix (rows true, columns measured) of every grade."""
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row["method"] == "grade":
            groups[str(row["biomarker"]), str(row["condition"])].append(row)
    for (biomarker, condition), members in sorted(groups.items()):
        true, measured = (_column(members, name).astype(int) for name in ("true", "measured"))
        labels = list(range(int(max(true.max(), measured.max())) + 1))
        kappa = cohen_kappa_score(true, measured, weights="quadratic") if len(labels) > 1 else np.nan
        matrix = confusion_matrix(true, measured, labels=labels).tolist()
        yield Graded(condition, biomarker, len(true), float(kappa), matrix)


def section(*, seeds: int, folder: Path, decay_seeds: int) -> list[str]:
    """Measure what is not in the folder yet, and return the section's lines."""
    del decay_seeds
    chosen = range(FIRST, FIRST + round(SPINES_SHARE * seeds))
    found = collect(chosen, folder / "stenosis.jsonl", lambda seed: {"seed": seed, "rows": list(seed_rows(seed))})
    foramina = foraminal.section_lines(folder, round(seeds * FORAMINAL_SHARE))
    return [*page(found), "", "### Foramina", "", *foramina]


def page(records: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Lines of Markdown from collected rows."""
    rows = [row for record in records for row in record["rows"]]
    levels = {(row["seed"], row["level"]) for row in rows}
    yield "## Stenosis"
    yield ""
    yield f"{len(levels)} discs of {len(records)} spines with narrowed canals, flattened sacs, herniations, thick"
    yield f"ligaments and fat; axial T2 of {PIXEL_MM} x {PIXEL_MM} x {THICKNESS_MM:g} mm, exact maps and maps with a"
    yield f"random boundary error of {DRAWN_SD_MM} mm (SD). Truth from the exact tissues at 0.2 mm."
    for condition in CONDITIONS:
        yield ""
        yield f"### Quantities, {condition} maps"
        yield ""
        yield "| biomarker | method | n | bias | SD | 95 % limits | r | coverage % |"
        yield "|---|---|---|---|---|---|---|---|"
        for line in summary([row for row in rows if row["condition"] == condition]):
            cover = "n/a" if line["coverage"] == "" else f"{100 * float(line['coverage']):.0f}"
            yield (
                f"| {line['biomarker']} | {line['method']} | {line['n']} | {line['bias']} | {line['sd']} "
                f"| {line['low']} to {line['high']} | {line['r'] or 'n/a'} | {cover} |"
            )
    yield ""
    yield "### Grades"
    yield ""
    yield "| grade | maps | n | quadratic kappa | confusion (rows true, columns measured, from the lowest) |"
    yield "|---|---|---|---|---|"
    yield from (grade.cells() for grade in grades(rows))
