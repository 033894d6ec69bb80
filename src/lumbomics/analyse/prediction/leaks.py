"""What makes a prediction look better than it is, found in the table before any model is trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_numeric_dtype
from scipy import stats

from lumbomics.analyse.prediction.choices import Task
from lumbomics.analyse.prediction.metrics import auc

Array = NDArray[np.float64]
Places = NDArray[np.intp]

TOO_GOOD = 0.98
"""Rank agreement of one feature alone (2 AUC - 1, so AUC 0.99; or Spearman's) that makes it a disguised outcome."""
_SITE_LEVEL = 0.01
_DISTINCT, _ENOUGH_COLUMNS, _FEWEST = 0.5, 3, 10


class LeakKind(StrEnum):
    """Ways in which a table gives the answer away."""

    TARGET_DERIVED = "target_derived"
    MISSINGNESS = "missingness"
    SAME_PATIENT = "same_patient"
    SITE = "site"


@dataclass(frozen=True, kw_only=True)
class Leak:
    """One finding.

    Parameters
    ----------
    kind
        Which way.
    column
        Feature or site column; empty for rows.
    value
        What was measured: rank agreement (2 AUC - 1, or Spearman's), rows, or p.
    says
        One sentence.
    """

    kind: LeakKind
    column: str
    value: float
    says: str


def find_leaks(
    table: pd.DataFrame, outcome: Array, patients: Places, *, features: Sequence[str], task: Task, site: str | None
) -> tuple[Leak, ...]:
    """Look for outcomes in disguise, patients under two names, and sites that stand for the outcome.

    Parameters
    ----------
    table
        Features and site; numbers as numbers, all else as words.
    outcome
        (n,) 0 and 1, or numbers.
    patients
        (n,) number of the patient.
    features, task, site
        As declared.

    Returns
    -------
    tuple of Leak
        target_derived: one feature alone tells the outcome (rank agreement >= ``TOO_GOOD``). missingness: whether it is
        empty does. same_patient: rows of different patients agree in all finely measured features.
        site: the outcome differs between sites (Kruskal-Wallis over patients, p < 0.01), so that recognising the site
        is enough. None of these is proof, and a leak can hide from all of them: see ``audit_chance``.
    """
    found = [*_disguised(table, outcome, features, task), *_telling_gaps(table, outcome, features, task)]
    found += [*_same(table, patients, features)]
    if site is not None:
        found += [*_site(table[site], outcome, patients, site)]
    return tuple(found)


def _disguised(table: pd.DataFrame, outcome: Array, features: Sequence[str], task: Task) -> Iterator[Leak]:
    for name in features:
        known = table[name].notna().to_numpy()
        column = table.loc[known, name]
        if known.sum() < _FEWEST or np.ptp(outcome[known]) == 0 or column.nunique() < 2:
            continue
        if is_numeric_dtype(column):
            told = abs(_told(column.to_numpy(dtype=np.float64), outcome[known], task))
        else:  # a mean without the row itself leans against the row's outcome: only agreement with it counts
            told = _told(_others_mean(column, outcome[known]), outcome[known], task)
        if told >= TOO_GOOD:
            says = f"{name} alone tells the outcome ({told:.3f}): was it measured after it, or computed from it?"
            yield Leak(kind=LeakKind.TARGET_DERIVED, column=name, value=told, says=says)


def _others_mean(column: pd.Series, outcome: Array) -> Array:
    """Mean outcome of the other rows with the same word, so that a word of one row tells nothing."""
    place = pd.factorize(column)[0]
    total, count = np.bincount(place, outcome)[place], np.bincount(place)[place]
    mean = float(outcome.mean())
    made = np.divide(total - outcome, count - 1, out=np.full(len(outcome), mean), where=count > 1)
    return np.asarray(made, dtype=np.float64)


def _telling_gaps(table: pd.DataFrame, outcome: Array, features: Sequence[str], task: Task) -> Iterator[Leak]:
    for name in features:
        empty = np.asarray(table[name].isna(), dtype=np.float64)
        if not _FEWEST <= empty.sum() <= len(empty) - _FEWEST:
            continue
        told = abs(_told(empty, outcome, task))
        if told >= TOO_GOOD:
            says = f"whether {name} is empty tells the outcome ({told:.3f}): was it only measured in one group?"
            yield Leak(kind=LeakKind.MISSINGNESS, column=name, value=told, says=says)


def _told(x: Array, outcome: Array, task: Task) -> float:
    """Rank agreement from -1 to 1: 2 AUC - 1, or Spearman's correlation; 0 where x is constant."""
    if np.ptp(x) == 0:
        return 0.0
    if task is Task.BINARY:
        return 2 * auc(outcome, x) - 1
    return float(stats.spearmanr(x, outcome).statistic)


def _same(table: pd.DataFrame, patients: Places, features: Sequence[str]) -> Iterator[Leak]:
    least = _DISTINCT * len(np.unique(patients))
    fine = [name for name in features if is_numeric_dtype(table[name]) and table[name].nunique() > least]
    if len(fine) < _ENOUGH_COLUMNS:
        return
    full = table[fine].notna().all(axis=1).to_numpy()
    held = table.loc[full, fine].assign(_patient=patients[full]).drop_duplicates()
    twice = int(held.duplicated(fine, keep=False).sum())
    if twice:
        says = f"{twice} rows of different patients agree in all of {len(fine)} measured features: one patient twice?"
        yield Leak(kind=LeakKind.SAME_PATIENT, column="", value=float(twice), says=says)


def _site(sites: pd.Series, outcome: Array, patients: Places, name: str) -> Iterator[Leak]:
    rows = pd.DataFrame({"patient": patients, "site": sites.to_numpy(), "outcome": outcome})
    by_patient = rows.groupby(["patient", "site"], sort=False)["outcome"].mean().reset_index()
    groups = [part.to_numpy() for _, part in by_patient.groupby("site")["outcome"]]
    if len(groups) < 2 or by_patient["outcome"].nunique() < 2:
        return
    p = float(stats.kruskal(*groups).pvalue)
    if p < _SITE_LEVEL:
        says = f"the outcome differs between values of {name} (p {p:.2g}): read the metric within sites"
        yield Leak(kind=LeakKind.SITE, column=name, value=p, says=says)
