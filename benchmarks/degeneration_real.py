"""Agreement of the disc grades with a radiologist's on real mid-sagittal slices, as a page of the documentation.

    python -m lumbomics.train.grades DATA --predictions predictions.csv
    python benchmarks/degeneration_real.py --predictions predictions.csv > docs/reference/degeneration-accuracy.md

The figures are those on the cards of the models as they are installed, which the fitting wrote; they are
cross-validated, no model saw the patient it grades. The cross-validated predictions add the confusion matrix.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from lumbomics.measure.degeneration.model import load_model
from lumbomics.train.grade_sets import TARGETS

GOALS = {
    ("pfirrmann_t2", "kappa_quadratic"): "0.65",
    ("narrowing_t2", "auc"): "0.90",
    ("spondylolisthesis_t2", "auc"): "0.90",
    ("modic_t2_t1", "auc"): "0.75",
}


def page(predictions: pd.DataFrame | None) -> Iterator[str]:
    """Lines of the page."""
    card = load_model(TARGETS[0].name).card
    yield "# Agreement of disc grades with a radiologist"
    yield ""
    yield (
        "SPIDER (van der Graaf et al., Sci Data 2024;11:264, CC BY 4.0), one mid-sagittal T2 slice a patient, T1 where "
        f"the model's name says so; labels by the network ({card['labels']}). Validation: {card['validation']}. "
        "Feature sets and penalties were chosen by meaning but looked at on the same patients, so expect a little less "
        "elsewhere. Discs that the labels do not show well enough are absent and not counted. Written by "
        "`benchmarks/degeneration_real.py` from the models' cards."
    )
    yield ""
    yield "| model | patients | discs | with the finding | measure | value | 95 % interval | goal |"
    yield "|---|---|---|---|---|---|---|---|"
    for target in TARGETS:
        yield from _rows(target.name)
    yield ""
    yield (
        "For comparison: SpineNet 0.68 (external), radiomics 0.70, human readers 0.43 to 0.63 (weighted kappa of the "
        "Pfirrmann grade, each on its own data). Kappa and balanced accuracy are those of the most probable grade."
    )
    if predictions is not None:
        yield from _confusion(predictions[predictions["model"] == "pfirrmann_t2"])


def _rows(name: str) -> Iterator[str]:
    model = load_model(name)
    card = model.card
    finding = card["discs_by_category"].get("present", "-")
    for measure, figure in card["agreement"].items():
        yield (
            f"| {name} | {card['patients']} | {card['discs']} | {finding} | {measure} | {figure['value']:.3f} "
            f"| {figure['low']:.3f} to {figure['high']:.3f} | {GOALS.get((name, measure), '')} |"
        )


def _confusion(table: pd.DataFrame) -> Iterator[str]:
    grades = load_model("pfirrmann_t2").categories
    told = table[[f"p_{name}" for name in grades]].to_numpy().argmax(axis=1)
    truth = table["grade"].to_numpy()
    yield ""
    yield "## Pfirrmann: the reader's grade (rows) against the most probable one (columns)"
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
