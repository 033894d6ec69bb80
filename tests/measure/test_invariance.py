"""What must not change a value: how voxels are stored, how the patient lies, how the image is cut and sampled."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.measurement import Measurement
from lumbomics.measure import measure

OWN = (
    "lumbar_lordosis_l1_s1",
    "segmental_lordosis",
    "slip_percent",
    "lateral_listhesis",
    "coronal_cobb",
    "vertebral_axial_rotation",
    "vertebral_height",
    "vertebral_wedging",
    "disc_height",
)


def stored_otherwise(labels: Labels, order: tuple[int, ...], flips: tuple[bool, ...]) -> Labels:
    """Same voxels at the same places, axes permuted and reversed."""
    array = labels.array.transpose(order)
    affine = labels.grid.affine.copy()
    affine[:3, :3] = affine[:3, order]
    for axis, flip in enumerate(flips):
        if flip:
            array = np.flip(array, axis)
            affine[:3, 3] += affine[:3, axis] * (array.shape[axis] - 1)
            affine[:3, axis] *= -1
    return Labels(array, Grid(array.shape, affine), boundary_sd_mm=labels.boundary_sd_mm)


def rows(labels: Labels) -> dict[tuple[str, str, str | None], Measurement]:
    found = measure(Segmentation(spine=labels), only=OWN)
    return {(r.biomarker, r.method, r.level): r for r in found if isinstance(r, Measurement)}


def assert_same_within_error(one, other):
    assert set(one) == set(other)
    for key, first in one.items():
        second = other[key]
        spread = np.hypot(first.se, second.se)
        assert abs(first.value - second.value) <= 3.5 * spread + 1e-6, key  # the largest of some 400


@pytest.fixture(scope="module")
def coarse(plain, grid_of) -> Labels:
    return plain.segmentation(grid_of((2.0, 1.5, 1.5))).spine


def test_storage_order_changes_no_digit(coarse):
    reference = rows(coarse)
    for number, (order, flips) in enumerate(product(permutations(range(3)), product((False, True), repeat=3))):
        if number % 5:  # ten of the 48 ways, all six orders and all flips among them
            continue
        found = rows(stored_otherwise(coarse, order, flips))
        assert found.keys() == reference.keys()
        for key, result in reference.items():
            assert found[key].value == pytest.approx(result.value, abs=1e-6), (order, flips, key)


@settings(max_examples=4, deadline=None, derandomize=True)
@given(
    axis=st.sampled_from([(1.0, 0, 0), (0, 1.0, 0), (0, 0, 1.0), (0.6, 0.6, 0.53)]),
    angle_deg=st.floats(-15, 15),
)
def test_turning_the_grid_by_up_to_15_degrees_stays_within_the_error(plain, grid_of, upright, axis, angle_deg):
    turned = plain.segmentation(grid_of((1.5, 1.5, 1.5), rotation(axis, angle_deg))).spine
    assert_same_within_error(upright, rows(turned))


def rotation(axis: tuple[float, float, float], angle_deg: float) -> np.ndarray:
    x, y, z = np.array(axis) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    turn = np.radians(angle_deg)
    return np.eye(3) + np.sin(turn) * cross + (1 - np.cos(turn)) * cross @ cross


@pytest.fixture(scope="module")
def upright(plain, grid_of):
    return rows(plain.segmentation(grid_of((1.5, 1.5, 1.5))).spine)


def test_tilting_the_patient_moves_no_lordosis(plain, grid_of, upright):
    labels = plain.segmentation(grid_of((1.5, 1.5, 1.5))).spine
    affine = np.eye(4)
    affine[:3, :3] = rotation((1.0, 0.3, 0.2), 14.0)
    tilted = Labels(labels.array, Grid(labels.grid.shape, affine @ labels.grid.affine), boundary_sd_mm=0.0)
    found = rows(tilted)
    for key, result in upright.items():
        assert found[key].value == pytest.approx(result.value, abs=0.25 * result.se + 0.05), key


def test_finer_and_thicker_voxels_stay_within_the_error(plain, grid_of):
    reference = rows(plain.segmentation(grid_of((1.0, 1.0, 1.0))).spine)
    assert_same_within_error(reference, rows(plain.segmentation(grid_of((4.0, 0.6, 0.6))).spine))


def test_cutting_the_image_outside_the_spine_changes_nothing(coarse):
    inside = np.argwhere(coarse.array)
    low, high = inside.min(axis=0) - 2, inside.max(axis=0) + 3
    low[2] = 0  # S1 goes on downwards
    cut = coarse.array[tuple(slice(max(a, 0), b) for a, b in zip(low, high, strict=True))]
    affine = coarse.grid.affine.copy()
    affine[:3, 3] = coarse.grid.to_world(np.maximum(low, 0))
    smaller = Labels(cut, Grid(cut.shape, affine), boundary_sd_mm=0.0)
    assert cut.size < 0.8 * coarse.array.size
    found, reference = rows(smaller), rows(coarse)
    for key, result in reference.items():
        assert found[key].value == pytest.approx(result.value, abs=1e-6), key


def test_more_uncertain_boundaries_widen_every_error(coarse):
    sure = rows(coarse)
    unsure = rows(Labels(coarse.array, coarse.grid, boundary_sd_mm=0.8))
    for key, result in sure.items():
        assert unsure[key].value == pytest.approx(result.value)
        assert unsure[key].se > 1.01 * result.se, key
