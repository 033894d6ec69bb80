"""Fit the grading models of the discs: ``python -m lumbomics.train.grades DATA --to FOLDER``.

DATA holds ``spider-midsag``; FOLDER gets one YAML file a model (the package's own folder where none is given), and the
file named by ``--predictions`` the cross-validated predictions. Labels are drawn by the built-in network as it is
installed, so new weights need no more than this one call. No PyTorch.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from lumbomics.core.image import Contrast
from lumbomics.segment.builtin import BuiltinSegmenter
from lumbomics.train.agreement import intervals_by_patient, scores
from lumbomics.train.grade_data import GradedDisc, graded_discs
from lumbomics.train.grade_sets import TARGETS, Target
from lumbomics.train.ordinal import Fitted, FloatArray, IntArray, fit_ordinal

VERSION = "1.0.0"
FOLDS, ROUNDS, SEED = 10, 3, 20240301
_DATA = (
    "van der Graaf JW et al., Lumbar spine segmentation in MR images: a dataset and a public benchmark, Sci Data "
    "2024;11:264, doi 10.1038/s41597-024-03090-w (SPIDER), CC BY 4.0; gradings by one radiologist; one mid-sagittal "
    "slice a contrast"
)
_LIMITS = (
    "One dataset, one reader, symptomatic patients, 1.5 and 3 T of two vendors; no operated discs were marked as such.",
    "One mid-sagittal slice: what lies beside the midline is not seen; grades were given on the whole volume.",
    "Labels are those of the built-in network, which learnt shapes (not grades) from some of the same patients.",
    "T2 turbo spin echo; T2 SPACE and T1 are used where the model's name says so.",
    "A reader's word, not a diagnosis, and never the cause of pain.",
)


@dataclass(frozen=True, eq=False)
class Trained:
    """A fitted target with what cross-validation says.

    Parameters
    ----------
    target
        What is predicted from what.
    model
        Fitted on all discs.
    table
        Cross-validated: patient, position, grade, one probability a category.
    """

    target: Target
    model: Fitted = field(repr=False)
    table: pd.DataFrame = field(repr=False)


def train_grades(discs: Sequence[GradedDisc]) -> list[Trained]:
    """Fit every target, with grouped cross-validation; discs that could not be described are left out."""
    return [_train(target, discs) for target in TARGETS]


def _train(target: Target, discs: Sequence[GradedDisc]) -> Trained:
    used = [one for one in discs if one.contrast is Contrast.T2 and _complete(one, target)]
    values = np.array([[one.values[name] for name in target.features] for one in used])
    grade = np.array([target.category_of(one.grades) for one in used])
    patients = np.array([one.patient for one in used])
    held_out = cross_validated(values, grade, patients, target)
    model = fit_ordinal(values, grade, categories=len(target.categories), penalty=target.penalty)
    columns = {f"p_{name}": held_out[:, at] for at, name in enumerate(target.categories)}
    positions = [one.position for one in used]
    table = pd.DataFrame({"patient": patients, "position": positions, "grade": grade, **columns})
    return Trained(target, model, table)


def _complete(disc: GradedDisc, target: Target) -> bool:
    return all(np.isfinite(disc.values.get(name, np.nan)) for name in target.features)


def cross_validated(values: FloatArray, grade: IntArray, patients: np.ndarray[Any, Any], target: Target) -> FloatArray:
    """Probabilities (rows, categories) from models that never saw the patient; mean of repeated divisions."""
    total = np.zeros((len(grade), len(target.categories)))
    for repeat in range(ROUNDS):
        fold = fold_of(patients, seed=SEED + repeat)
        for number in range(FOLDS):
            away = fold == number
            if away.any():
                model = fit_ordinal(
                    values[~away], grade[~away], categories=len(target.categories), penalty=target.penalty
                )
                total[away] += model.probabilities(values[away])
    return total / ROUNDS


def fold_of(patients: np.ndarray[Any, Any], *, seed: int) -> IntArray:
    """Fold number of every row; all discs of a patient lie in one fold."""
    names, row = np.unique(patients, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(names))
    return np.asarray(order[row] % FOLDS, dtype=np.intp)


def as_yaml(trained: Trained, *, segmenter: str) -> str:
    """Content of a model's file."""
    model, target, table = trained.model, trained.target, trained.table
    rows = [
        {
            "name": name,
            **{key: float(f"{getattr(model, key)[at]:.6g}") for key in ("low", "high", "centre", "scale", "weight")},
        }
        for at, name in enumerate(target.features)
    ]
    document = {
        "name": target.name,
        "version": VERSION,
        "outcome": target.outcome,
        "categories": list(target.categories),
        "thresholds": [float(f"{value:.6g}") for value in model.threshold],
        "features": rows,
        "card": _card(table, target, segmenter),
    }
    return yaml.safe_dump(document, sort_keys=False, width=120, allow_unicode=True)


def _card(table: pd.DataFrame, target: Target, segmenter: str) -> Mapping[str, Any]:
    intervals = intervals_by_patient(table, target)
    figures = {
        name: {"value": round(value, 3), "low": round(intervals[name][0], 3), "high": round(intervals[name][1], 3)}
        for name, value in scores(table, target).items()
    }
    return {
        "data": _DATA,
        "labels": segmenter,
        "discs": len(table),
        "patients": int(table["patient"].nunique()),
        "discs_by_category": {name: int((table["grade"] == at).sum()) for at, name in enumerate(target.categories)},
        "validation": f"{FOLDS}-fold, all discs of a patient in one fold, mean of {ROUNDS} divisions; 95 % intervals "
        "by resampling patients",
        "agreement": figures,
        "penalty": target.penalty,
        "limits": list(_LIMITS),
    }


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m lumbomics.train.grades", description=__doc__)
    parser.add_argument("data", type=Path, help="folder that holds spider-midsag")
    parser.add_argument("--to", type=Path, default=None, help="folder of the models; the package's own where not given")
    parser.add_argument("--predictions", type=Path, default=None, help="CSV file of the cross-validated predictions")
    given = parser.parse_args()
    segmenter = BuiltinSegmenter(threads=1)
    discs = list(graded_discs(given.data / "spider-midsag", segmenter, Contrast.T2))
    trained = train_grades(discs)
    package = Path(str(files("lumbomics.measure.degeneration").joinpath("models")))
    for one in trained:
        text = as_yaml(one, segmenter=f"{segmenter.name} {segmenter.version}")
        ((given.to or package) / f"{one.target.name}.yaml").write_text(text, encoding="utf-8")
        figures = ", ".join(f"{name} {value:.3f}" for name, value in scores(one.table, one.target).items())
        sys.stdout.write(f"{one.target.name}: {len(one.table)} discs, {figures}\n")
    if given.predictions is not None:
        parts = [one.table.assign(model=one.target.name) for one in trained]
        pd.concat(parts).to_csv(given.predictions, index=False, float_format="%.5f")


if __name__ == "__main__":
    main()
