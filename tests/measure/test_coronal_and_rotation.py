"""Cobb angle and axial rotation of bodies leaned and turned by known angles."""

from __future__ import annotations

import pytest

from lumbomics.core.measurement import Absent, Measurement, Reason
from lumbomics.measure import measure

FLAT = (0.0,) * 6


def test_cobb_angle_and_convexity_of_a_leaning_top(grid_of, spine_of):
    # L1 leans its right end down by 12 deg, L5 by 8 deg up: the right side is closed, the convexity is on the left.
    spine = spine_of(FLAT, FLAT).with_block(0, lean_deg=12.0).with_block(4, lean_deg=-8.0)
    result = measure(spine.segmentation(grid_of((1.0, 1.0, 1.0))), only=["coronal_cobb"])[0]
    assert isinstance(result, Measurement)
    assert result.value == pytest.approx(20.0, abs=1.0)
    assert result.category == "convex left, L1 to L5"
    assert "L1 down" in (result.caution or "")


def test_cobb_angle_is_absent_without_the_whole_lumbar_spine(grid_of, plain):
    grid = grid_of((2.0, 2.0, 2.0))
    labels = plain.segmentation(grid)
    array = labels.spine.array.copy()
    array[array == 22] = 0
    result = measure(type(labels)(spine=type(labels.spine)(array, grid)), only=["coronal_cobb"])[0]
    assert isinstance(result, Absent)
    assert result.reason is Reason.STRUCTURE_NOT_LABELLED


@pytest.mark.parametrize("canal", [True, False], ids=["canal label", "foramen of whole vertebrae"])
def test_rotation_to_the_left_is_positive(grid_of, spine_of, canal):
    spine = spine_of(FLAT, FLAT).with_block(2, turn_deg=15.0)
    labels = spine.segmentation(grid_of((1.0, 1.0, 1.0)), canal=canal, arch=not canal)
    results = {r.level: r for r in measure(labels, only=["vertebral_axial_rotation"])}
    turned, still = results["L3"], results["L1"]
    assert isinstance(turned, Measurement)
    assert isinstance(still, Measurement)
    assert turned.value == pytest.approx(15 - 3, abs=1.0)
    assert still.value == pytest.approx(-3, abs=1.0)


def test_rotation_is_absent_for_bare_bodies(grid_of, plain):
    labels = plain.segmentation(grid_of((2.0, 2.0, 2.0)), canal=False)
    results = measure(labels, only=["vertebral_axial_rotation"])
    assert {r.reason for r in results if isinstance(r, Absent)} == {Reason.STRUCTURE_NOT_LABELLED}
    assert len(results) == 5
