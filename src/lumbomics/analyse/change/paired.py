"""Has the group changed: before and after surgery, before and under stimulation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from lumbomics.analyse.change.visits import VisitPair, before_and_after
from lumbomics.analyse.reliability.estimate import Estimate, FloatArray, checked_confidence
from lumbomics.analyse.tables import long_table
from lumbomics.core.anatomy import Side
from lumbomics.core.measurement import Absent, Reason


@dataclass(frozen=True, kw_only=True)
class PairedChange:
    """Change of one biomarker (or score) at one level and side in a group.

    Parameters
    ----------
    biomarker, method, level, side, unit
        What was measured.
    before, after
        Means of the participants with both values.
    change
        Mean of after - before with the interval of the paired t test.
    response_mean
        Standardised response mean, mean change / its standard deviation; ``None`` where all changed alike.
    p_t, p_wilcoxon
        p of the paired t test and of Wilcoxon's signed ranks (zeros after Pratt); ``None`` where all changed alike.
    p_fdr
        ``p_t`` after Benjamini and Hochberg over all rows of the call.
    n
        Participants with both values.
    missing
        Participants with a pair of visits and one value or none.
    """

    biomarker: str
    method: str | None
    level: str | None
    side: str | None
    unit: str | None
    before: float
    after: float
    change: Estimate
    response_mean: float | None
    p_t: float | None
    p_wilcoxon: float | None
    p_fdr: float | None
    n: int
    missing: int


@dataclass(frozen=True, kw_only=True)
class PairedChanges:
    """All biomarkers of a comparison.

    Parameters
    ----------
    changes
        What could be judged.
    absent
        What could not, and why.
    """

    changes: tuple[PairedChange, ...]
    absent: tuple[Absent, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row a biomarker, method, level and side; absent ones with their reason."""
        rows = [
            {**{name: getattr(c, name) for name in _PLAIN}, **c.change.columns("change"), "status": "ok"}
            for c in self.changes
        ]
        lost = [
            {"biomarker": a.biomarker, "method": a.method, "level": a.level, "side": a.side, "status": "absent",
             "detail": a.detail}
            for a in self.absent
        ]  # fmt: skip
        return pd.DataFrame([*rows, *lost])


_PLAIN = (
    "biomarker", "method", "level", "side", "unit", "before", "after", "response_mean", "p_t", "p_wilcoxon", "p_fdr",
    "n", "missing",
)  # fmt: skip


def paired_change(table: pd.DataFrame, pairs: tuple[VisitPair, ...], *, confidence: float = 0.95) -> PairedChanges:
    """Mean change of every biomarker, level and side between two visits.

    Parameters
    ----------
    table
        Long measurement table.
    pairs
        Visits, one pair a participant (``pairs_around_event``, ``pairs_of_sessions``).
    confidence
        Of the intervals.

    Raises
    ------
    FaultsError, InputError
        As in ``long_table`` and ``before_and_after``.

    Notes
    -----
    Complete pairs only. Without a control group a change is no effect of the treatment: time, regression to the mean
    (patients are operated on when they are worst) and other treatment are in it.
    """
    checked_confidence(confidence)
    rows = before_and_after(long_table(table), pairs)
    keys = ["biomarker", "method", "level", "side"]
    found, absent = [], []
    for _, part in rows.groupby(keys, dropna=False, sort=False):
        first = part[keys].iloc[0]
        names = {name: None if pd.isna(first[name]) else str(first[name]) for name in keys}
        both = part.dropna(subset=["before", "after"])
        if len(both) < 3:
            absent.append(_absent(names, len(both)))
            continue
        found.append({**names, **_judged(part, both, confidence)})
    tested = [row["p_t"] for row in found if row["p_t"] is not None]
    corrected = iter(stats.false_discovery_control(tested) if tested else ())
    changes = [PairedChange(**row, p_fdr=None if row["p_t"] is None else float(next(corrected))) for row in found]
    return PairedChanges(changes=tuple(changes), absent=tuple(absent))


def _absent(names: dict[str, str | None], n: int) -> Absent:
    side = None if names["side"] is None else Side(names["side"])
    return Absent(
        biomarker=names["biomarker"] or "", method=names["method"], level=names["level"], side=side,
        reason=Reason.UNDEFINED, detail=f"{n} participants with both values; 3 or more are needed",
    )  # fmt: skip


def _judged(part: pd.DataFrame, both: pd.DataFrame, confidence: float) -> dict[str, Any]:
    before, after = both["before"].to_numpy(dtype=np.float64), both["after"].to_numpy(dtype=np.float64)
    change: FloatArray = after - before
    n, mean, sd = len(change), float(change.mean()), float(change.std(ddof=1))
    half = float(stats.t.ppf((1 + confidence) / 2, n - 1)) * sd / math.sqrt(n)
    varied = sd > 1e-12 * max(1.0, float(np.abs(before).max()))
    return {
        "unit": None if both["unit"].isna().all() else str(both["unit"].iloc[0]),
        "before": float(before.mean()),
        "after": float(after.mean()),
        "change": Estimate(value=mean, ci_low=mean - half, ci_high=mean + half),
        "response_mean": mean / sd if varied else None,
        "p_t": float(stats.ttest_rel(after, before).pvalue) if varied else None,
        "p_wilcoxon": float(stats.wilcoxon(change, zero_method="pratt", method="approx").pvalue) if varied else None,
        "n": n,
        "missing": len(part) - n,
    }
