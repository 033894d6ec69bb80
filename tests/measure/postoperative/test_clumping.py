"""Clumping of roots that were laid as separate dots, as one bundle, along the wall."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import CanalTissue
from lumbomics.core.measurement import Reason

ID = "clumping_index"
ROOT = CanalTissue.ROOT


def _dots(disc_at, places) -> list[tuple[CanalTissue, object]]:
    return [(ROOT, disc_at(x, y, 0.8)) for x, y in places]


SPACED = [(s * x, y) for s in (1, -1) for x, y in ((1.6, -3.5), (3.5, -2.5), (4.5, 0.0), (3.5, 3.0))]


def test_separate_roots_are_counted_by_side(scene, disc_at) -> None:
    found = scene(*_dots(disc_at, SPACED)).measure(ID)
    for side in (Side.LEFT, Side.RIGHT):
        assert found.value("component_count", side) == pytest.approx(1 - 4 / 4.5)
        assert found.value("largest_component_share", side) == pytest.approx(0.25, abs=0.03)
        assert found.value("asymmetry", side) == pytest.approx(0)


def test_roots_that_touch_are_one_component(scene, disc_at) -> None:
    one_side = [place for place in SPACED if place[0] > 0] + [(-3.0, -2.0), (-3.0, -0.9), (-3.0, 0.2), (-3.0, 1.3)]
    found = scene(*_dots(disc_at, one_side)).measure(ID)
    assert found.value("component_count", Side.LEFT) == pytest.approx(1 - 1 / 4.5)
    assert found.value("largest_component_share", Side.LEFT) == pytest.approx(1)
    assert found.value("asymmetry", Side.LEFT) == pytest.approx(3 / 4.5)
    assert found.value("asymmetry", Side.RIGHT) == pytest.approx(-3 / 4.5)


def test_a_clump_on_the_midline_counts_half_to_each_side(scene, disc_at) -> None:
    found = scene((ROOT, disc_at(0, 0, 2.5))).measure(ID)
    assert found.value("component_count", Side.LEFT) == pytest.approx(1 - 0.5 / 4.5)
    assert found.value("component_count", Side.RIGHT) == pytest.approx(1 - 0.5 / 4.5)


def test_nearest_neighbour_distance_is_that_of_the_dots(scene, disc_at) -> None:
    found = scene(*_dots(disc_at, [(2, -3), (2, 0), (-2, -3), (-2, 0)])).measure(ID)
    assert found.value("nearest_neighbour_distance", Side.LEFT) == pytest.approx(3, abs=0.1)


def test_roots_along_the_wall_are_peripheral_and_those_in_the_middle_are_not(scene, disc_at) -> None:
    angles = np.radians(np.arange(15, 360, 30))
    wall = scene(*_dots(disc_at, [(6.3 * np.cos(a), 6.3 * np.sin(a)) for a in angles])).measure(ID)
    middle = scene(*_dots(disc_at, [(2.4 * np.cos(a), 2.4 * np.sin(a)) for a in angles])).measure(ID)
    assert wall.value("peripheral_fraction", Side.RIGHT) > 0.65
    assert middle.value("peripheral_fraction", Side.RIGHT) == 0
    assert wall.value("spread", Side.RIGHT) > 2 * middle.value("spread", Side.RIGHT)


def test_pixels_too_coarse_to_part_roots_give_no_index(scene, disc_at) -> None:
    found = scene(*_dots(disc_at, SPACED), spacing_mm=(0.8, 0.8, 4.0)).measure(ID)
    assert found.absent("component_count", Side.LEFT).reason is Reason.RESOLUTION_TOO_COARSE


def test_a_narrow_sac_carries_the_caution_that_narrowing_crowds_roots(scene, disc_at) -> None:
    wide = scene(*_dots(disc_at, SPACED)).measure(ID)
    shell = (CanalTissue.EPIDURAL_FAT, lambda x, y, z: (np.hypot(x, y) > 5.2) & (np.hypot(x, y) < 8))
    narrow = scene(shell, *_dots(disc_at, SPACED)).measure(ID)
    assert wide.measured("component_count", Side.LEFT).caution is None
    assert "narrowing" in (narrow.measured("component_count", Side.LEFT).caution or "")


def test_roots_are_not_counted_beside_the_cord(scene, disc_at) -> None:
    found = scene(*_dots(disc_at, SPACED), (CanalTissue.CORD, disc_at(0, 0, 1.0))).measure(ID)
    assert found.absent("component_count", Side.LEFT).reason is Reason.UNDEFINED
    assert "below L2" in found.absent("component_count", Side.LEFT, "L1-L2").detail
