from __future__ import annotations

import krippendorff
import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from lumbomics.analyse.reliability.grades import agreement_weights, graded
from lumbomics.analyse.reliability.gwet import gwet_ac
from lumbomics.analyse.reliability.kappa import weighted_kappa
from lumbomics.analyse.reliability.krippendorff import krippendorff_alpha
from lumbomics.core.errors import InputError

NONE = np.nan
FOUR_RATERS = np.array(
    [
        [1, 1, NONE, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4],
        [4, 4, 4, 4], [1, 1, 2, 1], [2, 2, 2, 2], [NONE, 5, 5, 5], [NONE, NONE, 1, 1], [NONE, NONE, 3, NONE],
    ]
)  # fmt: skip
"""Krippendorff 2011 (Computing Krippendorff's alpha-reliability, table C); also in Gwet 2014: 12 units, 4 raters."""
ABSTRACTORS = np.array([[13, 0, 0], [0, 20, 7], [0, 4, 56]])
"""100 pregnancies by two abstractors: Gwet 2014, Handbook of Inter-Rater Reliability, table of ectopic pregnancies."""


def pairs_of(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.nonzero(table)
    return np.repeat(rows, table[rows, columns]), np.repeat(columns, table[rows, columns])


@pytest.mark.parametrize(
    ("scale", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_alpha_has_krippendorffs_published_values(scale: str, published: float) -> None:
    assert krippendorff_alpha(FOUR_RATERS, scale=scale).alpha.value == pytest.approx(published, abs=0.0006)


@pytest.mark.parametrize("scale", ["nominal", "ordinal", "interval", "ratio"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_alpha_equals_the_krippendorff_package(scale: str, seed: int) -> None:
    draw = np.random.default_rng(seed)
    ratings = np.clip(draw.integers(0, 5, (40, 1)) + draw.integers(-1, 2, (40, 4)), 0, 6).astype(float)
    ratings[draw.random(ratings.shape) < 0.3] = NONE
    theirs = krippendorff.alpha(reliability_data=ratings.T, level_of_measurement=scale)
    assert krippendorff_alpha(ratings, scale=scale).alpha.value == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("scale", ["nominal", "ordinal"])
def test_the_bootstrap_of_alpha_recomputes_it_on_each_sample(scale: str) -> None:
    # Every sample that is drawn must give what the function gives on the drawn units themselves.
    found = krippendorff_alpha(FOUR_RATERS, scale=scale, resamples=300, seed=4)
    used = FOUR_RATERS[:11]
    counts = np.random.default_rng(4).multinomial(11, np.full(11, 1 / 11), size=300)
    again = []
    for count in counts:
        sample = np.repeat(used, count, axis=0)
        again.append(krippendorff.alpha(reliability_data=sample.T, level_of_measurement=scale))
    assert (found.alpha.ci_low, found.alpha.ci_high) == pytest.approx(
        tuple(np.quantile(again, [0.025, 0.975])), abs=1e-9
    )


def test_alpha_counts_what_it_left_out() -> None:
    found = krippendorff_alpha(FOUR_RATERS, scale="nominal")
    assert (found.n, found.ratings, found.dropped) == (11, 40, 1)


def test_alpha_refuses_what_it_cannot_rate() -> None:
    with pytest.raises(InputError, match="all ratings are equal"):
        krippendorff_alpha(np.ones((5, 2)), scale="nominal")
    with pytest.raises(InputError, match="unknown scale"):
        krippendorff_alpha(FOUR_RATERS, scale="metric")
    with pytest.raises(InputError, match="starts at 0"):
        krippendorff_alpha(FOUR_RATERS - 3, scale="ratio")
    with pytest.raises(InputError, match="too few units"):
        krippendorff_alpha(FOUR_RATERS[[0, 1, 11]], scale="nominal")


@pytest.mark.parametrize(
    ("weighting", "value", "se", "low"),
    [("unweighted", 0.775, 0.143, 0.461), ("linear", 0.859, 0.117, 0.600), ("quadratic", 0.914, 0.104, 0.685)],
)
def test_ac_of_four_raters_with_gaps_has_the_published_values(
    weighting: str, value: float, se: float, low: float
) -> None:
    found = gwet_ac(FOUR_RATERS, weighting=weighting)
    assert found.coefficient.value == pytest.approx(value, abs=0.0006)
    assert found.se == pytest.approx(se, abs=0.0006)
    assert found.coefficient.ci_low == pytest.approx(low, abs=0.0006)
    assert found.coefficient.ci_high == 1
    assert (found.n, found.n_pairable, found.dropped) == (12, 11, 0)


@pytest.mark.parametrize(
    ("weighting", "value", "low", "high"),
    [("unweighted", 0.8493305, 0.764, 0.935), ("linear", 0.900, 0.842, 0.958), ("quadratic", 0.940, 0.905, 0.976)],
)
def test_ac_of_two_abstractors_has_the_published_values(weighting: str, value: float, low: float, high: float) -> None:
    found = gwet_ac(np.column_stack(pairs_of(ABSTRACTORS)), weighting=weighting).coefficient
    assert found.value == pytest.approx(value, abs=0.0006)
    # The published variance of a table divides by n, that of ratings (and ours) by n - 1.
    assert (found.ci_low, found.ci_high) == pytest.approx((low, high), abs=0.0012)


def test_ac_stands_where_kappa_falls_to_prevalence() -> None:
    # Feinstein and Cicchetti's paradox: 118 of 125 agree, almost all on one grade.
    one, two = pairs_of(np.array([[118, 5], [2, 0]]))
    assert weighted_kappa(one, two, weighting="unweighted").kappa.value < 0
    assert gwet_ac(np.column_stack([one, two]), weighting="unweighted").coefficient.value > 0.9


def test_repeating_every_unit_of_a_person_does_not_narrow_the_interval_of_ac() -> None:
    ratings = np.column_stack(pairs_of(ABSTRACTORS))
    once = gwet_ac(ratings).coefficient
    thrice = gwet_ac(np.repeat(ratings, 3, axis=0), clusters=np.repeat(np.arange(100), 3)).coefficient
    assert (thrice.ci_low, thrice.value) == pytest.approx((once.ci_low, once.value))


def test_a_grade_nobody_gave_changes_the_chance_agreement() -> None:
    listed = gwet_ac(FOUR_RATERS, categories=[1, 2, 3, 4, 5, 6], weighting="unweighted")
    assert listed.expected < gwet_ac(FOUR_RATERS, weighting="unweighted").expected


def test_kappa_and_its_standard_error_have_the_published_values() -> None:
    found = weighted_kappa(*pairs_of(ABSTRACTORS), weighting="unweighted")
    assert found.kappa.value == pytest.approx(0.7964094, abs=1e-7)
    assert found.se == pytest.approx(0.05891072, abs=1e-7)
    assert found.table == tuple(tuple(int(n) for n in row) for row in ABSTRACTORS)


@pytest.mark.parametrize("weighting", ["linear", "quadratic"])
def test_weighted_kappa_equals_scikit_learn(weighting: str) -> None:
    draw = np.random.default_rng(7)
    one = draw.integers(0, 4, 60)
    two = np.clip(one + draw.integers(-1, 2, 60), 0, 4)
    ours = weighted_kappa(one, two, categories=range(5), weighting=weighting).kappa.value
    assert ours == pytest.approx(cohen_kappa_score(one, two, labels=range(5), weights=weighting), abs=1e-12)


def test_the_order_of_named_grades_comes_from_the_list() -> None:
    names = np.array(["none", "mild", "severe"], dtype=object)
    one, two = pairs_of(ABSTRACTORS)
    named = weighted_kappa(names[one], names[two], categories=list(names))
    assert named.kappa.value == weighted_kappa(one, two).kappa.value


def test_units_with_one_grade_are_left_out_of_kappa() -> None:
    one, two = pairs_of(ABSTRACTORS)
    found = weighted_kappa([*one, 2, None], [*two, None, None], categories=[0, 1, 2])
    assert (found.n, found.dropped) == (100, 2)
    assert found.kappa.value == weighted_kappa(one, two).kappa.value


def test_clusters_widen_the_interval_of_kappa() -> None:
    one, two = (np.repeat(grade, 4) for grade in pairs_of(ABSTRACTORS))
    alone = weighted_kappa(one, two).kappa
    clustered = weighted_kappa(one, two, clusters=np.repeat(np.arange(100), 4)).kappa
    assert clustered.ci_high - clustered.ci_low > 1.6 * (alone.ci_high - alone.ci_low)


def test_one_single_grade_has_no_kappa() -> None:
    with pytest.raises(InputError, match="one single grade"):
        weighted_kappa([1, 1, 1], [1, 1, 1], categories=[1, 2])


def test_strange_grades_and_unknown_weights_are_refused() -> None:
    with pytest.raises(InputError, match="outside the categories"):
        graded([["I", "V"]], ["I", "II"])
    with pytest.raises(InputError, match="each once"):
        graded([["I", "I"]], ["I", "I"])
    with pytest.raises(InputError, match="unknown weighting"):
        agreement_weights(3, "cubic")


def test_weights_of_three_grades_are_those_of_the_books() -> None:
    assert agreement_weights(3, "linear")[0].tolist() == [1, 0.5, 0]
    assert agreement_weights(3, "quadratic")[0].tolist() == [1, 0.75, 0]
