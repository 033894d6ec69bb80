"""Agreement of the disc grades with a radiologist's on real mid-sagittal slices, as a page of the documentation.

    python -m lumbomics.train.grades DATA --predictions predictions.csv
    python benchmarks/degeneration_real.py --predictions predictions.csv > docs/reference/degeneration-accuracy.md

The figures are those on the cards of the models as they are installed, which the fitting wrote: nested validation, in
which neither fitting nor choosing saw the patient. The nested predictions add the confusion matrix and the curves of
calibration.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from lumbomics.measure.degeneration.model import load_model
from lumbomics.train.agreement import reliability
from lumbomics.train.grade_sets import TARGETS

GOALS = {
    ("pfirrmann_t2", "kappa_quadratic"): "0.65",
    ("narrowing_t2", "auc"): "0.90",
    ("spondylolisthesis_t2", "auc"): "0.90",
    ("modic_t2_t1", "auc"): "0.75",
}

_PAIRING = (
    "",
    "## Which disc is which",
    "",
    "The reader's first disc is the lowest seen; drawn names need not be. Of the 102 patients, the network draws no "
    "sacrum in 14, and calls the lowest disc L5-S1 all the same; in 4 a fragment of bone, a slipped or collapsed disc "
    "or a transitional sacrum shifts the names against the reader's count. Discs are therefore paired by counting "
    "drawn discs from below (`lumbomics.train.grade_pairs`), and the last disc is measured by its own border where "
    "the sacrum is not drawn. Pairing by drawn names, as an earlier version of this page did, compared a fifth of the "
    "patients with their neighbouring discs: it told an area under the curve of 0.87 for narrowing and a kappa of 0.72 "
    "for the grade.",
    "",
    "## What is missed",
    "",
    "Of 715 graded discs 30 are absent. The worst others were looked at as pictures. Narrowing: discs no lower than "
    "their neighbours that the reader calls narrow, bright ones too; dark bulging ones of ordinary height that he does "
    "not; collapsed neighbours to compare with; slices that leave the midline where the spine is bent sideways. "
    "Spondylolisthesis: a third of the few cases show less than 3 mm of offset in the mid-sagittal slice, two are "
    "backward slips, one slips so far that its disc is not drawn and is absent. Fragments of "
    "bone within L5-S1 disturb the corners of some discs; that is the labels' fault and is not mended here.",
    "",
    "The model of spondylolisthesis chooses its penalty only. With 19 cases a choice among five sets of features was "
    "tried too and did worse (nested AUC 0.84); each of five fixed sets gave 0.87 to 0.89, which is no difference at "
    "this number. The set is that of the version before the pairing was mended; slips of straight lines through the "
    "walls did no better than slips of corners.",
)


def page(predictions: pd.DataFrame | None) -> Iterator[str]:
    """Lines of the page."""
    card = load_model(TARGETS[0].name).card
    yield "# Agreement of disc grades with a radiologist"
    yield ""
    yield (
        "SPIDER (van der Graaf et al., Sci Data 2024;11:264, CC BY 4.0), one mid-sagittal T2 slice a patient, T1 where "
        f"the model's name says so; labels by the network ({card['labels']}). Validation: {card['validation']}. "
        "The list of candidate feature sets was written by people who had seen these patients; which of them is taken, "
        "and everything fitted, is chosen without the patients that are scored. Discs that the labels do not show well "
        "enough are absent and not counted. Written by `benchmarks/degeneration_real.py` from the models' cards."
    )
    yield ""
    yield "| model | patients | discs | with the finding | measure | value | 95 % interval | goal |"
    yield "|---|---|---|---|---|---|---|---|"
    for target in TARGETS:
        yield from _rows(target.name)
    yield ""
    yield (
        "For comparison: SpineNet 0.68 (external), radiomics 0.70, human readers 0.43 to 0.63 (weighted kappa of the "
        "Pfirrmann grade, each on its own data). Kappa and balanced accuracy are those of the grade that is named."
    )
    yield from _choices()
    yield from _calibration()
    if predictions is not None:
        yield from _curves(predictions)
        yield from _confusion(predictions[predictions["model"] == "pfirrmann_t2"])
    yield from _PAIRING


def _rows(name: str) -> Iterator[str]:
    model = load_model(name)
    card = model.card
    finding = card["discs_by_category"].get("present", "-")
    for measure, figure in card["agreement"].items():
        yield (
            f"| {name} | {card['patients']} | {card['discs']} | {finding} | {measure} | {figure['value']:.3f} "
            f"| {figure['low']:.3f} to {figure['high']:.3f} | {GOALS.get((name, measure), '')} |"
        )


def _choices() -> Iterator[str]:
    yield ""
    yield "## What was chosen"
    yield ""
    yield (
        "Shipped: chosen on all patients. Share: how often the folds of the nested validation chose each set of "
        "features. Emphasis: power of a grade's frequency that its probability is divided by when one grade is named; "
        "stated probabilities are not touched by it."
    )
    yield ""
    yield "| model | shipped features | number | penalty | emphasis | share of folds |"
    yield "|---|---|---|---|---|---|"
    for target in TARGETS:
        model = load_model(target.name)
        choice = model.card["choice"]
        shares = ", ".join(f"{name} {100 * share:.0f} %" for name, share in model.card["chosen_share"].items())
        numbers = f"{len(model.features)} | {choice['penalty']:g} | {choice['emphasis']:g}"
        yield f"| {target.name} | {choice['features']} | {numbers} | {shares} |"


def _calibration() -> Iterator[str]:
    yield ""
    yield "## Calibration"
    yield ""
    yield (
        "Logistic regression of the reader's word on the logit of the nested probability: slope 1 and intercept 0 "
        "where stated probabilities are frequencies; below 1, they are too extreme. Error: mean distance of "
        "probability and frequency over tenths. Of the Pfirrmann grade: the probability of each grade or a higher one."
    )
    yield ""
    yield "| model | slope | intercept | error |"
    yield "|---|---|---|---|"
    for target in TARGETS:
        found = load_model(target.name).card["calibration"]
        yield f"| {target.name} | {found['slope']:.2f} | {found['intercept']:.2f} | {found['expected_error']:.3f} |"


def _curves(predictions: pd.DataFrame) -> Iterator[str]:
    yield ""
    yield "Mean stated probability -> frequency, in fifths of the discs by rising probability, mean of the divisions:"
    yield ""
    yield "| model | lowest fifth | second | third | fourth | highest |"
    yield "|---|---|---|---|---|---|"
    for target in TARGETS:
        found = reliability(predictions[predictions["model"] == target.name], target, parts=5)
        cells = [f"{one.stated:.2f} -> {one.found:.2f}" for one in found.itertuples()]
        yield f"| {target.name} | " + " | ".join(cells) + " |"


def _confusion(table: pd.DataFrame) -> Iterator[str]:
    grades = load_model("pfirrmann_t2").categories
    once = table[table["division"] == 0]
    told, truth = once["told"].to_numpy(dtype=int), once["grade"].to_numpy(dtype=int)
    yield ""
    yield "## Pfirrmann: the reader's grade (rows) against the named one (columns), first division"
    yield ""
    yield "| | " + " | ".join(grades) + " |"
    yield "|---" * (len(grades) + 1) + "|"
    for at, name in enumerate(grades):
        counts = np.bincount(told[truth == at], minlength=len(grades))
        yield f"| {name} | " + " | ".join(str(count) for count in counts) + " |"


def main() -> None:
    """Print the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--predictions", type=Path, default=None)
    given = parser.parse_args()
    table = None if given.predictions is None else pd.read_csv(given.predictions, dtype={"patient": str})
    sys.stdout.write("\n".join(page(table)) + "\n")


if __name__ == "__main__":
    main()
