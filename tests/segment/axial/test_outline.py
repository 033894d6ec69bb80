"""The cheapest closed path, against brute force and circles."""

from itertools import product

import numpy as np
import pytest

from lumbomics.segment.axial.outline import closed_path, inside_path, radius_at, rays


def test_the_path_is_the_cheapest_of_all_closed_paths():
    cost = np.random.default_rng(3).random((6, 4))
    stiffness = 0.15

    def price(path):
        steps = np.diff([*path, path[0]])
        return sum(cost[i, r] for i, r in enumerate(path)) + stiffness * float((steps**2).sum())

    best = min(product(range(4), repeat=6), key=price)
    found = closed_path(np.tile(cost, (3, 1)), stiffness=stiffness)[6:12]
    assert price(found) == pytest.approx(price(best))


def test_a_circle_beside_the_middle_is_followed_to_the_ring():
    x, y = rays(96, 60, 0.5)
    distance = np.hypot(x - 3.0, y + 2.0) - 12.0
    path = 0.5 * closed_path(np.abs(distance), stiffness=0.05)
    px, py = np.meshgrid(np.linspace(-20, 20, 161), np.linspace(-20, 20, 161), indexing="ij")
    drawn, true = inside_path(path, px, py), np.hypot(px - 3.0, py + 2.0) < 12.0
    assert 2 * (drawn & true).sum() / (drawn.sum() + true.sum()) > 0.98


def test_the_first_ray_points_to_the_front_and_the_next_ones_turn_to_the_right():
    x, y = rays(4, 2, 1.0)
    np.testing.assert_allclose(x[:, 1], [0, 1, 0, -1], atol=1e-12)
    np.testing.assert_allclose(y[:, 1], [1, 0, -1, 0], atol=1e-12)
    assert radius_at(np.array([1.0, 2.0, 3.0, 4.0]), np.array(-1.0), np.array(0.0)) == pytest.approx(4.0)


def test_several_pictures_are_walked_at_once():
    costs = np.random.default_rng(0).random((3, 16, 9))
    together = closed_path(costs, stiffness=0.1)
    for cost, path in zip(costs, together, strict=True):
        np.testing.assert_array_equal(closed_path(cost, stiffness=0.1), path)
