"""Scanner and site effects taken out of biomarkers by a transformer that can live inside a cross-validation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_numeric_dtype
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from lumbomics.analyse.harmonise.combat import Array, learn, remove
from lumbomics.core.errors import FaultsError, InputError

_SAME = 1e-9


class Harmoniser(TransformerMixin, BaseEstimator):
    """Remove site effects from features; sites it never saw are refused.

    Fit on training rows alone; held-out rows are transformed with what was learnt there. Kept covariates must be known
    for held-out rows too: never keep the outcome that is to be predicted.

    Parameters
    ----------
    features
        Columns to harmonise, at least two: the shrinkage borrows strength across features.
    site
        Column with the site, scanner or protocol.
    keep
        Covariates whose effect stays, such as age and sex; words become one column a level.
    smallest_site
        Fewest training rows a site must have.

    Notes
    -----
    ``transform`` returns the features only. A site effect that is the same as a covariate's (all old patients at one
    site) cannot be told from it; that is refused. With one feature, or few rows a site, nothing is borrowed or learnt:
    plan for shared phantoms or travelling heads instead.
    """

    def __init__(
        self,
        features: Sequence[str] = (),
        *,
        site: str = "site",
        keep: Sequence[str] = (),
        smallest_site: int = 5,
    ) -> None:
        self.features = features
        self.site = site
        self.keep = keep
        self.smallest_site = smallest_site

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:  # noqa: N803 - scikit-learn's name
        """Learn sites and covariates from ``X``; FaultsError with everything that forbids it."""
        faults = [*self._table_faults(X), *self._parameter_faults()]
        if faults:
            raise FaultsError(faults)
        sites = X[self.site].astype(str)
        self.levels_ = {name: sorted(X[name].unique(), key=str) for name in self.keep if _is_words(X[name])}
        faults = [*self._site_faults(sites), *self._constant_faults(X)] or self._confounded(X, sites)
        if faults:
            raise FaultsError(faults)
        self.model_ = learn(self._values(X), sites.to_numpy(dtype=str), self._kept(X))
        self.feature_names_in_ = np.array(X.columns, dtype=object)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803 - scikit-learn's name
        """Features of ``X`` without the site effects, same index; FaultsError for sites and levels never seen."""
        check_is_fitted(self)
        faults = [*self._table_faults(X)] or [*self._new_faults(X)]
        if faults:
            raise FaultsError(faults)
        place = pd.Index(self.model_.sites).get_indexer(pd.Index(X[self.site].astype(str)))
        made = remove(self.model_, self._values(X), place, self._kept(X))
        return pd.DataFrame(made, index=X.index, columns=list(self.features))

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Names of the columns that ``transform`` returns."""
        check_is_fitted(self)
        return np.array(list(self.features), dtype=object)

    def _values(self, table: pd.DataFrame) -> Array:
        return table[list(self.features)].to_numpy(dtype=np.float64)

    def _kept(self, table: pd.DataFrame) -> Array:
        """Covariate columns (n, k), words as one column a level but the first."""
        blocks = [np.empty((len(table), 0))]
        for name in self.keep:
            if name in self.levels_:
                blocks.append(np.column_stack([table[name] == v for v in self.levels_[name][1:]] or [blocks[0]]))
            else:
                blocks.append(table[[name]].to_numpy(dtype=np.float64))
        return np.hstack(blocks).astype(np.float64)

    def _parameter_faults(self) -> list[InputError]:
        faults = []
        if len(self.features) < 2:
            expected, got = "two features or more", f"{len(self.features)}"
            faults.append(InputError("nothing to borrow strength from", expected=expected, got=got, where="features"))
        if self.smallest_site < 2:
            got = str(self.smallest_site)
            faults.append(
                InputError("a site of one row has no spread", expected=">= 2", got=got, where="smallest_site")
            )
        return faults

    def _table_faults(self, table: object) -> list[InputError]:
        if not isinstance(table, pd.DataFrame):
            return [InputError("not a table", expected="a pandas DataFrame", got=type(table).__name__)]
        wanted = [*self.features, self.site, *self.keep]
        faults = [InputError("no such column", got=repr(name)) for name in wanted if name not in table.columns]
        faults += [InputError("declared twice", got=repr(name)) for name in set(wanted) if wanted.count(name) > 1]
        if faults:
            return faults
        for name in wanted:
            if gaps := int(table[name].isna().sum()):
                hint = "drop or impute these rows before"
                faults.append(InputError("missing values", expected="none", got=f"{gaps}", where=name, hint=hint))
            elif is_numeric_dtype(table[name]) and not np.isfinite(table[name].to_numpy(dtype=np.float64)).all():
                faults.append(InputError("infinite values", expected="finite", where=name))
            elif name in self.features and not is_numeric_dtype(table[name]):
                faults.append(InputError("not numbers", expected="numbers", got=str(table[name].dtype), where=name))
        return faults

    def _site_faults(self, sites: pd.Series) -> list[InputError]:
        counts = sites.value_counts().sort_index()
        faults = []
        if len(counts) < 2:
            got = ", ".join(counts.index)
            faults.append(InputError("nothing to harmonise", expected="two sites or more", got=got, where=self.site))
        for name, count in counts[counts < self.smallest_site].items():
            expected, hint = f"at least {self.smallest_site} rows", "leave the site out, or merge it with one like it"
            faults.append(InputError("a site is too small", expected=expected, got=f"{name}: {count}", hint=hint))
        return faults

    def _constant_faults(self, table: pd.DataFrame) -> list[InputError]:
        flat = [name for name in self.features if table.groupby(self.site)[name].nunique().max() < 2]
        return [InputError("constant within every site", got=repr(name), hint="leave it out") for name in flat]

    def _confounded(self, table: pd.DataFrame, sites: pd.Series) -> list[InputError]:
        faults = []
        basis = [pd.get_dummies(sites).to_numpy(dtype=np.float64)]
        for name in self.keep:
            columns = self._only(name, table)
            known = np.linalg.qr(np.hstack(basis))[0]
            left = columns - known @ (known.T @ columns)
            if columns.size == 0 or (np.linalg.norm(left, axis=0) <= _SAME * np.linalg.norm(columns, axis=0)).any():
                expected = "a covariate that varies within sites and apart from the others"
                hint = "its effect cannot be told from the site's; do not keep it"
                faults.append(
                    InputError("a covariate is confounded with the sites", expected=expected, where=name, hint=hint)
                )
            else:
                basis.append(columns)
        return faults

    def _only(self, name: str, table: pd.DataFrame) -> Array:
        one = Harmoniser(self.features, site=self.site, keep=(name,))
        one.levels_ = self.levels_
        return one._kept(table)

    def _new_faults(self, table: pd.DataFrame) -> list[InputError]:
        strange = sorted(set(table[self.site].astype(str)) - set(self.model_.sites))
        hint = "its shift is unknown: fit again with rows of that site"
        expected = ", ".join(self.model_.sites)
        faults = [
            InputError("a site never seen", expected=expected, got=name, where=self.site, hint=hint) for name in strange
        ]
        for name, levels in self.levels_.items():
            new = sorted(set(table[name]) - set(levels), key=str)
            known = ", ".join(map(str, levels))
            faults += [InputError("a level never seen", expected=known, got=str(v), where=name) for v in new]
        return faults


def _is_words(column: pd.Series) -> bool:
    return not is_numeric_dtype(column)
