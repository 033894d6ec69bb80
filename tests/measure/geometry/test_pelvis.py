"""Pelvic angles on landmarks that can be read off by hand."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.errors import InputError
from lumbomics.measure.geometry.pelvis import pelvic_parameters

HIPS = np.array([[90.0, 0.0, 0.0], [-90.0, 0.0, 0.0]])


def test_level_endplate_straight_above_the_hips_has_no_incidence():
    found = pelvic_parameters(HIPS, np.array([0.0, 17, 100]), np.array([0.0, -17, 100]))
    assert (found.incidence_deg, found.tilt_deg, found.sacral_slope_deg) == pytest.approx((0, 0, 0))


def test_hips_in_front_and_a_falling_endplate_are_positive():
    found = pelvic_parameters(HIPS, np.array([0.0, -90, 90]), np.array([0.0, -110, 110]))
    assert found.sacral_slope_deg == pytest.approx(45)
    assert found.tilt_deg == pytest.approx(45)
    assert found.incidence_deg == pytest.approx(90)


def test_one_hip_is_refused():
    with pytest.raises(InputError, match="two hips"):
        pelvic_parameters(HIPS[:1], np.zeros(3), np.ones(3))
