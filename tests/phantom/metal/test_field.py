"""The field of implants is that of the textbook's ball and cylinder."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.phantom.metal import Ball, Kind, Material, Rod, field_offset_ppm

EXCESS = 182.0 + 9.05
"""Titanium over tissue, ppm (Schenck 1996)."""


def rod(direction, half=2000.0, radius=3.0):
    axis = np.array(direction, dtype=float) / np.linalg.norm(direction)
    return Rod(start_mm=-axis * half, end_mm=axis * half, radius_mm=radius, material=Material.TITANIUM, kind=Kind.SCREW)


def test_a_ball_is_a_dipole_of_a_third_of_its_susceptibility():
    ball = Ball(centre_mm=np.zeros(3), radius_mm=5.0, material=Material.TITANIUM, kind=Kind.CAGE)
    along, across = field_offset_ppm([ball], [(0, 0, 10.0), (10.0, 0, 0)])
    assert along == pytest.approx(EXCESS / 3 * (5 / 10) ** 3 * 2)
    assert across == pytest.approx(-EXCESS / 3 * (5 / 10) ** 3)


def test_a_long_rod_across_the_field_is_schencks_cylinder():
    """ΔB/B0 = Δχ/2 (a/ρ)² cos 2φ; φ is counted from the field's direction."""
    turns = np.deg2rad([0, 30, 45, 90])
    points = 9.0 * np.column_stack([np.zeros(4), np.sin(turns), np.cos(turns)])
    expected = EXCESS / 2 * (3 / 9) ** 2 * np.cos(2 * turns)
    assert field_offset_ppm([rod((1, 0, 0))], points) == pytest.approx(expected, abs=2e-3)


def test_a_long_rod_along_the_field_leaves_it_alone():
    assert field_offset_ppm([rod((0, 0, 1))], [(8.0, 0, 0)])[0] == pytest.approx(0, abs=1e-3)


def test_a_tilted_long_rod_takes_the_sine_squared():
    tilt = np.deg2rad(40)
    inclined = rod((np.sin(tilt), 0, np.cos(tilt)))
    expected = -EXCESS / 2 * np.sin(tilt) ** 2 * (3 / 8) ** 2
    assert field_offset_ppm([inclined], [(0, 8.0, 0)])[0] == pytest.approx(expected, rel=1e-3)


def test_a_short_rod_far_away_is_a_dipole_of_its_volume():
    short = rod((1, 0.4, 0.3), half=5.0, radius=2.0)
    moment = EXCESS * np.pi * 4 * 10 / (4 * np.pi)
    assert field_offset_ppm([short], [(0, 0, 400.0)])[0] == pytest.approx(2 * moment / 400**3, rel=1e-3)


def test_a_rod_is_the_sum_of_its_halves():
    whole = rod((1, 0.2, 0.5), half=20.0)
    middle = np.zeros(3)
    halves = [
        Rod(start_mm=a, end_mm=b, radius_mm=3.0, material=Material.TITANIUM, kind=Kind.SCREW)
        for a, b in ((whole.start_mm, middle), (middle, whole.end_mm))
    ]
    points = np.array([(4.0, 9.0, 2.0), (30.0, 1.0, -8.0), (0.0, -7.0, 7.0)])
    assert field_offset_ppm(halves, points) == pytest.approx(field_offset_ppm([whole], points))


def test_polymer_does_not_bend_the_field():
    cage = Ball(centre_mm=np.zeros(3), radius_mm=5.0, material=Material.POLYMER, kind=Kind.CAGE)
    assert field_offset_ppm([cage], [(0, 0, 6.0)])[0] == 0
