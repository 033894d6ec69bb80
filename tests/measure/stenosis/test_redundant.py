"""Winding roots on painted sagittal slices of known course."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.examination import Scan
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.core.measurement import Reason
from lumbomics.core.visit import Plane

CANAL_Y = -27.0


def sagittal(amplitude_mm, wavelength_mm=18.0, spacing=(4.0, 0.6, 0.6)):
    """Bright fluid with two dark strands 1.5 mm wide that swing to the front and back."""
    shape = (9, round(50 / spacing[1]), round(230 / spacing[2]))
    grid = Grid.from_spacing(shape, spacing, origin_mm=(-16.0, -55.0, -115.0))
    _, y, z = np.moveaxis(grid.to_world(np.moveaxis(np.indices(shape), 0, -1)), -1, 0)
    signal = np.where(np.abs(y - CANAL_Y) < 7.0, 1000.0, 300.0)
    for middle in (-2.5, 2.0):
        course = CANAL_Y + middle + amplitude_mm * np.sin(2 * np.pi * z / wavelength_mm)
        signal[np.abs(y - course) < 0.75] = 250.0
    noise = np.random.default_rng(3).normal(0, 20, shape)
    return Scan(name="sag", image=Image(signal + noise, grid, contrast=Contrast.T2), plane=Plane.SAGITTAL)


def sine_tortuosity(amplitude_mm, wavelength_mm=18.0):
    """Largest path over chord of 30 mm of a sine."""
    z = np.linspace(0, 2 * wavelength_mm, 4001)
    y = amplitude_mm * np.sin(2 * np.pi * z / wavelength_mm)
    arc = np.r_[0, np.cumsum(np.hypot(np.diff(z), np.diff(y)))]
    window = round(30 / (z[1] - z[0]))
    chord = np.hypot(z[window:] - z[:-window], y[window:] - y[:-window])
    return float(((arc[window:] - arc[:-window]) / chord).max())


def test_straight_roots_are_not_redundant(lab):
    table = lab.measured(lab.examine(sagittal(0.0)), "redundant_nerve_roots")
    assert table.value("tortuosity", None) == pytest.approx(1.0, abs=0.04)
    assert table.measurement("present", None).category == "absent"
    assert table.value("redundant_length", None) == 0


def test_tortuosity_of_a_winding_root_is_that_of_its_course(lab):
    table = lab.measured(lab.examine(sagittal(3.2)), "redundant_nerve_roots")
    expected = sine_tortuosity(3.2)
    assert expected > 1.2
    assert table.value("tortuosity", None) == pytest.approx(expected, abs=0.1)
    # smallest radius of a sine: (wavelength / 2 pi)^2 / amplitude
    assert table.value("bend_radius", None) == pytest.approx((18 / (2 * np.pi)) ** 2 / 3.2, rel=0.6)


def test_more_winding_roots_have_a_greater_tortuosity_and_likelihood(lab):
    tables = [lab.measured(lab.examine(sagittal(a)), "redundant_nerve_roots") for a in (1.0, 2.2, 3.4)]
    values = [table.value("tortuosity", None) for table in tables]
    likely = [table.value("presence_probability", None) for table in tables]
    assert values == sorted(values)
    assert likely[0] < 0.1
    assert likely[2] > 0.9


def test_coarse_pixels_show_no_roots(lab):
    found = lab.measured(lab.examine(sagittal(0.0, spacing=(4.0, 2.0, 2.0))), "redundant_nerve_roots")
    assert found.absent("tortuosity", None).reason is Reason.RESOLUTION_TOO_COARSE
