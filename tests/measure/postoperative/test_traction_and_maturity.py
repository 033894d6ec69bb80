"""The sac's displacement against a shift that was made, and the months that were told."""

from __future__ import annotations

import pytest

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import CanalTissue, Operation
from lumbomics.core.measurement import Reason

TRACTION, MATURITY = "sac_traction", "scar_maturity_interval"


@pytest.mark.parametrize(("shift", "name"), [(2.0, "retraction"), (-2.0, "mass effect"), (0.0, "neither")])
def test_a_sac_drawn_to_the_tissue_is_positive_and_one_pushed_away_negative(scene, ring, shift, name) -> None:
    # tissue straight to the right, beyond the sac wherever that lies
    found = scene(
        (CanalTissue.SCAR, lambda x, y, z: ring(-1, 30)(x, y, z) | ring(330, 361)(x, y, z)),
        (CanalTissue.FLUID, lambda x, y, z: (x - shift) ** 2 + y**2 < 36),
        (CanalTissue.EPIDURAL_FAT, lambda x, y, z: (x**2 + y**2 < 49) & ((x - shift) ** 2 + y**2 >= 36)),
    ).measure(TRACTION)
    one = found.measured("towards_tissue", Side.RIGHT)
    assert one.value == pytest.approx(shift, abs=0.1)
    assert one.category == name
    assert found.absent("towards_tissue", Side.LEFT).reason is Reason.UNDEFINED


@pytest.mark.parametrize(("months", "name"), [(1.0, "early"), (1.5, "immature"), (5.9, "immature"), (6.0, "mature")])
def test_months_are_classed_as_the_catalogue_says(scene, months, name) -> None:
    dates = (Operation(level="L4-L5", months=40.0), Operation(level="L4-L5", months=months))
    one = scene(operations=dates).measure(MATURITY).measured("months_since_last_surgery")
    assert (one.value, one.category) == (months, name)


def test_an_operation_nobody_told_of_or_without_a_date_gives_no_interval(scene) -> None:
    undated = scene(operations=(Operation(level="L4-L5"),)).measure(MATURITY)
    assert "date" in undated.absent("months_since_last_surgery").detail
    assert undated.absent("months_since_last_surgery", level="L5-S1").reason is Reason.UNDEFINED
