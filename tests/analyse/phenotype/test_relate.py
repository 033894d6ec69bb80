"""Clusters against symptoms and response: effects, limits, and no circles."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pingouin
import pytest
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep

from lumbomics.analyse.phenotype import LABEL, Phenotypes, relate
from lumbomics.analyse.phenotype.profile import hedges_g
from lumbomics.analyse.phenotype.relate import newcombe
from lumbomics.core.errors import FaultsError


def test_hedges_g_agrees_with_pingouin() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.normal(1, 1, 12), rng.normal(0, 2, 30)
    g, low, high = hedges_g(one, other, 0.95)
    assert g == pytest.approx(pingouin.compute_effsize(one, other, eftype="hedges"), rel=1e-9)
    assert (low + high) / 2 == pytest.approx(g)
    assert high - low == pytest.approx(2 * 1.959964 * np.sqrt(42 / 360 + g**2 / 84), rel=1e-6)


def test_hedges_g_needs_two_values_and_spread() -> None:
    assert np.isnan(hedges_g(np.array([1.0]), np.arange(5.0), 0.95)[0])
    assert np.isnan(hedges_g(np.ones(4), np.ones(4), 0.95)[0])


@pytest.mark.parametrize(("events", "counts"), [((7, 3), (20, 40)), ((0, 5), (9, 11)), ((10, 0), (10, 25))])
def test_limits_of_a_difference_of_shares_agree_with_statsmodels(
    events: tuple[int, int], counts: tuple[int, int]
) -> None:
    theirs = confint_proportions_2indep(events[0], counts[0], events[1], counts[1], compare="diff", method="newcomb")
    assert newcombe(events, counts, 0.95) == pytest.approx(theirs, abs=1e-9)


def test_planted_differences_are_told_with_their_limits(found: Phenotypes, three: pd.DataFrame) -> None:
    table = relate(found, three, outcomes=["pain", "responder"]).to_frame().set_index(["outcome", "cluster"])
    cluster = pd.crosstab(found.labels().to_numpy(), three["kind"])[2].idxmax()  # kind 2: most pain, most response
    pain, response = table.loc[("pain", cluster)], table.loc[("responder", cluster)]
    assert pain["effect_kind"] == "hedges_g"
    assert 0 < pain["effect_low"] < pain["effect"]
    assert response["effect_kind"] == "difference of shares"
    assert response["effect_low"] > 0
    groups = [three["pain"][found.labels().to_numpy() == c] for c in (1, 2, 3)]
    assert pain["p"] == pytest.approx(stats.kruskal(*groups).pvalue)
    assert (table["p_adjusted"] >= table["p"]).all()
    assert (table["label"] == LABEL).all()


def test_rows_are_joined_by_participant_and_unknown_values_are_left_out(found: Phenotypes, three: pd.DataFrame) -> None:
    table = three.assign(pain=three["pain"].where(three.index > 3))
    one = relate(found, table, outcomes=["pain"]).to_frame()
    other = relate(found, table.sample(frac=1, random_state=0), outcomes=["pain"]).to_frame()
    pd.testing.assert_frame_equal(one, other)
    assert one["patients"].sum() == len(three) - 4


def test_what_made_the_clusters_is_no_outcome_and_every_fault_is_told(found: Phenotypes, three: pd.DataFrame) -> None:
    table = pd.concat([three, three.head(1)]).assign(word="a", flat=1.0)
    table.iloc[5, table.columns.get_loc("participant")] = "stranger"
    with pytest.raises(FaultsError) as told:
        relate(found, table, outcomes=["fat", "word", "flat", "nowhere"], confidence=2)
    for part in (
        "fat: it made the clusters",
        "word: no number",
        "flat: too little",
        "'nowhere'",
        "stands twice",
        "1 rows",
    ):
        assert part in str(told.value)
    assert len(told.value.faults) == 7
