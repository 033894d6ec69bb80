"""Real tables through `analyse`: spinopelvic angles against diagnosis, measured discs against a reader's grades.

    python benchmarks/real_tables.py --data DATA [--part uci|discs]

1. UCI vertebral column (310 patients, CC BY 4.0): every spinopelvic quantity against each of the three diagnoses, and
   how well they tell the diagnosis in patients a model never saw (nested cross-validation).
2. SPIDER mid-sagittal slices (CC BY 4.0): what the built-in segmentation and `measure` give of each disc against the
   radiologist's grading of that disc; discs are rows, patients clusters.

Both parts are hypothesis-generating and print the tables of the documentation page.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd

from lumbomics.analyse.association import associate
from lumbomics.analyse.prediction import predict
from lumbomics.core.anatomy import DISC_OFFSET, disc_level
from lumbomics.core.image import Contrast, Image
from lumbomics.core.measurement import Measurement
from lumbomics.measure import measure
from lumbomics.read import read_nifti_image
from lumbomics.segment.builtin import BuiltinSegmenter
from lumbomics.segment.quality import assess

ANGLES = (
    "pelvic_incidence",
    "pelvic_tilt",
    "lumbar_lordosis_angle",
    "sacral_slope",
    "pelvic_radius",
    "degree_spondylolisthesis",
)
GRADES = {
    "Pfirrman grade": "pfirrmann",
    "Disc narrowing": "narrowing",
    "Disc bulging": "bulging",
    "Disc herniation": "herniation",
    "Spondylolisthesis": "spondylolisthesis",
}
SACRUM = 26


def uci(data: Path) -> Iterator[str]:
    """Part 1."""
    table = pd.read_csv(data / "tabular" / "uci_vertebral_column_3C.csv")
    table["participant"] = [f"{n:03d}" for n in range(len(table))]
    diagnoses = sorted(table["status"].unique())
    for name in diagnoses:
        table[name] = (table["status"] == name).astype(int)
    yield "## Spinopelvic quantities against diagnosis (UCI vertebral column)\n"
    counts = ", ".join(f"{name} {int(table[name].sum())}" for name in diagnoses)
    yield f"{len(table)} patients: {counts}. One against the others, logistic regression; the table holds no age.\n"
    found = associate(table, biomarkers=ANGLES, scores=diagnoses, model="logit", participant="participant").to_frame()
    yield (
        "| quantity | "
        + " | ".join(f"{name}: odds ratio a SD (95 % interval), adjusted p" for name in diagnoses)
        + " |"
    )
    yield "|" + "---|" * (1 + len(diagnoses))
    for angle in ANGLES:
        rows = [found[(found["biomarker"] == angle) & (found["score"] == name)].iloc[0] for name in diagnoses]
        yield f"| {angle} | " + " | ".join(_odds(row) for row in rows) + " |"
    yield "\n### Told from the six quantities together, patients never seen\n"
    yield "| diagnosis | learner | AUC (95 % limits) | calibration slope | permuted outcomes, p |\n" + 5 * "|---" + "|"
    for name in diagnoses:
        for learner in ("elastic_net", "boosting"):
            made = predict(
                table,
                outcome=name,
                features=ANGLES,
                learner=learner,
                repeats=3,
                permutations=50 if learner == "elastic_net" else 0,
                accept=("degree_spondylolisthesis",),
            )
            auc, low, high = made.estimate("auc")
            slope, _, _ = made.estimate("calibration_slope")
            p = "-" if made.permutation is None else f"{made.permutation.p:.3f}"
            yield f"| {name} | {learner} | {auc:.3f} ({low:.3f} to {high:.3f}) | {slope:.2f} | {p} |"


def _odds(row: pd.Series) -> str:
    if row["status"] != "estimated":
        return str(row["reason"])
    ratio, low, high = (_ratio(row[name]) for name in ("effect", "effect_low", "effect_high"))
    return f"{ratio} ({low} to {high}), {_p(row['p_adjusted'])}"


def _ratio(value: float) -> str:
    return f"{value:.2f}" if value < 1000 else f"{value:.1e}".replace("e+0", "e")


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def measured_discs(folder: Path) -> pd.DataFrame:
    """One row a disc: what is measured on the T2 slice beside the grades; discs in the reader's order, 1 the lowest."""
    segmenter = BuiltinSegmenter(threads=1)
    grades = pd.read_csv(folder / "gradings.csv", encoding="utf-8-sig")
    rows: list[dict[str, object]] = []
    for path in sorted(folder.glob("sub-???_T2w.nii.gz")):
        patient = int(path.name[4:7])
        image = read_nifti_image(path)
        image = Image(image.array, image.grid, image.quantity, Contrast.T2)
        prediction = segmenter.segment(image)
        if not assess(prediction, image).usable:
            continue
        spine = prediction.segmentation.spine
        presacral = [disc for disc in spine.discs if disc < DISC_OFFSET + SACRUM]
        names = {disc: disc_level(disc - DISC_OFFSET, _below(spine.vertebrae, disc)) for disc in presacral}
        values: dict[str, dict[str, object]] = {name: {} for name in names.values()}
        for result in measure(prediction.segmentation, image=image):
            if isinstance(result, Measurement) and result.level in values and result.value is not None:
                values[result.level][f"{result.biomarker}.{result.method}"] = result.value
        for number, disc in enumerate(reversed(presacral), start=1):
            graded = grades[(grades["Patient"] == patient) & (grades["IVD label"] == number)]
            if len(graded) == 1:
                told = {new: graded[old].iloc[0] for old, new in GRADES.items()}
                rows.append({"participant": f"{patient:03d}", "level": names[disc], **told, **values[names[disc]]})
    return pd.DataFrame(rows)


def _below(vertebrae: tuple[int, ...], disc: int) -> int:
    order = list(vertebrae)
    above = disc - DISC_OFFSET
    after = order[order.index(above) + 1 :] if above in order else []
    return after[0] if after else SACRUM


def discs(data: Path) -> Iterator[str]:
    """Part 2."""
    table = measured_discs(data / "spider-midsag")
    biomarkers = [
        name
        for name in table.columns
        if "." in name and table[name].notna().sum() >= 100 and table[name].nunique() > 10
    ]
    yield "## Measured discs against a radiologist's grades (SPIDER mid-sagittal T2)\n"
    yield (
        f"{table['participant'].nunique()} patients, {len(table)} discs, labels of the built-in network; generalised "
        "estimating equations, patients as clusters, adjusted for level, the biomarker regressed on the grade.\n"
    )
    found = associate(
        table,
        biomarkers=biomarkers,
        scores=list(GRADES.values()),
        adjust=("level",),
        model="gee_exchangeable",
        response="biomarker",
        participant="participant",
    ).to_frame()
    yield (
        "| biomarker | grade | discs | patients | slope (95 % interval) | SDs a SD | adjusted p |\n" + 7 * "|---" + "|"
    )
    for _, row in found.sort_values("p", kind="stable").iterrows():
        if row["status"] == "estimated":
            yield (
                f"| {row['biomarker']} | {row['score']} | {int(row['n'])} | {int(row['patients'])} | "
                f"{row['beta']:.3g} ({row['beta_low']:.3g} to {row['beta_high']:.3g}) | {row['effect']:.2f} | "
                f"{_p(row['p_adjusted'])} |"
            )
        else:
            yield f"| {row['biomarker']} | {row['score']} | - | - | {row['reason']} | - | - |"


def main() -> None:
    """Read the command line, print the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--part", choices=("uci", "discs"), default=None)
    given = parser.parse_args()
    for name, part in (("uci", uci), ("discs", discs)):
        if given.part in (None, name):
            for line in part(given.data):
                print(line, flush=True)


if __name__ == "__main__":
    main()
