"""How well grades agree with a reader's: kappas, balanced accuracy, areas under the curve, calibration, by patient."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score, roc_auc_score

from lumbomics.train.grade_sets import Target
from lumbomics.train.ordinal import fit_ordinal

_DRAWS, _SEED = 500, 7
_LEAST_CHANCE = 1e-4


def scores(table: pd.DataFrame, target: Target) -> dict[str, float]:
    """Agreement with the reader: of the named category (ordered grades), of the probability (findings).

    Parameters
    ----------
    table
        One row a disc and division: ``division``, ``grade``, ``told``, one probability a category.

    Returns
    -------
    Mean over the divisions; each division is scored by itself.
    """
    found = pd.DataFrame([_scores(part, target) for _, part in table.groupby("division")])
    return {str(name): float(found[name].mean()) for name in found}


def _scores(table: pd.DataFrame, target: Target) -> dict[str, float]:
    truth, told = table["grade"].to_numpy(), table["told"].to_numpy()
    if len(target.categories) == 2:
        chance = table[f"p_{target.categories[1]}"].to_numpy()
        return {"auc": float(roc_auc_score(truth, chance)) if 0 < truth.mean() < 1 else float("nan")}
    return {
        "kappa_quadratic": float(cohen_kappa_score(truth, told, weights="quadratic")),
        "kappa_linear": float(cohen_kappa_score(truth, told, weights="linear")),
        "balanced_accuracy": float(balanced_accuracy_score(truth, told)),
        "within_one_grade": float((np.abs(truth - told) <= 1).mean()),
    }


def intervals_by_patient(table: pd.DataFrame, target: Target, *, draws: int = _DRAWS) -> dict[str, tuple[float, float]]:
    """95 % interval of every score: patients are drawn with replacement, all their discs together."""
    rows = [group.to_numpy() for group in table.reset_index(drop=True).groupby("patient").groups.values()]
    rng = np.random.default_rng(_SEED)
    drawn = pd.DataFrame([scores(table.iloc[_draw(rows, rng)], target) for _ in range(draws)])
    return {str(name): (float(drawn[name].quantile(0.025)), float(drawn[name].quantile(0.975))) for name in drawn}


def _draw(rows: list[NDArray[np.intp]], rng: np.random.Generator) -> NDArray[np.intp]:
    return np.concatenate([rows[at] for at in rng.integers(0, len(rows), len(rows))])


def at_least(table: pd.DataFrame, target: Target) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Probability of every category or a higher one, and whether the reader gave it, both flat."""
    chance = table[[f"p_{name}" for name in target.categories]].to_numpy()
    above = chance[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
    reached = table["grade"].to_numpy()[:, None] >= np.arange(1, len(target.categories))
    return np.clip(above.ravel(), 0.0, 1.0), reached.ravel()


def calibration(table: pd.DataFrame, target: Target) -> dict[str, float]:
    """Tell how stated probabilities relate to frequencies.

    ``slope`` and ``intercept`` of the logistic regression of what the reader said on the logit of the probability (1
    and 0 where it is calibrated; a slope below 1 means stated too extreme), ``expected_error`` the mean distance of
    probability and frequency over tenths of the discs.
    """
    chance, reached = at_least(table, target)
    clipped = np.clip(chance, _LEAST_CHANCE, 1 - _LEAST_CHANCE)
    logit = np.log(clipped / (1 - clipped))
    line = fit_ordinal(logit[:, None], reached.astype(np.intp), categories=2, penalty=0.0)
    slope = float(line.weight[0] / line.scale[0])
    tenths = reliability(table, target, parts=10)
    error = np.average(np.abs(tenths["stated"] - tenths["found"]), weights=tenths["discs"])
    intercept = float(-line.threshold[0] - slope * line.centre[0])
    return {"slope": slope, "intercept": intercept, "expected_error": float(error)}


def reliability(table: pd.DataFrame, target: Target, *, parts: int) -> pd.DataFrame:
    """Mean stated probability and frequency in equal parts of the discs, by rising probability."""
    chance, reached = at_least(table, target)
    order = np.argsort(chance, kind="stable")
    pieces = np.array_split(order, parts)
    rows = [{"stated": chance[p].mean(), "found": reached[p].mean(), "discs": len(p)} for p in pieces if len(p)]
    return pd.DataFrame(rows)
