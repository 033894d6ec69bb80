"""A finished search for phenotypes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import pandas as pd

from lumbomics.analyse.phenotype.choices import LABEL, Method, NoClusters, Search
from lumbomics.analyse.phenotype.stability import Trial
from lumbomics.core.errors import InputError

_METHODS = {
    Method.MEDOIDS: "partitioning around medoids on a Gower distance (each feature over its mean)",
    Method.MIXTURE: "a mixture of normals on standardised numbers",
}
_STRENGTHS = {Method.MEDOIDS: "mean silhouette", Method.MIXTURE: "fall of BIC per patient"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Phenotypes:
    """Clusters of patients, or the reason why there are none.

    Parameters
    ----------
    search
        What was declared.
    trials
        Every number of clusters that was tried.
    members
        One row a patient: participant and cluster (from 1), or why there is none.
    profile
        What each cluster looks like, or why there is none.
    jaccard
        Mean bootstrap Jaccard of each cluster; empty without clusters.
    """

    search: Search
    trials: tuple[Trial, ...]
    members: pd.DataFrame | NoClusters = field(repr=False)
    profile: pd.DataFrame | NoClusters = field(repr=False)
    jaccard: tuple[float, ...]

    @property
    def clusters(self) -> int:
        """Number of clusters, 0 where none were found."""
        return len(self.jaccard)

    @property
    def label(self) -> str:
        """What every table of this kind must be called."""
        return LABEL

    def to_frame(self) -> pd.DataFrame:
        """One row a number of clusters that was tried, the chosen one marked."""
        table = pd.DataFrame([asdict(trial) for trial in self.trials])
        return table.assign(chosen=table["clusters"] == self.clusters, label=LABEL)

    def labels(self) -> pd.Series:
        """Cluster of each participant; InputError where no clusters were found."""
        if isinstance(self.members, NoClusters):
            raise InputError("no clusters were found", got=self.members.detail, hint="there is nothing to relate")
        return self.members.set_index(self.search.participant)["cluster"]

    def methods(self) -> str:
        """One paragraph that says exactly what was done."""
        s, best = self.search, max(self.trials, key=lambda trial: trial.z)
        verdict = (
            self.members.detail
            if isinstance(self.members, NoClusters)
            else f"{self.clusters} clusters were kept: the most whose p is at or below {s.level:g}, mean "
            f"adjusted Rand index at or above {s.least_ari:g} and least mean Jaccard at or above {s.least_jaccard:g}"
        )
        return (
            f"{LABEL.capitalize()} search for phenotypes among {s.participants} participants by "
            f"{_METHODS[s.method]} of {len(s.numbers)} numbers and {len(s.words)} words "
            f"({100 * s.gaps:.1f} % of cells empty); {s.clusters[0]} to {s.clusters[-1]} clusters were tried. "
            f"Their {_STRENGTHS[s.method]} was compared with {s.nulls} data sets of one kind of patient with the same "
            f"unimodal margins and rank correlations (largest over all numbers of clusters: smallest p {best.p:.3g}); "
            f"stability over {s.bootstrap} bootstrap samples of participants (seed {s.seed}). {verdict}."
        )
