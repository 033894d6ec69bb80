"""Fit the grading models of the discs: ``python -m lumbomics.train.grades DATA --to FOLDER``.

DATA holds ``spider-midsag``; FOLDER gets one YAML file a model (the package's own folder where none is given), and the
file named by ``--predictions`` the predictions of the nested validation. Labels are drawn by the built-in network as it
is installed, so new weights need no more than this one call. No PyTorch.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from lumbomics.core.image import Contrast
from lumbomics.segment.builtin import BuiltinSegmenter
from lumbomics.train.agreement import calibration, intervals_by_patient, scores
from lumbomics.train.grade_choice import DIVISIONS, INNER, OUTER, Cases, Choice, Held, choose, fit, gains, nested
from lumbomics.train.grade_data import GradedDisc, graded_discs
from lumbomics.train.grade_sets import TARGETS, Target
from lumbomics.train.ordinal import Fitted, FloatArray

VERSION = "1.1.0"
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


@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """A fitted target with what nested validation says.

    Parameters
    ----------
    target
        What is predicted from what.
    choice
        Features, penalty and emphasis that all discs chose.
    model
        Fitted on all discs with it.
    gain
        (categories,) what probabilities are weighed by when a category is named.
    table
        Nested: division, patient, position, grade, category told, one probability a category, candidate chosen.
    """

    target: Target
    choice: Choice
    model: Fitted = field(repr=False)
    gain: FloatArray = field(repr=False)
    table: pd.DataFrame = field(repr=False)


def train_grades(discs: Sequence[GradedDisc]) -> Iterator[Trained]:
    """Fit every target, with nested validation; discs that could not be described are left out."""
    return (_train(target, discs) for target in TARGETS)


def _train(target: Target, discs: Sequence[GradedDisc]) -> Trained:
    used = [one for one in discs if one.contrast is Contrast.T2 and _complete(one, target)]
    cases = Cases(
        values=np.array([[one.values[name] for name in target.features] for one in used]),
        grade=np.array([target.category_of(one.grades) for one in used], dtype=np.intp),
        patients=np.array([one.patient for one in used]),
    )
    choice = choose(cases, target)
    return Trained(
        target=target,
        choice=choice,
        model=fit(cases, target, choice),
        gain=gains(cases.grade, target, choice.emphasis),
        table=pd.concat([_held_table(one, used, cases, target) for one in nested(cases, target)], ignore_index=True),
    )


def _complete(disc: GradedDisc, target: Target) -> bool:
    return all(np.isfinite(disc.values.get(name, np.nan)) for name in target.features)


def _held_table(held: Held, used: Sequence[GradedDisc], cases: Cases, target: Target) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "division": held.division,
            "patient": cases.patients[held.rows],
            "position": [used[row].position for row in held.rows],
            "grade": cases.grade[held.rows],
            "told": held.told,
            **{f"p_{name}": held.probabilities[:, at] for at, name in enumerate(target.categories)},
            "candidate": held.choice.candidate,
        }
    )


def as_yaml(trained: Trained, *, segmenter: str) -> str:
    """Content of a model's file."""
    model, target = trained.model, trained.target
    rows = [
        {
            "name": name,
            **{key: float(f"{getattr(model, key)[at]:.6g}") for key in ("low", "high", "centre", "scale", "weight")},
        }
        for at, name in enumerate(target.candidates[trained.choice.candidate])
    ]
    document = {
        "name": target.name,
        "version": VERSION,
        "outcome": target.outcome,
        "categories": list(target.categories),
        "thresholds": [float(f"{value:.6g}") for value in model.threshold],
        "gains": [float(f"{value:.6g}") for value in trained.gain],
        "features": rows,
        "card": _card(trained, segmenter),
    }
    return yaml.safe_dump(document, sort_keys=False, width=120, allow_unicode=True)


def _card(trained: Trained, segmenter: str) -> Mapping[str, Any]:
    table, target, choice = trained.table, trained.target, trained.choice
    once = table[table["division"] == 0]
    intervals = intervals_by_patient(table, target)
    figures = {
        name: {"value": round(value, 3), "low": round(intervals[name][0], 3), "high": round(intervals[name][1], 3)}
        for name, value in scores(table, target).items()
    }
    chosen = table.groupby(["division", "patient"])["candidate"].first().value_counts(normalize=True)
    return {
        "data": _DATA,
        "labels": segmenter,
        "discs": len(once),
        "patients": int(once["patient"].nunique()),
        "discs_by_category": {name: int((once["grade"] == at).sum()) for at, name in enumerate(target.categories)},
        "validation": f"nested, {OUTER}-fold by patient, mean of {DIVISIONS} divisions; features, penalty and emphasis "
        f"are chosen by {INNER}-fold validation within the other patients; 95 % intervals by resampling patients",
        "agreement": figures,
        "calibration": {name: round(value, 3) for name, value in calibration(table, target).items()},
        "choice": {"features": choice.candidate, "penalty": choice.penalty, "emphasis": choice.emphasis},
        "chosen_share": {str(name): round(float(share), 2) for name, share in chosen.items()},
        "limits": list(_LIMITS),
    }


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m lumbomics.train.grades", description=__doc__)
    parser.add_argument("data", type=Path, help="folder that holds spider-midsag")
    parser.add_argument("--to", type=Path, default=None, help="folder of the models; the package's own where not given")
    parser.add_argument("--predictions", type=Path, default=None, help="CSV file of the nested predictions")
    given = parser.parse_args()
    segmenter = BuiltinSegmenter(threads=1)
    discs = list(graded_discs(given.data / "spider-midsag", segmenter, Contrast.T2))
    package = Path(str(files("lumbomics.measure.degeneration").joinpath("models")))
    parts = []
    for one in train_grades(discs):
        text = as_yaml(one, segmenter=f"{segmenter.name} {segmenter.version}")
        ((given.to or package) / f"{one.target.name}.yaml").write_text(text, encoding="utf-8")
        figures = ", ".join(f"{name} {value:.3f}" for name, value in scores(one.table, one.target).items())
        sys.stdout.write(f"{one.target.name}: {len(one.table) // DIVISIONS} discs, {figures}\n")
        parts.append(one.table.assign(model=one.target.name))
    if given.predictions is not None:
        pd.concat(parts).to_csv(given.predictions, index=False, float_format="%.5f")


if __name__ == "__main__":
    main()
