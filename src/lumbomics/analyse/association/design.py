"""Covariates to numbers: dummy columns, reference levels, and every reason to refuse them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from lumbomics.core.errors import InputError

_SAME = 1e-9
"""A column is a combination of others when less than this share of its length is left."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Design:
    """The covariate matrix.

    Parameters
    ----------
    matrix
        (n, p), the constant first; NaN where the covariate is missing.
    terms
        Names of the p columns, such as ``age`` or ``site[b]``.
    references
        (covariate, level) that stands for zero.
    """

    matrix: NDArray[np.float64]
    terms: tuple[str, ...]
    references: tuple[tuple[str, str], ...]

    @property
    def complete(self) -> NDArray[np.bool_]:
        """Rows, (n,), with all covariates."""
        return np.asarray(np.isfinite(self.matrix).all(axis=1))


def numbers(column: pd.Series) -> NDArray[np.float64]:
    """Values as float64, missing ones as NaN."""
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))


def encode(table: pd.DataFrame, adjust: Sequence[str]) -> tuple[Design, list[InputError]]:
    """Covariate matrix of ``table``, and all faults found.

    Numbers stay as they are, true and false become 1 and 0, words become one column a level but the first in
    sorted (or declared) order.

    Parameters
    ----------
    table
        One row an observation, (n, any).
    adjust
        Covariate columns, all present in ``table``.
    """
    names: list[str] = ["constant"]
    blocks = [np.ones((len(table), 1))]
    references: list[tuple[str, str]] = []
    faults: list[InputError] = []
    for name in adjust:
        terms, block, reference = _encode_one(table[name], name, faults)
        names += terms
        blocks.append(block)
        references += reference
    design = Design(matrix=np.hstack(blocks), terms=tuple(names), references=tuple(references))
    return design, faults or collinear(design)


def _encode_one(
    column: pd.Series, name: str, faults: list[InputError]
) -> tuple[tuple[str, ...], NDArray[np.float64], list[tuple[str, str]]]:
    present = column.dropna()
    if is_numeric_dtype(column.dtype) or is_bool_dtype(column.dtype):
        values = numbers(column)
        infinite = int(np.isinf(values).sum())
        if infinite:
            faults.append(InputError("infinite values in a covariate", got=f"{infinite} row(s)", where=name))
        elif present.nunique() < 2:
            faults.append(_one_value(present, name))
        return (name,), values[:, None], []
    declared = isinstance(column.dtype, pd.CategoricalDtype)
    levels = (
        [v for v in column.cat.categories if (present == v).any()] if declared else sorted(present.unique(), key=str)
    )
    if len(levels) < 2:
        faults.append(_one_value(present, name))
        return (), np.empty((len(column), 0)), []
    block = np.column_stack([(column == level).to_numpy(dtype=np.float64, na_value=np.nan) for level in levels[1:]])
    block[column.isna().to_numpy()] = np.nan
    return tuple(f"{name}[{level}]" for level in levels[1:]), block, [(name, str(levels[0]))]


def _one_value(present: pd.Series, name: str) -> InputError:
    got = f"only {present.iloc[0]!r}" if len(present) else "no value at all"
    return InputError("a covariate does not vary", expected="two values or more", got=got, where=name, hint="drop it")


def collinear(design: Design) -> list[InputError]:
    """One fault for each term that is a combination of the terms before it, naming these."""
    rows = design.matrix[design.complete]
    if len(rows) == 0:
        return [
            InputError("no row has all covariates", expected="complete rows", hint="drop sparse covariates or impute")
        ]
    scaled = rows / np.maximum(np.linalg.norm(rows, axis=0), np.finfo(float).tiny)
    kept: list[int] = []
    faults: list[InputError] = []
    for j, term in enumerate(design.terms):
        share, *_ = np.linalg.lstsq(scaled[:, kept], scaled[:, j], rcond=None)
        if np.linalg.norm(scaled[:, j] - scaled[:, kept] @ share) > _SAME:
            kept.append(j)
            continue
        others = [design.terms[k] for k, s in zip(kept, share, strict=True) if abs(s) > 1e-7]
        got = f"{term} is a combination of {', '.join(others) or 'nothing: it is zero'}"
        faults.append(InputError("covariates are perfectly collinear", got=got, where=term, hint=f"drop {term}"))
    return faults
