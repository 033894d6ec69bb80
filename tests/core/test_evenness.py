"""Shading and tissue signals found in turns, against a known field."""

import numpy as np
import pytest

from lumbomics.core.errors import InputError
from lumbomics.core.evenness import fit_evenness

ORIGIN, AXES = np.array([3.0, -20.0, 10.0]), np.eye(3)


def samples(rng):
    points = ORIGIN + rng.uniform(-60, 60, (6000, 3)) * (1, 1, 0.3)
    tissue = np.where(rng.random(6000) < 0.5, 200.0, 600.0) * np.exp(rng.normal(0, 0.06, 6000))
    x, y, _ = ((points - ORIGIN) / 60).T
    field = np.exp(-0.5 * y + 0.1 * x + 0.15 * y**2)
    return points, tissue * field, field


def test_a_known_field_and_two_tissues_are_recovered():
    points, signal, field = samples(np.random.default_rng(0))
    found = fit_evenness(points, signal, origin_mm=ORIGIN, axes=AXES)
    ratio = np.log(found.sensitivity(points) / field)
    assert ratio.std() < 0.02 < np.log(field).std()
    assert found.fat / found.dark == pytest.approx(3.0, rel=0.05)
    assert found.sensitivity(ORIGIN) == pytest.approx(1.0)


def test_receiver_gain_scales_the_tissues_and_leaves_the_field():
    points, signal, _ = samples(np.random.default_rng(1))
    first, second = (fit_evenness(points, gain * signal, origin_mm=ORIGIN, axes=AXES) for gain in (1.0, 7.0))
    np.testing.assert_allclose(first.coefficients, second.coefficients, atol=1e-6)
    assert second.fat == pytest.approx(7 * first.fat)


def test_too_few_samples_are_refused():
    with pytest.raises(InputError, match="too little signal"):
        fit_evenness(np.zeros((20, 3)), np.ones(20), origin_mm=ORIGIN, axes=AXES)
