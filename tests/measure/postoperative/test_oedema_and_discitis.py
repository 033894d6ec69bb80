"""Oedema painted into a body, and a disc made to look infected, on STIR and T2 of known signal."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import Examination, Scan
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Labels, Muscle
from lumbomics.core.measurement import Absent, Measurement, Reason
from lumbomics.core.visit import Plane
from lumbomics.measure import ExaminedSpine, describe_spine, measure_examination

OEDEMA, DISCITIS = "bone_marrow_edema_volume", "discitis_score"


def _scan(spine, contrast, paint):
    """A sagittal series on the labels' voxels: marrow 100 ± 5, discs 60, dark endplates; then ``paint``."""
    labels = spine.labels
    grid, map_ = labels.grid, labels.array
    x, y, z = np.moveaxis(grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1)), -1, 0)
    rng = np.random.default_rng(3)
    values = np.full(grid.shape, 20.0)
    values[map_ > 0] = 100 + rng.normal(0, 5, grid.shape)[map_ > 0]
    values[map_ > 100] = 60.0
    for middle in (126.0, 90.0, 54.0, 18.0, -18.0, -54.0):
        values[(np.abs(np.abs(z - middle) - 12.5) < 0.6) & (map_ > 0) & (y > 12)] = 15.0
    paint(values, x, y, z, map_)
    return Scan(name=contrast.value, image=Image(values, grid, contrast=contrast), plane=Plane.SAGITTAL)


def _measure(scene_made, paint, *ids, contrasts=(Contrast.T2, Contrast.STIR)):
    spine = scene_made.spine
    scans = tuple(_scan(spine, contrast, paint) for contrast in contrasts)
    examined = ExaminedSpine(spine=spine, examination=Examination(segmentation=spine.segmentation, scans=scans))
    return {(r.method, r.level, r.side): r for r in measure_examination(examined, only=ids)}


def _nothing(values, x, y, z, map_):
    del values, x, y, z, map_


@pytest.fixture(scope="module")
def healthy(scene):
    made = scene()
    return cache(lambda: _measure(made, _nothing, OEDEMA, DISCITIS))()


def test_even_marrow_has_no_oedema(healthy) -> None:
    for level in ("L4", "L5"):
        one = healthy["body_volume", level, Side.RIGHT]
        assert isinstance(one, Measurement)
        assert one.value == 0
        assert abs(healthy["body_mean_z", level, Side.RIGHT].value) < 0.5


def test_oedema_is_found_in_its_vertebra_on_its_side_with_its_volume(scene) -> None:
    def paint(values, x, y, z, map_):
        values[(map_ == 23) & (x > 2) & (x < 18) & (np.abs(z - 18) < 6) & (np.abs(y - 29) < 10)] = 180

    found = _measure(scene(), paint, OEDEMA)
    right = found["body_volume", "L4", Side.RIGHT]
    assert right.value == pytest.approx(16 * 11 * 19, rel=0.1)
    assert right.se > 0
    assert found["body_volume", "L4", Side.LEFT].value == 0
    assert found["body_volume", "L5", Side.RIGHT].value == 0
    assert found["body_mean_z", "L4", Side.RIGHT].value > 1


def test_the_vein_of_the_body_is_not_oedema(scene) -> None:
    def paint(values, x, y, z, map_):
        vein = (np.abs(x) < 6) & (np.abs(z - 18) < 3) & (y > 12) & (y < 28)
        values[vein & (map_ == 23)] = 180

    found = _measure(scene(), paint, OEDEMA)
    assert [found["body_volume", "L4", side].value for side in (Side.LEFT, Side.RIGHT)] == [0, 0]


def test_slices_across_the_middle_are_shared_between_the_sides(scene) -> None:
    def paint(values, x, y, z, map_):
        values[(map_ == 23) & (np.abs(x) < 12) & (np.abs(z - 18) < 6) & (np.abs(y - 29) < 10)] = 180

    found = _measure(scene(), paint, OEDEMA)
    left, right = (found["body_volume", "L4", side].value for side in (Side.LEFT, Side.RIGHT))
    assert left == pytest.approx(right, rel=0.05)


def test_without_a_series_that_shows_water_alone_there_is_no_oedema_to_tell(scene) -> None:
    found = _measure(scene(), _nothing, OEDEMA, contrasts=(Contrast.T2,))
    one = found["body_volume", "L4", Side.RIGHT]
    assert isinstance(one, Absent)
    assert one.reason is Reason.NO_SUITABLE_SERIES


def test_muscle_nobody_labelled_is_absent_and_not_free_of_oedema(healthy) -> None:
    assert healthy["muscle_volume", "L4", Side.RIGHT].reason is Reason.STRUCTURE_NOT_LABELLED


def test_a_healthy_disc_has_no_sign(healthy) -> None:
    one = healthy["sign_count", "L4-L5", None]
    assert isinstance(one, Measurement)
    assert (one.value, one.category) == (0, "none")
    assert "not assessed: enhancing disc" in one.caution


def test_bright_disc_lost_endplates_and_oedema_of_both_bodies_are_three_signs(scene) -> None:
    def paint(values, x, y, z, map_):
        values[map_ == 123] = 160
        lines = (np.abs(np.abs(z) - 5.5) < 0.6) & np.isin(map_, (23, 24)) & (y > 12)
        values[lines] = 110
        values[np.isin(map_, (23, 24)) & (np.abs(z) < 18) & (np.abs(z) > 5) & (np.abs(y - 29) < 15)] = 170

    found = _measure(scene(), paint, DISCITIS)
    one = found["sign_count", "L4-L5", None]
    assert isinstance(one, Measurement), one
    assert one.value == 3
    assert one.category == "bright disc, lost endplate line, oedema of both bodies"
    assert found["disc_signal_z", "L4-L5", None].value > 2
    assert found["endplate_line_z", "L4-L5", None].value < -2
    assert found["marrow_oedema_share", "L4-L5", None].value > 1 / 3
    assert found["sign_count", "L3-L4", None].value == 0


def _shaded(spine, muscle=None):
    """Two bodies of five bright all through, under a coil whose signal falls to the front and to the feet."""
    labels = spine.labels
    grid = labels.grid

    def paint(values, x, y, z, map_):
        rng = np.random.default_rng(4)
        if muscle is not None:
            values[muscle > 0] = 60 + rng.normal(0, 4, values.shape)[muscle > 0]
        values[np.isin(map_, (22, 23)) & (np.abs(np.abs(z - 36) - 18) < 12)] *= 1.9
        values *= np.exp(-(y + 18) / 90 + z / 250)

    segmentation = replace(spine.segmentation, muscle=None if muscle is None else Labels(muscle, grid))
    described = describe_spine(segmentation)
    scan = _scan(described, Contrast.STIR, paint)
    examined = ExaminedSpine(spine=described, examination=Examination(segmentation=segmentation, scans=(scan,)))
    found = {(r.method, r.level, r.side): r for r in measure_examination(examined, only=[OEDEMA])}
    return {level: found["body_volume", level, Side.LEFT].value for level in ("L2", "L3", "L4")}


def test_bodies_bright_all_through_are_not_taken_for_coil_shading_where_muscle_tells(scene) -> None:
    spine = scene().spine
    grid = spine.labels.grid
    muscle = np.zeros(grid.shape, dtype=np.uint8)
    muscle[: grid.shape[0] // 2, :5] = Muscle.MULTIFIDUS_LEFT
    muscle[grid.shape[0] // 2 + 1 :, :5] = Muscle.MULTIFIDUS_RIGHT
    volume = _shaded(spine, muscle)
    half_mm3 = 23 * 34 * 26
    assert volume["L3"] > 0.75 * half_mm3
    assert volume["L4"] > 0.75 * half_mm3
    assert volume["L2"] < 0.05 * half_mm3


def test_neighbours_bright_all_through_are_not_taken_for_coil_shading_by_bone_alone(scene) -> None:
    volume = _shaded(scene().spine)
    half_mm3 = 23 * 34 * 26
    assert volume["L3"] > 0.75 * half_mm3
    assert volume["L4"] > 0.75 * half_mm3
    assert volume["L2"] < 0.05 * half_mm3
