"""Distance, medoids, silhouette and Rand index against hand counts, brute force and scikit-learn."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, silhouette_score

from lumbomics.analyse.phenotype.distance import distances
from lumbomics.analyse.phenotype.medoids import medoids, nearest, silhouette
from lumbomics.analyse.phenotype.stability import adjusted_rand, crossing

NO_WORDS = np.empty((3, 0), dtype=np.intp)


def points(n: int, seed: int) -> np.ndarray:
    x = np.random.default_rng(seed).normal(size=(n, 3))
    return np.linalg.norm(x[:, None] - x[None], axis=2)


def test_the_distance_is_the_weighted_mean_of_what_is_known_in_both() -> None:
    numbers = np.array([[0.0, 1.0], [5.0, np.nan], [10.0, 3.0]])
    words = np.array([[0], [1], [0]])
    made = distances(numbers, words, np.array([1.0, 1.0, 2.0]))
    assert made[0, 1] == pytest.approx((0.75 + 2 * 1.5) / 3)  # the second number is unknown in one
    assert made[0, 2] == pytest.approx((1.5 + 1 + 0) / 4)
    np.testing.assert_array_equal(made, made.T)
    assert not np.diag(made).any()


def test_an_unknown_word_tells_nothing() -> None:
    words = np.array([[0], [-1], [1]])
    made = distances(np.array([[0.0], [1.0], [1.0]]), words, np.ones(2))
    assert made[0, 1] == 1.5
    assert made[1, 2] == 0.0
    assert made[0, 2] == (1.5 + 1) / 2


def test_patients_with_nothing_in_common_get_the_mean_distance() -> None:
    made = distances(np.array([[0.0, np.nan], [np.nan, 1.0], [1.0, 0.0]]), NO_WORDS, np.ones(2))
    assert made[0, 1] == pytest.approx((made[0, 2] + made[1, 2]) / 2)


def test_a_word_counts_as_much_as_a_number() -> None:
    rng = np.random.default_rng(1)
    number, word = rng.normal(size=(200, 1)), rng.integers(0, 3, (200, 1))
    none = np.empty((200, 0))
    for one in (distances(number, none.astype(np.intp), np.ones(1)), distances(none, word, np.ones(1))):
        assert one.sum() / (200 * 199) == pytest.approx(1)


def test_units_do_not_matter() -> None:
    numbers = np.random.default_rng(0).normal(size=(3, 2))
    np.testing.assert_allclose(
        distances(numbers, NO_WORDS, np.ones(2)), distances(numbers * [10, 0.1] + 5, NO_WORDS, np.ones(2))
    )


@pytest.mark.parametrize(("clusters", "seed"), [(1, 0), (2, 0), (2, 3), (3, 1), (3, 2)])
def test_medoids_are_those_that_trying_all_finds(clusters: int, seed: int) -> None:
    distance = points(14, seed)
    best = min(distance[:, list(c)].min(axis=1).sum() for c in combinations(range(14), clusters))
    chosen = medoids(distance, clusters)
    assert distance[:, chosen].min(axis=1).sum() == pytest.approx(best)
    assert len(set(chosen)) == clusters
    assert list(nearest(distance, chosen)[chosen]) == list(range(clusters))


@pytest.mark.parametrize("seed", range(3))
def test_no_single_swap_makes_medoids_better(seed: int) -> None:
    distance = points(40, seed)
    chosen = list(medoids(distance, 4))
    cost = distance[:, chosen].min(axis=1).sum()
    for place in range(4):
        kept = [m for i, m in enumerate(chosen) if i != place]
        assert all(distance[:, [*kept, row]].min(axis=1).sum() >= cost - 1e-9 for row in range(40))


def test_the_silhouette_agrees_with_scikit_learn() -> None:
    distance = points(30, 5)
    labels = np.random.default_rng(0).integers(0, 3, 30)
    labels[labels == 2] = 0
    labels[0] = 2  # a cluster of one
    assert silhouette(distance, labels) == pytest.approx(silhouette_score(distance, labels, metric="precomputed"))


def test_the_adjusted_rand_index_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 3, 50), rng.integers(0, 4, 50)
    other[:25] = one[:25]
    assert adjusted_rand(crossing(one, other)) == pytest.approx(adjusted_rand_score(one, other))
    assert adjusted_rand(crossing(one, (one + 1) % 3)) == 1.0
    assert adjusted_rand(crossing(np.zeros(9, dtype=np.intp), np.zeros(9, dtype=np.intp))) == 1.0
