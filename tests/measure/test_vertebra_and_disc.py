"""Heights, wedging, disc heights and volume of blocks with known sizes."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.measurement import Absent, Measurement, Reason
from lumbomics.measure import measure

FAMILY = ("vertebral_height", "vertebral_wedging", "disc_height")


@pytest.fixture(scope="module", params=["millimetre", "thick"])
def found(request):
    results = measure(request.getfixturevalue(request.param), only=FAMILY)
    return {(r.method, r.level): r for r in results}


def test_heights_of_a_wedged_body_are_found_at_its_corners(found):
    swing = 17 * np.tan(np.radians(4.0))
    for method, true in (("anterior", 26 + 2 * swing), ("mid", 26.0), ("posterior", 26 - 2 * swing)):
        assert found[method, "L5"].value == pytest.approx(true, abs=0.4)


def test_wedge_angle_and_ratio(found):
    swing = 17 * np.tan(np.radians(4.0))
    assert found["wedge_angle", "L5"].value == pytest.approx(8.0, abs=0.8)
    assert found["anterior_posterior_ratio", "L5"].value == pytest.approx((26 + 2 * swing) / (26 - 2 * swing), abs=0.04)


def test_mean_disc_height_is_the_gap_between_the_blocks(found):
    # Blocks hang 10 mm apart along the direction between both axes; the middles of tilted plates are 10 mm apart.
    for level in ("L1-L2", "L2-L3", "L3-L4", "L4-L5"):
        assert found["mean_central80", level].value == pytest.approx(10.0, abs=0.3)


def test_anterior_and_posterior_disc_heights_open_with_the_disc_angle(found):
    half = 34 / 2 * np.sin(np.radians(14.0 / 2))
    gap = found["anterior", "L5-S1"].value - found["posterior", "L5-S1"].value
    assert gap == pytest.approx(4 * half, abs=0.8)


def test_height_indices_are_ratios_of_their_parts(found):
    farfan, vertebral = found["dhi_farfan", "L4-L5"], found["dhi_vertebral", "L4-L5"]
    assert farfan.value == pytest.approx(20.0 / 68.0, abs=0.02)
    assert vertebral.value == pytest.approx(10.0 / 26.0, abs=0.015)
    assert isinstance(found["dhi_vertebral", "L5-S1"], Absent)
    assert found["dhi_vertebral", "L5-S1"].reason is Reason.UNDEFINED


def test_disc_volume_counts_voxels_and_refuses_a_disc_cut_by_the_edge(grid_of, plain):
    grid = grid_of((2.0, 1.0, 1.0))
    array = plain.segmentation(grid).spine.array.copy()
    array[5:15, 40:60, 100:108] = 122
    array[0:15, 40:60, 70:75] = 123
    results = {r.level: r for r in measure(Segmentation(spine=Labels(array, grid)), only=["disc_volume"])}
    disc = results["L3-L4"]
    assert isinstance(disc, Measurement)
    assert disc.value == 10 * 20 * 8 * 2.0
    assert isinstance(results["L4-L5"], Absent)
    assert results["L4-L5"].reason is Reason.FIELD_OF_VIEW
    assert isinstance(results["L1-L2"], Absent)
    assert results["L1-L2"].reason is Reason.STRUCTURE_NOT_LABELLED
