"""What the grading models look at is right on a spine drawn with a ruler, and does not move with the scanner."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast
from lumbomics.core.labels import Labels
from lumbomics.core.measurement import Reason
from lumbomics.measure.degeneration.features import DiscFeatures, disc_features
from lumbomics.measure.degeneration.patch import disc_patches, parallel_patches
from lumbomics.measure.degeneration.shape import describe_shape
from lumbomics.measure.geometry.obstacle import NotMeasurableError

from .conftest import Column

LEVELS = ["L1-L2", "L2-L3", "L3-L4", "L4-L5", "L5-S1"]


def features(column: Column) -> dict[str, DiscFeatures]:
    labels, images = column.draw()
    found = disc_features(disc_patches(labels), t2=images[Contrast.T2], t1=images[Contrast.T1])
    assert all(isinstance(one, DiscFeatures) for one in found.values())
    return {level: one for level, one in found.items() if isinstance(one, DiscFeatures)}


def test_heights_depths_slip_and_bulge_are_those_drawn(column: Column) -> None:
    drawn = column.with_(height=(9.0, 5.0, 10.0, 12.0, 7.0), slip=(0, 0, 0, 6.0, 0), bulge=(0, 0, 3.0, 0, 0))
    found = features(drawn)
    assert list(found) == LEVELS
    for level, height in zip(LEVELS, drawn.height, strict=True):
        assert found[level].shape.height == pytest.approx(height, abs=0.6)
        assert found[level].shape.depth == pytest.approx(34.0, abs=1.0)
    assert found["L4-L5"].shape.slip_back == pytest.approx(6.0, abs=0.8)
    assert found["L3-L4"].shape.slip_back == pytest.approx(0.0, abs=0.8)
    assert found["L3-L4"].shape.bulge == pytest.approx(3.0, abs=0.8)
    assert found["L1-L2"].shape.bulge < 0.5


@pytest.mark.parametrize("turn_deg", [-25.0, 30.0])
def test_a_turned_spine_measures_the_same(column: Column, turn_deg: float) -> None:
    drawn = column.with_(slip=(0, 0, 0, 5.0, 0), bulge=(0, 2.5, 0, 0, 0), nucleus=(260.0, 90, 260, 150, 260))
    straight, turned = features(drawn), features(drawn.with_(turn_deg=turn_deg))
    for level in LEVELS:
        for name, tolerance in (("height_to_depth", 0.12), ("slip_back", 0.03), ("nucleus_to_fluid", 0.08)):
            assert turned[level].values[name] == pytest.approx(straight[level].values[name], abs=tolerance)


def test_the_receivers_gain_changes_no_feature(column: Column) -> None:
    first, second = features(column)["L3-L4"].values, features(column.with_(gain=7.3))["L3-L4"].values
    assert first.keys() == second.keys()
    for name in first:
        assert second[name] == pytest.approx(first[name], abs=1e-6, nan_ok=True)


def test_a_wrong_voxel_size_leaves_ratios_as_they_are(column: Column) -> None:
    # heights may differ by a pixel, which is 0.07 of a disc
    labels, images = column.draw()
    grid = Grid(labels.grid.shape, np.diag([1.0, 1.25, 1.25, 1.0]) @ labels.grid.affine)
    stretched = disc_features(
        disc_patches(Labels(labels.array, grid)), t2=replace(images[Contrast.T2], grid=grid), t1=None
    )
    right = features(column)
    for level, one in stretched.items():
        assert isinstance(one, DiscFeatures)
        for name, tolerance in (("height_to_depth", 0.12), ("slip_back", 0.03), ("nucleus_to_fluid", 0.05)):
            assert one.values[name] == pytest.approx(right[level].values[name], abs=tolerance)


def test_a_dark_disc_is_told_from_its_neighbours_by_signal(column: Column) -> None:
    found = features(column.with_(nucleus=(260.0, 260, 70, 260, 260)))
    dark, bright = found["L3-L4"].values, found["L2-L3"].values
    assert bright["nucleus_to_fluid"] == pytest.approx(np.log(260 / 400), abs=0.12)
    assert dark["nucleus_to_fluid"] == pytest.approx(np.log(70 / 400), abs=0.12)
    assert dark["nucleus_to_fluid_over_best"] == pytest.approx(np.log(70 / 260), abs=0.15)
    assert dark["contrast"] < bright["contrast"] - 0.8


def test_marrow_beside_an_endplate_is_compared_with_its_own_body(column: Column) -> None:
    found = features(column.with_(patches=((2, "lower", 1.5, 1.3, 9.0),)))
    assert found["L3-L4"].values["t1_marrow_high_most"] == pytest.approx(np.log(1.5), abs=0.1)
    assert abs(found["L1-L2"].values["t1_marrow_high_most"]) < 0.12


def test_what_is_missing_is_told_level_by_level(column: Column) -> None:
    labels, images = column.draw()
    gone = np.where(labels.array == 122, 0, labels.array)
    found = disc_features(disc_patches(Labels(gone, labels.grid)), t2=images[Contrast.T2])
    lost = found.pop("L3-L4")
    assert isinstance(lost, NotMeasurableError)
    assert lost.reason is Reason.STRUCTURE_NOT_LABELLED
    assert all(isinstance(one, DiscFeatures) for one in found.values())


def test_an_image_elsewhere_is_refused(column: Column) -> None:
    labels, images = column.draw()
    away = np.eye(4)
    away[0, 3] = 30.0
    t2 = images[Contrast.T2]
    moved = replace(t2, grid=Grid(t2.grid.shape, away @ t2.grid.affine))
    found = disc_features(disc_patches(labels), t2=moved)
    assert {one.reason for one in found.values() if isinstance(one, NotMeasurableError)} == {Reason.FIELD_OF_VIEW}
    assert len(found) == 5


def test_a_stack_of_slices_gives_what_its_middle_slice_gives(column: Column) -> None:
    labels, _ = column.draw()
    stack = np.repeat(labels.array, 7, axis=0)
    affine = labels.grid.affine.copy()
    affine[0, 3] -= 12.0
    volume = Labels(stack, Grid(stack.shape, affine), boundary_sd_mm=0.0)
    alone, amid = disc_patches(labels)["L4-L5"], disc_patches(volume)["L4-L5"]
    assert not isinstance(alone, NotMeasurableError)
    assert not isinstance(amid, NotMeasurableError)
    assert describe_shape(amid).height == pytest.approx(describe_shape(alone).height, abs=0.05)
    assert len(parallel_patches(amid, volume, half_width_mm=9.0)) == 5
    assert parallel_patches(alone, labels, half_width_mm=9.0) == (alone,)


def test_the_last_disc_is_described_though_the_sacrum_is_not_drawn(column: Column) -> None:
    drawn = column.with_(height=(9.0, 9.0, 10.0, 12.0, 6.0), nucleus=(260.0, 260, 260, 260, 80))
    labels, images = drawn.draw()
    gone = Labels(np.where(labels.array == 26, 0, labels.array), labels.grid)
    found = disc_features(disc_patches(gone), t2=images[Contrast.T2])["L5-S1"]
    whole = features(drawn)["L5-S1"]
    assert isinstance(found, DiscFeatures)
    assert found.shape.height == pytest.approx(6.0, abs=0.6)
    for name, tolerance in (("height_to_depth", 0.1), ("nucleus_to_fluid", 0.1), ("level", 0.0)):
        assert found.values[name] == pytest.approx(whole.values[name], abs=tolerance)
    assert np.isnan(found.values["slip"])
    others = disc_features(disc_patches(gone), t2=images[Contrast.T2])["L3-L4"]
    assert isinstance(others, DiscFeatures)
    assert others.values["slip"] == pytest.approx(0.0, abs=0.02)
