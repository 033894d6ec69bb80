"""From a table to scaled numbers, with nothing learnt outside the training rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from lumbomics.analyse.harmonise import Harmoniser

Array = NDArray[np.float64]


class Preparation(TransformerMixin, BaseEstimator):
    """Fill gaps, harmonise sites, code words and scale; each step learnt from the rows given to ``fit``.

    Gaps take the median, or the most frequent word. Words become one column a level but the first; a level never seen
    counts as the first. Sites never seen are refused (see ``Harmoniser``). Columns are centred and divided by their
    standard deviation.

    Parameters
    ----------
    numbers, words
        Columns by kind.
    harmonise
        Those of ``numbers`` that are harmonised between the sites of column ``site``.
    """

    def __init__(
        self,
        *,
        numbers: Sequence[str] = (),
        words: Sequence[str] = (),
        harmonise: Sequence[str] = (),
        site: str | None = None,
    ) -> None:
        self.numbers = numbers
        self.words = words
        self.harmonise = harmonise
        self.site = site

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:  # noqa: N803 - scikit-learn's name
        """Learn medians, levels, site effects, means and spreads."""
        self.medians_ = X[list(self.numbers)].median().fillna(0.0)
        self.levels_ = {name: _levels(X[name]) for name in self.words}
        self.harmoniser_ = None
        if self.harmonise and self.site is not None:
            self.harmoniser_ = Harmoniser(tuple(self.harmonise), site=self.site).fit(self._filled(X))
        coded = self._coded(X)
        self.centre_, spread = coded.mean(axis=0), coded.std(axis=0)
        self.spread_ = np.where(spread > 0, spread, 1.0)
        return self

    def transform(self, X: pd.DataFrame) -> Array:  # noqa: N803 - scikit-learn's name
        """Scaled columns (n, k) in the order of ``get_feature_names_out``."""
        return np.asarray((self._coded(X) - self.centre_) / self.spread_, dtype=np.float64)

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Names of the columns, levels as ``name=level``."""
        coded = [f"{name}={level}" for name in self.words for level in self.levels_[name][1][1:]]
        return np.array([*self.numbers, *coded], dtype=object)

    def _filled(self, table: pd.DataFrame) -> pd.DataFrame:
        filled = table[list(self.numbers)].fillna(self.medians_)
        return filled if self.site is None else filled.assign(**{self.site: table[self.site]})

    def _coded(self, table: pd.DataFrame) -> Array:
        filled = self._filled(table)
        if self.harmoniser_ is not None:
            filled = filled.assign(**{str(k): v for k, v in self.harmoniser_.transform(filled).items()})
        blocks = [filled[list(self.numbers)].to_numpy(dtype=np.float64)]
        for name in self.words:
            most, levels = self.levels_[name]
            column = table[name].where(table[name].notna(), most).to_numpy(dtype=object)
            blocks.append((column[:, None] == np.array(levels[1:], dtype=object)[None, :]).astype(np.float64))
        return np.hstack(blocks)


def _levels(column: pd.Series) -> tuple[str, list[str]]:
    """Most frequent word and all words in order."""
    counts = column.value_counts()
    return (str(counts.index[0]), sorted(map(str, counts.index))) if len(counts) else ("", [""])


class Screen(TransformerMixin, BaseEstimator):
    """Keep the columns with the largest absolute correlation with the outcome of the training rows.

    Parameters
    ----------
    keep
        How many; None keeps all.
    """

    def __init__(self, *, keep: int | None = None) -> None:
        self.keep = keep

    def fit(self, X: Array, y: Array) -> Self:  # noqa: N803 - scikit-learn's name
        """Rank the columns of X (n, p) against y (n,)."""
        strength = np.abs(_correlation(X, y))
        kept = np.argsort(-strength, kind="stable")[: self.keep]
        self.kept_ = np.sort(kept)
        return self

    def transform(self, X: Array) -> Array:  # noqa: N803 - scikit-learn's name
        """Kept columns, in their old order."""
        return X[:, self.kept_]


def _correlation(x: Array, y: Array) -> Array:
    """Pearson's r of each column with y; 0 where a column is constant."""
    left, right = x - x.mean(axis=0), y - y.mean()
    size = np.sqrt((left**2).sum(axis=0) * (right**2).sum())
    return np.asarray(np.divide(left.T @ right, size, out=np.zeros(x.shape[1]), where=size > 0), dtype=np.float64)
