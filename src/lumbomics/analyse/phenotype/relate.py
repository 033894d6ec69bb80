"""How clusters differ in what did not make them: symptoms, and the response to treatment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_bool_dtype, is_numeric_dtype
from scipy import stats

from lumbomics.analyse.phenotype.choices import LABEL
from lumbomics.analyse.phenotype.profile import hedges_g
from lumbomics.analyse.phenotype.result import Phenotypes
from lumbomics.core.errors import FaultsError, InputError

Array = NDArray[np.float64]

COLUMNS = (
    "outcome",
    "cluster",
    "patients",
    "value",
    "others",
    "effect",
    "effect_low",
    "effect_high",
    "effect_kind",
    "p",
    "p_adjusted",
    "label",
)
_FEWEST = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Relations:
    """Outcomes by cluster, exploratory.

    Parameters
    ----------
    table
        One row an outcome and cluster: columns ``COLUMNS``.
    confidence
        Level of the limits.
    """

    table: pd.DataFrame = field(repr=False)
    confidence: float

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()


def relate(
    phenotypes: Phenotypes, table: pd.DataFrame, *, outcomes: Sequence[str], confidence: float = 0.95
) -> Relations:
    """Compare each cluster with all other patients in outcomes that did not make the clusters.

    Parameters
    ----------
    phenotypes
        With clusters.
    table
        One row a patient of the search, with the column of the participant.
    outcomes
        Numbers (symptom scores), or booleans and 0 / 1 (responder).
    confidence
        Level of the limits.

    Returns
    -------
    Relations
        effect: Hedges' g with its limits, or the difference of shares with Newcombe's (Stat Med 1998;17:873). p: one
        for each outcome over all clusters (Kruskal-Wallis; exact only for large clusters), adjusted over the outcomes
        (Benjamini-Hochberg). Hypotheses, no more: clusters and outcomes come from the same patients.

    Raises
    ------
    FaultsError
        With every fault; an outcome that made the clusters is refused, because it differs by construction.
    """
    labels = phenotypes.labels()
    faults = _faults(phenotypes, table, outcomes, labels)
    if not 0.5 <= confidence < 1:
        faults.append(InputError("confidence out of range", expected="0.5 to below 1", got=f"{confidence:g}"))
    if faults:
        raise FaultsError(faults)
    cluster = table[phenotypes.search.participant].map(labels).to_numpy(dtype=np.intp)
    columns = {name: np.asarray(table[name].astype("float64"), dtype=np.float64) for name in outcomes}
    p = {name: _p(column, cluster) for name, column in columns.items()}
    adjusted = dict(zip(outcomes, stats.false_discovery_control(list(p.values())), strict=True))
    rows = [
        (name, *line, p[name], float(adjusted[name]), LABEL)
        for name, column in columns.items()
        for line in _lines(column, cluster, confidence)
    ]
    return Relations(table=pd.DataFrame(rows, columns=list(COLUMNS)), confidence=confidence)


def newcombe(events: tuple[int, int], counts: tuple[int, int], confidence: float) -> tuple[float, float]:
    """Limits of the difference of two shares from Wilson's limits of each (Newcombe's method 10)."""
    z = float(stats.norm.ppf((1 + confidence) / 2))
    limits = []
    for x, n in zip(events, counts, strict=True):
        share, middle = x / n, (x + z**2 / 2) / (n + z**2)
        reach = z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
        limits.append((share, middle - reach, middle + reach))
    (one, one_low, one_high), (other, other_low, other_high) = limits
    difference = one - other
    low = difference - math.hypot(one - one_low, other_high - other)
    return low, difference + math.hypot(one_high - one, other - other_low)


def _faults(
    phenotypes: Phenotypes, table: pd.DataFrame, outcomes: Sequence[str], labels: pd.Series
) -> list[InputError]:
    search = phenotypes.search
    if search.participant not in table.columns:
        return [InputError("no such column", got=repr(search.participant))]
    who = table[search.participant]
    faults = [InputError("no such column", got=repr(name)) for name in outcomes if name not in table.columns]
    if not outcomes:
        faults.append(InputError("no outcome", expected="at least one", got="none", where="outcomes"))
    if unknown := int((~who.isin(labels.index)).sum()):
        faults.append(InputError("patients without a cluster", expected="those of the search", got=f"{unknown} rows"))
    if twice := int(who.duplicated().sum()):
        faults.append(InputError("a patient stands twice", expected="one row a patient", got=f"{twice} rows"))
    for name in outcomes:
        if name in (*search.numbers, *search.words):
            hint = "search again without it"
            faults.append(InputError("it made the clusters, so it differs between them", where=name, hint=hint))
        elif name in table.columns and not (is_numeric_dtype(table[name]) or is_bool_dtype(table[name])):
            got = str(table[name].dtype)
            faults.append(InputError("no number", expected="numbers, 0 / 1 or booleans", got=got, where=name))
        elif name in table.columns and (table[name].count() < _FEWEST or table[name].nunique() < 2):
            faults.append(InputError("too little is known", expected=f"{_FEWEST} values that differ", where=name))
    return faults


def _p(column: Array, cluster: NDArray[np.intp]) -> float:
    known = ~np.isnan(column)
    groups = [column[known & (cluster == c)] for c in np.unique(cluster)]
    groups = [group for group in groups if len(group)]
    return float(stats.kruskal(*groups).pvalue) if len(groups) > 1 else 1.0


def _lines(
    column: Array, cluster: NDArray[np.intp], confidence: float
) -> list[tuple[int, int, float, float, float, float, float, str]]:
    known = ~np.isnan(column)
    binary = set(np.unique(column[known])) <= {0.0, 1.0}
    lines = []
    for number in np.unique(cluster):
        here, others = column[known & (cluster == number)], column[known & (cluster != number)]
        means = [float(v.mean()) if len(v) else math.nan for v in (here, others)]
        if binary and len(here) and len(others):
            limits = newcombe((int(here.sum()), int(others.sum())), (len(here), len(others)), confidence)
            effect = (means[0] - means[1], *limits, "difference of shares")
        elif binary:
            effect = (math.nan, math.nan, math.nan, "difference of shares")
        else:
            effect = (*hedges_g(here, others, confidence), "hedges_g")
        lines.append((int(number), len(here), means[0], means[1], *effect))
    return lines
