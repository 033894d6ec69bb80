"""Cohorts with three kinds of patients, and with one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from lumbomics.analyse.phenotype import Phenotypes, find_phenotypes

FEATURES = ["lordosis", "canal", "fat", "disc", "modic"]
CENTRES = np.array([[0, 0, 0, 0], [4, 0, 4, 0], [0, 4, 4, 4]])


def three_kinds(n: int, *, seed: int) -> pd.DataFrame:
    """Column ``kind`` is the truth; pain rises with it, response is most likely in kind 2."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, n)
    table = pd.DataFrame({"participant": [f"sub-{i:03d}" for i in range(n)], "kind": kind})
    table[FEATURES[:4]] = CENTRES[kind] + rng.normal(size=(n, 4))
    told = np.array(["none", "type 1", "type 2"])
    table["modic"] = np.where(rng.random(n) < 0.85, told[kind], rng.choice(told, n))
    table["pain"] = 2 * kind + rng.normal(size=n)
    table["responder"] = rng.random(n) < np.array([0.2, 0.3, 0.8])[kind]
    return table


def one_kind(n: int, *, seed: int) -> pd.DataFrame:
    """Correlated, skewed numbers and a word, and no clusters."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(n, 1))
    table = pd.DataFrame(0.6 * common + 0.8 * rng.normal(size=(n, 4)), columns=FEATURES[:4])
    table["fat"] = np.exp(0.6 * table["fat"])
    table["modic"] = np.where(rng.random(n) < 0.4, "none", "type 1")
    return table.assign(participant=range(n))


@pytest.fixture(scope="session")
def cohorts() -> tuple[Callable[..., pd.DataFrame], Callable[..., pd.DataFrame]]:
    return three_kinds, one_kind


@pytest.fixture(scope="session")
def three() -> pd.DataFrame:
    return three_kinds(90, seed=0)


@pytest.fixture(scope="session")
def found(three: pd.DataFrame) -> Phenotypes:
    table = three.copy()
    table.loc[::9, "canal"] = np.nan
    return find_phenotypes(table, features=FEATURES, clusters=(2, 3, 4), nulls=19, bootstrap=12, seed=1)
