"""Course over all visits: linear mixed models with treatment, levels nested in patients."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from lumbomics.analyse.reliability.estimate import Estimate, checked_confidence
from lumbomics.analyse.tables import long_table, present
from lumbomics.core.errors import FaultsError, InputError

_OPTIMISERS: Final = ("lbfgs", "powell", "nm")
_LIKELIHOOD_TOLERANCE: Final = 0.01
_SMALLEST_PARTICIPANTS: Final = 5


@dataclass(frozen=True, kw_only=True)
class FixedEffect:
    """One term of the model.

    Parameters
    ----------
    term
        ``intercept``, ``time`` (a month), ``treatment[x]``, ``time:treatment[x]``, ``level[L5-S1]`` or a covariate.
    estimate
        In the unit of the biomarker, with Wald interval.
    se, p
        Standard error and two-sided p (normal).
    """

    term: str
    estimate: Estimate
    se: float
    p: float


@dataclass(frozen=True, kw_only=True)
class MixedModel:
    """A fitted course, or the reason why there is none.

    Parameters
    ----------
    biomarker
        Outcome.
    converged
        Whether two optimisers agreed on the maximum; where not, there are no effects at all.
    effects
        Fixed effects.
    sd_participants, sd_levels, sd_slopes, sd_residual
        Standard deviations of the random parts, unit of the biomarker (slopes: a month); ``None`` where not modelled.
    n, participants
        Values and people.
    dropped
        Values left out for want of time, treatment or a covariate.
    notes
        What happened on the way: optimisers that failed or disagreed, variances at 0, warnings.
    """

    biomarker: str
    converged: bool
    effects: tuple[FixedEffect, ...]
    sd_participants: float | None
    sd_levels: float | None
    sd_slopes: float | None
    sd_residual: float | None
    n: int
    participants: int
    dropped: int
    notes: tuple[str, ...]

    def effect(self, term: str) -> FixedEffect:
        """One term by name; InputError if the model has none of that name (or did not converge)."""
        for found in self.effects:
            if found.term == term:
                return found
        raise InputError("no such term in the model", expected=", ".join(e.term for e in self.effects), got=repr(term))

    def to_frame(self) -> pd.DataFrame:
        """One row a term; one row with the notes where the model did not converge."""
        shared = {
            "biomarker": self.biomarker, "n": self.n, "participants": self.participants, "converged": self.converged,
            "notes": "; ".join(self.notes),
        }  # fmt: skip
        rows = [{"term": e.term, **e.estimate.columns("estimate"), "se": e.se, "p": e.p} for e in self.effects]
        return pd.DataFrame([{**shared, **row} for row in rows or [{}]])


def mixed_course(
    table: pd.DataFrame,
    *,
    biomarker: str,
    time: str = "months_since_surgery",
    treatment: str | None = None,
    covariates: Sequence[str] = (),
    random_slope: bool = False,
    confidence: float = 0.95,
) -> MixedModel:
    """Fit value ~ time x treatment + level + side + covariates, with a random intercept for each participant.

    Where participants have several levels or sides, each of these has a random intercept within its participant, so
    that five levels of one spine are not five patients. Fitted by restricted maximum likelihood (statsmodels MixedLM),
    which uses every visit that is there; missing visits must be missing at random.

    Parameters
    ----------
    table
        Long measurement table.
    biomarker
        Its rows are the outcome; they must come from one method.
    time
        Numeric column, months; may be negative before an operation.
    treatment
        Column of groups (text) or of a number that may change between visits; ``None`` for the course alone. The first
        group in alphabetical order is the reference.
    covariates
        Numeric columns; they are centred, so that the intercept is that of an average participant.
    random_slope
        Whether the course differs between participants. It is fitted as stated: a model that does not converge is not
        replaced by a simpler one.
    confidence
        Of the intervals.

    Raises
    ------
    FaultsError
        As in ``long_table``; or if columns are missing or hold no numbers.
    InputError
        If the biomarker has several methods, fewer than 5 participants or fewer values than terms.

    Notes
    -----
    Wald intervals are too narrow below some 30 participants. Treatment is not randomised in a cohort: its terms are
    associations.
    """
    checked_confidence(confidence)
    checked = long_table(table)
    rows = present(checked)[present(checked)["biomarker"] == biomarker]
    _check(checked, rows, biomarker, [time, *covariates], treatment)
    needed = [time, *covariates, *([] if treatment is None else [treatment])]
    used = rows.dropna(subset=needed).sort_values(["participant", "session", "level", "side"], ignore_index=True)
    design = _design(used, time, treatment, covariates)
    people = used["participant"].nunique()
    if people < _SMALLEST_PARTICIPANTS or len(used) <= design.shape[1] + 2:
        raise InputError(
            "too little data for the model",
            expected=f"{_SMALLEST_PARTICIPANTS} participants and more than {design.shape[1] + 2} values",
            got=f"{people} and {len(used)}",
            where=biomarker,
        )
    _refuse_collinear(design)
    slope = time if random_slope else None
    if random_slope and len(used) <= 2 * people:
        raise InputError(
            "too few visits for a slope of each participant", expected=f"more than {2 * people} values",
            got=str(len(used)), where=biomarker, hint="leave random_slope out",
        )  # fmt: skip
    fit, notes = _fitted(used, design, slope)
    return _model(biomarker, fit, notes, design.columns, used, slope, len(rows) - len(used), confidence)


def _check(table: pd.DataFrame, rows: pd.DataFrame, biomarker: str, numeric: list[str], treatment: str | None) -> None:
    missing = [name for name in [*numeric, *([] if treatment is None else [treatment])] if name not in table.columns]
    texts = [n for n in numeric if n in table.columns and not pd.api.types.is_numeric_dtype(table[n])]
    faults = [InputError("no such column", expected=", ".join(table.columns), got=repr(name)) for name in missing]
    faults += [InputError("column holds no numbers", expected="numbers", got=repr(name)) for name in texts]
    if faults:
        raise FaultsError(faults)
    if rows.empty:
        known = ", ".join(sorted(table["biomarker"].unique()))
        raise InputError("no value of this biomarker", expected=known, got=repr(biomarker))
    if rows["method"].nunique(dropna=False) > 1:
        found = ", ".join(str(method) for method in rows["method"].unique())
        raise InputError(
            "several methods under one name", expected="one", got=found, hint="keep the rows of one method"
        )


def _design(rows: pd.DataFrame, time: str, treatment: str | None, covariates: Sequence[str]) -> pd.DataFrame:
    design = pd.DataFrame({"intercept": 1.0, "time": rows[time].astype("float64")})
    for name in ("level", "side"):
        design = design.join(_dummies(rows[name], name))
    if treatment is not None:
        groups = (
            rows[[treatment]].astype("float64").set_axis(["treatment"], axis=1)
            if pd.api.types.is_numeric_dtype(rows[treatment])
            else _dummies(rows[treatment], "treatment")
        )
        design = design.join(groups).join(groups.mul(design["time"], axis=0).add_prefix("time:"))
    centred = rows[list(covariates)].astype("float64")
    return design.join(centred - centred.mean())


def _dummies(column: pd.Series, name: str) -> pd.DataFrame:
    """One column a group but the first; none where there is one group."""
    groups = sorted(str(group) for group in column.fillna("none").unique())
    text = column.fillna("none").astype(str)
    return pd.DataFrame(
        {f"{name}[{group}]": (text == group).astype("float64") for group in groups[1:]}, index=column.index
    )


def _refuse_collinear(design: pd.DataFrame) -> None:
    scaled = design / design.abs().max().replace(0, 1)
    if np.linalg.matrix_rank(scaled.to_numpy()) < design.shape[1]:
        raise InputError(
            "terms of the model are linear combinations of others",
            got=", ".join(design.columns),
            hint="leave one out: a treatment that nobody got, a covariate that is constant or a copy of another",
        )


def _nested(rows: pd.DataFrame) -> Any:
    """Random intercepts of levels and sides within participants, or None where everybody has one place."""
    from statsmodels.regression.mixed_linear_model import VCSpec  # noqa: PLC0415 - slow to import

    place = rows["level"].fillna("").astype(str) + "/" + rows["side"].fillna("").astype(str)
    if place.nunique() == 1 or not place.groupby([rows["participant"], place]).size().gt(1).any():
        return None
    columns, matrices = [], []
    for _, own in place.groupby(rows["participant"], sort=True):
        names = sorted(own.unique())
        columns.append(names)
        matrices.append((own.to_numpy()[:, None] == np.array(names)[None, :]).astype(np.float64))
    return VCSpec(["place"], [columns], [matrices])


def _fitted(rows: pd.DataFrame, design: pd.DataFrame, slope: str | None) -> tuple[Any, tuple[str, ...]]:
    """Fit with one optimiser after the other until two agree on the maximum; say what happened on the way."""
    from statsmodels.regression.mixed_linear_model import MixedLM  # noqa: PLC0415 - slow to import

    # Stated even for the intercept alone: beside nested parts, statsmodels adds none by itself.
    random = np.ones((len(rows), 1))
    if slope is not None:
        random = np.column_stack([random, rows[slope].to_numpy(dtype=np.float64) / _span(rows[slope])])
    outcome, nested = rows["value"].to_numpy() / _span(rows["value"]), _nested(rows)
    groups = rows["participant"].to_numpy()
    fits: list[Any] = []
    notes: list[str] = []
    for optimiser in _OPTIMISERS:
        try:
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always")
                model = MixedLM(outcome, design.to_numpy(), groups=groups, exog_re=random, exog_vc=nested)
                fit = model.fit(reml=True, method=[optimiser])
        except (np.linalg.LinAlgError, ValueError) as error:
            notes.append(f"{optimiser} failed: {error}")
            continue
        notes += dict.fromkeys(f"{optimiser}: " + str(one.message).split("\n")[0] for one in said)
        fits = sorted([*fits, fit], key=lambda one: float(one.llf), reverse=True)
        if _agreed(fits):
            return fits[0], tuple(notes)
    return None, (*notes, "no two optimisers agreed on the maximum of the likelihood")


def _agreed(fits: list[Any]) -> bool:
    """Whether the two best fits have the same likelihood; an optimiser's own word is not enough at variances near 0."""
    if len(fits) < 2 or not np.isfinite(np.asarray(fits[0].bse_fe)).all():
        return False
    return any(fit.converged for fit in fits[:2]) and float(fits[0].llf - fits[1].llf) < _LIKELIHOOD_TOLERANCE


def _span(column: pd.Series) -> float:
    """Scale that brings a column near 1, where optimisers work best; 1 for a column of zeros."""
    return float(column.std()) or 1.0


def _model(
    biomarker: str,
    fit: Any,
    notes: tuple[str, ...],
    terms: pd.Index,
    rows: pd.DataFrame,
    slope: str | None,
    dropped: int,
    confidence: float,
) -> MixedModel:
    spread: dict[str, float | None] = dict.fromkeys(("participants", "slopes", "levels", "residual"))
    effects: tuple[FixedEffect, ...] = ()
    if fit is not None:
        scale = _span(rows["value"])
        spread |= _spread(fit, scale, _span(rows[slope]) if slope is not None else 1.0)
        notes += tuple(f"the variance of {name} is 0" for name, sd in spread.items() if sd is not None and sd < 1e-6)
        ends = np.asarray(fit.conf_int(alpha=1 - confidence)) * scale
        effects = tuple(
            FixedEffect(
                term=str(term),
                estimate=Estimate(
                    value=float(fit.fe_params[i]) * scale, ci_low=float(ends[i, 0]), ci_high=float(ends[i, 1])
                ),
                se=float(fit.bse_fe[i]) * scale,
                p=float(fit.pvalues[i]),
            )
            for i, term in enumerate(terms)
        )
    return MixedModel(
        biomarker=biomarker,
        converged=fit is not None,
        effects=effects,
        sd_participants=spread["participants"],
        sd_levels=spread["levels"],
        sd_slopes=spread["slopes"],
        sd_residual=spread["residual"],
        n=len(rows),
        participants=rows["participant"].nunique(),
        dropped=dropped,
        notes=notes,
    )


def _spread(fit: Any, scale: float, time_scale: float) -> dict[str, float | None]:
    covariance, nested = np.asarray(fit.cov_re) * scale**2, np.asarray(fit.vcomp) * scale**2
    slopes = math.sqrt(max(0.0, float(covariance[1, 1]))) / time_scale if covariance.shape[0] > 1 else None
    return {
        "participants": math.sqrt(max(0.0, float(covariance[0, 0]))),
        "slopes": slopes,
        "levels": math.sqrt(max(0.0, float(nested[0]))) if nested.size else None,
        "residual": math.sqrt(float(fit.scale)) * scale,
    }
