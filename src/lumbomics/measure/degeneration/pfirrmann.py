"""Pfirrmann's grade of every disc, and the findings a radiologist gives with it, from a mid-sagittal T2 slice."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from lumbomics.core.measurement import Measurement, Result
from lumbomics.measure.attempt import attempt, pair_level
from lumbomics.measure.degeneration.midsagittal import caution, finding, outline, probabilities
from lumbomics.measure.degeneration.model import load_model
from lumbomics.measure.examined import ExaminedSpine, examines

BIOMARKER = "pfirrmann_disc_grade"
GRADE = "grade"
FINDINGS = {
    "narrowing_probability_midsagittal_t2": "narrowing_t2",
    "spondylolisthesis_probability_midsagittal_t2": "spondylolisthesis_t2",
}
"""Method -> model, of the findings given beside the grade."""


@examines(BIOMARKER)
def pfirrmann_disc_grade(examined: ExaminedSpine) -> list[Result]:
    """Grade every disc from its signal, its nucleus and its height.

    The category is the grade that the signs favour most when rare grades count as much as frequent ones (the model's
    gains), the value the expected one (1 to 5), its standard error the standard deviation of the predicted grades:
    sqrt(sum of p_k (k - value)²). Grades are those of Pfirrmann et al., Spine
    2001;26:1873, as one radiologist used them; they were not made for operated discs.
    """
    levels = [pair_level(*pair) for pair in examined.spine.disc_pairs]
    grades = [
        one for level in levels for one in attempt(BIOMARKER, [GRADE], partial(_grade, examined, level), level=level)
    ]
    findings = [
        one for method, model in FINDINGS.items() for one in finding(examined, BIOMARKER, method, load_model(model))
    ]
    return grades + findings


def _grade(examined: ExaminedSpine, level: str) -> Iterator[Result]:
    model = load_model("pfirrmann_t2")
    chance, disc = probabilities(examined, model, level)
    grade = np.arange(1, len(chance) + 1)
    expected = float(chance @ grade)
    told = ", ".join(f"{name} {100 * p:.0f} %" for name, p in zip(model.categories, chance, strict=True))
    warned = f"{told}; {caution(examined, model)}"
    if examined.examination.operated(level):
        warned += "; the disc was operated, for which the grade was not made"
    yield Measurement(
        biomarker=BIOMARKER,
        method=GRADE,
        unit="{grade}",
        level=level,
        value=expected,
        category=model.category(chance),
        se=float(np.sqrt(chance @ (grade - expected) ** 2)),
        caution=warned,
        drawings=(outline(disc),),
    )
