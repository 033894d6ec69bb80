from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lumbomics.core.errors import InputError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.phantom import Phantom, make_phantom
from lumbomics.prepare.registration import Refusal, Registration, RegistrationOptions, register
from lumbomics.prepare.rigid import rms_distance_mm, rotation_deg


@pytest.fixture(scope="session")
def found(moved_axial: Image, sagittal: Image) -> Registration:
    return register(moved_axial, sagittal)


def test_a_moved_axial_stack_is_found_within_half_a_millimetre_and_half_a_degree(
    found: Registration, motion: NDArray[np.float64]
) -> None:
    about = found.centre_mm + np.random.default_rng(0).uniform(-40, 40, (100, 3))
    left_over = found.motion @ np.linalg.inv(motion)
    assert found.accepted, found.reason
    assert rotation_deg(left_over) < 0.5
    assert rms_distance_mm(left_over, np.eye(4), about) < 0.5


def test_the_stated_error_is_of_the_size_of_the_true_one(found: Registration, motion: NDArray[np.float64]) -> None:
    about = found.centre_mm + np.random.default_rng(0).uniform(-40, 40, (100, 3))
    true = rms_distance_mm(found.motion, motion, about)
    assert found.error_mm is not None
    assert true / 3 < found.error_mm < 3 * max(true, 0.1)


def test_registration_tells_how_far_the_patient_moved(found: Registration, motion: NDArray[np.float64]) -> None:
    before = np.linalg.inv(motion)[:3, :3] @ found.centre_mm + np.linalg.inv(motion)[:3, 3]
    assert found.shift_mm == pytest.approx(np.linalg.norm(before - found.centre_mm), abs=0.5)
    assert found.rotation_deg == pytest.approx(rotation_deg(motion), abs=0.5)


def test_placing_a_grid_moves_it_and_leaves_its_shape(
    found: Registration, moved_axial: Image, motion: NDArray[np.float64]
) -> None:
    placed = found.place(moved_axial.grid, frame="1.2")
    assert placed.shape == moved_axial.grid.shape
    assert placed.frame == "1.2"
    np.testing.assert_allclose(placed.spacing_mm, moved_axial.grid.spacing_mm)
    true = Grid(moved_axial.grid.shape, motion @ moved_axial.grid.affine)
    assert np.linalg.norm(placed.centre_mm - true.centre_mm) < 0.5


def test_the_same_pair_gives_the_same_motion_to_the_last_digit(
    found: Registration, moved_axial: Image, sagittal: Image
) -> None:
    np.testing.assert_array_equal(register(moved_axial, sagittal).motion, found.motion)


def test_gain_and_storage_order_of_the_moving_image_do_not_matter(
    found: Registration, moved_axial: Image, sagittal: Image
) -> None:
    turned = moved_axial.grid.affine @ np.array([[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    array = moved_axial.array.swapaxes(0, 1) * 3.0
    again = register(Image(array, Grid(array.shape, turned)), sagittal)
    about = found.centre_mm + np.random.default_rng(0).uniform(-40, 40, (100, 3))
    assert rms_distance_mm(again.motion, found.motion, about) < 0.3


def test_another_patient_is_refused(moved_axial: Image) -> None:
    other = make_phantom(4)
    image = other.image(other.sagittal_grid(in_plane_mm=1.0, slices=13), Contrast.T2)
    refused = register(moved_axial, image)
    assert refused.refusal is Refusal.UNRELATED
    assert "another body" in refused.reason
    with pytest.raises(InputError, match="refused"):
        refused.place(moved_axial.grid)


@pytest.mark.parametrize("seed", [9, 12])
def test_axial_stacks_of_other_patients_are_refused(sagittal: Image, seed: int) -> None:
    other = make_phantom(seed)
    grid = other.axial_grid(in_plane_mm=1.0, slices=14, width_mm=150.0)
    assert register(other.image(grid, Contrast.T2), sagittal).refusal is Refusal.UNRELATED


def test_fluid_that_outshines_all_else_does_not_hide_the_way(
    patient: Phantom, sagittal: Image, motion: NDArray[np.float64]
) -> None:
    seen = patient.image(Grid(sagittal.grid.shape, motion @ sagittal.grid.affine), Contrast.STIR)
    found = register(Image(seen.array, sagittal.grid, contrast=Contrast.STIR), sagittal)
    assert found.accepted, found.reason
    about = found.centre_mm + np.random.default_rng(0).uniform(-40, 40, (100, 3))
    assert rms_distance_mm(found.motion, motion, about) < 0.6


def test_sides_that_agree_are_told(found: Registration) -> None:
    assert found.side_checked
    assert found.side_gain is not None
    assert found.side_gain > 1.05


def test_a_mirrored_image_is_refused_and_the_sides_are_named(moved_axial: Image, sagittal: Image) -> None:
    refused = register(Image(moved_axial.array[::-1], moved_axial.grid), sagittal)
    assert refused.refusal is Refusal.MIRRORED
    assert "left and right look swapped" in refused.reason
    assert not refused.side_checked


def test_a_body_as_even_as_its_mirror_image_is_accepted_with_its_sides_unchecked(sagittal: Image) -> None:
    even = sagittal.array.astype(float) + sagittal.array[::-1]
    noise = np.random.default_rng(0).normal(0, 4, (2, *even.shape))
    found = register(Image(even + noise[0], sagittal.grid), Image(even + noise[1], sagittal.grid))
    assert found.accepted, found.reason
    assert not found.side_checked
    assert found.side_gain == pytest.approx(1, abs=0.04)


def test_noise_is_refused(sagittal: Image, axial_grid: Grid) -> None:
    noise = np.random.default_rng(0).normal(100, 20, axial_grid.shape)
    assert register(Image(noise, axial_grid), sagittal).refusal in {Refusal.UNRELATED, Refusal.INCONSISTENT}


def test_a_flat_image_is_refused(sagittal: Image, axial_grid: Grid) -> None:
    flat = Image(np.full(axial_grid.shape, 7), axial_grid)
    assert register(flat, sagittal).refusal is Refusal.FLAT
    assert register(sagittal, flat).refusal is Refusal.FLAT


def test_images_that_lie_apart_are_refused(sagittal: Image) -> None:
    away = sagittal.grid.affine.copy()
    away[2, 3] += 400
    refused = register(Image(sagittal.array, Grid(sagittal.grid.shape, away)), sagittal)
    assert refused.refusal is Refusal.OVERLAP
    assert refused.overlap == 0


def test_a_single_slice_is_refused(sagittal: Image) -> None:
    grid = Grid((1, *sagittal.grid.shape[1:]), sagittal.grid.affine)
    assert register(Image(sagittal.array[:1], grid), sagittal).refusal is Refusal.TOO_FEW_SLICES


def test_five_slices_along_a_disc_are_laid_over_a_long_sagittal_series(patient: Phantom, sagittal: Image) -> None:
    stack = patient.image(patient.axial_grid("L4-L5", in_plane_mm=1.0, slices=5, width_mm=150.0), Contrast.T2)
    away = stack.grid.affine.copy()
    away[:3, 3] += (1.0, -3.0, 2.0)
    found = register(Image(stack.array, Grid(stack.grid.shape, away)), sagittal)
    assert found.accepted, found.reason
    assert np.linalg.norm(found.motion[:3, 3] + found.motion[:3, :3] @ away[:3, 3] - stack.grid.affine[:3, 3]) < 2.5


def test_five_slices_of_another_frame_may_show_any_level_and_are_refused(patient: Phantom, sagittal: Image) -> None:
    stack = patient.image(patient.axial_grid("L4-L5", in_plane_mm=1.0, slices=5, width_mm=150.0), Contrast.T2)
    refused = register(stack, sagittal, options=RegistrationOptions(search=True))
    assert refused.refusal is Refusal.AMBIGUOUS
    assert "one level or the next" in refused.reason


def test_an_axial_stack_of_another_frame_is_found_by_search(moved_axial: Image, sagittal: Image) -> None:
    here = register(moved_axial, sagittal)
    away = moved_axial.grid.affine.copy()
    away[:3, 3] += (10.0, -25.0, 40.0)
    grid = Grid(moved_axial.grid.shape, away)
    there = register(Image(moved_axial.array, grid), sagittal, options=RegistrationOptions(search=True))
    np.testing.assert_allclose(there.place(grid).centre_mm, here.place(moved_axial.grid).centre_mm, atol=0.5)


def test_another_visit_far_from_the_first_is_found_by_search(patient: Phantom, sagittal: Image) -> None:
    rng = np.random.default_rng(1)
    later = patient.image(sagittal.grid, Contrast.T2, rng=rng)
    away = later.grid.affine.copy()
    away[:3, 3] += (15, -40, 55)
    found = register(
        Image(later.array, Grid(later.grid.shape, away)), sagittal, options=RegistrationOptions(search=True)
    )
    assert found.accepted, found.reason
    np.testing.assert_allclose(found.motion[:3, 3], (-15, 40, -55), atol=0.5)


def test_values_that_are_no_numbers_are_an_error(sagittal: Image) -> None:
    array = sagittal.array.astype(float)
    array[3, 4, 5] = np.nan
    with pytest.raises(InputError, match="moving image: an image holds NaN"):
        register(Image(array, sagittal.grid), sagittal)


def test_a_motion_that_mirrors_is_an_error() -> None:
    with pytest.raises(InputError, match="mirrors"):
        Registration(motion=np.diag([-1.0, 1, 1, 1]))
