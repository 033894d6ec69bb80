"""Three kinds of patients are found as three, one kind is refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from lumbomics.analyse.phenotype import LABEL, NoClusters, Phenotypes, Refusal, find_phenotypes, profile_figure
from lumbomics.core.errors import FaultsError, InputError

FEATURES = ["lordosis", "canal", "fat", "disc", "modic"]
Cohorts = tuple[Callable[..., pd.DataFrame], Callable[..., pd.DataFrame]]


def test_three_planted_kinds_are_found_with_gaps_and_words(found: Phenotypes, three: pd.DataFrame) -> None:
    assert found.clusters == 3
    assert adjusted_rand_score(three["kind"], found.labels()) > 0.85
    table = found.to_frame().set_index("clusters")
    assert table.loc[3, "p"] == 1 / 20
    assert table.loc[3, "ari"] > table.loc[4, "ari"]
    assert list(table.index[table["chosen"]]) == [3]
    assert min(found.jaccard) > 0.75


def test_clusters_are_numbered_by_size_from_1(found: Phenotypes) -> None:
    sizes = found.labels().value_counts().sort_index()
    assert list(sizes.index) == [1, 2, 3]
    assert sizes.is_monotonic_decreasing


def test_the_profile_tells_what_was_planted(found: Phenotypes, three: pd.DataFrame) -> None:
    assert isinstance(found.profile, pd.DataFrame)
    labels = found.labels().to_numpy()
    cluster = pd.crosstab(labels, three["kind"])[1].idxmax()  # kind 1: lordosis and fat high
    rows = found.profile[found.profile["cluster"] == cluster].set_index(["feature", "level"])
    assert rows.loc[("lordosis", ""), "value"] == pytest.approx(three["lordosis"][labels == cluster].mean())
    assert rows.loc[("lordosis", ""), "effect"] > 1.5
    assert abs(rows.loc[("lordosis", ""), "overall"] - three["lordosis"].mean()) < 1e-9
    assert rows.loc[("modic", "type 1"), "value"] > 0.7
    assert rows.loc[("modic", "type 1"), "effect"] > 0.5
    assert (found.profile["label"] == LABEL).all()


def test_the_paragraph_and_every_table_say_exploratory(found: Phenotypes) -> None:
    assert found.methods().startswith("Exploratory search")
    for part in ("4 numbers and 1 words", "19 data sets", "12 bootstrap samples", "seed 1", "3 clusters were kept"):
        assert part in found.methods()
    assert (found.to_frame()["label"] == LABEL).all()


def test_the_figure_draws_every_feature_of_every_cluster(found: Phenotypes) -> None:
    axes = profile_figure(found).axes[0]
    assert len(axes.get_yticklabels()) == 7  # four numbers, three words
    drawn = [s for s in axes.collections if len(s.get_offsets())]
    assert len(drawn) == 3
    assert isinstance(found.profile, pd.DataFrame)
    first = found.profile[found.profile["cluster"] == 1]["effect"].to_numpy()
    np.testing.assert_allclose(np.asarray(drawn[0].get_offsets())[:, 0], first)


def test_one_kind_of_patient_gives_no_clusters_and_says_so(cohorts: Cohorts) -> None:
    made = find_phenotypes(cohorts[1](80, seed=2), features=FEATURES, clusters=(2, 3), nulls=19, bootstrap=10)
    assert made.clusters == 0
    assert isinstance(made.members, NoClusters)
    assert made.members.reason is Refusal.ONE_KIND
    assert "one kind of patient would look the same" in made.methods()
    with pytest.raises(InputError, match="no clusters were found"):
        made.labels()
    with pytest.raises(InputError, match="no clusters to draw"):
        profile_figure(made)


def test_clusters_that_do_not_come_back_are_refused(three: pd.DataFrame) -> None:
    made = find_phenotypes(three, features=FEATURES, clusters=(3,), nulls=19, bootstrap=10, least_ari=0.9999)
    assert isinstance(made.members, NoClusters)
    assert made.members.reason is Refusal.UNSTABLE
    assert "no stable clusters: 3" in made.methods()


def test_a_mixture_finds_the_kinds_of_numbers(three: pd.DataFrame) -> None:
    made = find_phenotypes(
        three, features=FEATURES[:4], method="mixture", clusters=(2, 3), nulls=19, bootstrap=10, least_jaccard=0.5
    )
    assert made.clusters == 3
    assert adjusted_rand_score(three["kind"], made.labels()) > 0.85


def test_a_weight_near_zero_takes_a_feature_out(three: pd.DataFrame) -> None:
    noise = three.assign(noise=np.random.default_rng(3).choice(["a", "b"], len(three)))
    quick = {"clusters": (2, 3), "nulls": 19, "bootstrap": 10}
    light = find_phenotypes(noise, features=[*FEATURES, "noise"], weights={"noise": 1e-6}, **quick)
    without = find_phenotypes(noise, features=FEATURES, **quick)
    assert light.to_frame()["strength"].to_numpy() == pytest.approx(without.to_frame()["strength"].to_numpy(), abs=1e-4)


def test_every_fault_is_told_at_once(three: pd.DataFrame) -> None:
    table = three.assign(flat=1, empty=np.where(np.arange(len(three)) < 60, np.nan, 1.0 * np.arange(len(three))))
    table.loc[0, "fat"] = np.inf
    table.loc[1, "participant"] = table.loc[2, "participant"]
    with pytest.raises(FaultsError) as told:
        find_phenotypes(table, features=["flat", "empty", "fat"])
    for part in ("flat: one value", "empty: mostly empty", "fat: infinite", "stands twice"):
        assert part in str(told.value)
    with pytest.raises(FaultsError) as told:
        find_phenotypes(table, features=["fat", "fat", "nowhere"])
    assert len(told.value.faults) == 2


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"clusters": (1, 2)}, "numbers of clusters out of range"),
        ({"nulls": 18}, "p could not reach the level"),
        ({"bootstrap": 5}, "too few bootstrap samples"),
        ({"weights": {"fat": -1.0}}, "fat: weights are above 0"),
        ({"weights": {"fit": 1.0}}, "weight of no feature"),
        ({"method": "mixture"}, "modic: a mixture needs numbers without gaps"),
    ],
)
def test_choices_that_cannot_be_meant_are_refused(three: pd.DataFrame, changed: dict[str, object], told: str) -> None:
    with pytest.raises(FaultsError, match=told):
        find_phenotypes(three, features=FEATURES, **changed)
    with pytest.raises(InputError, match=r"unknown method.*medoids, mixture"):
        find_phenotypes(three, features=FEATURES, method="trees")


def test_a_handful_of_patients_is_refused(three: pd.DataFrame) -> None:
    with pytest.raises(FaultsError, match=r"too few patients.*30 or more.*got 29"):
        find_phenotypes(three.head(29), features=FEATURES, clusters=(2,))


@pytest.mark.slow
def test_one_kind_of_patient_is_refused_in_95_of_100_cohorts(cohorts: Cohorts) -> None:
    """Type-I error at most 5 %, over 200 cohorts without clusters; its upper limit allows for chance in 200."""
    made = [
        find_phenotypes(
            cohorts[1](80, seed=100 + seed), features=FEATURES, clusters=(2, 3, 4), nulls=19, bootstrap=10, seed=seed
        )
        for seed in range(200)
    ]
    assert sum(one.clusters > 0 for one in made) <= 16
