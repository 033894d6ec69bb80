"""Fit the classifier of tissue about the dural sac: ``python -m lumbomics.train.epidural --to FOLDER``.

Patients are digital, made from their seeds: no image of a person takes part. Every patient is seen twice, with labels
like the truth and with those of the built-in network. Validation leaves out one patient in four in turn and draws the
whole map. No PyTorch.
"""

from __future__ import annotations

import argparse
import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from importlib.resources import files
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from lumbomics.core.examination import CanalTissue, Scan
from lumbomics.core.image import Contrast
from lumbomics.core.labels import Segmentation
from lumbomics.core.visit import Plane
from lumbomics.phantom.canalmap import canal_tissue
from lumbomics.phantom.imaging import Acquisition
from lumbomics.phantom.postoperative import Kind, make_postoperative
from lumbomics.phantom.signal import Injection
from lumbomics.segment.axial import draw_canal_tissue
from lumbomics.segment.axial.canal import look_at
from lumbomics.segment.axial.evidence import evidence
from lumbomics.segment.axial.learned import CARD_NAME, CLASSES, MODEL_NAME, Card, Classifier, classifier_of
from lumbomics.segment.builtin import BuiltinSegmenter
from lumbomics.train.trees import Trees, fit_trees, to_onnx

FIRST, COUNT, FOLDS = 1000, 144, 4
VERSION = "1.1.0"
RATES = np.array([0.03, 0.05, 0.08, 0.3, 1.0, 0.5, 0.015])
"""Share of each class's pixels that takes part: the classes are of very different size."""
STRESS = np.array([1.0, 1.0, 1.0, 1.3, 2.0, 2.0, 1.0])
"""What a pixel of a class counts, beyond its frequency: disc and blood are rare, and missing them is the worst."""
_GAINS = {"t2": (0.93, 1.07), "t1": (0.94, 1.06), "uptake": (0.8, 1.25)}
"""Patients' ratios are scaled at random by these, so that no border between tissues is learned sharper than it is."""
_NOISE = (0.012, 0.012, 0.02, 0.03)
_CONTRASTS = {"t2": Contrast.T2, "t1": Contrast.T1, "post": Contrast.T1_POST}
_LEAST_MM3, _FALSE_MM3, _FOUND_DICE = 36.0, 20.0, 0.1
_SAC = frozenset({CanalTissue.FLUID, CanalTissue.ROOT, CanalTissue.CORD})
_LIMITS = (
    "Fitted on digital patients alone: how their veins, scar, disc and blood look is how they were made.",
    "No axial series of a person with drawn tissue has judged it.",
    "Needs axial T2, T1 and T1 after contrast agent of one stack; slices without all three are not told by it.",
    "A look, not tissue under the microscope: vascular disc looks like scar, and what is undecided stays so.",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Patient:
    """A digital patient after surgery, as seen on axial series.

    Parameters
    ----------
    seed
        What it was made from.
    scans
        Axial ``t2``, ``t1`` and ``post``.
    labels
        Sagittal labels by where they come from.
    tissue
        The true map on the axial voxels.
    """

    seed: int
    scans: Mapping[str, Scan] = field(repr=False)
    labels: Mapping[str, Segmentation] = field(repr=False)
    tissue: NDArray[np.uint8] = field(repr=False)

    @property
    def fold(self) -> int:
        """Part in which it is left out; every part holds all kinds alike."""
        return (self.seed // len(Kind)) % FOLDS


def make_patient(seed: int, segmenter: BuiltinSegmenter) -> Patient:
    """Make a patient who lies still, as series laid onto the T2 of their stack do; noise and injection vary."""
    rng = np.random.default_rng([seed, 99])
    phantom = make_postoperative(seed, tuple(Kind)[seed % len(Kind)])
    level = next(one.level for extra in phantom.scene.extras for one in extra.operations())
    noise = float(rng.choice(_NOISE))
    sagittal = phantom.sagittal_grid()
    drawn = segmenter.segment(phantom.image(sagittal, Contrast.T2, acquisition=Acquisition(noise=noise)))
    truth = phantom.segmentation(sagittal, boundary_sd_mm=0.5, rng=np.random.default_rng(seed))
    grid = phantom.axial_grid(level, thickness_mm=4.0, slices=7, in_plane_mm=0.55, width_mm=160.0)
    injection = Injection(delay_min=float(rng.uniform(3, 9)), dose_mmol_kg=float(rng.uniform(0.07, 0.13)))
    scans = {}
    for name, contrast in _CONTRASTS.items():
        given = injection if name == "post" else None
        acquisition = Acquisition(noise=noise, gain=float(rng.uniform(0.5, 2)), injection=given)
        scans[name] = Scan(name=name, image=phantom.image(grid, contrast, acquisition=acquisition), plane=Plane.AXIAL)
    tissue = canal_tissue(phantom.scene, phantom.scene.tissue(grid), phantom.scene.label_maps(grid))
    return Patient(seed=seed, scans=scans, labels={"network": drawn.segmentation, "truth": truth}, tissue=tissue)


@dataclass(frozen=True, kw_only=True, eq=False)
class Examples:
    """Pixels of one patient: numbers (n, names), class (n,) as an index of ``CLASSES``, and the part left out with."""

    names: tuple[str, ...]
    rows: NDArray[np.float32] = field(repr=False)
    kind: NDArray[np.intp] = field(repr=False)
    fold: int


def examples_of(patient: Patient) -> Examples:
    """Draw pixels at random by ``RATES`` with both kinds of labels, their ratios scaled at random."""
    rng = np.random.default_rng([patient.seed, 5])
    names: tuple[str, ...] = ()
    rows, kinds = [], []
    scans = patient.scans
    for labels in patient.labels.values():
        stack = look_at(scans["t2"], labels, t1=scans["t1"], post=scans["post"]).stack
        scale = {name: rng.uniform(*ends) for name, ends in _GAINS.items()}
        for seen, numbers in zip(stack, evidence(stack), strict=True):
            names = tuple(numbers)
            kind = _kinds(patient.tissue[seen.patch.whole][seen.about])
            kept = rng.random(len(kind)) < RATES[kind]
            rows.append(np.stack([_scale(name, scale) * numbers[name][seen.about][kept] for name in names], axis=-1))
            kinds.append(kind[kept])
    return Examples(
        names=names, rows=np.concatenate(rows).astype(np.float32), kind=np.concatenate(kinds), fold=patient.fold
    )


def _scale(name: str, scale: Mapping[str, float]) -> float:
    if "uptake" in name or name == "vivid":
        return scale["uptake"]
    return scale.get(name[:2], 1.0)


def _kinds(tissue: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Index of ``CLASSES`` for every number of the map."""
    table = np.zeros(max(CanalTissue) + 1, dtype=np.intp)
    for index, kind in enumerate(CLASSES):
        for number in _SAC if kind is CanalTissue.FLUID else {kind} if kind is not None else ():
            table[number] = index
    return table[tissue]


def fit(examples: Sequence[Examples]) -> Trees:
    """Fit trees to all pixels; each counts by its class's rate and stress."""
    kind = np.concatenate([one.kind for one in examples])
    return fit_trees(np.concatenate([one.rows for one in examples]), kind, (STRESS / RATES)[kind])


def validate(patient: Patient, labels: str, classifier: Classifier) -> dict[str, float]:
    """Draw a patient that took no part in the fit; Dice of every tissue that is there, volumes of what is not."""
    scans = patient.scans
    drawn = draw_canal_tissue(
        scans["t2"], patient.labels[labels], t1=scans["t1"], post=scans["post"], classifier=classifier
    ).labels.array
    voxel = scans["t2"].image.grid.voxel_volume_mm3
    result = {}
    for kind in CLASSES:
        if kind in {None, CanalTissue.FLUID}:
            continue
        one, other = drawn == kind, patient.tissue == kind
        if other.sum() * voxel >= _LEAST_MM3:
            result[f"dice {kind.name.lower()}"] = 2 * float((one & other).sum() / (one.sum() + other.sum()))
        elif not other.any():
            result[f"false {kind.name.lower()}"] = float(one.sum() * voxel)
    return result


def summary(found: Iterable[tuple[str, Mapping[str, float]]]) -> dict[str, float]:
    """Mean Dice by tissue and labels; shares of discs found and of patients with false disc or blood."""
    columns: dict[str, list[float]] = {}
    for labels, values in found:
        for name, value in values.items():
            columns.setdefault(f"{name}, labels of {labels}", []).append(value)
    result = {}
    for name, column in sorted(columns.items()):
        seen = np.array(column)
        if name.startswith("dice"):
            result[f"{name}, mean"] = round(float(seen.mean()), 3)
        if name.startswith("dice disc"):
            result[f"{name}, share over {_FOUND_DICE}"] = round(float((seen > _FOUND_DICE).mean()), 3)
        if name.startswith(("false disc", "false haematoma")):
            result[f"{name}, share over {_FALSE_MM3:.0f} mm3"] = round(float((seen > _FALSE_MM3).mean()), 3)
    return result


def publish(trees: Trees, names: Sequence[str], held_out: Mapping[str, float], patients: int, folder: Path) -> None:
    """Write the classifier and its card."""
    content = to_onnx(trees)
    card = Card(
        name="epidural",
        version=VERSION,
        licence="Apache-2.0",
        data=f"digital patients after surgery, seeds {FIRST} to {FIRST + patients - 1}, made by this project",
        patients=patients,
        method="gradient boosted trees on ratios, distances and shares; left out by patient, one in four in turn",
        held_out=dict(held_out),
        limits=_LIMITS,
        numbers=tuple(names),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MODEL_NAME).write_bytes(content)
    text = yaml.safe_dump(card.model_dump(mode="json"), sort_keys=False, width=120)
    (folder / CARD_NAME).write_text(text, encoding="utf-8")


@cache
def _segmenter() -> BuiltinSegmenter:
    return BuiltinSegmenter(threads=1)


def _draw_examples(seed: int) -> Examples:
    return examples_of(make_patient(seed, _segmenter()))


def _judge(seed: int, content: bytes, names: Sequence[str]) -> list[tuple[str, dict[str, float]]]:
    patient, classifier = make_patient(seed, _segmenter()), classifier_of(content, names)
    return [(labels, validate(patient, labels, classifier)) for labels in patient.labels]


def main() -> None:
    """Make the patients, fit, validate and publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=Path(str(files("lumbomics.segment.axial") / "weights")))
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="patients made at once")
    chosen = parser.parse_args()
    if chosen.count < FOLDS * len(Kind):
        parser.error(f"expected --count of {FOLDS * len(Kind)} at least, so that every part holds all kinds")
    seeds = range(FIRST, FIRST + chosen.count)
    with ProcessPoolExecutor(max_workers=chosen.jobs, mp_context=get_context("spawn")) as pool:
        # patients are large and quickly made again: only their pixels stay
        examples = list(pool.map(_draw_examples, seeds))
        names = examples[0].names
        parts = [to_onnx(fit([one for one in examples if one.fold != part])) for part in range(FOLDS)]
        judged = pool.map(partial(_judge, names=names), seeds, [parts[one.fold] for one in examples])
        found = [pair for pairs in judged for pair in pairs]
    publish(fit(examples), names, summary(found), chosen.count, chosen.to)


if __name__ == "__main__":
    main()
