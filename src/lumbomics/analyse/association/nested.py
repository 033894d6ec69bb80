"""Levels, sides and visits nested in patients: generalised estimating equations and mixed models, pair by pair.

The rows of one patient are not independent; counted as if they were, standard errors come out too small.

Liang KY, Zeger SL. Biometrika 1986;73:13-22. Mancl LA, DeRouen TA. Biometrics 2001;57:126-134 (bias-reduced errors).
Laird NM, Ware JH. Biometrics 1982;38:963-974.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.typing import NDArray
from statsmodels.genmod.cov_struct import Exchangeable, Independence

from lumbomics.analyse.association.choices import Model, Obstacle, Plan, Response
from lumbomics.analyse.association.inputs import Inputs
from lumbomics.analyse.association.partial import Array, slopes


def fit_nested(inputs: Inputs, plan: Plan) -> pd.DataFrame:
    """Unfinished rows of all pairs; t with (patients - terms) degrees of freedom."""
    complete = inputs.design.complete
    rows = []
    for i, biomarker in enumerate(inputs.biomarkers):
        for j, score in enumerate(inputs.scores):
            use = complete & np.isfinite(inputs.x[:, i]) & np.isfinite(inputs.y[:, j])
            data = inputs.x[use, i], inputs.y[use, j], inputs.design.matrix[use], inputs.participants[use]
            found = _fit(*data, plan)
            rows.append({"biomarker": biomarker, "score": score, "method": str(plan.model), **found})
    return pd.DataFrame(rows).assign(partial_r=np.nan)


def _fit(x: Array, y: Array, covariates: Array, groups: NDArray[np.int64], plan: Plan) -> dict[str, object]:
    covariates = covariates[:, covariates.any(axis=0)]  # a level none of these rows has tells nothing
    patients = len(np.unique(groups))
    found: dict[str, object] = {"n": len(x), "patients": patients, "df": patients - covariates.shape[1] - 1.0}
    found |= {"beta": np.nan, "se": np.nan, "obstacle": None, "sd_biomarker": np.nan, "sd_score": np.nan}
    if patients < covariates.shape[1] + 2:
        return found | {"obstacle": Obstacle.TOO_FEW_ROWS if len(x) else Obstacle.ALL_MISSING}
    plain = slopes(x[:, None], y[:, None], covariates)
    if plain.obstacle[0, 0] is not None:
        return found | {"obstacle": plain.obstacle[0, 0]}
    sd_x, sd_y = float(plain.sd_biomarker[0, 0]), float(plain.sd_score[0, 0])
    left, right = ((y, sd_y), (x, sd_x)) if plan.response is Response.SCORE else ((x, sd_x), (y, sd_y))
    # In units of standard deviations the optimiser meets the same numbers whatever the scores are counted in.
    scaled = (left[0] - left[0].mean()) / left[1], (right[0] - right[0].mean()) / right[1]
    terms = np.column_stack([scaled[1], covariates / np.abs(covariates).max(axis=0)])
    slope, error = _standardised(scaled[0], terms, groups, plan.model)
    obstacle = None if np.isfinite(error) and error > 0 else Obstacle.NO_CONVERGENCE
    unit = left[1] / right[1]
    spread = {"sd_biomarker": sd_x, "sd_score": sd_y}
    return found | spread | {"beta": slope * unit, "se": error * unit, "obstacle": obstacle}


def _standardised(y: Array, terms: Array, groups: NDArray[np.int64], model: Model) -> tuple[float, float]:
    """Slope of the first term and its standard error; NaN where the fit did not converge."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            if model is Model.MIXED:
                fit = sm.MixedLM(y, terms, groups=groups).fit(reml=True, method=["bfgs", "lbfgs", "powell"])
                converged = bool(fit.converged)
            else:
                inner = Exchangeable() if model is Model.GEE_EXCHANGEABLE else Independence()
                order = np.argsort(groups, kind="stable")
                gee = sm.GEE(y[order], terms[order], groups=groups[order], cov_struct=inner)
                fit = gee.fit(cov_type="bias_reduced")
                converged = not any("maxiter" in str(w.message).lower() for w in told)
        except np.linalg.LinAlgError:
            return float("nan"), float("nan")
    if not converged:
        return float("nan"), float("nan")
    return float(fit.params[0]), float(fit.bse[0])
