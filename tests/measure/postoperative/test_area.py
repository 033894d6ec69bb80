"""Standard errors of areas and volumes hold the errors that random placement really makes."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels
from lumbomics.measure.geometry.options import MeasureOptions
from lumbomics.measure.postoperative.area import boundary_variance_mm3, centroid_variance_mm2, slicing_variance_mm6
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


@pytest.mark.parametrize("wobble_mm", [0.0, 0.5])
def test_the_centroid_of_a_drawn_area_errs_as_stated(wobble_mm) -> None:
    """Discs anywhere on the pixels, their border off by a smooth random error of the stated size and length."""
    pixel, radius, rng = 0.55, 7.0, np.random.default_rng(3)
    options = MeasureOptions(default_boundary_sd_mm=wobble_mm)
    angles = np.linspace(-np.pi, np.pi, 180, endpoint=False)
    apart = radius * np.abs((angles[:, None] - angles + np.pi) % (2 * np.pi) - np.pi)
    covariance = wobble_mm**2 * np.exp(-0.5 * (apart / options.boundary_correlation_mm) ** 2)
    x, y = np.meshgrid(*[np.arange(-20, 21) * pixel] * 2, indexing="ij")
    offsets, stated = [], []
    for _ in range(600):
        centre = rng.uniform(-pixel / 2, pixel / 2, 2)
        border = radius + rng.multivariate_normal(np.zeros(180), covariance, method="eigh")
        towards = np.arctan2(y - centre[1], x - centre[0])
        area = np.hypot(x - centre[0], y - centre[1]) < np.interp(towards, angles, border, period=2 * np.pi)
        offsets.append([x[area].mean() - centre[0], y[area].mean() - centre[1]])
        labels = Labels(np.zeros((1, 1, 1), dtype=np.uint8), Grid.from_spacing((1, 1, 1), (1.0, 1.0, 1.0)))
        stated.append(centroid_variance_mm2(area, pixel, boundary_variance_mm3(pixel, labels, options)))
    assert 0.8 < np.sqrt(np.mean(stated)) / np.std(offsets) < 1.4
