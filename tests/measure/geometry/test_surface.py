"""Rays leave a voxelised structure where its true surface lies, on average."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels
from lumbomics.measure.geometry.surface import Solid

DOWN = np.array([0.0, 0.0, -1.0])
UP = np.array([0.0, 0.0, 1.0])


def half_space(normal, height: float, spacing=(1.0, 1.0, 1.0)) -> Solid:
    shape = tuple(int(40 / s) for s in spacing)
    grid = Grid.from_spacing(shape, spacing, origin_mm=-(np.array(shape) - 1) / 2 * spacing)
    points = grid.to_world(np.moveaxis(np.indices(shape), 0, -1))
    return Solid.from_labels(Labels((points @ normal <= height).astype(np.uint8), grid), 1)


def test_flat_faces_at_random_heights_carry_no_half_voxel_bias():
    heights = np.linspace(-1.5, 1.5, 60, endpoint=False) + 0.025  # never on a voxel's centre
    found = [half_space(UP, h).exits(np.array([[0.2, -0.3, -8.0]]), UP)[0] - 8.0 for h in heights]
    assert np.mean(found - heights) == pytest.approx(0.0, abs=0.03)
    assert np.abs(found - heights).max() <= 0.55


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (4.0, 0.6, 0.6)])
def test_tilted_faces_are_met_without_bias(spacing):
    normal = np.array([0.1, 0.35, 0.93]) / np.linalg.norm([0.1, 0.35, 0.93])
    starts = np.stack(np.meshgrid(np.linspace(-4, 4, 9), np.linspace(-8, 8, 33), [-9.0]), axis=-1).reshape(-1, 3)
    reached = starts + half_space(normal, 0.2, spacing).exits(starts, UP)[:, None] * UP
    error = reached @ normal - 0.2
    assert error.mean() == pytest.approx(0.0, abs=0.05)
    assert error.std() < 0.35 * max(spacing[1:])


def test_entering_and_leaving_meet_the_same_surface():
    solid = half_space(UP, 0.3)
    leave = -6.0 + solid.exits(np.array([[0.0, 0.0, -6.0]]), UP)[0]
    enter = 9.0 - solid.entries(np.array([[0.0, 0.0, 9.0]]), DOWN)[0]
    assert leave == pytest.approx(enter, abs=0.06)


def test_rays_from_outside_or_without_end_are_nan():
    solid = half_space(UP, 0.3)
    assert np.isnan(solid.exits(np.array([[0.0, 0.0, 5.0]]), UP)[0])
    assert np.isnan(solid.exits(np.array([[0.0, 0.0, -6.0]]), DOWN, reach_mm=5.0)[0])


def test_one_missing_voxel_does_not_stop_a_ray_but_a_real_gap_does():
    array = np.ones((9, 9, 40), dtype=np.uint8)
    array[:, :, 35:] = 0
    array[:, :, 20] = 0
    grid = Grid.from_spacing(array.shape, (1.0, 1.0, 1.0))
    start = np.array([[4.0, 4.0, 5.0]])
    assert Solid.from_labels(Labels(array, grid), 1).exits(start, UP)[0] == pytest.approx(29.5, abs=0.1)
    array[:, :, 20:24] = 0
    assert Solid.from_labels(Labels(array, grid), 1).exits(start, UP)[0] == pytest.approx(14.5, abs=0.1)


def test_touching_the_edge_is_seen_on_every_side():
    grid = Grid.from_spacing((8, 8, 8), (1.0, 1.0, 1.0))
    inside = np.zeros((8, 8, 8), dtype=np.uint8)
    inside[2:5, 2:5, 2:5] = 1
    assert not Solid.from_labels(Labels(inside, grid), 1).touches_edge()
    for axis in range(3):
        for end in (0, 7):
            array = inside.copy()
            np.moveaxis(array, axis, 0)[end, 3, 3] = 1
            assert Solid.from_labels(Labels(array, grid), 1).touches_edge()
