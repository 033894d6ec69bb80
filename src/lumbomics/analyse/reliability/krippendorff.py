"""Krippendorff's alpha for any number of raters, any scale, any missing ratings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lumbomics.analyse.reliability.estimate import (
    Estimate,
    FloatArray,
    checked_confidence,
    checked_ratings,
    cluster_codes,
    draws,
    percentile_interval,
)
from lumbomics.core.errors import InputError


class Scale(StrEnum):
    """What a difference between two ratings means."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    INTERVAL = "interval"
    RATIO = "ratio"


@dataclass(frozen=True, kw_only=True)
class KrippendorffAlpha:
    """Alpha and what it rests on.

    Parameters
    ----------
    alpha
        1 at perfect agreement, 0 at chance, with a percentile interval over units or clusters.
    scale
        Which difference was used.
    n
        Units with two ratings or more.
    ratings
        Ratings in them.
    dropped
        Units with fewer, which alpha leaves out.
    """

    alpha: Estimate
    scale: Scale
    n: int
    ratings: int
    dropped: int

    def to_frame(self) -> pd.DataFrame:
        """One row."""
        rest = {"scale": str(self.scale), "n": self.n, "ratings": self.ratings, "dropped": self.dropped}
        return pd.DataFrame([{**self.alpha.columns("alpha"), **rest}])


def krippendorff_alpha(
    ratings: ArrayLike,
    *,
    scale: Scale | str,
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> KrippendorffAlpha:
    """Krippendorff's alpha, 1 - observed / expected disagreement.

    Parameters
    ----------
    ratings
        (units, raters) numbers, NaN where missing. All pairable ratings enter: a unit with two ratings or more counts
        with those it has; a unit with one or none is left out and counted.
    scale
        ``nominal``, ``ordinal``, ``interval`` or ``ratio`` (numbers of 0 and above).
    clusters
        (units,) whom a unit belongs to; the bootstrap then draws clusters.
    confidence, resamples, seed
        Of the bootstrap interval. Units (or clusters) are drawn with replacement; this is not Krippendorff's own
        bootstrap of single disagreements, which gives intervals too narrow for units that differ.

    Raises
    ------
    InputError
        If fewer than 3 units (or clusters) have two ratings, all ratings are equal (alpha is undefined), the scale is
        unknown, or a ratio scale holds a negative number.

    References
    ----------
    Krippendorff, Content Analysis, 2nd edition, 2004, chapter 11. Hayes and Krippendorff, Communication Methods and
    Measures 2007;1:77-89.
    """
    checked_confidence(confidence)
    kind = _known_scale(scale)
    table = checked_ratings(ratings)
    pairable = (~np.isnan(table)).sum(axis=1) >= 2
    codes = np.unique(cluster_codes(clusters, len(table))[pairable], return_inverse=True)[1]
    if np.unique(codes).size < 3:
        raise InputError("too few units with two ratings", expected="3 or more", got=str(np.unique(codes).size))
    values, counts = _counts(table[pairable])
    if kind is Scale.RATIO and values[0] < 0:
        raise InputError("a ratio scale starts at 0", expected="0 or more", got=str(values[0]))
    if values.size < 2:
        raise InputError("all ratings are equal", expected="two values or more", got=str(values[0]))
    every = np.ones((1, len(counts)))
    drawn = draws(int(codes.max()) + 1, resamples, seed)[:, codes]
    low, high = percentile_interval(_alphas(drawn, counts, values, kind), confidence)
    return KrippendorffAlpha(
        alpha=Estimate(value=float(_alphas(every, counts, values, kind)[0]), ci_low=low, ci_high=high),
        scale=kind,
        n=int(pairable.sum()),
        ratings=int(counts.sum()),
        dropped=int((~pairable).sum()),
    )


def _known_scale(scale: Scale | str) -> Scale:
    try:
        return Scale(scale)
    except ValueError as error:
        raise InputError("unknown scale", expected=", ".join(Scale), got=repr(scale)) from error


def _counts(table: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Distinct values (q,) and how often each unit holds each of them (units, q)."""
    values, position = np.unique(table[~np.isnan(table)], return_inverse=True)
    counts = np.zeros((len(table), values.size))
    np.add.at(counts, (np.nonzero(~np.isnan(table))[0], position), 1)
    return values, counts


def _alphas(drawn: FloatArray, counts: FloatArray, values: FloatArray, scale: Scale) -> FloatArray:
    """Alpha of each bootstrap sample; ``drawn`` (samples, units) says how often a unit is in it."""
    marginal = drawn @ counts
    total = marginal.sum(axis=1)
    if scale is Scale.ORDINAL:
        observed, expected = _ordinal(drawn, counts, marginal)
    else:
        squared = _squared_difference(values, scale)
        by_unit = ((counts @ squared) * counts).sum(axis=1) / (counts.sum(axis=1) - 1)
        observed, expected = drawn @ by_unit, ((marginal @ squared) * marginal).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        alpha = np.where(expected > 0, 1 - observed * (total - 1) / expected, np.nan)
    return np.asarray(alpha, dtype=np.float64)


def _squared_difference(values: FloatArray, scale: Scale) -> FloatArray:
    apart = np.subtract.outer(values, values)
    if scale is Scale.NOMINAL:
        return np.asarray(apart != 0, dtype=np.float64)
    if scale is Scale.RATIO:
        together = np.add.outer(values, values)
        ratio: FloatArray = np.divide(apart, together, out=np.zeros_like(apart), where=together > 0)
        return ratio**2
    return np.asarray(apart**2)


def _ordinal(drawn: FloatArray, counts: FloatArray, marginal: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Ordinal disagreement: the interval one on mid-ranks, which depend on the sample's own marginal counts."""
    rank: NDArray[np.float64] = np.cumsum(marginal, axis=1) - marginal / 2
    size = counts.sum(axis=1)
    first, second = counts @ rank.T, counts @ (rank**2).T
    by_unit = 2 * (size[:, None] * second - first**2) / (size[:, None] - 1)
    observed = (drawn.T * by_unit).sum(axis=0)
    mean, square = (marginal * rank).sum(axis=1), (marginal * rank**2).sum(axis=1)
    return observed, 2 * (marginal.sum(axis=1) * square - mean**2)
