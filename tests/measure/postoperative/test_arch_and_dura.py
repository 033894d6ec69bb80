"""Gaps cut into an arch, waves on a sac, a thick root: each as it was made."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.anatomy import CANAL, SACRUM, Side
from lumbomics.core.examination import CanalTissue, Examination, Scan
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.measurement import Measurement, Reason
from lumbomics.core.visit import Plane
from lumbomics.measure import ExaminedSpine, describe_spine, measure_examination

ROOT = CanalTissue.ROOT


def _drawn(gone, lowest_mm=-30.0):
    """Axial map about the canal of `_arched`, with scar in the place of bone where ``gone(x, y, z)``."""
    grid = Grid.from_spacing((161, 161, 16), (0.5, 0.5, 4.0), origin_mm=(-40.0, -50.0, lowest_mm))
    x, y, z = np.moveaxis(grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1)), -1, 0)
    map_ = np.where(np.hypot(x, y) < 10, CanalTissue.FLUID, 0).astype(np.uint8)
    map_[(np.hypot(x, y) >= 10) & (np.hypot(x, y) < 18) & (y <= 10) & gone(x, y, z)] = CanalTissue.DEFECT
    image = Image(np.zeros(grid.shape, dtype=np.float32), grid, contrast=Contrast.T2)
    return Scan(name="acq-ax_T2w", image=image, plane=Plane.AXIAL, tissue=Labels(map_, grid, boundary_sd_mm=0.0))


def _arched(missing=None, *scans):
    """Blocks with a closed arch about the canal at L4's lamina, of which ``missing(x, y, z)`` is cut out."""
    grid = Grid.from_spacing((35, 84, 140), (2.0, 1.0, 1.0), origin_mm=(-34.0, -32.0, -70.0))
    x, y, z = np.moveaxis(grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1)), -1, 0)
    map_ = np.zeros(grid.shape, dtype=np.uint8)
    map_[np.hypot(x, y) < 10] = CANAL
    front = (np.abs(x) <= 23) & (y > 10) & (y <= 44)
    arch = (np.hypot(x, y) >= 11) & (np.hypot(x, y) < 17) & (y <= 10) & (np.abs(z - 10) <= 12)
    map_[arch] = 23
    if missing is not None:
        map_[arch & missing(x, y, z)] = 0
    for number, middle in ((22, 54.0), (23, 18.0), (24, -18.0), (SACRUM, -54.0)):
        map_[front & (np.abs(z - middle) <= 13)] = number
    for number, middle in ((122, 36.0), (123, 0.0), (124, -36.0)):
        map_[front & (np.abs(z - middle) < 5)] = number
    segmentation = Segmentation(spine=Labels(map_, grid, boundary_sd_mm=0.0))
    examined = ExaminedSpine(
        spine=describe_spine(segmentation), examination=Examination(segmentation=segmentation, scans=scans)
    )
    found = measure_examination(examined, only=["laminectomy_defect"])
    return {(r.method, r.side): r for r in found if r.level == "L4-L5"}


def test_a_whole_arch_has_no_defect() -> None:
    found = _arched()
    for side in (Side.LEFT, Side.RIGHT):
        one = found["mr_missing_fraction", side]
        assert isinstance(one, Measurement)
        assert (one.value, one.category) == (0, "no defect")
        assert found["mr_defect_width", side].value == 0


def test_a_window_on_one_side_is_a_defect_of_that_side_and_of_its_width() -> None:
    found = _arched(lambda x, y, z: (x < -2) & (x > -9) & (y < 0))
    left, right = found["mr_missing_fraction", Side.LEFT], found["mr_missing_fraction", Side.RIGHT]
    assert right.value == 0
    # a ray from the canal's middle clears the window's near corner at the arch's inner, its far one at the outer wall
    first, last = np.degrees(np.arcsin([2 / 11, 9 / 17]))
    assert left.value == pytest.approx(100 * (last - first) / 75, abs=8)
    assert left.category == "laminotomy"
    width = 10 * (np.sin(np.radians(last)) - np.sin(np.radians(first)))
    assert found["mr_defect_width", Side.LEFT].value == pytest.approx(width, abs=1.5)


def test_an_arch_taken_on_both_sides_is_missing_on_both() -> None:
    found = _arched(lambda x, y, z: y < 5)
    for side in (Side.LEFT, Side.RIGHT):
        assert found["mr_missing_fraction", side].value > 80
        assert found["mr_missing_fraction", side].category == "hemilaminectomy"


def test_half_the_height_is_half_the_fraction() -> None:
    low = _arched(lambda x, y, z: (x > 0) & (y < 5) & (z < 6.7))
    assert 30 < low["mr_missing_fraction", Side.RIGHT].value < 60


def _window(x, y, z):
    """A sector to the left of straight back, with walls along rays."""
    turn = np.degrees(np.arctan2(-x, -y))
    return (turn > 15) & (turn < 50)


def test_an_arch_that_labels_keep_is_open_where_the_axial_map_shows_it_removed() -> None:
    found = _arched(None, _drawn(_window))
    left, right = found["mr_missing_fraction", Side.LEFT], found["mr_missing_fraction", Side.RIGHT]
    assert left.value == pytest.approx(100 * 35 / 75, abs=5)
    assert left.category == "laminotomy"
    assert (right.value, right.category) == (0, "no defect")
    width = 10 * (np.sin(np.radians(50)) - np.sin(np.radians(15)))
    assert found["mr_defect_width", Side.LEFT].value == pytest.approx(width, abs=1)


def test_a_mirrored_map_gives_mirrored_defects() -> None:
    one, other = _arched(None, _drawn(_window)), _arched(None, _drawn(lambda x, y, z: _window(-x, y, z)))
    for method in ("mr_missing_fraction", "mr_defect_width"):
        assert one[method, Side.LEFT].value > 0
        assert other[method, Side.RIGHT].value == pytest.approx(one[method, Side.LEFT].value, rel=0.05)
        assert other[method, Side.LEFT].value == one[method, Side.RIGHT].value == 0


def test_bone_that_stands_behind_thin_scar_closes_the_ray() -> None:
    thin = _arched(None, _drawn(lambda x, y, z: _window(x, y, z) & (np.hypot(x, y) < 14)))
    assert thin["mr_missing_fraction", Side.LEFT].value == 0


def test_a_gap_in_the_labels_stays_a_gap_where_the_axial_map_shows_none() -> None:
    nothing = _drawn(lambda x, y, z: x > 1000)
    cut, both = _arched(_window), _arched(_window, nothing)
    assert both["mr_missing_fraction", Side.LEFT].value == cut["mr_missing_fraction", Side.LEFT].value > 0


def test_a_value_from_labels_alone_says_so() -> None:
    alone, drawn = _arched(), _arched(None, _drawn(_window))
    beyond = _arched(None, _drawn(_window, lowest_mm=20.0))
    assert "no axial map" in alone["mr_missing_fraction", Side.LEFT].caution
    assert "no axial map" in beyond["mr_missing_fraction", Side.LEFT].caution
    assert drawn["mr_missing_fraction", Side.LEFT].caution is None


def _wavy(amplitude_mm, waves):
    def region(x, y, z):
        radius = 6 + amplitude_mm * np.cos(waves * np.arctan2(y, x)) * (x > 0)
        return (np.hypot(x, y) >= radius) & (np.hypot(x, y) < 8)

    return region


def test_waves_on_the_sac_are_the_roughness_of_their_side(scene) -> None:
    rough = scene((CanalTissue.EPIDURAL_FAT, _wavy(0.8, 10)), spacing_mm=(0.3, 0.3, 4.0)).measure("dural_irregularity")
    smooth = scene((CanalTissue.EPIDURAL_FAT, _wavy(0.0, 10)), spacing_mm=(0.3, 0.3, 4.0)).measure("dural_irregularity")
    # a cosine of amplitude a has the root mean square a / √2; the blurred mask keeps most of it
    assert rough.value("rms_in_slice", Side.RIGHT) == pytest.approx(0.8 / 2**0.5, rel=0.3)
    assert smooth.value("rms_in_slice", Side.RIGHT) < 0.1
    assert rough.value("rms_in_slice", Side.LEFT) < 0.4 * rough.value("rms_in_slice", Side.RIGHT)
    assert rough.value("asymmetry", Side.RIGHT) == pytest.approx(-rough.value("asymmetry", Side.LEFT))


def test_an_oval_sac_is_not_rough(scene) -> None:
    oval = (CanalTissue.EPIDURAL_FAT, lambda x, y, z: (np.hypot(x / 1.0, y / 0.75) >= 6.9) & (np.hypot(x, y) < 8))
    assert scene(oval, spacing_mm=(0.3, 0.3, 4.0)).measure("dural_irregularity").value("rms_in_slice", Side.LEFT) < 0.12


def test_a_narrow_sac_is_left_out(scene) -> None:
    small = (CanalTissue.EPIDURAL_FAT, lambda x, y, z: (np.hypot(x, y) >= 4) & (np.hypot(x, y) < 8))
    found = scene(small).measure("dural_irregularity")
    assert found.absent("rms_in_slice", Side.LEFT).reason is Reason.UNDEFINED


def test_a_root_twice_as_thick_has_twice_the_area_ratio(scene, disc_at) -> None:
    roots = [(ROOT, disc_at(5.1, 0.1, 1.0 * 2**0.5)), (ROOT, disc_at(-5.1, 0.1, 1.0)), (ROOT, disc_at(0.1, -3.1, 0.9))]
    found = scene(*roots, spacing_mm=(0.25, 0.25, 4.0)).measure("battered_root_signal")
    assert found.value("area_ratio", Side.RIGHT) == pytest.approx(2, rel=0.1)
    assert found.value("area_ratio", Side.LEFT) == pytest.approx(0.5, rel=0.1)
    assert found.value("t2_signal_ratio", Side.RIGHT) == pytest.approx(1)
    assert found.measured("area_ratio", Side.RIGHT).category == "not swollen"
    assert found.absent("foraminal_area_ratio", Side.LEFT).reason is Reason.STRUCTURE_NOT_LABELLED
