"""Intraclass correlation in its six forms, with the errors of measurement that come from the same table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from lumbomics.analyse.reliability.estimate import (
    Estimate,
    FloatArray,
    checked_confidence,
    checked_ratings,
    cluster_codes,
    draws,
    percentile_interval,
    scaled,
    sd_estimate,
    sums_by_cluster,
)
from lumbomics.core.errors import InputError

_MDC_FACTOR: Final = stats.norm.ppf(0.975) * math.sqrt(2)
Ends = tuple[float | None, float | None]
_FORMS: Final = {
    "ICC(1,1)": ("ICC(1)", "one-way random, single rating"),
    "ICC(2,1)": ("ICC(A,1)", "two-way random, absolute agreement, single rating"),
    "ICC(3,1)": ("ICC(C,1)", "two-way mixed, consistency, single rating"),
    "ICC(1,k)": ("ICC(k)", "one-way random, mean of k ratings"),
    "ICC(2,k)": ("ICC(A,k)", "two-way random, absolute agreement, mean of k ratings"),
    "ICC(3,k)": ("ICC(C,k)", "two-way mixed, consistency, mean of k ratings"),
}
FORMS: Final = tuple(_FORMS)
"""Names of the six forms after Shrout and Fleiss."""


class MeanSquares(NamedTuple):
    """Mean squares of the two-way table (each a float, or an array over bootstrap samples)."""

    rows: FloatArray
    columns: FloatArray
    error: FloatArray
    within: FloatArray


@dataclass(frozen=True, kw_only=True)
class IntraclassForm:
    """One of the six forms.

    Parameters
    ----------
    shrout_fleiss, mcgraw_wong
        Its names: ``ICC(2,1)`` and ``ICC(A,1)`` are the same number.
    model
        What it assumes, in words.
    estimate
        Value (at most 1, may be negative) and interval.
    """

    shrout_fleiss: str
    mcgraw_wong: str
    model: str
    estimate: Estimate


@dataclass(frozen=True, kw_only=True)
class IntraclassCorrelation:
    """The six forms and the errors of measurement.

    Parameters
    ----------
    forms
        All six, in the order of ``FORMS``.
    sem_agreement
        Standard error of measurement with rater differences, sqrt(var_rater + var_error), unit of the ratings.
    sem_consistency
        Standard error of measurement without them, sqrt(MSE), unit of the ratings.
    n, k
        Units and ratings a unit that entered.
    dropped
        Units left out because a rating is missing.
    interval
        How the intervals were made: ``F`` or ``cluster bootstrap``.
    confidence
        Of all intervals.
    """

    forms: tuple[IntraclassForm, ...]
    sem_agreement: Estimate
    sem_consistency: Estimate
    n: int
    k: int
    dropped: int
    interval: str
    confidence: float

    def form(self, name: str) -> Estimate:
        """Estimate of one form by either of its names; InputError if unknown."""
        for form in self.forms:
            if name in {form.shrout_fleiss, form.mcgraw_wong}:
                return form.estimate
        raise InputError("unknown form of the intraclass correlation", expected=", ".join(FORMS), got=repr(name))

    @property
    def mdc95_agreement(self) -> Estimate:
        """Smallest change beyond error between two single ratings by any raters: 1.96 √2 SEM(agreement)."""
        return scaled(self.sem_agreement, _MDC_FACTOR)

    @property
    def mdc95_consistency(self) -> Estimate:
        """Smallest change beyond error between two single ratings by one rater: 1.96 √2 SEM(consistency)."""
        return scaled(self.sem_consistency, _MDC_FACTOR)

    def to_frame(self) -> pd.DataFrame:
        """One row a form."""
        rows = [
            {"form": f.shrout_fleiss, "mcgraw_wong": f.mcgraw_wong, "model": f.model, **f.estimate.columns("icc")}
            for f in self.forms
        ]
        return pd.DataFrame(rows).assign(n=self.n, k=self.k, dropped=self.dropped, interval=self.interval)


def intraclass_correlation(
    ratings: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> IntraclassCorrelation:
    """Six intraclass correlations of a table of ratings.

    Each form is a ratio of variance components of the two-way table (MSR rows, MSC columns, MSE rest, MSW within rows):
    ICC(1,1) = (MSR - MSW) / (MSR + (k-1) MSW), ICC(2,1) = (MSR - MSE) / (MSR + (k-1) MSE + k/n (MSC - MSE)),
    ICC(3,1) = (MSR - MSE) / (MSR + (k-1) MSE); the k-forms by Spearman-Brown. Intervals are the F intervals of McGraw
    and Wong; with ``clusters`` they are percentiles of a bootstrap over clusters, because the levels of one spine are
    no independent units.

    Parameters
    ----------
    ratings
        (units, raters), NaN where missing. All six forms need every rating of a unit: units with a missing one are left
        out, and their number is in ``dropped``.
    clusters
        (units,) whom a unit belongs to; ``None`` where each unit is another person.
    confidence
        Of the intervals.
    resamples, seed
        Of the bootstrap.

    Raises
    ------
    InputError
        If fewer than 3 complete units are left (3 clusters with ``clusters``), or the ratings do not vary at all.

    Notes
    -----
    An intraclass correlation compares error with the spread of the sample: it rises in a more varied sample with the
    same error. It is no measure of validity. The interval of ``sem_agreement`` uses Satterthwaite's degrees of freedom,
    and is wide with two raters.

    References
    ----------
    Shrout and Fleiss, Psychological Bulletin 1979;86:420-428. McGraw and Wong, Psychological Methods 1996;1:30-46.
    De Vet et al., Journal of Clinical Epidemiology 2006;59:1033-1039 (two standard errors of measurement).
    """
    checked_confidence(confidence)
    table = checked_ratings(ratings)
    complete = ~np.isnan(table).any(axis=1)
    codes = cluster_codes(clusters, len(table))[complete]
    if np.unique(codes).size < 3:
        raise InputError("too few complete units", expected="3 or more", got=str(np.unique(codes).size))
    used = table[complete] - np.nanmean(table)
    n, k = used.shape
    squares = _mean_squares(_sums(used).sum(axis=0, keepdims=True), n_ratings=k)
    if squares.rows[0] + squares.error[0] + squares.columns[0] <= 1e-24 * max(1.0, float(np.nanmax(table**2))):
        raise InputError("the ratings do not vary", expected="units that differ", got="the same number everywhere")
    # Identical codes mean several units of one person; only then is the bootstrap needed.
    clustered = clusters is not None and np.unique(codes).size < n
    ends = (
        _bootstrap_ends(used, codes, confidence, resamples, seed) if clustered else _f_ends(squares, n, k, confidence)
    )
    values = {name: float(number[0]) for name, number in _forms(squares, np.array([n]), k).items()}
    return IntraclassCorrelation(
        forms=tuple(
            IntraclassForm(
                shrout_fleiss=name, mcgraw_wong=other, model=model, estimate=_estimate(values[name], ends[name])
            )
            for name, (other, model) in _FORMS.items()
        ),
        sem_agreement=_estimate(values["agreement"], ends["agreement"]),
        sem_consistency=_estimate(values["consistency"], ends["consistency"]),
        n=n,
        k=k,
        dropped=int((~complete).sum()),
        interval="cluster bootstrap" if clustered else "F",
        confidence=confidence,
    )


def _sums(table: FloatArray) -> FloatArray:
    """Per unit: 1, row mean, its square, sum of squares, then the ratings themselves; all that the squares need."""
    means = table.mean(axis=1)
    return np.column_stack([np.ones(len(table)), means, means**2, (table**2).sum(axis=1), table])


def _mean_squares(sums: FloatArray, *, n_ratings: int) -> MeanSquares:
    """Mean squares from added-up ``_sums``, (samples, 4 + k)."""
    k, n = n_ratings, sums[:, 0]
    grand = sums[:, 1] / n
    rows = k * np.clip(sums[:, 2] - n * grand**2, 0, None)
    columns = np.clip((sums[:, 4:] ** 2).sum(axis=1) / n - n * k * grand**2, 0, None)
    within = np.clip(sums[:, 3] - k * sums[:, 2], 0, None)
    error = np.clip(within - columns, 0, None)
    return MeanSquares(rows / (n - 1), columns / (k - 1), error / ((n - 1) * (k - 1)), within / (n * (k - 1)))


def _forms(squares: MeanSquares, n: FloatArray, k: int) -> dict[str, FloatArray]:
    rows, columns, error, within = squares
    between = (columns - error) / n
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "ICC(1,1)": (rows - within) / (rows + (k - 1) * within),
            "ICC(2,1)": (rows - error) / (rows + (k - 1) * error + k * between),
            "ICC(3,1)": (rows - error) / (rows + (k - 1) * error),
            "ICC(1,k)": (rows - within) / rows,
            "ICC(2,k)": (rows - error) / (rows + between),
            "ICC(3,k)": (rows - error) / rows,
            "agreement": np.sqrt(error + np.clip(between, 0, None)),
            "consistency": np.sqrt(error),
        }


def _f_ends(squares: MeanSquares, n: int, k: int, confidence: float) -> dict[str, Ends]:
    rows, columns, error, within = (float(number[0]) for number in squares)
    tail = (1 + confidence) / 2
    one = _ratio_ends(rows, within, n - 1, n * (k - 1), k, tail)
    three = _ratio_ends(rows, error, n - 1, (n - 1) * (k - 1), k, tail)
    two = _agreement_ends(rows, columns, error, n, k, tail)
    single = {"ICC(1,1)": one, "ICC(2,1)": two, "ICC(3,1)": three}
    averaged = {name.replace(",1", ",k"): _spearman_brown(ends, k) for name, ends in single.items()}
    return {**single, **averaged, **_sem_ends(columns, error, n, k, confidence)}


def _ratio_ends(rows: float, rest: float, df_rows: int, df_rest: int, k: int, tail: float) -> tuple[float, float]:
    if rest == 0:
        return 1.0, 1.0
    low = rows / rest / stats.f.ppf(tail, df_rows, df_rest)
    high = rows / rest * stats.f.ppf(tail, df_rest, df_rows)
    return (low - 1) / (low + k - 1), (high - 1) / (high + k - 1)


def _agreement_ends(rows: float, columns: float, error: float, n: int, k: int, tail: float) -> tuple[float, float]:
    """Interval of ICC(2,1) after McGraw and Wong 1996, table 7, with Satterthwaite's degrees of freedom."""
    if error == columns == 0:
        return 1.0, 1.0
    icc = (rows - error) / (rows + (k - 1) * error + k * (columns - error) / n)
    part_columns = k * icc / (n * (1 - icc)) * columns
    part_error = (1 + k * icc * (n - 1) / (n * (1 - icc))) * error
    df = (part_columns + part_error) ** 2 / (part_columns**2 / (k - 1) + part_error**2 / ((n - 1) * (k - 1)))
    low_f, high_f = stats.f.ppf(tail, n - 1, df), stats.f.ppf(tail, df, n - 1)
    rest = k * columns + (k * n - k - n) * error
    low = n * (rows - low_f * error) / (low_f * rest + n * rows)
    return float(low), float(n * (high_f * rows - error) / (rest + n * high_f * rows))


def _sem_ends(columns: float, error: float, n: int, k: int, confidence: float) -> dict[str, Ends]:
    df_error = (n - 1) * (k - 1)
    parts = np.array([columns / n, error * (n - 1) / n])
    spread = float((parts**2 / [k - 1, df_error]).sum())
    df = parts.sum() ** 2 / spread if spread > 0 else df_error
    # Where raters differ less than chance alone would make them, their variance counts as zero.
    if columns <= error:
        df, parts = df_error, np.array([error])
    return {
        "agreement": _ends(sd_estimate(float(parts.sum()), float(df), confidence)),
        "consistency": _ends(sd_estimate(error, df_error, confidence)),
    }


def _ends(estimate: Estimate) -> Ends:
    return estimate.ci_low, estimate.ci_high


def _spearman_brown(ends: tuple[float, float], k: int) -> Ends:
    low, high = (k * end / (1 + (k - 1) * end) for end in ends)
    return low, high


def _bootstrap_ends(
    table: FloatArray, codes: np.ndarray, confidence: float, resamples: int, seed: int
) -> dict[str, Ends]:
    sums = sums_by_cluster(_sums(table), np.unique(codes, return_inverse=True)[1])
    drawn = draws(len(sums), resamples, seed) @ sums
    samples = _forms(_mean_squares(drawn, n_ratings=table.shape[1]), drawn[:, 0], table.shape[1])
    return {name: percentile_interval(values, confidence) for name, values in samples.items()}


def _estimate(value: float, ends: Ends) -> Estimate:
    return Estimate(value=value, ci_low=ends[0], ci_high=ends[1])
