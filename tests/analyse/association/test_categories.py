"""Binary and ordinal outcomes, and what happens where they are split perfectly."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import optimize, special, stats
from statsmodels.miscmodels.ordinal_model import OrderedModel

from lumbomics.analyse.association import associate
from lumbomics.analyse.association.firth import firth, separated
from lumbomics.core.errors import FaultsError


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    age, b = rng.normal(55, 10, 150), 60 + 10 * rng.normal(size=150)
    latent = 0.06 * (b - 60) + 0.03 * (age - 55) + rng.logistic(size=150)
    return pd.DataFrame(
        {
            "participant_id": range(150),
            "age": age,
            "b": b,
            "better": latent > 0.4,
            "pgic": np.digitize(latent, [-1.5, 0, 1.5]) + 1,
        }
    )


def run(table: pd.DataFrame, score: str, model: str, **changes: object) -> pd.Series:
    given = {"biomarkers": ["b"], "scores": [score], "adjust": ["age"], "model": model, **changes}
    return associate(table, **given).to_frame().iloc[0]


def test_logistic_slopes_equal_statsmodels(table: pd.DataFrame) -> None:
    row = run(table, "better", "logit")
    fit = sm.Logit(table["better"].astype(float), sm.add_constant(table[["b", "age"]])).fit(disp=0)
    assert row["beta"] == pytest.approx(fit.params["b"], rel=1e-8)
    assert row["se"] == pytest.approx(fit.bse["b"], rel=1e-8)
    assert row["p"] == pytest.approx(fit.pvalues["b"], rel=1e-7)
    assert [row["beta_low"], row["beta_high"]] == pytest.approx(list(fit.conf_int().loc["b"]), rel=1e-7)
    assert row["effect"] == pytest.approx(np.exp(fit.params["b"] * table["b"].std()), rel=1e-8)
    assert row["effect_kind"] == "odds_ratio_per_sd"
    assert row["method"] == "logit"


def test_proportional_odds_equal_statsmodels(table: pd.DataFrame) -> None:
    row = run(table, "pgic", "ordinal")
    scaled = table[["b", "age"]].apply(stats.zscore, ddof=1)
    fit = OrderedModel(table["pgic"], scaled, distr="logit").fit(method="bfgs", disp=0, maxiter=500, gtol=1e-8)
    assert row["beta"] * table["b"].std() == pytest.approx(fit.params["b"], abs=1e-5)
    assert row["se"] * table["b"].std() == pytest.approx(fit.bse["b"], rel=1e-3)
    words = pd.Categorical(table["pgic"].map(dict(enumerate("abcd", 1))), categories=list("abcd"), ordered=True)
    assert run(table.assign(pgic=words), "pgic", "ordinal")["beta"] == pytest.approx(row["beta"], rel=1e-6)


def test_words_without_an_order_are_no_ordinal_outcome(table: pd.DataFrame) -> None:
    with pytest.raises(FaultsError, match="pgic: not a column of numbers"):
        run(table.assign(pgic=table["pgic"].map(dict(enumerate("abcd", 1)))), "pgic", "ordinal")


def test_separation_is_recognised() -> None:
    x = np.array([1.0, 2, 3, 4, 5, 6])
    terms = np.column_stack([x, np.ones(6)])
    assert separated(np.array([0.0, 0, 0, 1, 1, 1]), terms)
    assert separated(np.array([0.0, 0, 0, 1, 1, 1]), np.column_stack([[1, 2, 3, 3, 4, 5], np.ones(6)]))  # but for ties
    assert not separated(np.array([0.0, 0, 1, 0, 1, 1]), terms)


def test_a_split_outcome_is_penalised_or_absent_as_declared(table: pd.DataFrame) -> None:
    split = table.assign(better=table["b"] > 62)
    row = run(split, "better", "logit")
    assert row["method"] == "firth"
    assert 0 < row["beta_low"] < row["beta"] < row["beta_high"] < np.inf
    assert row["p"] < 1e-10
    assert run(split, "better", "logit", separation="absent")["reason"] == "separation"


def test_an_ordinal_outcome_that_the_biomarker_sorts_is_absent(table: pd.DataFrame) -> None:
    sorted_by = table.assign(pgic=np.digitize(table["b"], [50, 60, 70]))
    assert run(sorted_by, "pgic", "ordinal")["reason"] in {"separation", "no_convergence"}


@pytest.mark.parametrize("cells", [(3, 7, 8, 2), (0, 10, 6, 4), (0, 5, 5, 0)])
def test_firth_of_a_two_by_two_table_adds_half_to_each_cell(cells: tuple[int, int, int, int]) -> None:
    # For a saturated logistic model Jeffreys' penalty is exactly Haldane and Anscombe's half (Firth 1993, section 3).
    exposed_ill, exposed_well, ill, well = cells
    x = np.repeat([1.0, 1, 0, 0], cells)
    y = np.repeat([1.0, 0, 1, 0], cells)
    found = firth(y, np.column_stack([x, np.ones(len(x))]))
    assert found is not None
    known = np.log((exposed_ill + 0.5) * (well + 0.5) / ((exposed_well + 0.5) * (ill + 0.5)))
    assert found.beta == pytest.approx(known, abs=1e-7)
    assert found.se == pytest.approx(np.sqrt(1 / _weight(exposed_ill, exposed_well) + 1 / _weight(ill, well)), rel=1e-5)


def _weight(ill: int, well: int) -> float:
    p = (ill + 0.5) / (ill + well + 1)
    return (ill + well) * p * (1 - p)


def test_firth_limits_are_where_the_penalised_likelihood_has_fallen() -> None:
    rng = np.random.default_rng(1)
    terms = np.column_stack([rng.normal(size=30), rng.normal(size=30), np.ones(30)])
    y = (terms[:, 0] + rng.logistic(size=30) > 0).astype(float)
    found = firth(y, terms)
    assert found is not None

    def penalised(beta: np.ndarray) -> float:
        eta = terms @ beta
        p = special.expit(eta)
        return -(
            y @ eta - np.logaddexp(0, eta).sum() + np.linalg.slogdet(terms.T @ (terms * (p * (1 - p))[:, None]))[1] / 2
        )

    def profile(slope: float) -> float:
        return optimize.minimize(lambda rest: penalised(np.array([slope, *rest])), np.zeros(2), tol=1e-10).fun

    best = optimize.minimize(penalised, np.zeros(3), tol=1e-10)
    assert found.beta == pytest.approx(best.x[0], abs=1e-5)
    for limit in (found.low, found.high):
        assert 2 * (profile(limit) - best.fun) == pytest.approx(stats.chi2.ppf(0.95, 1), abs=1e-4)
    assert found.p == pytest.approx(stats.chi2.sf(2 * (profile(0.0) - best.fun), 1), rel=1e-5)
