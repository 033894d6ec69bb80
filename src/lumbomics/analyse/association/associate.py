"""Every biomarker against every score: the one entry to all models."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TypeVar

import numpy as np
import pandas as pd

from lumbomics.analyse.association.categories import fit_categories
from lumbomics.analyse.association.choices import (
    LINEAR,
    NESTED,
    Correction,
    Family,
    Missing,
    Model,
    Plan,
    Response,
    Separation,
)
from lumbomics.analyse.association.estimates import finish, from_slopes
from lumbomics.analyse.association.imputation import imputed_slopes
from lumbomics.analyse.association.inputs import Inputs, check_model, read_inputs
from lumbomics.analyse.association.nested import fit_nested
from lumbomics.analyse.association.permutation import permutation_p
from lumbomics.analyse.association.result import Associations
from lumbomics.analyse.association.robust import linear
from lumbomics.core.errors import FaultsError, InputError

_Choice = TypeVar("_Choice", bound=StrEnum)


def associate(
    table: pd.DataFrame,
    *,
    biomarkers: Sequence[str],
    scores: Sequence[str],
    adjust: Sequence[str] = (),
    model: str = Model.OLS,
    missing: str = Missing.COMPLETE_CASE,
    correction: str = Correction.BH,
    family: str = Family.ALL,
    response: str = Response.SCORE,
    separation: str = Separation.FIRTH,
    auxiliary: Sequence[str] = (),
    participant: str = "participant_id",
    confidence: float = 0.95,
    threshold: float = 0.05,
    power: float = 0.8,
    permutations: int = 0,
    imputations: int = 20,
    seed: int = 0,
) -> Associations:
    """Regress every score on every biomarker, adjusted, and correct for the number of looks.

    The result is hypothesis-generating: an association is no cause, and one found among many is larger than the truth.

    Parameters
    ----------
    table
        One row a participant; for nested models one row a level, side or visit of a participant.
    biomarkers, scores
        Columns of numbers (ordered categories allowed for scores of ``ordinal``).
    adjust
        Covariates, such as age, sex, BMI, site, months since surgery. Words become one column a level.
    model
        ``ols``, ``ols_hc3``, ``logit`` (0 / 1), ``ordinal``, ``gee_exchangeable``, ``gee_independence``, ``mixed``.
    missing
        ``complete_case``, or ``multiple_imputation`` (linear models; covariates that are words must be complete).
    correction, family
        ``bh`` or ``by`` over ``all`` tests or those of each ``score``.
    response
        For nested models: regress the ``score`` on the biomarker, or the ``biomarker`` on the score.
    separation
        For ``logit``: ``firth`` (penalised likelihood) or ``absent`` where there is no finite maximum.
    auxiliary
        Columns that help to impute and are in no model.
    confidence, threshold, power
        Level of the intervals; largest adjusted p called a finding; power of the confirming study.
    permutations
        Freedman-Lane shuffles (``ols`` on complete cases); 0 for none.
    imputations, seed
        Number of imputations; seed of imputations and permutations.

    Raises
    ------
    FaultsError
        With every fault of table and choices.
    """
    chosen, gaps = _choice(Model, model, "model"), _choice(Missing, missing, "missing")
    side = _choice(Response, response, "response")
    _check_numbers(chosen, gaps, auxiliary, permutations, imputations, confidence, threshold, power)
    inputs = read_inputs(
        table,
        biomarkers=biomarkers,
        scores=scores,
        adjust=adjust,
        auxiliary=auxiliary,
        participant=participant,
        model=chosen,
        missing=gaps,
        response=side,
    )
    plan = Plan(
        model=chosen,
        missing=gaps,
        correction=_choice(Correction, correction, "correction"),
        family=_choice(Family, family, "family"),
        response=side,
        separation=_choice(Separation, separation, "separation"),
        biomarkers=inputs.biomarkers,
        scores=inputs.scores,
        adjust=tuple(adjust),
        auxiliary=tuple(auxiliary),
        terms=inputs.design.terms,
        references=inputs.design.references,
        rows=len(table),
        rows_complete=int(inputs.design.complete.sum()),
        participants=len(np.unique(inputs.participants)),
        confidence=confidence,
        threshold=threshold,
        power=power,
        permutations=permutations,
        imputations=imputations if gaps is Missing.MULTIPLE_IMPUTATION else 0,
        seed=seed,
    )
    return Associations(plan=plan, table=finish(_fit(inputs, plan), plan))


def _choice(kind: type[_Choice], given: str, where: str) -> _Choice:
    try:
        return kind(given)
    except ValueError:
        expected = ", ".join(kind)
        raise InputError("unknown choice", expected=expected, got=repr(given), where=where) from None


def _check_numbers(
    model: Model,
    missing: Missing,
    auxiliary: Sequence[str],
    permutations: int,
    imputations: int,
    confidence: float,
    threshold: float,
    power: float,
) -> None:
    faults = check_model(model, missing, permutations=permutations, auxiliary=auxiliary)
    for name, value in (("confidence", confidence), ("threshold", threshold), ("power", power)):
        if not 0 < value < 1:
            faults.append(InputError("out of range", expected="between 0 and 1", got=str(value), where=name))
    for name, count, least in (("permutations", permutations, 0), ("imputations", imputations, 2)):
        if count < least:
            faults.append(InputError("too few", expected=f"at least {least}", got=str(count), where=name))
    if faults:
        raise FaultsError(faults)


def _fit(inputs: Inputs, plan: Plan) -> pd.DataFrame:
    if plan.model in NESTED:
        return fit_nested(inputs, plan)
    if plan.model not in LINEAR:
        return fit_categories(inputs, plan)
    if plan.missing is Missing.MULTIPLE_IMPUTATION:
        found = imputed_slopes(inputs, plan)
        return from_slopes(found, inputs.biomarkers, inputs.scores, method=f"{plan.model}, imputed")
    rows = inputs.design.complete
    x, y, covariates = inputs.x[rows], inputs.y[rows], inputs.design.matrix[rows]
    found = linear(x, y, covariates, robust=plan.model is Model.OLS_HC3)
    frame = from_slopes(found, inputs.biomarkers, inputs.scores, method=str(plan.model))
    if plan.permutations:
        made = found.obstacle == None  # noqa: E711 - element by element
        point, family = permutation_p(x, y, covariates, made, permutations=plan.permutations, seed=plan.seed)
        frame = frame.assign(p_permutation=point.ravel(), p_familywise=family.ravel())
    return frame
