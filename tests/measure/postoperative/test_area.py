"""Standard errors of areas and volumes hold the errors that random placement really makes."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.measure.postoperative.area import slicing_variance_mm6
from lumbomics.measure.postoperative.fibrosis import _pooled
from lumbomics.measure.postoperative.scar import Share


@pytest.mark.parametrize("spacing_mm", [4.0, 6.0, 9.0])
def test_the_sampling_error_of_a_sliced_ball_is_about_as_large_as_stated(spacing_mm) -> None:
    radius, volumes, stated = 20.0, [], []
    for shift in np.linspace(0, 1, 40, endpoint=False):
        heights = np.arange(-6, 7) * spacing_mm + shift * spacing_mm
        areas = np.pi * np.maximum(radius**2 - heights**2, 0)
        volumes.append(areas.sum() * spacing_mm)
        stated.append(slicing_variance_mm6(list(areas), spacing_mm))
    assert np.mean(volumes) == pytest.approx(4 / 3 * np.pi * radius**3, rel=1e-3)
    assert 0.5 < np.sqrt(np.mean(stated)) / np.std(volumes) < 3


def test_even_areas_have_next_to_no_sampling_error() -> None:
    assert slicing_variance_mm6([0.0, 0.0, 0.0], 4.0) == 0
    assert slicing_variance_mm6([], 4.0) == 0


def test_intervals_of_shares_over_five_slices_hold_the_mean_as_often_as_they_say() -> None:
    """Slices drawn at random from one population: ± 1.96 se must hold its share in 95 of 100 (Student's t)."""
    rng, held = np.random.default_rng(5), []
    for _ in range(1500):
        shares = [Share(float(scar), 100.0, 0.0, 0.0) for scar in rng.normal(40, 8, 5)]
        percent, se = _pooled(shares)
        held.append(abs(percent - 40) <= 1.96 * se)
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)
