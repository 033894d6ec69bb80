"""The finished search: its table, its findings and the paragraph that says what was done."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from lumbomics.analyse.association.choices import LABEL, NESTED, Correction, Family, Missing, Model, Plan, Response
from lumbomics.analyse.association.estimates import COLUMNS
from lumbomics.core.errors import InputError

_MODELS = {
    Model.OLS: "ordinary least squares",
    Model.OLS_HC3: "ordinary least squares with HC3 standard errors",
    Model.LOGIT: "logistic regression",
    Model.ORDINAL: "proportional-odds regression",
    Model.GEE_EXCHANGEABLE: "generalised estimating equations (exchangeable within participants, bias-reduced errors)",
    Model.GEE_INDEPENDENCE: "generalised estimating equations (independence, bias-reduced errors by participant)",
    Model.MIXED: "linear mixed models with a random intercept for each participant (REML)",
}
_CORRECTIONS = {Correction.BH: "Benjamini-Hochberg", Correction.BY: "Benjamini-Yekutieli"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Associations:
    """Every biomarker against every score, hypothesis-generating.

    Parameters
    ----------
    plan
        What was declared.
    table
        One row a pair with the columns of ``COLUMNS``; use ``to_frame`` for a copy.
    """

    plan: Plan
    table: pd.DataFrame = field(repr=False)

    def __post_init__(self) -> None:
        if tuple(self.table.columns) != COLUMNS:
            got = ", ".join(map(str, self.table.columns))
            raise InputError("not a table of associations", expected=", ".join(COLUMNS), got=got)

    @property
    def label(self) -> str:
        """What every table of this kind must be called."""
        return LABEL

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the table, in the order of biomarkers and scores."""
        return self.table.copy()

    def findings(self) -> pd.DataFrame:
        """Rows whose adjusted p is at or below the threshold, the smallest p first."""
        return self.table[self.table["finding"]].sort_values("p", kind="stable").reset_index(drop=True)

    def methods(self) -> str:
        """One paragraph that says exactly what was done."""
        plan, tests = self.plan, int((self.table["status"] == "estimated").sum())
        sentences = [
            f"{LABEL.capitalize()} search of {len(plan.biomarkers)} biomarkers against {len(plan.scores)} scores by "
            f"{_MODELS[plan.model]}{self._direction()}, adjusted for {self._adjusted()}.",
            f"{plan.participants} participants, {plan.rows} rows, {plan.rows_complete} with all covariates; "
            f"{self._missing()}.",
            f"{tests} tests were made, {len(self.table) - tests} could not be; false-discovery rate by "
            f"{_CORRECTIONS[plan.correction]} over {self._family()}, findings at or below {plan.threshold:g}.",
        ]
        if plan.permutations:
            sentences.append(
                f"{plan.permutations} Freedman-Lane permutations (seed {plan.seed}), familywise by the largest |t|."
            )
        return " ".join(sentences)

    def _direction(self) -> str:
        swapped = self.plan.model in NESTED and self.plan.response is Response.BIOMARKER
        return ", the biomarker as response" if swapped else ""

    def _adjusted(self) -> str:
        stated = ", ".join(f"{name} {level}" for name, level in self.plan.references)
        return (", ".join(self.plan.adjust) or "nothing") + (f" (reference {stated})" if stated else "")

    def _missing(self) -> str:
        if self.plan.missing is Missing.COMPLETE_CASE:
            return "each pair on the rows where both are known"
        helped = f", helped by {', '.join(self.plan.auxiliary)}" if self.plan.auxiliary else ""
        return f"gaps filled by {self.plan.imputations} multiple imputations (seed {self.plan.seed}){helped}"

    def _family(self) -> str:
        return "all tests" if self.plan.family is Family.ALL else "the tests of each score"
