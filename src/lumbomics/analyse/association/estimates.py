"""From slopes to rows: one row a pair, with interval, effect size, false-discovery rate and sensitivity."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests

from lumbomics.analyse.association import sensitivity
from lumbomics.analyse.association.choices import (
    DETAILS,
    LABEL,
    LINEAR,
    NESTED,
    Correction,
    Family,
    Model,
    Obstacle,
    Plan,
    Response,
)
from lumbomics.analyse.association.confirm import patients_for_partial_correlation, patients_for_statistic
from lumbomics.analyse.association.partial import Array, Slopes

RATIOS = frozenset({Model.LOGIT, Model.ORDINAL})
"""Models whose effect is an odds ratio."""
COLUMNS = (
    *("biomarker", "score", "status", "reason", "detail", "method", "n", "patients"),
    *("effect_kind", "effect", "effect_low", "effect_high", "partial_r", "partial_r_low", "partial_r_high"),
    *("beta", "beta_low", "beta_high", "se", "statistic", "df", "p", "p_adjusted", "finding"),
    *("p_permutation", "p_familywise", "e_value", "e_value_limit", "n_to_confirm", "n_to_confirm_limit"),
    *("sd_biomarker", "sd_score", "label"),
)
"""Columns of a finished table, in order."""


def from_slopes(slopes: Slopes, biomarkers: Iterable[str], scores: Iterable[str], *, method: str) -> pd.DataFrame:
    """Unfinished rows, biomarker by biomarker, of (b, s) results."""
    names, titles = np.array(list(biomarkers), dtype=object), np.array(list(scores), dtype=object)
    numbers = ("n", "df", "beta", "se", "partial_r", "sd_biomarker", "sd_score")
    frame = pd.DataFrame({name: getattr(slopes, name).ravel() for name in numbers})
    frame.insert(0, "biomarker", np.repeat(names, len(titles)))
    frame.insert(1, "score", np.tile(titles, len(names)))
    return frame.assign(patients=frame["n"], method=method, obstacle=slopes.obstacle.ravel())


def finish(rows: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Add to unfinished rows all that follows from slope, standard error and degrees of freedom."""
    obstacles = [None if pd.isna(o) else Obstacle(o) for o in rows["obstacle"]]
    bad = np.array([o is not None for o in obstacles])
    rows.loc[bad, ["beta", "se", "partial_r"]] = np.nan
    rows["status"] = np.where(bad, "absent", "estimated")
    rows["reason"] = pd.Series([None if o is None else str(o) for o in obstacles], dtype=object)
    rows["detail"] = pd.Series([None if o is None else DETAILS[o] for o in obstacles], dtype=object)
    _interval(rows, plan)
    _effect(rows, plan)
    rows["p_adjusted"] = adjust_p(rows, plan.correction, plan.family)
    rows["finding"] = rows["p_adjusted"].to_numpy() <= plan.threshold
    _sensitivity(rows, plan)
    _confirmation(rows, plan)
    return rows.assign(label=LABEL).reindex(columns=COLUMNS)


def _interval(rows: pd.DataFrame, plan: Plan) -> None:
    """Wald statistic, p and limits; where a likelihood gave ``p`` and limits already, these stay."""
    beta, se, df = (rows[name].to_numpy(dtype=np.float64) for name in ("beta", "se", "df"))
    rows["statistic"] = beta / se
    width = stats.t.isf((1 - plan.confidence) / 2, np.where(df > 0, df, np.nan)) * se
    made = {"p": 2 * stats.t.sf(np.abs(beta / se), df), "beta_low": beta - width, "beta_high": beta + width}
    for name, values in made.items():
        rows[name] = rows[name].where(rows[name].notna(), values) if name in rows else values


def _effect(rows: pd.DataFrame, plan: Plan) -> None:
    limits = (("effect", "beta"), ("effect_low", "beta_low"), ("effect_high", "beta_high"))
    if plan.model in RATIOS:
        rows["effect_kind"] = "odds_ratio_per_sd"
        for name, source in limits:
            rows[name] = np.exp(rows[source] * rows["sd_biomarker"])
        return
    rows["effect_kind"] = "standardised_beta"
    swapped = plan.model in NESTED and plan.response is Response.BIOMARKER
    predictor, response = ("sd_score", "sd_biomarker") if swapped else ("sd_biomarker", "sd_score")
    for name, source in limits:
        rows[name] = rows[source] * rows[predictor] / rows[response]
    if plan.model in LINEAR:
        _correlation_limits(rows, plan)


def _correlation_limits(rows: pd.DataFrame, plan: Plan) -> None:
    """Fisher's interval; the standard error of atanh r follows the model's own (robust, pooled) through t.

    t = r sqrt(df / (1 - r^2)) in the classical model, where the error becomes the usual 1 / sqrt(df - 1).
    """
    r, df, t = (rows[name].to_numpy(dtype=np.float64) for name in ("partial_r", "df", "statistic"))
    with np.errstate(divide="ignore", invalid="ignore"):
        classical = 1 / np.sqrt(np.where(df > 1, df - 1, np.nan))
        error = np.where(r == 0, classical, np.abs(r / t) * np.sqrt(df / (1 - r**2)) * classical)
        half = stats.norm.isf((1 - plan.confidence) / 2) * error
        rows["partial_r_low"], rows["partial_r_high"] = np.tanh(np.arctanh(r) - half), np.tanh(np.arctanh(r) + half)


def adjust_p(rows: pd.DataFrame, correction: Correction, family: Family) -> Array:
    """Adjust p of each row over its family; tests that could not be made are not counted.

    Benjamini Y, Hochberg Y. J R Stat Soc B 1995;57:289-300. Benjamini Y, Yekutieli D. Ann Stat 2001;29:1165-1188.
    """
    p = rows["p"].to_numpy(dtype=np.float64)
    groups = rows["score"].to_numpy() if family is Family.SCORE else np.zeros(len(rows))
    out = np.full(len(rows), np.nan)
    for group in pd.unique(groups):
        made = (groups == group) & np.isfinite(p)
        if made.any():
            out[made] = multipletests(p[made], method=f"fdr_{correction}")[1]
    return out


def _sensitivity(rows: pd.DataFrame, plan: Plan) -> None:
    effect, low, high = (rows[name].to_numpy(dtype=np.float64) for name in ("effect", "effect_low", "effect_high"))
    if plan.model in RATIOS:
        limit = sensitivity.nearer_limit(low, high, null=1.0)
        share = rows["prevalence"].to_numpy() if "prevalence" in rows else np.ones(len(rows))
        ratios = sensitivity.ratio_of_odds(effect, share), sensitivity.ratio_of_odds(limit, share)
    else:
        limit = sensitivity.nearer_limit(low, high, null=0.0)
        ratios = sensitivity.ratio_of_difference(effect), sensitivity.ratio_of_difference(limit)
    rows["e_value"], rows["e_value_limit"] = sensitivity.e_value(ratios[0]), sensitivity.e_value(ratios[1])


def _confirmation(rows: pd.DataFrame, plan: Plan) -> None:
    """Patients for the estimate and, larger and safer, for the limit of its interval nearer to nothing."""
    if plan.model is Model.OLS:
        low, high = rows["partial_r_low"].to_numpy(), rows["partial_r_high"].to_numpy()
        limit = sensitivity.nearer_limit(low, high, null=0.0)
        for name, r in (("n_to_confirm", rows["partial_r"].to_numpy()), ("n_to_confirm_limit", limit)):
            rows[name] = patients_for_partial_correlation(r, covariates=len(plan.terms) - 1, power=plan.power)
        return
    limit = sensitivity.nearer_limit(rows["beta_low"], rows["beta_high"], null=0.0) / rows["se"].to_numpy()
    for name, statistic in (("n_to_confirm", rows["statistic"].to_numpy()), ("n_to_confirm_limit", limit)):
        rows[name] = patients_for_statistic(statistic, rows["patients"].to_numpy(), power=plan.power)
