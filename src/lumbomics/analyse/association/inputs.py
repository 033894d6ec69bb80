"""The table a search starts from: every fault is found before anything is fitted, and all are told at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_numeric_dtype

from lumbomics.analyse.association.choices import LINEAR, NESTED, Missing, Model, Response
from lumbomics.analyse.association.design import Design, encode, numbers
from lumbomics.core.errors import FaultsError, InputError

_MOST_CATEGORIES = 15


@dataclass(frozen=True, kw_only=True, eq=False)
class Inputs:
    """What the models read.

    Parameters
    ----------
    x, y
        (n, biomarkers) and (n, scores) float64, NaN where missing.
    extra
        (n, auxiliary) float64: helps to impute only.
    design
        Covariates.
    participants
        (n,) codes from 0.
    """

    biomarkers: tuple[str, ...]
    scores: tuple[str, ...]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    extra: NDArray[np.float64]
    design: Design
    participants: NDArray[np.int64]


def read_inputs(
    table: pd.DataFrame,
    *,
    biomarkers: Sequence[str],
    scores: Sequence[str],
    adjust: Sequence[str],
    auxiliary: Sequence[str],
    participant: str,
    model: Model,
    missing: Missing,
    response: Response,
) -> Inputs:
    """Check ``table`` against what was declared; FaultsError with every fault."""
    faults = [*_names(table, biomarkers, scores, adjust, auxiliary, participant)]
    if faults:
        raise FaultsError(faults)
    faults = [*_values(table, [*biomarkers, *auxiliary]), *_scores(table, scores, model)]
    design, wrong = encode(table, adjust)
    faults += [*wrong, *_participants(table, participant, model)]
    if not wrong:
        faults += _enough(design, table, adjust, missing)
    if model in NESTED and not faults:
        faults += _varies_within(table, scores if response is Response.SCORE else biomarkers, participant, model)
    if faults:
        raise FaultsError(faults)
    return Inputs(
        biomarkers=tuple(biomarkers),
        scores=tuple(scores),
        x=_matrix(table, biomarkers),
        y=_matrix(table, scores),
        extra=_matrix(table, auxiliary),
        design=design,
        participants=np.asarray(pd.factorize(table[participant])[0], dtype=np.int64),
    )


def _matrix(table: pd.DataFrame, names: Sequence[str]) -> NDArray[np.float64]:
    """Columns as (n, k) float64; all at once, because one by one costs more than all regressions."""
    part = table[list(names)]
    kinds = zip(part.columns, part.dtypes, strict=True)
    ordered = [name for name, kind in kinds if isinstance(kind, pd.CategoricalDtype)]
    if ordered:
        part = part.assign(**{name: _codes(part[name]) for name in ordered})
    return np.asarray(part.to_numpy(dtype=np.float64, na_value=np.nan))


def _codes(column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.astype(np.float64).where(column.notna())
    return column


def _names(
    table: pd.DataFrame,
    biomarkers: Sequence[str],
    scores: Sequence[str],
    adjust: Sequence[str],
    auxiliary: Sequence[str],
    participant: str,
) -> Iterable[InputError]:
    if not biomarkers or not scores:
        yield InputError("nothing to associate", expected="at least one biomarker and one score")
    doubled = table.columns[table.columns.duplicated()].unique()
    if len(doubled):
        yield InputError("column names appear twice", got=", ".join(map(str, doubled)), hint="rename or drop one")
    seen: dict[str, str] = {}
    groups = (("biomarkers", biomarkers), ("scores", scores), ("adjust", adjust), ("auxiliary", auxiliary))
    for role, names in (*groups, ("participant", [participant])):
        for name in names:
            if name not in table.columns:
                yield InputError("no such column", expected="a column of the table", got=repr(name), where=role)
            if name in seen:
                yield InputError("a column is declared twice", got=f"{seen[name]} and {role}", where=str(name))
            seen[name] = role


def _values(table: pd.DataFrame, names: Sequence[str]) -> Iterable[InputError]:
    kinds = dict(zip(table.columns, table.dtypes, strict=True))
    accepted = {kind: is_numeric_dtype(kind) for kind in set(kinds.values())}
    good = [name for name in names if accepted[kinds[name]]]
    infinite = np.isinf(_matrix(table, good)).sum(axis=0)
    yield from (_not_numbers(name, table[name]) for name in names if not accepted[kinds[name]])
    yield from (_infinite(good[k], int(infinite[k])) for k in np.flatnonzero(infinite))


def _not_numbers(name: str, column: pd.Series) -> InputError:
    hint = "convert it, or leave it out"
    return InputError("not a column of numbers", expected="numbers", got=str(column.dtype), where=name, hint=hint)


def _infinite(name: str, count: int) -> InputError:
    return InputError("infinite values", expected="finite or missing", got=f"{count} row(s)", where=name)


def _scores(table: pd.DataFrame, scores: Sequence[str], model: Model) -> Iterable[InputError]:
    for name in scores:
        column = table[name]
        ordered = isinstance(column.dtype, pd.CategoricalDtype) and column.cat.ordered
        if not is_numeric_dtype(column.dtype) and not (model is Model.ORDINAL and ordered):
            yield _not_numbers(name, column)
            continue
        values = numbers(_codes(column))
        if np.isinf(values).any():
            yield _infinite(name, int(np.isinf(values).sum()))
            continue
        distinct = np.unique(values[np.isfinite(values)])
        if model is Model.LOGIT and not np.isin(distinct, (0.0, 1.0)).all():
            got = ", ".join(f"{v:g}" for v in distinct[:5])
            yield InputError("not a binary outcome", expected="0 and 1 (or false and true)", got=got, where=name)
        if model is Model.ORDINAL and not (distinct == np.round(distinct)).all():
            yield InputError("not an ordinal outcome", expected="whole numbers or ordered categories", where=name)
        elif model is Model.ORDINAL and len(distinct) > _MOST_CATEGORIES:
            expected, got = f"at most {_MOST_CATEGORIES} categories", f"{len(distinct)}"
            yield InputError("too many categories", expected=expected, got=got, where=name, hint="model ols")


def _participants(table: pd.DataFrame, participant: str, model: Model) -> Iterable[InputError]:
    column = table[participant]
    if unknown := int(column.isna().sum()):
        yield InputError("rows without a participant", got=f"{unknown} row(s)", where=participant)
    repeated = int(column.duplicated().sum())
    if repeated and model not in NESTED:
        got = f"{repeated} row(s) of participants that already have one"
        hint = f"keep one visit each, or a nested model: {', '.join(sorted(NESTED))}"
        yield InputError("participants appear twice", expected="one row each", got=got, where=participant, hint=hint)
    if not repeated and model in NESTED:
        hint = "model ols"
        yield InputError(
            "no participant has two rows", expected="rows nested in participants", got="one each", hint=hint
        )


def _enough(design: Design, table: pd.DataFrame, adjust: Sequence[str], missing: Missing) -> Iterable[InputError]:
    needed = len(design.terms) + 2
    rows = int(design.complete.sum())
    if rows < needed:
        expected, got = f"at least {needed} rows with all covariates", f"{rows} of {len(design.matrix)}"
        yield InputError("fewer rows than the model has terms", expected=expected, got=got, hint="adjust for less")
    if missing is Missing.COMPLETE_CASE:
        return
    for name in adjust:
        gaps = int(table[name].isna().sum())
        if gaps and not is_numeric_dtype(table[name].dtype):
            hint = "complete cases, or a level of its own such as 'unknown'"
            got = f"{gaps} gap(s)"
            yield InputError("categories are not imputed", expected="no gaps", got=got, where=name, hint=hint)


def _varies_within(
    table: pd.DataFrame, responses: Sequence[str], participant: str, model: Model
) -> Iterable[InputError]:
    # A response that is constant within every patient drives the working correlation to 1; then only differences
    # within patients count, and the slope is forced to zero whatever the truth.
    if model is Model.GEE_INDEPENDENCE:
        return
    distinct = table.groupby(participant)[list(responses)].nunique().max()
    for name in responses:
        if distinct[name] < 2:
            got = "one value in every participant"
            hint = "model gee_independence, or response 'biomarker' where the score belongs to the whole patient"
            expected = "a response that varies within participants"
            yield InputError(f"{model} cannot be used", expected=expected, got=got, where=name, hint=hint)


def check_model(model: Model, missing: Missing, *, permutations: int, auxiliary: Sequence[str]) -> list[InputError]:
    """Faults of choices that do not go together."""
    faults: list[InputError] = []
    if missing is Missing.MULTIPLE_IMPUTATION and model not in LINEAR:
        faults.append(InputError("multiple imputation is for linear models", expected="ols or ols_hc3", got=str(model)))
    if permutations and (model is not Model.OLS or missing is not Missing.COMPLETE_CASE):
        expected, got = "model ols on complete cases", f"{model}, {missing}"
        faults.append(InputError("permutations need a plain linear model", expected=expected, got=got))
    if auxiliary and missing is Missing.COMPLETE_CASE:
        faults.append(InputError("auxiliary columns are for imputation", expected="multiple_imputation", got=missing))
    return faults
