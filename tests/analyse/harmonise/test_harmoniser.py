"""ComBat: the published numbers, and the refusals that keep a cross-validation honest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline

from lumbomics.analyse.harmonise import Harmoniser, site_diagnostics
from lumbomics.core.errors import FaultsError

FEATURES = ["w", "x", "y", "z"]


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    """24 rows, 4 features, 3 sites; ``*_harmonised`` from neuroCombat 0.2.12 (Fortin et al.), age and sex kept."""
    return pd.read_csv(Path(__file__).with_name("neurocombat.csv"))


def two_sites(n: int = 300, seed: int = 0) -> pd.DataFrame:
    """Ten features that depend on age; site b reads 2 SD higher and 1.5 times wider; patients of b are older."""
    rng = np.random.default_rng(seed)
    site = np.where(np.arange(n) % 3 == 0, "b", "a")
    age = rng.normal(55, 10, n) + 6 * (site == "b")
    clean = 0.05 * age[:, None] + rng.normal(size=(n, 10))
    read = np.where((site == "b")[:, None], 2 + 0.05 * age[:, None] + 1.5 * (clean - 0.05 * age[:, None]), clean)
    return pd.DataFrame(read, columns=[f"f{i}" for i in range(10)]).assign(site=site, age=age)


TEN = [f"f{i}" for i in range(10)]


def test_values_equal_neurocombat(published: pd.DataFrame) -> None:
    made = Harmoniser(FEATURES, keep=("age", "sex")).fit_transform(published)
    known = published[[f"{name}_harmonised" for name in FEATURES]].to_numpy()
    assert np.abs(known - published[FEATURES].to_numpy()).max() > 1
    np.testing.assert_allclose(made.to_numpy(), known, atol=1e-8)


def test_the_unit_of_a_feature_does_not_matter(published: pd.DataFrame) -> None:
    small = published.assign(**{name: published[name] * 1e-6 for name in FEATURES})
    first, second = (Harmoniser(FEATURES, keep=("age",)).fit_transform(t) for t in (published, small))
    np.testing.assert_allclose(second.to_numpy() * 1e6, first.to_numpy(), rtol=1e-9)


def test_a_planted_site_effect_goes_and_age_stays_on_rows_never_seen() -> None:
    train, test = two_sites(seed=0), two_sites(seed=1)
    harmoniser = Harmoniser(TEN, keep=("age",)).fit(train)
    told = site_diagnostics(test[TEN], harmoniser.transform(test), site=test["site"], covariates=test[["age"]])
    rows = told.to_frame()
    assert (rows["site_share_before"] > 0.2).all()
    assert (rows["site_share_after"] < 0.05).all()
    assert rows["covariate_share_after"].mean() == pytest.approx(0.2, abs=0.1)  # 0.25 of 1.25, attenuated at site b
    assert (rows["covariate_share_after"] > 0.05).all()
    assert told.silhouette_before > 0.15
    assert abs(told.silhouette_after) < 0.05


def test_without_age_kept_its_effect_is_taken_for_the_site() -> None:
    table = two_sites()
    slopes = [
        np.polyfit(table["age"], Harmoniser(TEN, keep=keep).fit_transform(table).mean(axis=1), 1)[0]
        for keep in ((), ("age",))
    ]
    assert slopes[1] == pytest.approx(0.05, abs=0.01)
    assert slopes[0] < slopes[1]


def test_held_out_rows_do_not_change_what_was_learnt() -> None:
    table = two_sites()
    harmoniser = Harmoniser(TEN, keep=("age",)).fit(table.iloc[:200])
    alone = harmoniser.transform(table.iloc[250:251])
    together = harmoniser.transform(table.iloc[200:])
    pd.testing.assert_frame_equal(alone, together.loc[[250]])


def test_it_lives_in_a_cross_validated_pipeline() -> None:
    table = two_sites()
    model = make_pipeline(clone(Harmoniser(TEN)), LinearRegression())
    predicted = cross_val_predict(model, table, table["age"], cv=3)
    assert np.corrcoef(predicted, table["age"])[0, 1] > 0.5
    assert list(Harmoniser(TEN).fit(table).get_feature_names_out()) == TEN
    with pytest.raises(NotFittedError):
        Harmoniser(TEN).transform(table)


def test_a_site_never_seen_is_refused() -> None:
    table = two_sites()
    harmoniser = Harmoniser(TEN).fit(table)
    with pytest.raises(FaultsError, match="a site never seen; expected a, b; got new"):
        harmoniser.transform(table.assign(site="new"))


def test_a_level_never_seen_is_refused(published: pd.DataFrame) -> None:
    harmoniser = Harmoniser(FEATURES, keep=("sex",)).fit(published)
    with pytest.raises(FaultsError, match="sex: a level never seen"):
        harmoniser.transform(published.assign(sex="x"))


def test_small_sites_are_refused_by_name_and_size(published: pd.DataFrame) -> None:
    with pytest.raises(FaultsError, match="a site is too small; expected at least 7 rows; got c: 6"):
        Harmoniser(FEATURES, smallest_site=7).fit(published)


def test_a_covariate_that_is_the_site_is_refused(published: pd.DataFrame) -> None:
    bad = published.assign(
        ward=published["site"].str.upper(), old=published["site"].map({"a": 1.0, "b": 2.0, "c": 9.0})
    )
    with pytest.raises(FaultsError) as caught:
        Harmoniser(FEATURES, keep=("ward", "old", "age")).fit(bad)
    assert [fault.where for fault in caught.value.faults] == ["ward", "old"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"w": np.nan}, "w: missing values"),
        ({"w": np.inf}, "w: infinite values"),
        ({"w": "high"}, "w: not numbers"),
        ({"w": 1.0}, "constant within every site; got 'w'"),
        ({"site": "a"}, "nothing to harmonise; expected two sites or more; got a"),
    ],
)
def test_tables_that_cannot_be_harmonised_are_refused(
    published: pd.DataFrame, change: dict[str, object], message: str
) -> None:
    with pytest.raises(FaultsError, match=message):
        Harmoniser(FEATURES).fit(published.assign(**change))


def test_one_feature_borrows_from_nothing_and_is_refused(published: pd.DataFrame) -> None:
    with pytest.raises(FaultsError, match="nothing to borrow strength from"):
        Harmoniser(["w"]).fit(published)
    with pytest.raises(FaultsError, match="no such column; got 'q'"):
        Harmoniser(["w", "q"]).fit(published)
    with pytest.raises(FaultsError, match="not a table"):
        Harmoniser(FEATURES).fit(published[FEATURES].to_numpy())


def test_diagnostics_equal_the_nested_models_of_statsmodels(published: pd.DataFrame) -> None:
    after = Harmoniser(FEATURES, keep=("age",)).fit_transform(published)
    rows = site_diagnostics(
        published[FEATURES], after, site=published["site"], covariates=published[["age"]]
    ).to_frame()
    sites = pd.get_dummies(published["site"], dtype=float)
    for stage, values in (("before", published["x"]), ("after", after["x"])):
        full = sm.OLS(values, sites.assign(age=published["age"])).fit()
        reduced = sm.OLS(values, sm.add_constant(published[["age"]])).fit()
        no_age = sm.OLS(values, sites).fit()
        row = rows.set_index("feature").loc["x"]
        assert row[f"site_p_{stage}"] == pytest.approx(full.compare_f_test(reduced)[1], rel=1e-9)
        assert row[f"site_share_{stage}"] == pytest.approx(1 - full.ssr / reduced.ssr, rel=1e-9)
        assert row[f"covariate_share_{stage}"] == pytest.approx(1 - full.ssr / no_age.ssr, rel=1e-9)


def test_diagnostics_refuse_rows_that_do_not_match(published: pd.DataFrame) -> None:
    features = published[FEATURES]
    with pytest.raises(FaultsError, match="other rows than before"):
        site_diagnostics(features, features.iloc[1:], site=published["site"])
    with pytest.raises(FaultsError, match="nothing to compare"):
        site_diagnostics(features, features, site=published["site"].str.replace(".", "a", regex=True))
