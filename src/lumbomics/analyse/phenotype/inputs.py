"""The door of a search for phenotypes: every fault at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from lumbomics.analyse.phenotype.choices import Method
from lumbomics.core.errors import FaultsError, InputError

Array = NDArray[np.float64]
Codes = NDArray[np.intp]

FEWEST = 30
"""Fewest patients; below, no number of clusters comes back in a bootstrap."""
_MOST_GAPS = 0.5


@dataclass(frozen=True, kw_only=True, eq=False)
class Features:
    """Features of patients.

    Parameters
    ----------
    number_names, word_names
        Columns by kind.
    numbers
        (n, p), NaN where unknown.
    words
        (n, q) codes, -1 where unknown.
    """

    number_names: tuple[str, ...]
    word_names: tuple[str, ...]
    numbers: Array
    words: Codes

    @property
    def gaps(self) -> float:
        """Share of empty cells."""
        cells = self.numbers.size + self.words.size
        return float((np.isnan(self.numbers).sum() + (self.words < 0).sum()) / cells)


def check(table: pd.DataFrame, features: Sequence[str], participant: str, method: Method) -> Features:
    """Check and convert; FaultsError with everything that forbids the search."""
    wanted = [*features, participant]
    faults = [InputError("no such column", got=repr(name)) for name in wanted if name not in table.columns]
    faults += [InputError("named twice", got=repr(name)) for name in sorted({n for n in wanted if wanted.count(n) > 1})]
    if len(features) < 2:
        faults.append(InputError("too few features to group by", expected="two or more", got=str(len(features))))
    faults = faults or [*_row_faults(table, participant), *_feature_faults(table, features, method)]
    if faults:
        raise FaultsError(faults)
    numbers = tuple(name for name in features if _is_number(table[name]))
    words = tuple(name for name in features if name not in numbers)
    codes = [pd.factorize(table[name].map(str, na_action="ignore"), sort=True)[0] for name in words]
    return Features(
        number_names=numbers,
        word_names=words,
        numbers=table[list(numbers)].to_numpy(dtype=np.float64, na_value=np.nan).reshape(len(table), -1),
        words=np.array(codes, dtype=np.intp).reshape(len(words), len(table)).T,
    )


def check_weights(weights: Mapping[str, float] | None, features: Features) -> Array:
    """Weights (p + q,) in the order of the features, 1 where none is given."""
    given = dict(weights or {})
    names = (*features.number_names, *features.word_names)
    faults = [InputError("weight of no feature", got=repr(name)) for name in given if name not in names]
    faults += [
        InputError("weights are above 0", expected="a number above 0", got=f"{w:g}", where=name)
        for name, w in given.items()
        if not 0 < w < np.inf
    ]
    if faults:
        raise FaultsError(faults)
    return np.array([given.get(name, 1.0) for name in names])


def _is_number(column: pd.Series) -> bool:
    return bool(is_numeric_dtype(column)) and not is_bool_dtype(column)


def _row_faults(table: pd.DataFrame, participant: str) -> Iterator[InputError]:
    if len(table) < FEWEST:
        yield InputError("too few patients", expected=f"{FEWEST} or more", got=str(len(table)))
    if gaps := int(table[participant].isna().sum()):
        yield InputError("empty cells", expected="none", got=f"{gaps} rows", where=participant)
    twice = int(table[participant].duplicated().sum())
    if twice:
        hint = "choose one visit; a patient with two rows would make a cluster of his own"
        yield InputError("a patient stands twice", expected="one row a patient", got=f"{twice} rows", hint=hint)


def _feature_faults(table: pd.DataFrame, features: Sequence[str], method: Method) -> Iterator[InputError]:
    for name in features:
        column = table[name]
        empty = float(column.isna().mean())
        if column.nunique() < 2:
            yield InputError("one value in all rows", expected="two or more", where=name, hint="leave it out")
        elif empty > _MOST_GAPS:
            got = f"{100 * empty:.0f} %"
            yield InputError("mostly empty", expected="half or more known", got=got, where=name, hint="leave it out")
        elif _is_number(column) and np.isinf(column.to_numpy(dtype=np.float64, na_value=np.nan)).any():
            yield InputError("infinite values", expected="finite numbers or empty", where=name)
        elif method is Method.MIXTURE and (not _is_number(column) or empty):
            hint = "use method='medoids', which takes words and gaps"
            yield InputError("a mixture needs numbers without gaps", got=str(column.dtype), where=name, hint=hint)
