"""What a prediction study declares before it looks at a result."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Task(StrEnum):
    """What is predicted: whether something happens, or a number."""

    BINARY = "binary"
    CONTINUOUS = "continuous"


class Learner(StrEnum):
    """Which kind of model is trained."""

    ELASTIC_NET = "elastic_net"
    BOOSTING = "boosting"


class Shortage(StrEnum):
    """What is done where fewer patients are there than Riley's criteria ask for."""

    REPORT = "report"
    REFUSE = "refuse"


@dataclass(frozen=True, kw_only=True)
class Design:
    """All that was declared, and what the table held.

    Parameters
    ----------
    task, learner, shortage
        As chosen.
    outcome, event
        Column, and the value that counts as 1 (None for numbers).
    features, clinical
        Predictors of the model, and those of the clinical-only model it is compared with.
    participant, site, harmonise, select
        Column of the patient; column of the site; features harmonised between sites; number of features kept by
        screening (None: all).
    outer, inner, repeats, bootstrap, permutations, confidence, seed
        Folds, repeats of the outer folds, patient bootstraps, permutations, level of the intervals, seed.
    rows, rows_without_outcome, participants, events, gaps
        Rows used and left out; patients; patients of the rarer class (None for numbers); share of empty feature cells.
    """

    task: Task
    learner: Learner
    shortage: Shortage
    outcome: str
    event: str | None
    features: tuple[str, ...]
    clinical: tuple[str, ...]
    participant: str
    site: str | None
    harmonise: tuple[str, ...]
    select: int | None
    outer: int
    inner: int
    repeats: int
    bootstrap: int
    permutations: int
    confidence: float
    seed: int
    rows: int
    rows_without_outcome: int
    participants: int
    events: int | None
    gaps: float
