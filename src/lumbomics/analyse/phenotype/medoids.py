"""Clusters around patients: partitioning around medoids, and the silhouette.

Start: greedy (BUILD); then the best single swap until none helps (Kaufman and Rousseeuw, Finding Groups in Data, 1990),
all swaps weighed at once as in FastPAM1 (Schubert and Rousseeuw, Inf Syst 2021;101:101804). Silhouette: Rousseeuw PJ.
J Comput Appl Math 1987;20:53.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Places = NDArray[np.intp]

_GAIN = 1e-12


def medoids(distance: Array, clusters: int) -> Places:
    """Rows (clusters,) whose summed distance to all others, each to its nearest, is smallest.

    Parameters
    ----------
    distance
        (n, n), symmetric.
    clusters
        1 to n.
    """
    chosen = _build(distance, clusters)
    while clusters > 1:
        place, row, gain = _best_swap(distance, chosen)
        if gain <= _GAIN:
            break
        chosen[place] = row
    if clusters == 1:
        chosen[0] = int(distance.sum(axis=0).argmin())
    return np.sort(chosen)


def nearest(distance: Array, chosen: Places) -> Places:
    """Find the medoid nearest to each row: its number (n,)."""
    return np.asarray(distance[:, chosen].argmin(axis=1), dtype=np.intp)


def silhouette(distance: Array, labels: Places) -> float:
    """Mean silhouette width, -1 to 1; a cluster of one row counts 0.

    Parameters
    ----------
    distance
        (n, n).
    labels
        (n,) from 0, at least two clusters.
    """
    member = (labels[:, None] == np.arange(labels.max() + 1)).astype(np.float64)
    size = member.sum(axis=0)
    total, rows = distance @ member, np.arange(len(labels))
    own = size[labels]
    inside = total[rows, labels] / np.maximum(own - 1, 1)
    between = total / np.maximum(size, 1)
    between[:, size == 0] = np.inf
    between[rows, labels] = np.inf
    outside = between.min(axis=1)
    larger = np.maximum(inside, outside)
    width = np.divide(outside - inside, larger, out=np.zeros(len(labels)), where=larger > 0)
    return float(np.where(own > 1, width, 0.0).mean())


def _build(distance: Array, clusters: int) -> Places:
    chosen = [int(distance.sum(axis=0).argmin())]
    closest = distance[chosen[0]].copy()
    while len(chosen) < clusters:
        gain = np.maximum(closest[:, None] - distance, 0).sum(axis=0)
        gain[chosen] = -1
        chosen.append(int(gain.argmax()))
        closest = np.minimum(closest, distance[chosen[-1]])
    return np.array(chosen, dtype=np.intp)


def _best_swap(distance: Array, chosen: Places) -> tuple[int, int, float]:
    """Medoid to give up (its place), row to take instead, and what the sum of distances falls by."""
    to = distance[:, chosen]
    order = np.argsort(to, axis=1, kind="stable")
    rows, own = np.arange(len(to)), order[:, 0]
    first, second = to[rows, own], to[rows, order[:, 1]]
    closer = np.maximum(first[:, None] - distance, 0).sum(axis=0)
    # Without its medoid a row falls back to the nearer of the candidate and its second medoid.
    lost = np.minimum(np.maximum(distance, first[:, None]), second[:, None]) - first[:, None]
    member = (own[:, None] == np.arange(len(chosen))).astype(np.float64)
    gains = closer[None, :] - member.T @ lost
    gains[:, chosen] = -np.inf
    place, row = np.unravel_index(int(gains.argmax()), gains.shape)
    return int(place), int(row), float(gains[place, row])
