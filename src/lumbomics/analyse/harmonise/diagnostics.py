"""Did it work: what the sites explain before and after, and whether the covariates' effect is still there."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import silhouette_score

from lumbomics.analyse.harmonise.combat import Array
from lumbomics.core.errors import FaultsError, InputError

_COLUMNS = ("site_share", "site_p", "covariate_share")


@dataclass(frozen=True, kw_only=True, eq=False)
class SiteDiagnostics:
    """Site effects before and after.

    Parameters
    ----------
    table
        One row a feature: ``site_share`` (share of the variance left by the covariates that the sites explain),
        ``site_p`` (F test of the same) and ``covariate_share`` (share of the variance left by the sites that the
        covariates explain; NaN without covariates), each ``_before`` and ``_after``.
    silhouette_before, silhouette_after
        Mean silhouette of the rows by site over all standardised features: 1 apart, 0 mixed.
    """

    table: pd.DataFrame = field(repr=False)
    silhouette_before: float
    silhouette_after: float

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()


def site_diagnostics(
    before: pd.DataFrame, after: pd.DataFrame, *, site: pd.Series, covariates: pd.DataFrame | None = None
) -> SiteDiagnostics:
    """Compare features before and after harmonisation.

    On the rows that the harmoniser was fitted to, the sites always look gone; judge on held-out rows.

    Parameters
    ----------
    before, after
        The same features, (n, f), of the same rows.
    site
        (n,) site of each row, same index.
    covariates
        Numbers, (n, k), same index; words as 0 / 1 columns.

    Raises
    ------
    FaultsError
        For rows or columns that differ, gaps, or fewer than two sites.
    """
    faults = _faults(before, after, site, covariates)
    if faults:
        raise FaultsError(faults)
    sites = site.astype(str).to_numpy(dtype=str)
    groups = (sites[:, None] == np.unique(sites)[None, :]).astype(np.float64)
    kept = np.empty((len(sites), 0)) if covariates is None else covariates.to_numpy(dtype=np.float64)
    stages = {"before": before.to_numpy(dtype=np.float64), "after": after.to_numpy(dtype=np.float64)}
    columns = {
        f"{name}_{stage}": values
        for stage, features in stages.items()
        for name, values in zip(_COLUMNS, _shares(features, groups, kept), strict=True)
    }
    table = pd.DataFrame({"feature": list(before.columns), **columns})
    apart = [_silhouette(features, sites) for features in stages.values()]
    return SiteDiagnostics(table=table, silhouette_before=apart[0], silhouette_after=apart[1])


def _shares(features: Array, groups: Array, kept: Array) -> tuple[Array, Array, Array]:
    """Share of the sites, its p, and share of the covariates, (f,) each."""
    full = _left(features, np.hstack([groups, kept]))
    without_sites = _left(features, np.hstack([np.ones((len(features), 1)), kept]))
    without_covariates = _left(features, groups)
    more, rest = groups.shape[1] - 1, len(features) - groups.shape[1] - kept.shape[1]
    ratio = (without_sites - full) / more / (full / rest)
    none = np.full(features.shape[1], np.nan)
    covariate_share = 1 - full / without_covariates if kept.shape[1] else none
    return 1 - full / without_sites, np.asarray(stats.f.sf(ratio, more, rest)), covariate_share


def _left(features: Array, terms: Array) -> Array:
    """Sum of squares, (f,), that ``terms`` (n, k) leave."""
    fitted, *_ = np.linalg.lstsq(terms, features, rcond=None)
    return np.asarray(((features - terms @ fitted) ** 2).sum(axis=0))


def _silhouette(features: Array, sites: NDArray[np.str_]) -> float:
    return float(silhouette_score((features - features.mean(axis=0)) / features.std(axis=0), sites))


def _faults(
    before: pd.DataFrame, after: pd.DataFrame, site: pd.Series, covariates: pd.DataFrame | None
) -> list[InputError]:
    faults = []
    if list(before.columns) != list(after.columns):
        faults.append(InputError("features differ", expected=str(list(before.columns)), got=str(list(after.columns))))
    for where, given in (("before", before), ("after", after), ("site", site), ("covariates", covariates)):
        if given is None:
            continue
        if not given.index.equals(before.index):
            faults.append(InputError("other rows than before", expected="the same index", where=where))
        if bool(np.asarray(given.isna()).any()):
            faults.append(InputError("missing values", expected="none", where=where))
    if site.nunique() < 2:
        faults.append(InputError("nothing to compare", expected="two sites or more", got=f"{site.nunique()}"))
    return faults
