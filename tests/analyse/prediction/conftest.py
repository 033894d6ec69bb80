"""Cohorts whose answer is known, and one finished study of such a cohort."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from lumbomics.analyse.prediction import Prediction, predict


def planted(n: int, *, effect: float, seed: int, rows: int = 1) -> pd.DataFrame:
    """Patients whose risk follows ``foramen`` (``effect`` on the logit for 1 SD) and age; ``disc`` means nothing."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "participant": [f"sub-{i:03d}" for i in range(n)],
            "age": rng.normal(55, 12, n),
            "sex": rng.choice(["f", "m"], n),
            "foramen": rng.normal(60, 10, n),
            "disc": rng.normal(9, 2, n),
            "canal": rng.normal(15, 3, n),
        }
    )
    logit = effect * (table["foramen"] - 60) / 10 + 0.3 * effect * (table["age"] - 55) / 12
    table["responder"] = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(int)
    table["pain"] = 5 - logit + rng.normal(size=n)
    return table.loc[table.index.repeat(rows)].reset_index(drop=True)


@pytest.fixture(scope="session")
def make_cohort() -> Callable[..., pd.DataFrame]:
    return planted


@pytest.fixture(scope="session")
def quick() -> dict[str, int]:
    return {"outer": 3, "inner": 3, "repeats": 1, "bootstrap": 20, "permutations": 0}


@pytest.fixture(scope="session")
def study() -> Prediction:
    table = planted(120, effect=1.8, seed=3)
    table.loc[::10, "disc"] = np.nan
    return predict(
        table,
        outcome="responder",
        features=["age", "sex", "foramen", "disc", "canal"],
        clinical=["age", "sex"],
        outer=3,
        inner=3,
        repeats=2,
        bootstrap=40,
        permutations=19,
        seed=1,
    )
