"""The door of a prediction study: every fault of the table and the choices, all at once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from lumbomics.analyse.power import plan_binary_prediction, plan_continuous_prediction
from lumbomics.analyse.prediction.choices import Shortage, Task
from lumbomics.analyse.prediction.nested import Rows
from lumbomics.core.errors import FaultsError, InputError

Array = NDArray[np.float64]

_FEWEST_EVENTS, _FEWEST_PATIENTS, _FEWEST_KNOWN, _TRAINED_AT_SITE = 10, 20, 10, 10
_R2 = 0.15
"""Nagelkerke's (binary) or adjusted R² assumed where nothing is known: Riley et al., BMJ 2020;368:m441."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What was asked of a table; the fields are those of ``predict``."""

    task: Task
    outcome: str
    event: str | None
    features: tuple[str, ...]
    clinical: tuple[str, ...]
    participant: str
    site: str | None
    harmonise: tuple[str, ...]
    select: int | None
    outer: int
    inner: int

    @property
    def columns(self) -> tuple[str, ...]:
        """Every feature of both models, once."""
        return tuple(dict.fromkeys((*self.features, *self.clinical)))


@dataclass(frozen=True, kw_only=True)
class SampleSize:
    """Patients there, and patients needed.

    Parameters
    ----------
    patients, events
        There; ``events`` are patients of the rarer class (None for numbers).
    needed
        By Riley's criteria, an assumed R² of 0.15 and ``parameters`` candidate columns.
    parameters
        Columns of the features after coding.
    """

    patients: int
    events: int | None
    needed: int
    parameters: int

    @property
    def enough(self) -> bool:
        """Whether there are as many as needed."""
        return self.patients >= self.needed


@dataclass(frozen=True, kw_only=True, eq=False)
class Checked:
    """Rows that passed, and what was counted on the way.

    Parameters
    ----------
    rows
        Features as float64 or text, outcome as numbers, patients as numbers.
    numbers, words
        Features by kind.
    left_out
        Rows without an outcome.
    size
        Patients there and needed.
    """

    rows: Rows
    numbers: tuple[str, ...]
    words: tuple[str, ...]
    left_out: int
    size: SampleSize


def check(table: pd.DataFrame, question: Question, *, shortage: Shortage) -> Checked:
    """Check and convert; FaultsError with everything that forbids the study."""
    faults = [*_choice_faults(question), *_column_faults(table, question)]
    if faults:
        raise FaultsError(faults)
    kept = table[table[question.outcome].notna()].reset_index(drop=True)
    faults = [*_value_faults(kept, question), *_outcome_faults(kept[question.outcome], question)]
    if faults:
        raise FaultsError(faults)
    plain = pd.DataFrame({name: _plain(kept[name]) for name in question.columns}, index=kept.index)
    if question.site is not None:
        plain[question.site] = kept[question.site].astype(str)
    words = tuple(name for name in question.columns if not is_numeric_dtype(plain[name]))
    patients = pd.factorize(kept[question.participant])[0].astype(np.intp)
    rows = Rows(table=plain, outcome=_coded(kept[question.outcome], question), patients=patients)
    size = _sample_size(rows, question)
    faults = [*_patient_faults(rows, question, size, shortage)]
    if faults:
        raise FaultsError(faults)
    numbers = tuple(name for name in question.columns if name not in words)
    return Checked(rows=rows, numbers=numbers, words=words, left_out=len(table) - len(kept), size=size)


def _choice_faults(question: Question) -> Iterator[InputError]:
    for name, folds in (("outer", question.outer), ("inner", question.inner)):
        if folds < 2:
            yield InputError("too few folds", expected="2 or more", got=str(folds), where=name)
    if question.select is not None and question.select < 1:
        yield InputError("nothing would be selected", expected="1 or more", got=str(question.select), where="select")
    if not question.features:
        yield InputError("no feature", expected="at least one", got="none", where="features")
    for where, names in (("features", question.features), ("clinical", question.clinical)):
        for name in sorted({n for n in names if names.count(n) > 1}):
            yield InputError("a feature stands twice", got=repr(name), where=where)
    for name in sorted({question.outcome, question.participant} & set(question.columns)):
        hint = "a model that is given the answer, or the patient's name, learns nothing else"
        yield InputError("outcome and participant are no features", got=repr(name), hint=hint)
    if question.harmonise and question.site is None:
        yield InputError("harmonising needs the column of the site", expected="site", got="none", where="harmonise")
    for name in sorted(set(question.harmonise) - set(question.columns)):
        yield InputError("only features are harmonised", got=repr(name), where="harmonise")


def _column_faults(table: pd.DataFrame, question: Question) -> Iterator[InputError]:
    wanted = [*question.columns, question.outcome, question.participant, question.site]
    for name in dict.fromkeys(n for n in wanted if n is not None):
        if name not in table.columns:
            yield InputError("no such column", expected="a column of the table", got=repr(name))


def _value_faults(table: pd.DataFrame, question: Question) -> Iterator[InputError]:
    for name in (question.participant, question.site):
        if name is not None and (gaps := int(table[name].isna().sum())):
            yield InputError("empty cells", expected="none", got=f"{gaps} rows", where=name)
    for name in question.columns:
        column = table[name]
        if column.notna().sum() < _FEWEST_KNOWN:
            expected, got = f"{_FEWEST_KNOWN} known values or more", str(int(column.notna().sum()))
            yield InputError("hardly any value is known", expected=expected, got=got, where=name, hint="leave it out")
        elif column.nunique() < 2:
            yield InputError("one value in all rows", expected="two or more", where=name, hint="leave it out")
        elif is_numeric_dtype(column) and np.isinf(column.to_numpy(dtype=np.float64, na_value=np.nan)).any():
            yield InputError("infinite values", expected="finite numbers or empty", where=name)
        elif name in question.harmonise and not is_numeric_dtype(column):
            yield InputError("only numbers are harmonised", expected="numbers", got=str(column.dtype), where=name)


def _outcome_faults(column: pd.Series, question: Question) -> Iterator[InputError]:
    if question.task is Task.CONTINUOUS:
        if not is_numeric_dtype(column) or is_bool_dtype(column):
            yield InputError(
                "the outcome is no number", expected="numbers", got=str(column.dtype), where=question.outcome
            )
        elif column.nunique() < 2 or np.isinf(column.to_numpy(dtype=np.float64)).any():
            expected = "finite numbers that differ"
            yield InputError("the outcome cannot be predicted", expected=expected, where=question.outcome)
        return
    values = sorted(map(_name, column.unique()))
    if len(values) != 2:
        got = ", ".join(values[:5]) or "no row with an outcome"
        yield InputError("a binary outcome has two values", expected="two", got=got, where=question.outcome)
    elif question.event is None and set(values) != {"0", "1"}:
        hint = f"name the value that counts as 1: event={values[1]!r}"
        yield InputError("which value is the event?", expected="0 and 1", got=", ".join(values), hint=hint)
    elif question.event is not None and _name(question.event) not in values:
        yield InputError("the event does not occur", expected=" or ".join(values), got=str(question.event))


def _patient_faults(rows: Rows, question: Question, size: SampleSize, shortage: Shortage) -> Iterator[InputError]:
    told = f"Riley's criteria ask for {size.needed} patients with {size.parameters} columns"
    fewest = max(_FEWEST_EVENTS, question.outer)
    if size.events is not None and size.events < fewest:
        got = f"{size.events} patients of the rarer class"
        yield InputError("too few events to learn from", expected=f"{fewest} or more", got=got, hint=told)
    if size.patients < max(_FEWEST_PATIENTS, question.outer, question.inner + 1):
        expected = f"{_FEWEST_PATIENTS} patients or more, and more than folds"
        yield InputError("too few patients", expected=expected, got=str(size.patients), hint=told)
    if shortage is Shortage.REFUSE and not size.enough:
        hint = "fewer features, more patients, or shortage='report'"
        yield InputError("fewer patients than needed", expected=told, got=str(size.patients), hint=hint)
    if question.harmonise and question.site is not None:
        sites = pd.Series(rows.patients).groupby(rows.table[question.site]).nunique()
        least = math.ceil(_TRAINED_AT_SITE / ((1 - 1 / question.outer) * (1 - 1 / question.inner)))
        for name, count in sites[sites < least].items():
            expected, hint = f"{least} patients or more", "an inner fold would hold too few to learn the site from"
            yield InputError("a site is too small", expected=expected, got=f"{name}: {count}", hint=hint)


def _sample_size(rows: Rows, question: Question) -> SampleSize:
    columns = [rows.table[name] for name in question.features]
    parameters = sum(1 if is_numeric_dtype(c) else max(c.nunique() - 1, 1) for c in columns)
    count = np.bincount(rows.patients)
    mean = np.bincount(rows.patients, rows.outcome) / count
    if question.task is Task.CONTINUOUS:
        # Mean = SD turns Riley's first criterion, relative to the mean, into a tenth of a standard deviation: the zero
        # of a score is arbitrary, and that of a change is near its mean.
        plan = plan_continuous_prediction(parameters=parameters, r2_adjusted=_R2, mean=1.0, sd=1.0)
        return SampleSize(patients=len(count), events=None, needed=plan.n, parameters=parameters)
    share = float(mean.mean())
    plan = plan_binary_prediction(parameters=parameters, prevalence=share, r2_nagelkerke=_R2)
    events = min(int((mean > 0).sum()), int((mean < 1).sum()))
    return SampleSize(patients=len(count), events=events, needed=plan.n, parameters=parameters)


def _plain(column: pd.Series) -> pd.Series:
    if is_numeric_dtype(column):
        return pd.Series(column.to_numpy(dtype=np.float64, na_value=np.nan), index=column.index)
    return column.astype(object).where(column.notna(), None).map(lambda v: None if v is None else str(v))


def _coded(column: pd.Series, question: Question) -> Array:
    if question.task is Task.CONTINUOUS:
        return column.to_numpy(dtype=np.float64)
    event = "1" if question.event is None else _name(question.event)
    return np.asarray(column.map(_name) == event, dtype=np.float64)


def _name(value: object) -> str:
    """Name of a class, so that 1, 1.0, True and "1" are the same."""
    if isinstance(value, (bool, np.bool_)):
        return str(int(value))
    return f"{value:g}" if isinstance(value, (int, float, np.number)) else str(value)
