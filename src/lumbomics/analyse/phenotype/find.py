"""Whether there are kinds of patients, or only patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lumbomics.analyse.phenotype.choices import Method, NoClusters, Refusal, Search
from lumbomics.analyse.phenotype.inputs import Features, check, check_weights
from lumbomics.analyse.phenotype.null import fit_one_kind
from lumbomics.analyse.phenotype.partition import Patients, patients_of
from lumbomics.analyse.phenotype.profile import profile
from lumbomics.analyse.phenotype.result import Phenotypes
from lumbomics.analyse.phenotype.stability import Trial, against_one_kind, bootstrap_stability, null_strengths
from lumbomics.core.errors import FaultsError, InputError

Array = NDArray[np.float64]
Places = NDArray[np.intp]


def find_phenotypes(
    table: pd.DataFrame,
    *,
    features: Sequence[str],
    participant: str = "participant",
    method: Method | str = Method.MEDOIDS,
    clusters: Sequence[int] = (2, 3, 4, 5, 6),
    weights: Mapping[str, float] | None = None,
    nulls: int = 99,
    bootstrap: int = 100,
    level: float = 0.05,
    least_ari: float = 0.75,
    least_jaccard: float = 0.6,
    seed: int = 0,
) -> Phenotypes:
    """Look for clusters of patients, and refuse them where one kind of patient would look the same.

    Parameters
    ----------
    table
        One row a patient.
    features
        Columns that describe patients: numbers, and words (or booleans). Leave symptoms and response out where clusters
        shall be related to them afterwards.
    participant
        Column of the patient.
    method
        ``medoids`` (numbers and words, gaps allowed) or ``mixture`` (numbers without gaps).
    clusters
        Numbers of clusters to try, each 2 or more.
    weights
        Weight of a feature in the distance, 1 where not given. Features that say the same thing count as often as
        they stand there: give them less.
    nulls, bootstrap
        Data sets of one kind of patient; bootstrap samples of patients.
    level, least_ari, least_jaccard
        What a number of clusters must reach: p at or below ``level`` (corrected for all numbers tried), mean adjusted
        Rand index and mean Jaccard of the least stable cluster at or above these. The largest number that does is
        taken.
    seed
        Source of all chance.

    Returns
    -------
    Phenotypes
        With ``members`` and ``profile`` a NoClusters where no number of clusters passes.

    Raises
    ------
    FaultsError
        With every fault of the table and the choices.
    """
    kind = _method(method)
    tried = _checked(clusters, nulls, bootstrap, level, len(table))
    held = check(table, features, participant, kind)
    weight = check_weights(weights, held)
    rng = np.random.default_rng(seed)
    patients = patients_of(kind, held.numbers, held.words, weight)
    trials, labels = _trials(patients, held, weight, tried, nulls, bootstrap, rng)
    search = Search(
        method=kind,
        numbers=held.number_names,
        words=held.word_names,
        participant=participant,
        weights=tuple(map(float, weight)),
        clusters=tried,
        nulls=nulls,
        bootstrap=bootstrap,
        seed=seed,
        level=level,
        least_ari=least_ari,
        least_jaccard=least_jaccard,
        participants=len(table),
        gaps=held.gaps,
    )
    chosen = _chosen(trials, search)
    if isinstance(chosen, NoClusters):
        return Phenotypes(search=search, trials=trials, members=chosen, profile=chosen, jaccard=())
    order = labels[chosen]
    levels = {name: sorted(table[name].dropna().map(str).unique()) for name in held.word_names}
    return Phenotypes(
        search=search,
        trials=trials,
        members=pd.DataFrame({participant: table[participant].to_numpy(), "cluster": order + 1}),
        profile=profile(held, order, levels),
        jaccard=tuple(map(float, bootstrap_stability(patients, order, bootstrap, rng)[1])),
    )


def _trials(
    patients: Patients,
    held: Features,
    weight: Array,
    tried: tuple[int, ...],
    nulls: int,
    bootstrap: int,
    rng: np.random.Generator,
) -> tuple[tuple[Trial, ...], dict[int, Places]]:
    """Strength, chance and stability of each number of clusters, and the clusters, the largest first."""
    one_kind = fit_one_kind(held.numbers, held.words)
    null = null_strengths(lambda: patients_of(patients.method, *one_kind.draw(rng), weight), tried, nulls)
    observed = np.array([patients.strength(k) for k in tried])
    z, p = against_one_kind(observed, null)
    labels = {k: _by_size(patients.group(k)) for k in tried}
    trials = []
    for i, k in enumerate(tried):
        ari, jaccard = bootstrap_stability(patients, labels[k], bootstrap, rng)
        trials.append(
            Trial(
                clusters=k,
                strength=float(observed[i]),
                chance=float(null[:, i].mean()),
                z=float(z[i]),
                p=float(p[i]),
                ari=ari,
                jaccard=float(jaccard.min()),
            )
        )
    return tuple(trials), labels


def _by_size(labels: Places) -> Places:
    """Give clusters numbers by size, the largest 0."""
    _, place, count = np.unique(labels, return_inverse=True, return_counts=True)
    rank = np.empty(len(count), dtype=np.intp)
    rank[np.argsort(-count, kind="stable")] = np.arange(len(count))
    return np.asarray(rank[place], dtype=np.intp)


def _chosen(trials: tuple[Trial, ...], search: Search) -> int | NoClusters:
    real = [trial for trial in trials if trial.p <= search.level]
    if not real:
        smallest = min(trial.p for trial in trials)
        detail = f"no clusters: one kind of patient would look the same (smallest p {smallest:.3g})"
        return NoClusters(reason=Refusal.ONE_KIND, detail=detail)
    stable = [t for t in real if t.ari >= search.least_ari and t.jaccard >= search.least_jaccard]
    if not stable:
        best = max(real, key=lambda trial: trial.ari)
        detail = (
            f"no stable clusters: {best.clusters} come back with a mean adjusted Rand index of {best.ari:.2f} and "
            f"a least Jaccard of {best.jaccard:.2f}"
        )
        return NoClusters(reason=Refusal.UNSTABLE, detail=detail)
    return max(trial.clusters for trial in stable)


def _method(value: str) -> Method:
    try:
        return Method(value)
    except ValueError:
        raise InputError("unknown method", expected=", ".join(Method), got=repr(value)) from None


def _checked(clusters: Sequence[int], nulls: int, bootstrap: int, level: float, rows: int) -> tuple[int, ...]:
    tried = tuple(sorted(set(clusters)))
    faults = []
    if not tried or tried[0] < 2 or tried[-1] > rows // 5:
        expected = f"2 to {rows // 5} (five patients a cluster)"
        faults.append(InputError("numbers of clusters out of range", expected=expected, got=str(list(clusters))))
    if not 0 < level < 1 or nulls < round(1 / level) - 1 if 0 < level < 1 else True:
        expected = "level between 0 and 1, and at least 1 / level - 1 data sets"
        got = f"level {level:g}, {nulls} data sets"
        faults.append(InputError("p could not reach the level", expected=expected, got=got, where="nulls"))
    if bootstrap < 10:
        faults.append(InputError("too few bootstrap samples", expected="10 or more", got=str(bootstrap)))
    if faults:
        raise FaultsError(faults)
    return tried
