"""Many cases as one table: mean, spread, worst case and interval by patient."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from lumbomics.core.anatomy import rank, vertebra_number
from lumbomics.core.errors import InputError
from lumbomics.evaluate.scores import CaseScores, Metric, Missing, Structure

RESAMPLES = 2000
SEED = 20260101
_CONFIDENCE = 0.95


_Place = tuple[Structure, str | None, Metric]


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A 95 % interval of the mean over patients.

    Parameters
    ----------
    low, high
        Its ends.
    method
        ``BCa`` (bias-corrected and accelerated bootstrap), or ``constant`` where all patients have the same value, so
        that the sample tells nothing of the spread.
    """

    low: float
    high: float
    method: str


@dataclass(frozen=True, kw_only=True)
class Summary:
    """One metric of one structure over all cases.

    Parameters
    ----------
    structure, level, metric
        What is summed up.
    cases
        Cases in which the metric exists.
    patients
        Patients these belong to.
    mean, sd, median
        Over patients; a patient with several cases counts once, with the mean of these. ``sd`` needs two patients.
    interval
        Of the mean; ``None`` with fewer than two patients.
    worst, worst_case
        The single case farthest from perfect, and its name.
    missing
        Reason -> cases in which the metric does not exist. They are in none of the numbers above.
    """

    structure: Structure
    level: str | None
    metric: Metric
    cases: int
    patients: int
    mean: float | None = None
    sd: float | None = None
    median: float | None = None
    interval: Interval | None = None
    worst: float | None = None
    worst_case: str | None = None
    missing: Mapping[Missing, int] = field(default_factory=lambda: MappingProxyType({}))


def summarise(cases: Sequence[CaseScores]) -> tuple[Summary, ...]:
    """Sum up every metric of every structure and level over all cases.

    Patients are resampled, not cases: images of one patient are alike. Means leave out the cases in which a metric
    does not exist; how many these are, and why, stands beside them.

    Parameters
    ----------
    cases
        At least one; names are unique.

    Raises
    ------
    InputError
        If there is no case, or two share a name.
    """
    names = [case.case for case in cases]
    if not names or len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise InputError("a summary needs cases with names of their own", got=", ".join(twice) or "no case")
    found: dict[_Place, list[tuple[CaseScores, float | Missing]]] = defaultdict(list)
    for case in cases:
        for row in case.rows:
            for metric, value in row.values.items():
                found[row.structure, row.level, metric].append((case, value))
    return tuple(_summed(place, found[place]) for place in _in_order(found))


def _in_order(places: Iterable[_Place]) -> list[_Place]:
    """Structures in their order, the whole before its levels, these from head to tail."""
    structures, metrics = list(Structure), list(Metric)
    return sorted(places, key=lambda p: (structures.index(p[0]), _height(p[1]), metrics.index(p[2])))


def _height(level: str | None) -> int:
    return -1 if level is None else rank(vertebra_number(level.split("-")[0]))


def _summed(place: _Place, found: list[tuple[CaseScores, float | Missing]]) -> Summary:
    structure, level, metric = place
    reasons = Counter(value for _, value in found if isinstance(value, Missing))
    numbers = [(case, value) for case, value in found if not isinstance(value, Missing)]
    by_patient: dict[str, list[float]] = defaultdict(list)
    for case, value in numbers:
        by_patient[case.participant].append(value)
    empty = Summary(
        structure=structure, level=level, metric=metric, cases=0, patients=0, missing=MappingProxyType(dict(reasons))
    )
    if not numbers:
        return empty
    means = np.array([np.mean(values) for values in by_patient.values()])
    farthest, worst = max(numbers, key=lambda pair: abs(pair[1] - metric.best))
    return Summary(
        structure=structure,
        level=level,
        metric=metric,
        cases=len(numbers),
        patients=len(means),
        mean=float(means.mean()),
        sd=float(means.std(ddof=1)) if len(means) > 1 else None,
        median=float(np.median(means)),
        interval=bootstrap_interval(means),
        worst=worst,
        worst_case=farthest.case,
        missing=empty.missing,
    )


def bootstrap_interval(values: NDArray[np.float64]) -> Interval | None:
    """95 % bootstrap interval of the mean of independent values (n,), 2000 resamples with a fixed seed.

    BCa (Efron 1987, doi 10.1080/01621459.1987.10478410). With few patients every bootstrap interval is too narrow.

    Returns
    -------
    Interval or None
        ``None`` with fewer than two values.
    """
    if len(values) < 2:
        return None
    if np.ptp(values) == 0:
        return Interval(low=float(values[0]), high=float(values[0]), method="constant")
    rng = np.random.default_rng(SEED)
    found = stats.bootstrap(
        (values,), np.mean, n_resamples=RESAMPLES, confidence_level=_CONFIDENCE, method="BCa", rng=rng
    )
    low, high = (float(end) for end in found.confidence_interval)
    return Interval(low=low, high=high, method="BCa")
