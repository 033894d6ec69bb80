"""How well grades agree with a reader's: kappas, balanced accuracy, areas under the curve, by patient."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score, roc_auc_score

from lumbomics.train.grade_sets import Target

_DRAWS, _SEED = 500, 7


def scores(table: pd.DataFrame, target: Target) -> dict[str, float]:
    """Agreement of the most probable category (ordered grades) or of the probability (findings) with the reader."""
    truth = table["grade"].to_numpy()
    chance = table[[f"p_{name}" for name in target.categories]].to_numpy()
    if len(target.categories) == 2:
        return {"auc": float(roc_auc_score(truth, chance[:, 1])) if 0 < truth.mean() < 1 else float("nan")}
    told = chance.argmax(axis=1)
    return {
        "kappa_quadratic": float(cohen_kappa_score(truth, told, weights="quadratic")),
        "kappa_linear": float(cohen_kappa_score(truth, told, weights="linear")),
        "balanced_accuracy": float(balanced_accuracy_score(truth, told)),
        "within_one_grade": float((np.abs(truth - told) <= 1).mean()),
    }


def intervals_by_patient(table: pd.DataFrame, target: Target) -> dict[str, tuple[float, float]]:
    """95 % interval of every score: patients are drawn with replacement, all their discs together."""
    rows = [group.to_numpy() for group in table.reset_index(drop=True).groupby("patient").groups.values()]
    rng = np.random.default_rng(_SEED)
    drawn = pd.DataFrame([scores(table.iloc[_draw(rows, rng)], target) for _ in range(_DRAWS)])
    return {str(name): (float(drawn[name].quantile(0.025)), float(drawn[name].quantile(0.975))) for name in drawn}


def _draw(rows: list[NDArray[np.intp]], rng: np.random.Generator) -> NDArray[np.intp]:
    return np.concatenate([rows[at] for at in rng.integers(0, len(rows), len(rows))])
