"""Outcomes that are not quantities: yes or no (logistic) and ordered classes (proportional odds), pair by pair.

McCullagh P. Regression models for ordinal data. J R Stat Soc B 1980;42:109-142.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm
from statsmodels.miscmodels.ordinal_model import OrderedModel
from statsmodels.tools.sm_exceptions import HessianInversionWarning

from lumbomics.analyse.association.choices import Model, Obstacle, Plan, Separation
from lumbomics.analyse.association.firth import firth, separated
from lumbomics.analyse.association.inputs import Inputs
from lumbomics.analyse.association.partial import Array, slopes

_RUNAWAY = 15.0
"""A log odds ratio beyond this for one standard deviation is a likelihood without a maximum."""


def fit_categories(inputs: Inputs, plan: Plan) -> pd.DataFrame:
    """Unfinished rows of all pairs: slope in log odds per biomarker unit, normal statistic."""
    complete = inputs.design.complete
    rows = []
    for i, biomarker in enumerate(inputs.biomarkers):
        for j, score in enumerate(inputs.scores):
            use = complete & np.isfinite(inputs.x[:, i]) & np.isfinite(inputs.y[:, j])
            found = _fit(inputs.x[use, i], inputs.y[use, j], inputs.design.matrix[use], plan)
            rows.append({"biomarker": biomarker, "score": score, **found})
    return pd.DataFrame(rows).assign(partial_r=np.nan, sd_score=np.nan)


def _fit(x: Array, y: Array, covariates: Array, plan: Plan) -> dict[str, object]:
    found: dict[str, object] = {"n": len(x), "patients": len(x), "df": np.inf, "method": str(plan.model)}
    found |= {"beta": np.nan, "se": np.nan, "sd_biomarker": np.nan, "obstacle": None}
    if len(x) == 0:
        return found | {"obstacle": Obstacle.ALL_MISSING}
    plain = slopes(x[:, None], y[:, None], covariates)
    obstacle = plain.obstacle[0, 0]
    if obstacle is not None and obstacle is not Obstacle.EXACT_FIT:
        return found | {"obstacle": obstacle}
    sd = float(plain.sd_biomarker[0, 0])
    scaled = covariates[:, 1:] / np.abs(covariates[:, 1:]).max(axis=0, initial=1e-300)
    terms = np.column_stack([(x - x.mean()) / sd, scaled])
    fit = _binary(y, terms, plan) if plan.model is Model.LOGIT else _ordinal(y, terms)
    # Fitted for one standard deviation; the table states slopes for one unit.
    in_units = {k: float(v) / sd for k, v in fit.items() if k in {"beta", "se", "beta_low", "beta_high"}}
    return found | {"sd_biomarker": sd, **fit, **in_units}


def _binary(y: Array, terms: Array, plan: Plan) -> dict[str, Any]:
    terms = np.column_stack([terms, np.ones(len(y))])
    prevalence: dict[str, Any] = {"prevalence": float(y.mean())}
    if not separated(y, terms):
        fit = sm.Logit(y, terms).fit(disp=0, method="newton", maxiter=100)
        return prevalence | {"beta": fit.params[0], "se": fit.bse[0]}
    if plan.separation is Separation.ABSENT:
        return prevalence | {"obstacle": Obstacle.SEPARATION}
    penalised = firth(y, terms, confidence=plan.confidence)
    if penalised is None:
        return prevalence | {"obstacle": Obstacle.NO_CONVERGENCE}
    limits = {"beta_low": penalised.low, "beta_high": penalised.high}
    return prevalence | {"method": "firth", "beta": penalised.beta, "se": penalised.se, "p": penalised.p, **limits}


def _ordinal(y: Array, terms: Array) -> dict[str, Any]:
    _, codes = np.unique(y, return_inverse=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HessianInversionWarning)  # an error that cannot be had is told by its absence
        fit = OrderedModel(codes, terms, distr="logit").fit(method="bfgs", maxiter=500, disp=0)
    beta, se = float(fit.params[0]), float(fit.bse[0])
    if abs(beta) > _RUNAWAY:
        return {"obstacle": Obstacle.SEPARATION}
    if not np.isfinite(se) or not fit.mle_retvals["converged"]:
        return {"obstacle": Obstacle.NO_CONVERGENCE}
    return {"beta": beta, "se": se}
