"""Logistic regression that stays finite where biomarker and covariates split the outcome perfectly.

Firth's penalty adds half the log determinant of the information to the log-likelihood. Limits and p come from the
penalised profile likelihood; Wald's are wrong exactly where the method is needed.

Firth D. Biometrika 1993;80:27-38. Heinze G, Schemper M. Stat Med 2002;21:2409-2419.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from lumbomics.analyse.association.partial import Array

_STEPS = 200
_TOLERANCE = 1e-10
_LARGEST_STEP = 2.0


@dataclass(frozen=True, kw_only=True)
class Firth:
    """Penalised slope of the first column: estimate, standard error, profile limits and likelihood-ratio p."""

    beta: float
    se: float
    low: float
    high: float
    p: float


def separated(outcome: Array, terms: Array) -> bool:
    """Tell whether some combination of ``terms`` (n, k) splits ``outcome`` (n,) of 0 and 1, perfectly or but for ties.

    Linear programme: maximise sum s_i x_i'b over s_i x_i'b >= 0, |b| <= 1, with s = +1 or -1 by outcome; a maximum
    above zero is a split, and then maximum likelihood has no finite answer. Konis K, DPhil thesis, Oxford 2007.
    """
    signed = np.where(outcome > 0, 1.0, -1.0)[:, None] * terms / np.abs(terms).max(axis=0)
    bounds = [(-1.0, 1.0)] * terms.shape[1]
    found = optimize.linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=bounds)
    return bool(found.fun is not None and found.fun < -1e-7)


def firth(outcome: Array, terms: Array, *, confidence: float = 0.95) -> Firth | None:
    """Fit ``outcome`` (n,) of 0 and 1 on ``terms`` (n, k) of full rank; ``None`` where it does not converge."""
    best = _climb(outcome, terms, np.zeros(terms.shape[1]), fixed=None)
    null = _climb(outcome, terms, np.zeros(terms.shape[1]), fixed=0.0)
    if best is None or null is None:
        return None
    top = _objective(outcome, terms, best)
    se = float(np.sqrt(np.linalg.inv(_information(terms, best)[0])[0, 0]))
    p = float(stats.chi2.sf(2 * max(top - _objective(outcome, terms, null), 0.0), 1))
    fall = top - stats.chi2.ppf(confidence, 1) / 2
    low, high = (_limit(outcome, terms, best, fall, sign * se) for sign in (-1, 1))
    if low is None or high is None:
        return None
    return Firth(beta=float(best[0]), se=se, low=low, high=high, p=p)


def _information(terms: Array, beta: Array) -> tuple[Array, Array, Array]:
    probability = special.expit(terms @ beta)
    weight = probability * (1 - probability)
    return terms.T @ (terms * weight[:, None]), weight, probability


def _objective(outcome: Array, terms: Array, beta: Array) -> float:
    eta = terms @ beta
    sign, log_determinant = np.linalg.slogdet(_information(terms, beta)[0])
    if sign <= 0:
        return -np.inf
    return float(outcome @ eta - np.logaddexp(0, eta).sum() + log_determinant / 2)


def _climb(outcome: Array, terms: Array, start: Array, *, fixed: float | None) -> Array | None:
    """Newton steps on the modified score, halved until the penalised likelihood rises; slope 0 held at ``fixed``."""
    free = np.arange(0 if fixed is None else 1, terms.shape[1])
    beta = start.copy()
    if fixed is not None:
        beta[0] = fixed
    value = _objective(outcome, terms, beta)
    for _ in range(_STEPS):
        information, weight, probability = _information(terms, beta)
        leverage = weight * np.einsum("ij,jk,ik->i", terms, np.linalg.pinv(information), terms)
        score = (terms.T @ (outcome - probability + leverage * (0.5 - probability)))[free]
        step = np.linalg.pinv(information[np.ix_(free, free)]) @ score
        step *= min(1.0, _LARGEST_STEP / max(np.abs(step).max(initial=0), 1e-300))
        beta, value, moved = _halved(outcome, terms, beta, value, free, step)
        if np.abs(score).max(initial=0) < _TOLERANCE * len(outcome) or not moved:
            return beta if np.abs(score).max(initial=0) < 1e-5 * len(outcome) else None
    return None


def _halved(
    outcome: Array, terms: Array, beta: Array, value: float, free: NDArray[np.intp], step: Array
) -> tuple[Array, float, bool]:
    for _ in range(30):
        candidate = beta.copy()
        candidate[free] += step
        reached = _objective(outcome, terms, candidate)
        if reached >= value:
            return candidate, reached, bool(np.abs(step).max(initial=0) > 1e-14)
        step = step / 2
    return beta, value, False


def _limit(outcome: Array, terms: Array, best: Array, fall: float, direction: float) -> float | None:
    """Slope at which the profile of the penalised likelihood has fallen to ``fall``."""

    def excess(slope: float) -> float:
        profile = _climb(outcome, terms, best, fixed=slope)
        return np.nan if profile is None else _objective(outcome, terms, profile) - fall

    far = direction
    for _ in range(60):
        if not excess(best[0] + far) > 0:
            break
        far *= 1.6
    value = excess(best[0] + far)
    if not np.isfinite(value) or value > 0:
        return None
    return float(optimize.brentq(excess, best[0], best[0] + far, xtol=1e-9))
