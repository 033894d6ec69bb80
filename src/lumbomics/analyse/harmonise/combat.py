"""ComBat itself: what a site shifts and spreads, shrunk and removed.

y = a + X b + g(site) + d(site) e, feature by feature. Location g and variance d^2 of a site are shrunk towards the mean
of that site over all features (empirical Bayes), then removed; what the covariates X explain is kept.

Johnson WE, Li C, Rabinovic A. Biostatistics 2007;8:118-127. Fortin JP et al. NeuroImage 2018;167:104-120.
The priors are taken over the features of one site, as in these papers; combatlearn 2 takes them over the sites of one
feature, which is another estimator.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_CONVERGED = 1e-4  # the stopping rule of the published code: a tighter one gives other digits
_MOST_ROUNDS = 10_000
_TINY = 1e-300


@dataclass(frozen=True, kw_only=True, eq=False)
class SiteModel:
    """What was learnt from the training rows, per feature (f,) or per site and feature (s, f).

    Parameters
    ----------
    sites
        Names of the s sites.
    centre, scale
        Mean at the average site and pooled SD within sites.
    slopes
        (k, f) of the kept covariates.
    shift, spread
        Shrunken location and variance of each site, in units of ``scale``.
    """

    sites: tuple[str, ...]
    centre: Array
    scale: Array
    slopes: Array
    shift: Array
    spread: Array


def learn(values: Array, sites: NDArray[np.str_], kept: Array) -> SiteModel:
    """Fit features (n, f) of rows from ``sites`` (n,) with kept covariates (n, k); design of full rank, no gaps."""
    names, place, counts = np.unique(sites, return_inverse=True, return_counts=True)
    design = np.column_stack([place[:, None] == np.arange(len(names)), kept]).astype(np.float64)
    fitted = np.asarray(np.linalg.lstsq(design, values, rcond=None)[0], dtype=np.float64)
    centre, slopes = counts / counts.sum() @ fitted[: len(names)], fitted[len(names) :]
    scale = np.sqrt(((values - design @ fitted) ** 2).mean(axis=0))
    scaled = (values - centre - kept @ slopes) / scale
    shift, spread = np.empty((len(names), values.shape[1])), np.ones((len(names), values.shape[1]))
    for i in range(len(names)):
        shift[i], spread[i] = _shrink(scaled[place == i])
    return SiteModel(
        sites=tuple(map(str, names)), centre=centre, scale=scale, slopes=slopes, shift=shift, spread=spread
    )


def _shrink(rows: Array) -> tuple[Array, Array]:
    """Posterior location and variance of one site (n, f) by Johnson's iteration; the priors come from its features."""
    n, mean, variance = len(rows), rows.mean(axis=0), rows.var(axis=0, ddof=1)
    prior_mean, prior_variance = mean.mean(), mean.var(ddof=1)
    average, scatter = variance.mean(), variance.var(ddof=1)
    shape, rate = (2 * scatter + average**2) / scatter, (average * scatter + average**3) / scatter
    shift, spread = mean, variance
    for _ in range(_MOST_ROUNDS):
        new_shift = (n * prior_variance * mean + spread * prior_mean) / (n * prior_variance + spread)
        squares = (n - 1) * variance + n * (mean - new_shift) ** 2
        new_spread = (squares / 2 + rate) / (n / 2 + shape - 1)
        moved = max(_change(new_shift, shift), _change(new_spread, spread))
        shift, spread = new_shift, new_spread
        if moved < _CONVERGED:
            break
    return shift, spread


def _change(new: Array, old: Array) -> float:
    return float((np.abs(new - old) / np.maximum(np.abs(old), _TINY)).max())


def remove(model: SiteModel, values: Array, place: NDArray[np.intp], kept: Array) -> Array:
    """Features (n, f) without the effects of the sites numbered in ``place`` (n,)."""
    expected = model.centre + kept @ model.slopes
    scaled = (values - expected) / model.scale
    return np.asarray((scaled - model.shift[place]) / np.sqrt(model.spread[place]) * model.scale + expected)
