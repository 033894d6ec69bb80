"""Slip, its grade and sideways displacement on bodies shifted by known amounts."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.measurement import Measurement
from lumbomics.measure import measure
from lumbomics.measure.listhesis import meyerding_grade

FLAT = (0.0,) * 6


def shifted(spine_of, anterior=0.0, right=0.0):
    """L4 on L5, both level: L1 to L4 moved together."""
    spine = spine_of(FLAT, FLAT)
    for index in range(4):
        centre = np.add(spine.blocks[index].centre, (right, anterior, 0.0))
        spine = spine.with_block(index, centre=tuple(centre))
    return spine


def value(results, method, level="L4-L5"):
    found = [r for r in results if r.method == method and r.level == level]
    assert len(found) == 1
    assert isinstance(found[0], Measurement)
    return found[0]


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (4.0, 0.6, 0.6)])
@pytest.mark.parametrize("slip", [-4.0, 0.0, 10.0])
def test_slip_of_a_shifted_body_is_the_shift(grid_of, spine_of, spacing, slip):
    results = measure(shifted(spine_of, anterior=slip).segmentation(grid_of(spacing)), only=["slip_percent"])
    assert value(results, "endplate_corner_mm").value == pytest.approx(slip, abs=0.5)
    assert value(results, "endplate_corner").value == pytest.approx(100 * slip / 34, abs=1.8)


def test_grade_names_the_direction(grid_of, spine_of):
    forwards, backwards = (
        value(
            measure(shifted(spine_of, anterior=slip).segmentation(grid_of((1.0, 1.0, 1.0))), only=["meyerding_grade"]),
            "from_slip_percent",
        )
        for slip in (12.0, -4.5)
    )
    assert (forwards.value, forwards.category) == (2, "II antero")
    assert (backwards.value, backwards.category) == (1, "I retro")


def test_grade_near_a_bound_says_that_it_may_be_another(grid_of, spine_of):
    near = measure(shifted(spine_of, anterior=8.5).segmentation(grid_of((1.0, 1.0, 1.0))), only=["meyerding_grade"])
    assert "I, II" in (value(near, "from_slip_percent").caution or "")


@pytest.mark.parametrize(
    ("slip", "grade"),
    [(0, 0), (5, 0), (-5.0, 0), (5.01, 1), (25, 1), (-25.1, 2), (50, 2), (75, 3), (100, 4), (100.5, 5)],
)
def test_meyerding_bounds_belong_to_the_lower_grade(slip, grade):
    assert meyerding_grade(slip) == grade


@pytest.mark.parametrize(("spacing", "tolerance"), [((1.0, 1.0, 1.0), 0.3), ((4.0, 0.6, 0.6), 1.5)])
def test_displacement_to_the_left_is_positive(grid_of, spine_of, spacing, tolerance):
    results = measure(shifted(spine_of, right=-5.0).segmentation(grid_of(spacing)), only=["lateral_listhesis"])
    assert value(results, "endplate_midpoint").value == pytest.approx(5.0, abs=tolerance)
    assert value(results, "endplate_midpoint", "L2-L3").value == pytest.approx(0.0, abs=tolerance)
