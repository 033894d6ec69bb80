"""The built-in segmentation on digital reference objects: where it fails, and whether it says so.

    python benchmarks/segment_phantom.py --patients 8

Each patient is imaged as a sagittal T2 (and T1) stack, then spoilt: slice thickness, noise, a metal void of growing
size at L4 with signal pulled along the rows. Dice by structure counts the void too. Beside it stand the share of cases
that quality control passes and the confidence of the structures, so that one sees where the user is told to stop. The
last table compares probabilities with frequencies (calibration).
"""

from __future__ import annotations

import argparse
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from lumbomics.core.anatomy import CANAL, DISC_OFFSET
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Segmentation
from lumbomics.core.prediction import Tissue
from lumbomics.phantom import Acquisition, Phantom, make_phantom
from lumbomics.segment.builtin import BuiltinSegmenter
from lumbomics.segment.quality import assess
from lumbomics.train.phantoms import tissue_classes

ROOT = Path(__file__).resolve().parents[1]
SACRUM = 26
JUDGED = (Tissue.VERTEBRA, Tissue.DISC, Tissue.CANAL, Tissue.SACRUM)
BINS = np.linspace(0.2, 1.0, 9)


@dataclass(frozen=True)
class Condition:
    """How the picture is taken and spoilt."""

    contrast: Contrast = Contrast.T2
    thickness_mm: float = 4.0
    noise: float = 0.012
    void_mm: float = 0.0

    def __str__(self) -> str:
        return f"{self.contrast.value} | {self.thickness_mm:g} | {self.noise:g} | {self.void_mm:g}"


CONDITIONS = (
    Condition(),
    Condition(contrast=Contrast.T1),
    Condition(contrast=Contrast.STIR),
    *(Condition(thickness_mm=t) for t in (1.0, 2.0, 6.0)),
    *(Condition(noise=n) for n in (0.05, 0.1, 0.2, 0.4, 0.8)),
    *(Condition(void_mm=r) for r in (5, 10, 15, 20, 30, 40)),
)


def picture(phantom: Phantom, condition: Condition) -> tuple[Image, NDArray[np.uint8]]:
    """Image and true classes."""
    slices = max(round(60 / condition.thickness_mm), 9)
    grid = phantom.sagittal_grid(thickness_mm=condition.thickness_mm, slices=slices)
    image = phantom.image(grid, condition.contrast, acquisition=Acquisition(noise=condition.noise))
    truth = tissue_classes(phantom.segmentation(grid))
    if condition.void_mm:
        image = with_void(image, phantom.anatomy.vertebra("L4").frame.origin_mm, condition.void_mm)
    return image, truth


def with_void(image: Image, centre_mm: NDArray[np.float64], radius_mm: float) -> Image:
    """Draw a ball without signal; around it the signal is pulled up or down by a dipole's field (1 / r3)."""
    index = np.indices(image.grid.shape).reshape(3, -1).T
    offset = image.grid.to_world(index) - centre_mm
    distance = np.linalg.norm(offset, axis=1)
    field = (radius_mm / np.maximum(distance, radius_mm)) ** 3 * (3 * (offset[:, 2] / np.maximum(distance, 1)) ** 2 - 1)
    world = image.grid.to_world(index)
    world[:, 2] += 0.25 * radius_mm * field
    values = map_coordinates(image.array.astype(np.float32), image.grid.to_index(world).T, order=1, mode="nearest")
    values[distance < radius_mm] = 0
    return replace(image, array=np.rint(values).astype(image.array.dtype).reshape(image.grid.shape))


def run(segmenter: BuiltinSegmenter, patients: Sequence[int]) -> Iterator[str]:
    """All conditions; then calibration over those without metal."""
    counted, right = np.zeros(len(BINS) - 1), np.zeros(len(BINS) - 1)
    summed = np.zeros(len(BINS) - 1)
    columns = "contrast | slice mm | noise | void radius mm | n | vertebra | disc | canal | sacrum"
    yield f"| {columns} | confidence | passes | metal seen |"
    yield "|" + "---|" * 12
    for condition in CONDITIONS:
        dice: dict[Tissue, list[float]] = defaultdict(list)
        sure, passed, seen = [], 0, []
        for seed in patients:
            phantom = make_phantom(seed)
            image, truth = picture(phantom, condition)
            prediction = segmenter.segment(image)
            found = classes_of(prediction.segmentation)
            sure_of = 1 - np.asarray(prediction.uncertainty.array, dtype=np.float32)
            passed += assess(prediction, image).usable
            sure += list(prediction.confidence.values())
            for tissue in JUDGED:
                dice[tissue].append(overlap(found == tissue, truth == tissue))
            if condition.void_mm:
                seen.append(void_found(image, np.asarray(prediction.metal.array), phantom, condition.void_mm))
            else:
                place = np.clip(np.digitize(sure_of.ravel(), BINS) - 1, 0, len(BINS) - 2)
                near = (truth > 0) | (found > 0)
                place, hit = place[near.ravel()], (found == truth)[near]
                counted += np.bincount(place, minlength=len(counted))
                right += np.bincount(place, weights=hit, minlength=len(counted))
                summed += np.bincount(place, weights=sure_of[near], minlength=len(counted))
        told = " | ".join(f"{np.mean(dice[t]):.3f}" for t in JUDGED)
        metal = f"{np.mean(seen):.2f}" if seen else "-"
        confidence = f"{np.mean(sure):.2f}" if sure else "nothing drawn"
        line = f"| {condition} | {len(patients)} | {told} | {confidence} | {passed} of {len(patients)} | {metal} |"
        print(line, flush=True)
        yield line
    yield "\n## Calibration on phantoms\n"
    yield (
        "Voxels that the network or the truth calls something else than background, all conditions without metal; the "
        "network's temperature was fitted on real masks.\n"
    )
    yield "| probability | voxels | mean probability | right |\n|---|---|---|---|"
    full = counted > 0
    for low, high, n, p, hit in zip(
        BINS[:-1][full], BINS[1:][full], counted[full], summed[full], right[full], strict=True
    ):
        yield f"| {low:.1f} to {high:.1f} | {n:.0f} | {p / n:.3f} | {hit / n:.3f} |"
    error = float((np.abs(right - summed)).sum() / counted.sum())
    yield f"\nExpected calibration error {error:.3f}."


def classes_of(segmentation: Segmentation) -> NDArray[np.uint8]:
    """Classes of the network from a finished spine map."""
    spine = np.asarray(segmentation.spine.array)
    out = np.zeros(spine.shape, dtype=np.uint8)
    out[(spine > 0) & (spine < CANAL)] = Tissue.VERTEBRA
    out[spine == SACRUM] = Tissue.SACRUM
    out[spine == CANAL] = Tissue.CANAL
    out[spine > DISC_OFFSET] = Tissue.DISC
    return out


def overlap(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Dice."""
    return 2 * float((found & truth).sum()) / max(float(found.sum() + truth.sum()), 1)


def void_found(image: Image, metal: NDArray[np.float16], phantom: Phantom, radius_mm: float) -> float:
    """Share of the void that is called metal."""
    index = np.argwhere(np.ones(image.grid.shape, dtype=bool))
    away = np.linalg.norm(image.grid.to_world(index) - phantom.anatomy.vertebra("L4").frame.origin_mm, axis=1)
    inside = away.reshape(image.grid.shape) < radius_mm
    return float((metal[inside] > 0.5).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=8)
    parser.add_argument("--weights", type=Path, default=None)
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "reference" / "segmentation-phantoms.md")
    given = parser.parse_args()
    segmenter = BuiltinSegmenter(weights=given.weights, threads=2)
    lines = [
        "# The built-in segmentation on digital reference objects\n",
        f"Weights {segmenter.card.name} {segmenter.card.version}, SHA-256 {segmenter.card.sha256[:12]}; "
        f"{given.patients} phantoms of seeds no training used, Dice by structure, mean over patients. Written by "
        "`benchmarks/segment_phantom.py`. `passes`: cases that quality control would let through. `metal seen`: share "
        "of the void that the network calls metal.\n",
    ]
    lines += run(segmenter, range(given.patients))
    given.page.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
