"""A finished prediction study: predictions, how good they are, and what was done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from lumbomics.analyse.prediction.chance import PermutationTest
from lumbomics.analyse.prediction.choices import Design, Learner
from lumbomics.analyse.prediction.inputs import SampleSize
from lumbomics.analyse.prediction.leaks import Leak
from lumbomics.core.errors import InputError

MODEL: Final = "model"
CLINICAL: Final = "clinical"
PREDICTIONS: Final = ("row", "participant", "model", "repeat", "fold", "outcome", "predicted")
PERFORMANCE: Final = ("model", "metric", "estimate", "low", "high", "chance")
CURVE: Final = ("model", "predicted", "observed", "low", "high")

_LEARNERS = {Learner.ELASTIC_NET: "elastic net", Learner.BOOSTING: "gradient-boosted trees"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Prediction:
    """Out-of-fold predictions and their quality.

    Parameters
    ----------
    design
        What was declared.
    size
        Patients there and needed.
    leaks
        Findings that were accepted, or that do not forbid the study.
    predictions
        One row a row of the table, model and repeat: columns ``PREDICTIONS``; ``row`` counts the rows with an outcome
        from 0. Nobody is predicted by a model that saw one of his or her rows.
    performance
        One row a model and metric with bootstrap limits: columns ``PERFORMANCE``; model ``difference`` is the model
        less the clinical-only one, from the same bootstrap samples.
    calibration
        Calibration curve with limits: columns ``CURVE``.
    decisions
        Net benefit at each threshold (see ``decision_table``); None for numbers.
    permutation
        Result beside that of permuted outcomes; None where none were asked for.
    """

    design: Design
    size: SampleSize
    leaks: tuple[Leak, ...]
    predictions: pd.DataFrame = field(repr=False)
    performance: pd.DataFrame = field(repr=False)
    calibration: pd.DataFrame = field(repr=False)
    decisions: pd.DataFrame | None = field(repr=False)
    permutation: PermutationTest | None

    def __post_init__(self) -> None:
        held = ((self.predictions, PREDICTIONS), (self.performance, PERFORMANCE), (self.calibration, CURVE))
        for table, columns in held:
            if tuple(table.columns) != columns:
                got = ", ".join(map(str, table.columns))
                raise InputError("not a table of predictions", expected=", ".join(columns), got=got)

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the performance table."""
        return self.performance.copy()

    def estimate(self, metric: str, *, model: str = MODEL) -> tuple[float, float, float]:
        """Return a metric with its limits: (estimate, low, high)."""
        rows = self.performance[(self.performance["model"] == model) & (self.performance["metric"] == metric)]
        if rows.empty:
            known = self.performance[["model", "metric"]].agg(" ".join, axis=1)
            raise InputError("no such metric", expected=", ".join(known), got=f"{model} {metric}")
        value, low, high = rows[["estimate", "low", "high"]].to_numpy(dtype=float)[0]
        return float(value), float(low), float(high)

    def methods(self) -> str:
        """One paragraph that says exactly what was done."""
        d = self.design
        event = "" if d.event is None else f" (event: {d.event})"
        kept = "all columns" if d.select is None else f"the {d.select} columns that correlate most with the outcome"
        sites = f", {', '.join(d.harmonise)} harmonised between values of {d.site} (ComBat)" if d.harmonise else ""
        sentences = [
            f"{d.outcome}{event} was predicted from {len(d.features)} features by {_LEARNERS[d.learner]} in "
            f"{d.participants} participants ({d.rows} rows; {d.rows_without_outcome} without an outcome left out).",
            f"Nested cross-validation grouped by participant: {d.outer} outer folds, {d.repeats} repeats, settings "
            f"chosen in {d.inner} inner folds (seed {d.seed}).",
            f"Gaps ({100 * d.gaps:.1f} % of cells) took the median or the most frequent word{sites}; {kept} entered "
            f"the model; every such step was learnt from training rows only.",
            f"{100 * d.confidence:g} % limits from {d.bootstrap} bootstrap samples of participants; they hold the "
            f"trained models fixed.",
            self._size(),
        ]
        if d.clinical:
            sentences.append(f"Compared with the same learner on {', '.join(d.clinical)}, same folds, same samples.")
        if self.permutation is not None:
            p = self.permutation
            sentences.append(
                f"{p.permutations} permutations of outcomes between participants, one repeat each: {p.metric} "
                f"{p.observed:.3f} against {p.chance:.3f} by chance, p {p.p:.3g}."
            )
        return " ".join([*sentences, *self._findings()])

    def _size(self) -> str:
        s = self.size
        rarer = "" if s.events is None else f", {s.events} of the rarer class"
        verdict = "reached" if s.enough else "not reached: expect the model to be unstable and its risks too extreme"
        return (
            f"Riley's criteria ask for {s.needed} participants for {s.parameters} columns (R² 0.15 assumed); "
            f"{s.patients} were there{rarer} ({verdict})."
        )

    def _findings(self) -> list[str]:
        return [f"Leak check: {leak.says}." for leak in self.leaks] or ["Leak check: nothing found."]
