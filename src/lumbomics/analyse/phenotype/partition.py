"""One way to group patients: grouping, strength of the grouping, and the group of patients not grouped."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from lumbomics.analyse.phenotype.choices import Method
from lumbomics.analyse.phenotype.distance import distances
from lumbomics.analyse.phenotype.medoids import medoids, nearest, silhouette

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
Places = NDArray[np.intp]

_STARTS, _FLOOR = 2, 1e-3


@dataclass(frozen=True, kw_only=True, eq=False)
class Patients:
    """Patients ready to be grouped.

    Parameters
    ----------
    method
        How they are grouped.
    space
        (n, n) distances for medoids; (n, p) standardised numbers for mixtures.
    """

    method: Method
    space: Array

    def group(self, clusters: int, rows: Places | None = None) -> Places:
        """Group the patients at ``rows`` (all), then name the group (n,) of every patient."""
        rows = np.arange(len(self.space)) if rows is None else rows
        if self.method is Method.MEDOIDS:
            return nearest(self.space, rows[medoids(self.space[np.ix_(rows, rows)], clusters)])
        return np.asarray(mixture(self.space[rows], clusters).predict(self.space), dtype=np.intp)

    def strength(self, clusters: int) -> float:
        """How much ``clusters`` groups tell: mean silhouette, or fall of BIC per patient against one group."""
        if self.method is Method.MEDOIDS:
            labels = self.group(clusters)
            return silhouette(self.space, labels) if len(np.unique(labels)) > 1 else -1.0
        one, several = mixture(self.space, 1), mixture(self.space, clusters)
        return float(one.bic(self.space) - several.bic(self.space)) / len(self.space)


def patients_of(method: Method, numbers: Array, words: Codes, weights: Array) -> Patients:
    """Prepare numbers (n, p) and words (n, q) for grouping."""
    if method is Method.MEDOIDS:
        return Patients(method=method, space=distances(numbers, words, weights))
    spread = numbers.std(axis=0)
    return Patients(method=method, space=(numbers - numbers.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def mixture(space: Array, clusters: int) -> GaussianMixture:
    """Fit normals with their own covariances, from fixed starts."""
    model = GaussianMixture(clusters, n_init=_STARTS, reg_covar=_FLOOR, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a start that is still moving is a start, not a fault
        return model.fit(space)
