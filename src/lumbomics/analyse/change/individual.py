"""Has this patient changed: every biomarker and level against the error of measurement."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from lumbomics.analyse.change.visits import VisitPair, before_and_after
from lumbomics.analyse.tables import long_table
from lumbomics.core.errors import FaultsError, InputError

_Z: Final = float(stats.norm.ppf(0.975))


class Verdict(StrEnum):
    """What a change amounts to beside the error of measurement."""

    INCREASE = "increase"
    DECREASE = "decrease"
    WITHIN_ERROR = "within_error"
    UNKNOWN_ERROR = "unknown_error"
    """The error of measurement is not known: the change is shown and not judged."""
    NOT_ASSESSABLE = "not_assessable"
    """One of both visits lacks the value."""


@dataclass(frozen=True, kw_only=True)
class MeasurementError:
    """Error of one measurement of a biomarker.

    Parameters
    ----------
    sem
        Standard error of measurement, unit of the biomarker, above 0. Between visits read by different raters or
        scanners it is the one of agreement; by the same, the one of consistency.
    source
        Where it comes from (the reliability study, the paper).
    """

    sem: float
    source: str

    def __post_init__(self) -> None:
        if not (math.isfinite(self.sem) and self.sem > 0):
            raise InputError("standard error of measurement out of range", expected="above 0", got=str(self.sem))

    @classmethod
    def from_reliability(cls, *, sd: float, reliability: float, source: str) -> MeasurementError:
        """Error from a sample's standard deviation and its reliability coefficient: SEM = sd sqrt(1 - r)."""
        if not 0 <= reliability < 1 or sd <= 0:
            raise InputError(
                "sd or reliability out of range", expected="sd > 0, 0 <= r < 1", got=f"{sd}, {reliability}"
            )
        return cls(sem=sd * math.sqrt(1 - reliability), source=source)

    @property
    def mdc95(self) -> float:
        """Smallest change beyond error: 1.96 √2 SEM, unit of the biomarker."""
        return _Z * math.sqrt(2) * self.sem


@dataclass(frozen=True, kw_only=True, eq=False)
class IndividualChanges:
    """Changes of single patients.

    Parameters
    ----------
    frame
        One row a participant, biomarker, method, level and side: ``before``, ``after``, ``change`` (after - before),
        ``mdc95``, ``reliable_change_index``, ``verdict``, ``error_source``, ``unit`` and both sessions.
    """

    frame: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Copy of the rows."""
        return self.frame.copy()

    def counts(self) -> pd.DataFrame:
        """How many patients and levels got which verdict, one row a biomarker, level and side."""
        keys = [name for name in ("biomarker", "method", "level", "side") if self.frame[name].notna().any()]
        counted = self.frame.groupby([*keys, "verdict"], dropna=False).size().unstack(fill_value=0)
        return counted.reindex(columns=[str(verdict) for verdict in Verdict], fill_value=0).reset_index()


def reliable_change_index(before: float, after: float, *, sd: float, reliability: float) -> float:
    """Jacobson and Truax's reliable change index: (after - before) / (√2 sd sqrt(1 - r)).

    Beyond ± 1.96 a change is larger than error alone makes in 95 % of unchanged patients. It does not say that the
    change matters to the patient.

    Parameters
    ----------
    before, after
        Values of one patient, same unit.
    sd
        Standard deviation of a reference sample at one visit, same unit.
    reliability
        Test-retest reliability r of the instrument in such a sample, 0 to below 1.

    Raises
    ------
    InputError
        If ``sd`` or ``reliability`` is out of range.

    References
    ----------
    Jacobson and Truax, Journal of Consulting and Clinical Psychology 1991;59:12-19.
    """
    error = MeasurementError.from_reliability(sd=sd, reliability=reliability, source="arguments")
    return (after - before) / (math.sqrt(2) * error.sem)


def individual_change(
    table: pd.DataFrame,
    pairs: tuple[VisitPair, ...],
    *,
    errors: Mapping[str, MeasurementError] | None = None,
    use_own_se: bool = False,
) -> IndividualChanges:
    """Judge each patient's change of each biomarker, level and side.

    A change is called an increase or a decrease where it exceeds MDC95 = 1.96 √2 SEM (the same as a reliable change
    index beyond 1.96).

    Parameters
    ----------
    table
        Long measurement table.
    pairs
        Visits to compare, one pair a participant.
    errors
        Error of measurement of each biomarker, by its name.
    use_own_se
        Whether a biomarker without an entry is judged by the standard errors that stand beside its two values,
        1.96 sqrt(se_before² + se_after²). They hold what the measuring function knows (edges, resolution) and not
        repositioning or another rater, so they call too many changes.

    Raises
    ------
    FaultsError
        As in ``long_table``; or if ``errors`` names biomarkers that the table lacks.
    InputError
        As in ``before_and_after``.

    Notes
    -----
    With many biomarkers and levels, 5 % of unchanged ones exceed MDC95 by chance.
    """
    checked = long_table(table)
    known = dict(errors or {})
    strange = sorted(set(known) - set(checked["biomarker"]))
    if strange:
        raise FaultsError([InputError("error of a biomarker that the table lacks", got=name) for name in strange])
    rows = before_and_after(checked, pairs)
    rows["change"] = rows["after"] - rows["before"]
    stated = rows["biomarker"].map({name: error.mdc95 for name, error in known.items()}).astype("float64")
    own: pd.Series = _Z * (rows["se_before"] ** 2 + rows["se_after"] ** 2) ** 0.5
    usable = own.where(stated.isna() & (own > 0)) if use_own_se else pd.Series(np.nan, index=rows.index)
    rows["mdc95"] = stated.fillna(usable)
    rows["reliable_change_index"] = rows["change"] / (rows["mdc95"] / _Z)
    rows["verdict"] = _verdicts(rows)
    sources = rows["biomarker"].map({name: error.source for name, error in known.items()}).astype(object)
    rows["error_source"] = sources.where(stated.notna(), None).where(usable.isna(), "own standard errors")
    return IndividualChanges(frame=rows)


def _verdicts(rows: pd.DataFrame) -> pd.Series:
    choices = [
        (rows["change"].isna(), Verdict.NOT_ASSESSABLE),
        (rows["mdc95"].isna(), Verdict.UNKNOWN_ERROR),
        (rows["change"] > rows["mdc95"], Verdict.INCREASE),
        (rows["change"] < -rows["mdc95"], Verdict.DECREASE),
    ]
    found = np.select(
        [condition.to_numpy() for condition, _ in choices], [str(v) for _, v in choices], str(Verdict.WITHIN_ERROR)
    )
    return pd.Series(found, index=rows.index, dtype=object)
