"""Collections whose volume, place, signal and wall were set."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import CanalTissue
from lumbomics.core.measurement import Reason

ID = "fluid_collection"
FLUID, BLOOD, WALL = CanalTissue.COLLECTION, CanalTissue.HAEMATOMA, CanalTissue.DEFECT


def test_volume_is_split_at_the_canals_centre(scene, disc_at) -> None:
    found = scene((FLUID, disc_at(2.0, -17.13, 4))).measure(ID)
    left, right = (found.value("volume", side) for side in (Side.LEFT, Side.RIGHT))
    assert left + right == pytest.approx(np.pi * 16 * 4 * 5, rel=0.03)
    # a circle of radius 4 cut 2 mm from its middle leaves 0.1955 of its area
    assert left / (left + right) == pytest.approx(0.1955, abs=0.02)
    assert found.value("haematoma_volume", Side.LEFT) == 0


def test_blood_is_not_fluid(scene, disc_at) -> None:
    found = scene((BLOOD, disc_at(-6.13, -9.21, 2))).measure(ID)
    assert found.value("volume", Side.LEFT) == 0
    assert found.value("haematoma_volume", Side.LEFT) == pytest.approx(np.pi * 4 * 4 * 5, rel=0.08)
    assert found.absent("sac_contact", Side.LEFT).reason is Reason.UNDEFINED


def test_largest_diameter_spans_slices(scene, disc_at) -> None:
    found = scene((FLUID, disc_at(6, -17, 3))).measure(ID).measured("largest_diameter", Side.RIGHT)
    assert found.value == pytest.approx(np.hypot(16, 6), abs=0.7)


def test_contact_with_the_sac_is_told_from_lying_apart(scene, disc_at) -> None:
    apart = scene((FLUID, disc_at(6.13, -17.21, 4))).measure(ID).measured("sac_contact", Side.RIGHT)
    assert (apart.value, apart.category) == (0, "apart from the dural sac")
    wedge = (FLUID, lambda x, y, z: (np.abs(x) < 3) & (y < 0) & (np.hypot(x, y) >= 7) & (y > -20))
    touching = scene(wedge).measure(ID).measured("sac_contact", Side.LEFT)
    assert touching.value == pytest.approx(7 * np.arcsin(3 / 7), abs=1.3)
    assert touching.category == "touches the dural sac"


@pytest.mark.parametrize(("t2", "name"), [(1000, "like cerebrospinal fluid"), (500, "unlike cerebrospinal fluid")])
def test_signal_is_compared_with_the_sacs_fluid_and_with_muscle(scene, disc_at, t2, name) -> None:
    found = scene((FLUID, disc_at(6.13, -17.21, 4)), changes={FLUID: (t2, 150, 1.0)}).measure(ID)
    assert found.value("t2_to_fluid", Side.RIGHT) == pytest.approx(t2 / 1000, rel=0.01)
    assert found.measured("t2_to_fluid", Side.RIGHT).category == name
    assert found.value("t1_to_muscle", Side.RIGHT) == pytest.approx(0.5, rel=0.01)


def test_a_wall_that_enhances_is_a_rim(scene, disc_at) -> None:
    wall, fluid = (WALL, disc_at(6, -14, 6)), (FLUID, disc_at(6, -14, 4))
    found = scene(wall, fluid).measure(ID)
    assert found.value("rim_enhancement", Side.RIGHT) == pytest.approx(50, abs=1)
    assert found.absent("rim_enhancement", Side.LEFT).reason is Reason.UNDEFINED


def test_compression_needs_a_neighbouring_level(scene, disc_at) -> None:
    found = scene((FLUID, disc_at(6.13, -17.21, 4))).measure(ID)
    assert found.absent("sac_compression", Side.RIGHT).reason is Reason.FIELD_OF_VIEW


def test_compression_is_the_loss_of_area_against_the_neighbours(scene, disc_at) -> None:
    def squeezed(x, y, z):
        return (np.abs(z) < 9) & (np.hypot(x, y) >= 5) & (np.hypot(x, y) < 7)

    long = scene(
        (CanalTissue.EPIDURAL_FAT, squeezed), (FLUID, disc_at(6.13, -17.21, 4, slices_mm=9)), slices=23
    ).measure(ID)
    one = long.measured("sac_compression", Side.RIGHT)
    assert one.value == pytest.approx(100 * (1 - 25 / 49), abs=2)
    assert one.category == "not compressive"


def test_slices_belong_to_the_nearest_disc(scene, disc_at) -> None:
    found = scene((FLUID, disc_at(6.13, -17.21, 4)), slices=23).measure(ID)
    volumes = [found.result("volume", Side.RIGHT, level).value for level in ("L3-L4", "L4-L5", "L5-S1")]
    assert sum(volumes) == pytest.approx(np.pi * 16 * 4 * 23, rel=0.02)
    assert volumes[1] == pytest.approx(np.pi * 16 * 4 * 9, rel=0.02)
