"""Whether the same groups come back when patients are drawn anew, and whether one kind of patient would give them too.

Adjusted Rand index: Hubert L, Arabie P. J Classif 1985;2:193. Jaccard of each cluster: Hennig C. Comput Stat Data Anal
2007;52:258 (below 0.6 not to be trusted, 0.75 and more stable).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lumbomics.analyse.phenotype.partition import Patients

Array = NDArray[np.float64]
Places = NDArray[np.intp]

_SAME = 1e-12


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One number of clusters.

    Parameters
    ----------
    clusters
        How many.
    strength, chance
        Silhouette or fall of BIC per patient; mean over data sets without clusters.
    z
        Distance of both in standard deviations of the latter.
    p
        Share of data sets without clusters whose largest z over all numbers tried reaches this z.
    ari
        Mean adjusted Rand index over bootstrap samples.
    jaccard
        Mean Jaccard of each cluster over bootstrap samples, the smallest.
    """

    clusters: int
    strength: float
    chance: float
    z: float
    p: float
    ari: float
    jaccard: float


def against_one_kind(observed: Array, null: Array) -> tuple[Array, Array]:
    """Compare strengths (k,) with those of null data sets (B, k): z and p (k,), p for the largest z over all k.

    Every null set is standardised like the observed one, so that p is exact where the data are one more null set.
    """
    every = np.vstack([observed, null])
    spread = every.std(axis=0)
    z = (every - every.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    largest = z[1:].max(axis=1)
    p = (1 + (largest[:, None] >= z[0] - _SAME).sum(axis=0)) / (1 + len(null))
    return z[0], p


def null_strengths(make: Callable[[], Patients], clusters: tuple[int, ...], count: int) -> Array:
    """Strengths (count, k) of groups in data sets that ``make`` draws."""
    return np.array([[drawn.strength(k) for k in clusters] for drawn in (make() for _ in range(count))])


def bootstrap_stability(
    patients: Patients, labels: Places, count: int, rng: np.random.Generator
) -> tuple[float, Array]:
    """Mean ARI, and mean Jaccard of each cluster (k,), of groups found in bootstrap samples of patients.

    A sample is grouped, every patient is given the group nearest in it, and these groups are compared with ``labels``
    over all patients.
    """
    clusters, total = int(labels.max()) + 1, len(labels)
    rand, shared = np.empty(count), np.empty((count, clusters))
    for i in range(count):
        other = patients.group(clusters, rng.integers(0, total, total))
        cross = crossing(labels, other)
        rand[i] = adjusted_rand(cross)
        union = cross.sum(axis=1)[:, None] + cross.sum(axis=0)[None, :] - cross
        shared[i] = (cross / np.maximum(union, 1)).max(axis=1)
    return float(rand.mean()), shared.mean(axis=0)


def crossing(one: Places, other: Places) -> Array:
    """Patients (k, m) by group in one grouping and in the other."""
    size = int(other.max()) + 1
    flat = np.bincount(one * size + other, minlength=(int(one.max()) + 1) * size)
    return flat.reshape(-1, size).astype(np.float64)


def adjusted_rand(cross: Array) -> float:
    """Compute the adjusted Rand index of a crossing table: 1 for the same groups, 0 on average by chance."""
    pairs = [(v * (v - 1) / 2).sum() for v in (cross, cross.sum(axis=1), cross.sum(axis=0))]
    together, rows, columns = (float(value) for value in pairs)
    total = float(cross.sum())
    expected = rows * columns / (total * (total - 1) / 2)
    most = (rows + columns) / 2
    return 1.0 if most - expected < _SAME else (together - expected) / (most - expected)
