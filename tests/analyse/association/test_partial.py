"""The screen is ordinary least squares, pair by pair."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from lumbomics.analyse.association import associate
from lumbomics.analyse.association.design import encode
from lumbomics.analyse.association.partial import slopes
from lumbomics.analyse.association.robust import hc3_errors

ADJUST = ["age", "sex", "bmi", "site", "months"]
B, S = [f"b{i}" for i in range(5)], [f"s{i}" for i in range(3)]


def reference(table: pd.DataFrame, biomarker: str, score: str, **fit: object) -> tuple[float, ...]:
    design, faults = encode(table, ADJUST)
    assert not faults
    terms, y = np.column_stack([table[biomarker], design.matrix]), table[score].to_numpy()
    rows = np.isfinite(terms).all(axis=1) & np.isfinite(y)
    found = sm.OLS(y[rows], terms[rows]).fit(**fit)
    low, high = found.conf_int()[0]
    return found.params[0], found.bse[0], found.tvalues[0], found.pvalues[0], low, high, found.nobs, found.df_resid


COLUMNS = ["beta", "se", "statistic", "p", "beta_low", "beta_high", "n", "df"]


@pytest.mark.parametrize("which", ["cohort", "gappy"])
@pytest.mark.parametrize(("model", "fit"), [("ols", {}), ("ols_hc3", {"cov_type": "HC3", "use_t": True})])
def test_every_pair_equals_statsmodels_on_its_own_rows(
    which: str, model: str, fit: dict[str, object], request: pytest.FixtureRequest
) -> None:
    table = request.getfixturevalue(which)
    rows = associate(table, biomarkers=B, scores=S, adjust=ADJUST, model=model).to_frame()
    expected = np.array([reference(table, b, s, **fit) for b, s in zip(rows["biomarker"], rows["score"], strict=True)])
    np.testing.assert_allclose(rows[COLUMNS].to_numpy(dtype=float), expected, rtol=1e-8, atol=1e-12)


def test_partial_correlation_is_that_of_the_two_residuals(cohort: pd.DataFrame) -> None:
    row = associate(cohort, biomarkers=["b2"], scores=["s2"], adjust=ADJUST).to_frame().iloc[0]
    terms = encode(cohort, ADJUST)[0].matrix
    rest = [sm.OLS(cohort[c].to_numpy(), terms).fit().resid for c in ("b2", "s2")]
    assert row["partial_r"] == pytest.approx(np.corrcoef(*rest)[0, 1], abs=1e-12)


def test_units_and_origin_of_a_biomarker_change_nothing_but_the_slope(gappy: pd.DataFrame) -> None:
    moved = gappy.assign(b0=gappy["b0"] * 1e-6 + 1e3)
    first, second = (associate(t, biomarkers=B, scores=S, adjust=ADJUST).to_frame() for t in (gappy, moved))
    np.testing.assert_allclose(second["p"], first["p"], rtol=1e-6)
    np.testing.assert_allclose(second["effect"], first["effect"], rtol=1e-6)
    np.testing.assert_allclose(second["beta"][:3] * 1e-6, first["beta"][:3], rtol=1e-6)


def test_an_almost_exact_fit_keeps_its_digits() -> None:
    rng = np.random.default_rng(0)
    x, terms = rng.normal(size=50), np.column_stack([np.ones(50), rng.normal(size=50)])
    y = 2 * x + terms @ [1.0, 3.0] + 1e-5 * rng.normal(size=50)
    found, known = slopes(x[:, None], y[:, None], terms), sm.OLS(y, np.column_stack([x, terms])).fit()
    assert found.se[0, 0] == pytest.approx(known.bse[0], rel=1e-8)


def test_results_do_not_depend_on_how_the_columns_are_cut(gappy: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = associate(gappy, biomarkers=B, scores=S, adjust=ADJUST, model="ols_hc3").to_frame()
    monkeypatch.setattr("lumbomics.analyse.association.partial._CHUNK_VALUES", 1)
    cut = associate(gappy, biomarkers=B, scores=S, adjust=ADJUST, model="ols_hc3").to_frame()
    pd.testing.assert_frame_equal(whole, cut, rtol=1e-10)


def test_a_row_that_alone_decides_a_term_has_no_robust_error() -> None:
    rng = np.random.default_rng(0)
    terms = np.column_stack([np.ones(20), np.arange(20) == 3]).astype(float)
    assert np.isnan(hc3_errors(rng.normal(size=(20, 1)), rng.normal(size=(20, 1)), terms)).all()
    table = pd.DataFrame({"participant_id": range(20), "alone": terms[:, 1], "b": rng.normal(size=20)})
    table = table.assign(s=rng.normal(size=20))
    row = associate(table, biomarkers=["b"], scores=["s"], adjust=["alone"], model="ols_hc3").to_frame().iloc[0]
    assert row["reason"] == "single_row_decides"
    assert np.isnan(row["p"])
