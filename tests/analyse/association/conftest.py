"""A cohort with planted effects, shared by the tests of associations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

ADJUST = ["age", "sex", "bmi", "site", "months"]


def make_cohort(n: int, biomarkers: int, scores: int, *, seed: int, gaps: float = 0.0) -> pd.DataFrame:
    """Biomarkers ``b*`` and scores ``s*`` that share age; ``b0`` drives ``s0`` (+), ``b1`` drives ``s1`` (-)."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "participant_id": [f"sub-{i:05d}" for i in range(n)],
            "age": rng.normal(55, 12, n),
            "sex": rng.choice(["f", "m"], n),
            "bmi": rng.normal(27, 4, n),
            "site": rng.choice(["a", "b", "c"], n),
            "months": rng.exponential(24, n),
        }
    )
    age = table["age"].to_numpy()[:, None]
    x = 10 + 3 * rng.normal(size=(n, biomarkers)) + 0.05 * age
    y = 30 + 5 * rng.normal(size=(n, scores)) + 0.2 * age
    y[:, 0] += 0.8 * x[:, 0]
    if scores > 1 and biomarkers > 1:
        y[:, 1] -= 0.8 * x[:, 1]
    for block in (x, y):
        block[rng.random(block.shape) < gaps] = np.nan
    named = [pd.DataFrame(v, columns=[f"{c}{i}" for i in range(v.shape[1])]) for c, v in (("b", x), ("s", y))]
    return pd.concat([table, *named], axis=1)


@pytest.fixture(scope="package")
def cohort() -> pd.DataFrame:
    return make_cohort(120, 5, 3, seed=1)


@pytest.fixture(scope="package")
def gappy() -> pd.DataFrame:
    table = make_cohort(120, 5, 3, seed=2, gaps=0.15)
    table.loc[::17, "bmi"] = np.nan
    return table


@pytest.fixture(scope="package")
def nested() -> pd.DataFrame:
    """Five levels of 60 patients; the level's biomarker drives the level's pain, patients differ."""
    rng = np.random.default_rng(3)
    patients = np.repeat(np.arange(60), 5)
    own, age = rng.normal(size=60)[patients], rng.normal(55, 10, 60)[patients]
    area = 60 + 12 * rng.normal(size=300) + 6 * own
    table = pd.DataFrame({"participant_id": [f"sub-{i:02d}" for i in patients], "level": np.tile(list("abcde"), 60)})
    pain = 5 - 0.05 * area + 1.5 * rng.normal(size=60)[patients] + rng.normal(size=300) + 0.02 * age
    return table.assign(age=age, area=area, pain=pain, whole=np.repeat(rng.normal(size=60), 5))
