"""The built-in segmentation on real images that it never learned from.

    python benchmarks/segment_real.py --data DATA

1. T2 SPACE volumes of the validation patients against their masks: overlap, surfaces, instances; and what follows from
   the masks (lordosis, disc heights, canal area) measured on both.
2. Mid-sagittal T1 and T2 slices of other scanners: discs counted against the reader's grades, agreement of T1 with T2.
3. Whole volumes of other hospitals with vertebral bodies drawn by hand: instances, level numbers, overlap of bodies.

Every table names its patients' number; the page of the documentation is written from the same run.
"""

from __future__ import annotations

import argparse
import csv
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import CANAL, DISC_OFFSET
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.measurement import Measurement, Result
from lumbomics.core.prediction import Prediction, SemanticMap, Tissue
from lumbomics.evaluate import Metric, Structure, bootstrap_interval, compare_maps
from lumbomics.measure import measure
from lumbomics.read import read_nifti_image, read_nifti_labels
from lumbomics.segment.builtin import BuiltinSegmenter
from lumbomics.segment.instances import split
from lumbomics.segment.network.prepare import prepare
from lumbomics.segment.network.view import SagittalView
from lumbomics.segment.quality import assess
from lumbomics.train.config import load_config
from lumbomics.train.division import held_out
from lumbomics.train.midsagittal import LEAST_CORRELATION, edge_agreement
from lumbomics.train.volumes import load_pair

ROOT = Path(__file__).resolve().parents[1]
SACRUM = 26
SHOWN = {
    Structure.VERTEBRA: "vertebra",
    Structure.DISC: "disc",
    Structure.CANAL: "canal",
}
DERIVED = ("lumbar_lordosis_l1_l5", "disc_height", "dural_sac_area", "bony_canal_dimensions")


def semantic_of(labels: Labels) -> SemanticMap:
    """A reference mask (1 vertebra, 2 disc, 3 canal) as classes that are sure."""
    shape = labels.grid.shape
    return SemanticMap(
        labels=np.asarray(labels.array, dtype=np.uint8),
        probability=np.ones(shape, np.float16),
        metal=np.zeros(shape, np.float16),
        grid=labels.grid,
    )


def spread(values: Sequence[float], best: str = "min") -> str:
    """Mean, SD, worst case and a bootstrap interval of the mean over patients."""
    numbers = np.asarray(values, dtype=float)
    worst = numbers.min() if best == "min" else numbers.max()
    interval = bootstrap_interval(numbers)
    told = "" if interval is None else f"{interval.low:.3f} to {interval.high:.3f}"
    deviation = f"{numbers.std(ddof=1):.3f}" if len(numbers) > 1 else "-"
    return f"{len(numbers)} | {numbers.mean():.3f} | {deviation} | {worst:.3f} | {told}"


def volumes(segmenter: BuiltinSegmenter, data: Path, patients: Sequence[str]) -> Iterator[str]:
    """Part 1 and what is measured from the masks."""
    scores: dict[tuple[str, str], list[float]] = defaultdict(list)
    pairs: dict[tuple[str, str, str], list[tuple[float, float]]] = defaultdict(list)
    one_sided: dict[str, int] = defaultdict(int)
    for patient in patients:
        image, labels = load_pair(data / "spider-t2space", patient)
        found = segmenter.segment(image).segmentation
        truth = split(semantic_of(labels), image=image).segmentation
        drawn = without_sacrum(found)
        for suffix, candidate in (("", drawn), (", levels of the mask", without_levels_above(drawn, truth))):
            comparison = compare_maps(candidate, truth, structures=tuple(SHOWN), levels=False)
            for structure, name in SHOWN.items():
                row = comparison.row(structure)
                for metric, value in () if row is None else row.values.items():
                    if isinstance(value, float) and not (suffix and structure is Structure.CANAL):
                        scores[name + suffix, metric.value].append(value)
        print(patient, {n: round(scores[n, "dice"][-1], 4) for n in SHOWN.values()}, flush=True)
        contrast = Image(image.array, image.grid, image.quantity, Contrast.T2_SPACE)
        for key, pair in both(measured(found, contrast), measured(truth, contrast), one_sided).items():
            pairs[key].append(pair)
    yield "## Volumes with masks (T2 SPACE), patients never trained on\n"
    yield (
        "The masks leave out the uppermost vertebra of some patients; `levels of the mask` leaves out what is drawn "
        "above the mask's uppermost one. Instances of the mask are told apart by the same geometry as ours.\n"
    )
    yield "| structure | measure | n | mean | SD | worst | 95 % interval of the mean |\n|---|---|---|---|---|---|---|"
    for (name, metric), values in scores.items():
        best = "max" if metric in {Metric.HAUSDORFF_95_MM, Metric.MEAN_SURFACE_DISTANCE_MM} else "min"
        yield f"| {name} | {metric} | {spread(values, best)} |"
    yield "\n### What is measured from them: predicted minus reference mask\n"
    yield "| biomarker | method | level | n | bias | SD | 95 % limits of agreement |\n|---|---|---|---|---|---|---|"
    for key in sorted(pairs):
        yield agreement(key, pairs[key])
    for key in sorted({k[:2] for k in pairs}):
        pooled = [pair for k, values in pairs.items() if k[:2] == key for pair in values]
        yield agreement((*key, "all levels"), pooled)
    yield f"\nMeasured on one side alone: {dict(one_sided) or 'nothing'}.\n"


def without_sacrum(segmentation: Segmentation) -> Segmentation:
    """The reference masks hold no sacrum and no disc within it."""
    array = np.array(segmentation.spine.array)
    array[(array == SACRUM) | (array >= DISC_OFFSET + SACRUM)] = 0
    return Segmentation(spine=Labels(array, segmentation.spine.grid), numbering=segmentation.numbering)


def without_levels_above(segmentation: Segmentation, truth: Segmentation) -> Segmentation:
    """Leave out vertebrae and discs drawn wholly above the uppermost ones of the reference, and touching none of it."""
    array = np.array(segmentation.spine.array)
    reference = np.asarray(truth.spine.array)
    found, wanted = segmentation.spine, truth.spine
    for own, others in ((found.vertebrae, wanted.vertebrae), (found.discs, wanted.discs)):
        if not others:
            continue
        top = truth.spine.points_mm(others[0])[:, 2].mean()
        kind = np.isin(reference, others)
        for value in own:
            inside = array == value
            if (
                segmentation.spine.points_mm(value)[:, 2].mean() > top
                and not (inside & kind).sum() > 0.1 * inside.sum()
            ):
                array[inside] = 0
    return Segmentation(spine=Labels(array, segmentation.spine.grid), numbering=segmentation.numbering)


def measured(segmentation: Segmentation, image: Image) -> dict[tuple[str, str, str], float]:
    """The values named in ``DERIVED`` by biomarker, method and level."""
    results: Sequence[Result] = measure(segmentation, image=image, only=DERIVED)
    return {
        (r.biomarker, r.method, str(r.level)): float(r.value)
        for r in results
        if isinstance(r, Measurement) and isinstance(r.value, (int, float))
    }


def both(
    found: dict[tuple[str, str, str], float], truth: dict[tuple[str, str, str], float], alone: dict[str, int]
) -> dict[tuple[str, str, str], tuple[float, float]]:
    """Pairs measured on both; what only one side gave is counted."""
    for key in found.keys() ^ truth.keys():
        alone[f"{key[0]} ({'predicted' if key in found else 'reference'})"] += 1
    return {key: (found[key], truth[key]) for key in found.keys() & truth.keys()}


def agreement(key: tuple[str, str, str], pairs: Sequence[tuple[float, float]]) -> str:
    """One line of bias and limits of agreement."""
    difference = np.array([a - b for a, b in pairs])
    bias = difference.mean()
    if len(difference) < 2:
        return f"| {' | '.join(key)} | {len(difference)} | {bias:.2f} | - | - |"
    sd = difference.std(ddof=1)
    limits = f"{bias - 1.96 * sd:.2f} to {bias + 1.96 * sd:.2f}"
    return f"| {' | '.join(key)} | {len(pairs)} | {bias:.2f} | {sd:.2f} | {limits} |"


def graded_discs(data: Path) -> dict[str, int]:
    """Graded discs of each patient."""
    found: dict[str, int] = defaultdict(int)
    with (data / "spider-midsag" / "gradings.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            found[f"{int(row['Patient']):03d}"] += 1
    return dict(found)


def slices(segmenter: BuiltinSegmenter, data: Path, away: frozenset[str], pictures: Path | None) -> Iterator[str]:
    """Part 2: discs counted, T1 against T2."""
    graded = graded_discs(data)
    rows: list[tuple[str, str, int, int, str]] = []
    drawn: dict[tuple[str, tuple[int, ...]], dict[str, NDArray[np.uint8]]] = defaultdict(dict)
    for path in sorted((data / "spider-midsag").glob("sub-*.nii.gz")):
        patient, contrast = path.name.removesuffix(".nii.gz").removeprefix("sub-").split("_", 1)
        image = read_nifti_image(path)
        prediction = segmenter.segment(image)
        spine = prediction.segmentation.spine
        verdict = assess(prediction, image).verdict.value
        rows.append((patient, contrast, len(whole_discs(spine)), graded.get(patient, 0), verdict))
        drawn[patient, image.grid.shape][contrast] = np.asarray(spine.array)
        if pictures is not None:
            picture(image, prediction, pictures / f"{patient}_{contrast}.png", graded.get(patient, 0))
    yield "## Mid-sagittal slices of other scanners: discs found against discs graded\n"
    yield (
        "Counted are the discs above the sacrum that lie wholly in the picture: no reader grades one that its edge "
        "cuts. Graded are the discs a reader saw in the whole volume; a slice may show more at its upper end, and "
        "`at least` counts that as right.\n"
    )
    yield "| patients | contrast | images | same number | share | at least | one off | more off |"
    yield "|" + "---|" * 8
    for label, chosen in (("never trained on", True), ("trained on, without masks or with", False)):
        for contrast in ("T1w", "T2w", "acq-SPACE_T2w"):
            yield _counted(label, contrast, [r for r in rows if (r[0] in away) == chosen and r[1] == contrast])
    yield "\nWrong counts, patients never trained on: " + (
        "; ".join(f"{r[0]} {r[1]} found {r[2]}, graded {r[3]}" for r in rows if r[0] in away and r[2] != r[3]) or "none"
    )
    yield "\n### T1 against T2 of the same patient, same voxels, Dice\n"
    yield (
        "Two slices coincide where their edges agree best without a shift of more than 1 mm; of the others one file "
        "states a wrong voxel size, or the slices lie apart.\n"
    )
    yield "| structure | patients | slices | n | mean | SD | worst | 95 % interval |\n|---|---|---|---|---|---|---|---|"
    pairs = {key: m for key, m in drawn.items() if {"T1w", "T2w"} <= m.keys()}
    same = {key: coincide(data / "spider-midsag", key[0]) for key in pairs}
    for label, chosen in (("never trained on", True), ("trained on", False)):
        for tissue, alike in product((Tissue.VERTEBRA, Tissue.DISC, Tissue.CANAL, Tissue.SACRUM), (True, False)):
            values = [
                overlap(is_tissue(m["T1w"], tissue), is_tissue(m["T2w"], tissue))
                for key, m in pairs.items()
                if (key[0] in away) == chosen and same[key] == alike
            ]
            if values:
                where = "coincide" if alike else "do not"
                yield f"| {tissue.name.lower()} | {label} | {where} | {spread(values)} |"


def coincide(folder: Path, patient: str) -> bool:
    """Whether a patient's T1 and T2 slice show the same anatomy at the same voxels."""
    spacing_mm = 0.5
    images = [read_nifti_image(folder / f"sub-{patient}_{contrast}.nii.gz") for contrast in ("T1w", "T2w")]
    one, other = (prepare(image, spacing_mm=spacing_mm).array[0] for image in images)
    correlation, shift_px = edge_agreement(one, other, spacing_mm=spacing_mm)
    return correlation >= LEAST_CORRELATION and max(abs(s) for s in shift_px) * spacing_mm <= 1.0


def whole_discs(spine: Labels) -> list[int]:
    """Discs above the sacrum that no in-plane edge of the image cuts."""
    across = SagittalView.of(spine.grid).order[0]
    in_plane = [axis for axis in range(3) if axis != across]
    return [
        disc
        for disc in spine.discs
        if disc < DISC_OFFSET + SACRUM
        and all(spine.boxes[disc][a].start > 0 and spine.boxes[disc][a].stop < spine.grid.shape[a] for a in in_plane)
    ]


def is_tissue(spine: NDArray[np.uint8], tissue: Tissue) -> NDArray[np.bool_]:
    """Voxels of one class in a finished spine map."""
    if tissue is Tissue.VERTEBRA:
        return (spine > 0) & (spine < CANAL) & (spine != SACRUM)
    if tissue is Tissue.DISC:
        return spine > DISC_OFFSET
    return spine == (CANAL if tissue is Tissue.CANAL else SACRUM)


def overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Dice."""
    return 2 * float((one & other).sum()) / max(float(one.sum() + other.sum()), 1)


def _counted(label: str, contrast: str, rows: Sequence[tuple[str, str, int, int, str]]) -> str:
    off = np.array([found - graded for _, _, found, graded, _ in rows])
    same, least = int((off == 0).sum()), int((off >= 0).sum())
    one = int((np.abs(off) == 1).sum())
    share = 100 * same / max(len(rows), 1)
    return (
        f"| {label} | {contrast} | {len(rows)} | {same} | {share:.1f} % | {least} | {one} | {len(rows) - same - one} |"
    )


def picture(image: Image, prediction: Prediction, path: Path, graded: int) -> None:
    """Slice and labels side by side."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    view = SagittalView.of(image.grid)
    middle = image.grid.shape[view.order[0]] // 2
    plane = view.turn(np.asarray(image.array))[middle]
    labels = view.turn(np.asarray(prediction.segmentation.spine.array))[middle].astype(float)
    figure, axes = plt.subplots(1, 2, figsize=(9, 5.5))
    for axis in axes:
        axis.imshow(plane, cmap="gray", vmax=np.percentile(plane, 99.5))
        axis.axis("off")
    axes[1].imshow(np.ma.masked_equal(labels % 100, 0), cmap="nipy_spectral", alpha=0.45, interpolation="nearest")
    axes[1].set_title(f"{path.stem}: {len(prediction.segmentation.spine.discs)} discs, graded {graded}", fontsize=9)
    figure.tight_layout()
    figure.savefig(path, dpi=60)
    plt.close(figure)


def external(segmenter: BuiltinSegmenter, data: Path) -> Iterator[str]:
    """Part 3: bodies of whole volumes, evaluation only."""
    yield "\n## Whole volumes of other hospitals, bodies drawn by hand\n"
    yield (
        "A body is found where one predicted vertebra covers more than half of it and no other body's vertebra is the "
        "same. Dice compares the hand-drawn body with the part of the predicted vertebra in front of the canal.\n"
    )
    yield "| volume | bodies | found | extra | F1 | numbered right | Dice of bodies, mean (worst) | verdict |"
    yield "|" + "---|" * 8
    totals: dict[str, list[tuple[int, int, int, int, int]]] = defaultdict(list)
    overlap: dict[str, list[float]] = defaultdict(list)
    for path in sorted((data / "vertebra-volumes").glob("VB*_img.nii.gz")):
        name = path.name.removesuffix("_img.nii.gz")
        image = read_nifti_image(path)
        reference = read_nifti_labels(path.with_name(f"{name}_dseg.nii.gz"))
        prediction = segmenter.segment(image)
        verdict = assess(prediction, image).verdict.value
        counts, dice = bodies(prediction.segmentation, reference, numbered=name.startswith("VB3"))
        totals[name[:3]].append(counts)
        overlap[name[:3]] += dice
        yield _external_line(name, counts, dice, verdict, numbered=name.startswith("VB3"))
    for group, lines in totals.items():
        summed = tuple(int(n) for n in np.sum(lines, axis=0))
        yield _external_line(f"**{group}, all**", summed, overlap[group], "", numbered=group == "VB3")  # type: ignore[arg-type]


def bodies(
    segmentation: Segmentation, reference: Labels, *, numbered: bool
) -> tuple[tuple[int, int, int, int, int], list[float]]:
    """(bodies, found, extra, right, judged) and the Dice of each body found."""
    spine = np.asarray(segmentation.spine.array)
    ventral = in_front(segmentation)
    vertebrae = [*segmentation.spine.vertebrae]
    partner: dict[int, int] = {}
    dice: list[float] = []
    for body in reference.present:
        mask = np.asarray(reference.array) == body
        inside = np.bincount(spine[mask], minlength=256)
        inside[[0, *range(DISC_OFFSET, 256)]] = 0
        best = int(inside.argmax())
        if 2 * inside[best] > mask.sum() and best not in partner.values():
            partner[body] = best
            own = (spine == best) & ventral
            dice.append(2 * float((own & mask).sum()) / float(own.sum() + mask.sum()))
    # a vertebra that the reference does not draw (partly in the picture, thoracic) is extra only inside its range
    covered = np.isin(spine, list(partner.values()))
    extra = [v for v in vertebrae if v not in partner.values() and _between(spine == v, covered, segmentation)]
    right = sum(value == 19 + body for body, value in partner.items()) if numbered else 0
    return (len(reference.present), len(partner), len(extra), right, len(partner) if numbered else 0), dice


def in_front(segmentation: Segmentation) -> NDArray[np.bool_]:
    """Voxels in front of the canal's middle at their height, where the bodies are."""
    grid = segmentation.spine.grid
    spine = np.asarray(segmentation.spine.array)
    canal = np.argwhere(spine == CANAL)
    points = grid.to_world(canal)
    height = np.round(points[:, 2]).astype(int)
    low, high = int(height.min()), int(height.max())
    every = np.arange(low, high + 1)
    known = np.unique(height)
    edge = [np.quantile(points[height == z, 1], 0.9) for z in known]  # blind to stray voxels before the canal
    front = np.interp(every, known, edge)
    bone = np.argwhere((spine > 0) & (spine < 60))
    at = grid.to_world(bone)
    line = front[np.clip(np.round(at[:, 2]).astype(int) - low, 0, len(front) - 1)]
    out = np.zeros(spine.shape, dtype=bool)
    kept = bone[at[:, 1] > line]
    out[tuple(kept.T)] = True
    return out


def _between(mask: NDArray[np.bool_], covered: NDArray[np.bool_], segmentation: Segmentation) -> bool:
    """Whether a vertebra lies between the found ones, so that it can only be wrong."""
    if not covered.any():
        return True
    heights = [segmentation.spine.grid.to_world(np.argwhere(m))[:, 2] for m in (mask, covered)]
    return bool(heights[1].min() < np.median(heights[0]) < heights[1].max())


def _external_line(
    name: str, counts: tuple[int, int, int, int, int], dice: Sequence[float], verdict: str, *, numbered: bool
) -> str:
    total, found, extra, right, judged = counts
    f1 = 2 * found / max(total + found + extra, 1)
    told = f"{right} of {judged}" if numbered else "-"
    overlap = f"{np.mean(dice):.3f} ({min(dice):.3f})" if dice else "-"
    return f"| {name} | {total} | {found} | {extra} | {f1:.3f} | {told} | {overlap} | {verdict} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--weights", type=Path, default=None)
    parser.add_argument("--parts", default="volumes,slices,external")
    parser.add_argument("--pictures", type=Path, default=None, help="folder for a picture of every slice")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "reference" / "segmentation-accuracy.md")
    given = parser.parse_args()
    config, segmenter = load_config(), BuiltinSegmenter(weights=given.weights, threads=2)
    if given.pictures is not None:
        given.pictures.mkdir(parents=True, exist_ok=True)
    lines = [
        "# Accuracy of the built-in segmentation on real images\n",
        f"Weights {segmenter.card.name} {segmenter.card.version}, SHA-256 {segmenter.card.sha256[:12]}. Written by "
        "`benchmarks/segment_real.py`.\n",
    ]
    wanted = given.parts.split(",")
    if "volumes" in wanted:
        lines += volumes(segmenter, given.data, config.validation)
    if "slices" in wanted:
        lines += slices(segmenter, given.data, held_out(given.data, config), given.pictures)
    if "external" in wanted:
        lines += external(segmenter, given.data)
    text = "\n".join(lines) + "\n"
    print(text)
    given.page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
