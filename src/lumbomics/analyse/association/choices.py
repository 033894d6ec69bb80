"""What a search for associations must declare before it looks: model, missing data, family of tests."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

LABEL = "hypothesis-generating"
"""Stands in every row of every table: a search over many pairs proves nothing by itself."""


class Model(StrEnum):
    """How a score is regressed on a biomarker and the covariates."""

    OLS = "ols"
    OLS_HC3 = "ols_hc3"
    LOGIT = "logit"
    ORDINAL = "ordinal"
    GEE_EXCHANGEABLE = "gee_exchangeable"
    GEE_INDEPENDENCE = "gee_independence"
    MIXED = "mixed"


LINEAR = frozenset({Model.OLS, Model.OLS_HC3})
NESTED = frozenset({Model.GEE_EXCHANGEABLE, Model.GEE_INDEPENDENCE, Model.MIXED})


class Missing(StrEnum):
    """What happens to rows with gaps."""

    COMPLETE_CASE = "complete_case"
    MULTIPLE_IMPUTATION = "multiple_imputation"


class Correction(StrEnum):
    """Control of the false-discovery rate: Benjamini-Hochberg, or Benjamini-Yekutieli under any dependence."""

    BH = "bh"
    BY = "by"


class Family(StrEnum):
    """Which tests are corrected together."""

    ALL = "all"
    SCORE = "score"


class Response(StrEnum):
    """Which of the two stands on the left of a nested model."""

    SCORE = "score"
    BIOMARKER = "biomarker"


class Separation(StrEnum):
    """What is done where a logistic model has no finite maximum."""

    FIRTH = "firth"
    ABSENT = "absent"


class Obstacle(StrEnum):
    """Why a pair has no estimate."""

    ALL_MISSING = "all_missing"
    SCORE_ALL_MISSING = "score_all_missing"
    TOO_FEW_ROWS = "too_few_rows"
    CONSTANT = "constant_biomarker"
    SCORE_CONSTANT = "constant_score"
    COVARIATES_COLLINEAR = "covariates_collinear_in_rows"
    EXPLAINED = "explained_by_covariates"
    EXACT_FIT = "exact_fit"
    LEVERAGE = "single_row_decides"
    SEPARATION = "separation"
    NO_CONVERGENCE = "no_convergence"


DETAILS = {
    Obstacle.ALL_MISSING: "the biomarker has no value in any row with all covariates",
    Obstacle.SCORE_ALL_MISSING: "the score has no value in any row with all covariates",
    Obstacle.TOO_FEW_ROWS: "no more rows (or patients) with both values than terms in the model",
    Obstacle.CONSTANT: "the biomarker has one value in all rows used",
    Obstacle.SCORE_CONSTANT: "the score has one value in all rows used",
    Obstacle.COVARIATES_COLLINEAR: "in the rows used one covariate is a combination of others",
    Obstacle.EXPLAINED: "the biomarker is a combination of the covariates: nothing of its own is left",
    Obstacle.EXACT_FIT: "the score is a linear function of biomarker and covariates: is one computed from the other?",
    Obstacle.LEVERAGE: "one row alone decides a term, HC3 has no standard error",
    Obstacle.SEPARATION: "the outcome is split perfectly by biomarker and covariates",
    Obstacle.NO_CONVERGENCE: "the fit did not converge",
}
"""One sentence for each obstacle."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that was declared, so that a table says how it was made.

    Parameters
    ----------
    model, missing, correction, family, response, separation
        As chosen.
    biomarkers, scores, adjust, auxiliary
        Column names; ``auxiliary`` helps to impute and is in no model.
    terms
        Columns of the covariate matrix, the constant first.
    references
        For each categorical covariate the level that stands for zero.
    rows, rows_complete
        Rows given, and rows with all covariates.
    participants
        Distinct participants in these rows.
    confidence, threshold, power
        Level of the intervals; largest adjusted p of a finding; power of the confirming study.
    permutations, imputations, seed
        As chosen; 0 where not used.
    """

    model: Model
    missing: Missing
    correction: Correction
    family: Family
    response: Response
    separation: Separation
    biomarkers: tuple[str, ...]
    scores: tuple[str, ...]
    adjust: tuple[str, ...]
    auxiliary: tuple[str, ...]
    terms: tuple[str, ...]
    references: tuple[tuple[str, str], ...]
    rows: int
    rows_complete: int
    participants: int
    confidence: float
    threshold: float
    power: float
    permutations: int
    imputations: int
    seed: int
