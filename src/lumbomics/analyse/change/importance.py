"""Does the change matter to the patient: scores against the smallest change that patients call important."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from scipy import stats

from lumbomics.analyse.change.individual import IndividualChanges
from lumbomics.catalogue import load_instruments
from lumbomics.core.errors import FaultsError, InputError


class Importance(StrEnum):
    """What a change means to the patient."""

    IMPROVED = "improved"
    WORSENED = "worsened"
    UNCHANGED = "unchanged"
    NOT_ASSESSABLE = "not_assessable"


@dataclass(frozen=True, kw_only=True)
class ImportantDifference:
    """Smallest change of a score that patients call important.

    Parameters
    ----------
    amount
        Points, or percent of the score before.
    relative
        Whether ``amount`` is percent of the score before.
    higher_is_worse
        Whether a fall is the improvement.
    source
        Where the number comes from.
    verified
        Whether it was checked against that source.
    """

    amount: float
    relative: bool
    higher_is_worse: bool
    source: str
    verified: bool = True

    def __post_init__(self) -> None:
        if not (math.isfinite(self.amount) and self.amount > 0):
            raise InputError("an important difference lies above 0", got=str(self.amount))


@dataclass(frozen=True, kw_only=True, eq=False)
class ClinicalChanges:
    """Importance of single patients' changes.

    Parameters
    ----------
    frame
        Rows of ``IndividualChanges`` of the judged scores, with ``threshold`` (points, for this patient),
        ``importance``, ``importance_source`` and ``importance_verified``.
    """

    frame: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Copy of the rows."""
        return self.frame.copy()

    def responders(self, *, confidence: float = 0.95) -> pd.DataFrame:
        """Share improved of each score, with Wilson's interval; those without both visits are counted apart."""
        rows = []
        for (name, side), part in self.frame.groupby(["biomarker", "side"], dropna=False):
            judged = part[part["importance"] != Importance.NOT_ASSESSABLE]
            improved = int((judged["importance"] == Importance.IMPROVED).sum())
            cells = {"score": name, "side": side, "improved": improved, "n": len(judged)}
            cells["worsened"] = int((judged["importance"] == Importance.WORSENED).sum())
            cells["not_assessable"] = len(part) - len(judged)
            if len(judged):
                interval = stats.binomtest(improved, len(judged)).proportion_ci(confidence, method="wilson")
                cells |= {"share": improved / len(judged), "ci_low": interval.low, "ci_high": interval.high}
            rows.append(cells)
        return pd.DataFrame(rows)


def important_difference(instrument: str, *, relative: bool = False) -> ImportantDifference:
    """Take the important difference of an instrument from the catalogue: its first record, in points or in percent.

    Where the literature gives a span, the upper end is taken: fewer changes are called important.

    Parameters
    ----------
    instrument
        Catalogue id (``odi``, ``nrs_leg`` …).
    relative
        Whether the record in percent of the score before is wanted.

    Raises
    ------
    InputError
        If the instrument is unknown, has no such record, or has no direction.
    """
    records = load_instruments()
    if instrument not in records:
        raise InputError("unknown instrument", expected=", ".join(sorted(records)), got=repr(instrument))
    record = records[instrument]
    fitting = [change for change in record.important_change if change.unit.startswith("%") is relative]
    if not fitting or record.higher_is_worse is None:
        raise InputError(
            "the catalogue has no important difference of this kind",
            expected="a record in percent" if relative else "a record in points",
            got=", ".join(change.unit for change in record.important_change) or "none",
            where=instrument,
            hint="build an ImportantDifference with its source",
        )
    first = fitting[0]
    return ImportantDifference(
        amount=first.high,
        relative=relative,
        higher_is_worse=record.higher_is_worse,
        source=first.source,
        verified=not first.is_unverified,
    )


def clinical_change(changes: IndividualChanges, differences: Mapping[str, ImportantDifference]) -> ClinicalChanges:
    """Call each patient improved, worsened or unchanged on each score.

    A change of exactly the important difference counts. A percentage of a score of 0 is not assessable.

    Parameters
    ----------
    changes
        From ``individual_change``, of a long table whose ``biomarker`` names the score.
    differences
        Important difference of each score; other rows are left out.

    Raises
    ------
    FaultsError
        If ``differences`` names scores that the changes lack.

    Notes
    -----
    An important difference is found in groups, with one anchor; a change beyond it in one patient can still be error of
    measurement: look at ``verdict`` in the same row.
    """
    faults = [
        InputError("no change of this score", got=name)
        for name in sorted(set(differences) - set(changes.frame["biomarker"]))
    ]
    if faults:
        raise FaultsError(faults)
    rows = changes.frame[changes.frame["biomarker"].isin(list(differences))].reset_index(drop=True)
    known = [differences[name] for name in rows["biomarker"]]
    rows["threshold"] = [
        abs(before) * d.amount / 100 if d.relative else d.amount
        for before, d in zip(rows["before"], known, strict=True)
    ]
    gain = rows["change"] * [-1.0 if d.higher_is_worse else 1.0 for d in known]
    # A sum of decimal scores may miss its threshold by rounding.
    margin = rows["threshold"] - 1e-9
    open_case = rows["change"].isna() | (rows["threshold"] == 0)
    rows["importance"] = np.select(
        [open_case.to_numpy(), (gain >= margin).to_numpy(), (gain <= -margin).to_numpy()],
        [str(Importance.NOT_ASSESSABLE), str(Importance.IMPROVED), str(Importance.WORSENED)],
        str(Importance.UNCHANGED),
    )
    rows["importance_source"] = [d.source for d in known]
    rows["importance_verified"] = [d.verified for d in known]
    return ClinicalChanges(frame=rows)
