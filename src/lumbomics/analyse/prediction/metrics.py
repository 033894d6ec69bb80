"""How good predictions are, in one number each."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from lumbomics.analyse.prediction import calibration
from lumbomics.analyse.prediction.choices import Task

Array = NDArray[np.float64]
Places = NDArray[np.intp]

CHANCE: Final = {
    "auc": 0.5,
    "auc_within_site": 0.5,
    "brier_scaled": 0.0,
    "r2": 0.0,
    "r2_within_site": 0.0,
}
"""Value of a model that knows nothing, for the metrics that have one whatever the cohort."""
HEADLINE: Final = {Task.BINARY: "auc", Task.CONTINUOUS: "r2"}
"""Metric of the permutation test."""


def measure(
    task: Task, outcome: Array, predicted: Array, *, fold: Places, sites: Places | None = None
) -> dict[str, float]:
    """All metrics of predictions (n,) against outcomes (n,).

    Parameters
    ----------
    task
        Risks of 0 / 1 outcomes, or numbers.
    outcome, predicted
        (n,) each; both classes occur.
    fold
        (n,) number of the fold. The AUC only compares rows that one model predicted: over folds, a model that knows
        nothing follows the mean of its training rows, which is low where the test rows are high, and falls below 0.5.
    sites
        (n,) number of the site. With it, discrimination is also taken between rows of the same site only: what is left
        of a model that merely recognised the site.

    Returns
    -------
    dict
        Binary: auc, brier, brier_scaled (1 - Brier / Brier of the prevalence), log_loss, calibration_intercept,
        calibration_slope, observed_expected, ici. Numbers: r2, rmse, mae, calibration_intercept, calibration_slope,
        ici. NaN where the rows do not tell.
    """
    made = _of_risks(outcome, predicted) if task is Task.BINARY else _of_numbers(outcome, predicted)
    made = {HEADLINE[task]: headline(task, outcome, predicted, fold), **made}
    made["calibration_intercept"] = calibration.intercept(task, outcome, predicted)
    made["calibration_slope"] = calibration.slope(task, outcome, predicted)
    made["ici"] = calibration.ici(task, outcome, predicted)
    if sites is not None:
        made[f"{HEADLINE[task]}_within_site"] = (
            auc_within(outcome, predicted, fold * (int(sites.max()) + 1) + sites)
            if task is Task.BINARY
            else _r2_within(outcome, predicted, sites)
        )
    return made


def auc(outcome: Array, predicted: Array) -> float:
    """Share of pairs of the two classes that the predictions put in the right order; ties count half."""
    ones = outcome > 0
    high, low = int(ones.sum()), int((~ones).sum())
    if not high or not low:
        return float("nan")
    return float((rankdata(predicted)[ones].sum() - high * (high + 1) / 2) / (high * low))


def r2(outcome: Array, predicted: Array) -> float:
    """1 - squared errors over squared distances from the mean; below 0 for a model worse than the mean."""
    spread = float(((outcome - outcome.mean()) ** 2).sum())
    return 1 - float(((outcome - predicted) ** 2).sum()) / spread if spread > 0 else float("nan")


def headline(task: Task, outcome: Array, predicted: Array, fold: Places) -> float:
    """Value of the metric that the permutation test looks at."""
    return auc_within(outcome, predicted, fold) if task is Task.BINARY else r2(outcome, predicted)


def _of_risks(outcome: Array, predicted: Array) -> dict[str, float]:
    share, brier = float(outcome.mean()), float(((outcome - predicted) ** 2).mean())
    risk = np.clip(predicted, 1e-6, 1 - 1e-6)
    return {
        "brier": brier,
        "brier_scaled": 1 - brier / (share * (1 - share)) if 0 < share < 1 else float("nan"),
        "log_loss": -float((outcome * np.log(risk) + (1 - outcome) * np.log(1 - risk)).mean()),
        "observed_expected": share / float(predicted.mean()),
    }


def _of_numbers(outcome: Array, predicted: Array) -> dict[str, float]:
    error = outcome - predicted
    return {
        "rmse": float(np.sqrt((error**2).mean())),
        "mae": float(np.abs(error).mean()),
    }


def auc_within(outcome: Array, predicted: Array, parts: Places) -> float:
    """Concordance over pairs of rows of the same part (fold, site), parts numbered (n,) from 0."""
    right = pairs = 0.0
    for part in np.unique(parts):
        here = parts == part
        count = float(outcome[here].sum() * (1 - outcome[here]).sum())
        if count:
            right, pairs = right + count * auc(outcome[here], predicted[here]), pairs + count
    return right / pairs if pairs else float("nan")


def _r2_within(outcome: Array, predicted: Array, sites: Places) -> float:
    """R² after each site's mean is taken from outcomes and predictions."""
    counts = np.maximum(np.bincount(sites), 1)
    centred = [v - (np.bincount(sites, v) / counts)[sites] for v in (outcome, predicted)]
    return r2(*centred)
