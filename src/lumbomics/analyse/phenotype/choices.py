"""What a search for phenotypes declares before it looks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LABEL: Final = "exploratory"
"""Stands in every row of every table: clusters are a way to look, not a diagnosis."""


class Method(StrEnum):
    """How patients are grouped: around typical patients (numbers and words), or as a mixture of normals (numbers)."""

    MEDOIDS = "medoids"
    MIXTURE = "mixture"


class Refusal(StrEnum):
    """Why no clusters are given."""

    ONE_KIND = "one_kind"
    UNSTABLE = "unstable"


@dataclass(frozen=True, kw_only=True)
class NoClusters:
    """No clusters, and why.

    Parameters
    ----------
    reason
        One kind of patient would look the same, or the clusters do not come back.
    detail
        The case at hand, in one sentence.
    """

    reason: Refusal
    detail: str


@dataclass(frozen=True, kw_only=True)
class Search:
    """All that was declared, and what the table held.

    Parameters
    ----------
    method, numbers, words, participant
        As chosen; features by kind.
    weights
        Weight of each feature, numbers first.
    clusters
        Numbers of clusters that were tried.
    nulls, bootstrap, seed
        Data sets without clusters; bootstrap samples; seed.
    level, least_ari, least_jaccard
        Largest p, smallest mean adjusted Rand index and smallest mean Jaccard of the least stable cluster that are
        taken for clusters.
    participants, gaps
        Patients; share of empty cells.
    """

    method: Method
    numbers: tuple[str, ...]
    words: tuple[str, ...]
    participant: str
    weights: tuple[float, ...]
    clusters: tuple[int, ...]
    nulls: int
    bootstrap: int
    seed: int
    level: float
    least_ari: float
    least_jaccard: float
    participants: int
    gaps: float
