"""Whether acting on a predicted risk does more good than treating all or none.

Net benefit = TP / n - FP / n t / (1 - t) at threshold t: Vickers AJ, Elkin EB. Med Decis Making 2006;26:565.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]
Places = NDArray[np.intp]


def net_benefit(outcome: Array, risk: Array, thresholds: Array) -> Array:
    """Net benefit (k,) of acting where risk (n,) is at or above each threshold, per patient.

    Parameters
    ----------
    outcome
        (n,) 0 and 1.
    risk
        (n,) between 0 and 1.
    thresholds
        (k,) between 0 and 1: the risk at which harm and good of acting are equal.
    """
    acted = risk[:, None] >= thresholds
    true, false = outcome @ acted / len(outcome), (1 - outcome) @ acted / len(outcome)
    return np.asarray(true - false * thresholds / (1 - thresholds), dtype=np.float64)


def treat_all(outcome: Array, thresholds: Array) -> Array:
    """Net benefit (k,) of acting in every patient."""
    share = float(outcome.mean())
    return np.asarray(share - (1 - share) * thresholds / (1 - thresholds), dtype=np.float64)


def decision_table(
    outcome: Array, risks: dict[str, Array], thresholds: Array, draws: Sequence[Places], confidence: float
) -> pd.DataFrame:
    """One row a model and threshold, with bootstrap limits.

    Parameters
    ----------
    outcome
        (n,) 0 and 1.
    risks
        Model name to risks (repeats, n).
    thresholds
        (k,) as in ``net_benefit``.
    draws
        Rows of each bootstrap sample.
    confidence
        Level of the limits.

    Returns
    -------
    pandas.DataFrame
        model, threshold, net_benefit, low, high, treat_all, gain (over the better of all and none), gain_low,
        gain_high.
    """
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    tables = []
    for name, risk in risks.items():
        benefit = _mean_benefit(outcome, risk, thresholds)
        every = treat_all(outcome, thresholds)
        boot = np.array([_mean_benefit(outcome[d], risk[:, d], thresholds) for d in draws])
        rival = np.array([np.maximum(treat_all(outcome[d], thresholds), 0) for d in draws])
        low, high = np.quantile(boot, tails, axis=0)
        gain_low, gain_high = np.quantile(boot - rival, tails, axis=0)
        columns = {"net_benefit": benefit, "low": low, "high": high, "treat_all": every}
        gains = {"gain": benefit - np.maximum(every, 0), "gain_low": gain_low, "gain_high": gain_high}
        tables.append(pd.DataFrame({"model": name, "threshold": thresholds, **columns, **gains}))
    return pd.concat(tables, ignore_index=True)


def _mean_benefit(outcome: Array, risk: Array, thresholds: Array) -> Array:
    return np.asarray(np.mean([net_benefit(outcome, row, thresholds) for row in risk], axis=0), dtype=np.float64)
