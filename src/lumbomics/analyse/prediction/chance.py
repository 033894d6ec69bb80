"""Bootstrap and permutation of patients: how sure a number is, and what chance alone would give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from lumbomics.core.errors import InputError

Array = NDArray[np.float64]
Places = NDArray[np.intp]

_LEAK_LEVEL = 0.01


@dataclass(frozen=True, kw_only=True)
class PermutationTest:
    """A result beside those of outcomes dealt anew to patients.

    Parameters
    ----------
    metric
        Name of the statistic.
    observed, chance
        Its value, and its mean over permutations.
    p
        (1 + permutations at or above the observed) / (1 + permutations).
    permutations
        How many.
    """

    metric: str
    observed: float
    chance: float
    p: float
    permutations: int


@dataclass(frozen=True, kw_only=True)
class ChanceAudit:
    """What a whole procedure makes of outcomes that mean nothing.

    Parameters
    ----------
    mean, low
        Mean score over the rounds and its lower 99 % limit.
    chance
        Score that knows nothing.
    rounds
        How many.
    """

    mean: float
    low: float
    chance: float
    rounds: int

    @property
    def leaks(self) -> bool:
        """Whether the procedure beats chance where there is nothing to find: it sees what it is tested on."""
        return self.low > self.chance

    def to_frame(self) -> pd.DataFrame:
        """One row."""
        return pd.DataFrame([{**self.__dict__, "leaks": self.leaks}])


def patient_draws(patients: Places, outcome: Array, count: int, rng: np.random.Generator) -> list[Places]:
    """Rows of ``count`` bootstrap samples of patients; each sample holds more than one outcome.

    Parameters
    ----------
    patients
        (n,) number of the patient, 0 to m - 1.
    outcome
        (n,) outcome of each row.
    """
    order = np.argsort(patients, kind="stable")
    ends = np.cumsum(np.bincount(patients))
    held = np.split(order, ends[:-1])
    draws: list[Places] = []
    while len(draws) < count:
        rows = np.concatenate([held[i] for i in rng.integers(0, len(held), len(held))])
        if np.ptp(outcome[rows]) > 0:
            draws.append(rows)
    return draws


def permuted(outcome: Array, patients: Places, rng: np.random.Generator) -> Array:
    """Outcomes (n,) dealt anew to patients, those of one patient kept together.

    Where every patient has one outcome, patients swap it. Otherwise patients with the same number of rows swap all
    their rows' outcomes in order.

    Raises
    ------
    InputError
        If outcomes differ within patients and most patients have no other with as many rows.
    """
    count = np.bincount(patients)
    mean = np.bincount(patients, outcome) / count
    if np.allclose(outcome, mean[patients], rtol=0, atol=1e-12):
        return np.asarray(rng.permutation(mean)[patients], dtype=np.float64)
    order = np.argsort(patients, kind="stable")
    starts = np.cumsum(count) - count
    made, alone = outcome.copy(), 0
    for size in np.unique(count):
        alike = np.flatnonzero(count == size)
        alone += len(alike) == 1
        places = order[starts[alike][:, None] + np.arange(size)]
        made[places] = outcome[places[rng.permutation(len(alike))]]
    if alone > len(count) / 2:
        got = f"{alone} of {len(count)} patients alone with their number of rows"
        raise InputError("patients cannot be exchanged", expected="patients with equally many rows", got=got)
    return made


def audit_chance(
    procedure: Callable[[pd.DataFrame], float],
    table: pd.DataFrame,
    *,
    outcome: str,
    participant: str = "participant",
    rounds: int = 20,
    chance: float = 0.5,
    seed: int = 0,
) -> ChanceAudit:
    """Test a whole procedure for leaks: on permuted outcomes it must not beat chance.

    This finds what no look at the data can: features chosen on all rows before the folds, scaling or harmonising with
    the outcome, tuning on test rows. It only sees steps that are inside ``procedure``: hand it the raw table.

    Parameters
    ----------
    procedure
        Takes a table like ``table`` and returns its score, higher is better.
    table
        Raw table; column ``outcome`` (numbers or 0 / 1, no gaps) is permuted between values of ``participant``.
    rounds
        Permutations, 5 at least.
    chance
        Score of a model that knows nothing: 0.5 for an AUC, 0 for an R².
    seed
        Of the permutations.
    """
    if rounds < 5:
        raise InputError("too few rounds to tell chance from a leak", expected="5 or more", got=str(rounds))
    rng = np.random.default_rng(seed)
    patients = pd.factorize(table[participant])[0].astype(np.intp)
    given = table[outcome].to_numpy(dtype=np.float64)
    scores = np.array(
        [float(procedure(table.assign(**{outcome: permuted(given, patients, rng)}))) for _ in range(rounds)]
    )
    reach = float(stats.t.ppf(1 - _LEAK_LEVEL, rounds - 1)) * float(scores.std(ddof=1)) / rounds**0.5
    mean = float(scores.mean())
    return ChanceAudit(mean=mean, low=mean - reach, chance=chance, rounds=rounds)
