from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lumbomics.core.anatomy import DISC_OFFSET
from lumbomics.core.examination import Obscured
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Labels
from lumbomics.core.visit import MetalTechnique
from lumbomics.phantom import Phantom
from lumbomics.prepare.metal import find_metal

L4 = 23


@pytest.fixture(scope="module")
def spine(patient: Phantom, sagittal: Image) -> Labels:
    return patient.segmentation(sagittal.grid).spine


@pytest.fixture(scope="module")
def screw(sagittal: Image, spine: Labels) -> NDArray[np.bool_]:
    """A void of 12 mm about a line from front to back through L4."""
    away = np.moveaxis(sagittal.grid.to_world(np.moveaxis(np.indices(sagittal.grid.shape), 0, -1)), -1, 0)
    x, y, z = away - spine.points_mm(L4).mean(axis=0)[:, None, None, None]
    return (np.hypot(x, z) < 6) & (np.abs(y) < 22)


def _without_signal(image: Image, where: NDArray[np.bool_]) -> Image:
    noise = np.random.default_rng(0).rayleigh(5, image.grid.shape)
    return Image(np.where(where, noise, image.array), image.grid, contrast=image.contrast)


@pytest.mark.parametrize("contrast", [Contrast.T1, Contrast.T2])
def test_a_spine_without_metal_gives_no_alarm(
    patient: Phantom, sagittal: Image, spine: Labels, contrast: Contrast
) -> None:
    assert find_metal(patient.image(sagittal.grid, contrast), spine).present == ()


def test_an_axial_stack_without_metal_gives_no_alarm(patient: Phantom, moved_axial: Image, axial_grid: Grid) -> None:
    image = patient.image(axial_grid, Contrast.T2)
    assert find_metal(image, patient.segmentation(axial_grid).spine).present == ()


def test_a_void_through_bone_is_found_with_a_rim_about_it(
    sagittal: Image, spine: Labels, screw: NDArray[np.bool_]
) -> None:
    found = find_metal(_without_signal(sagittal, screw), spine).array
    in_bone = screw & (spine.array == L4)
    assert (found[in_bone] == Obscured.VOID).mean() > 0.8
    assert (found == Obscured.VOID).sum() < 1.5 * screw.sum()
    assert (found == Obscured.DISTORTED).any()


def test_a_sequence_that_does_nothing_against_metal_is_trusted_less_far_about_a_void(
    sagittal: Image, spine: Labels, screw: NDArray[np.bool_]
) -> None:
    image = _without_signal(sagittal, screw)
    plain, semac = (find_metal(image, spine, technique=t).array for t in (MetalTechnique.NONE, MetalTechnique.SEMAC))
    np.testing.assert_array_equal(plain == Obscured.VOID, semac == Obscured.VOID)
    assert (plain > 0)[semac > 0].all()
    assert (plain == Obscured.DISTORTED).sum() > 2 * (semac == Obscured.DISTORTED).sum()


def test_a_gain_changes_nothing(sagittal: Image, spine: Labels, screw: NDArray[np.bool_]) -> None:
    image = _without_signal(sagittal, screw)
    louder = Image(image.array * 7.5, image.grid, contrast=image.contrast)
    np.testing.assert_array_equal(find_metal(louder, spine).array, find_metal(image, spine).array)


def test_signal_piled_up_beside_a_void_counts_as_void(sagittal: Image, spine: Labels, screw: NDArray[np.bool_]) -> None:
    image = _without_signal(sagittal, screw)
    rim = np.roll(screw, 8, axis=2) & ~screw & (spine.array == L4)
    array = np.where(rim, 10.0 * image.array.max(), image.array)
    near = rim & np.roll(screw, 2, axis=2)
    found = find_metal(Image(array, image.grid, contrast=image.contrast), spine).array
    assert near.any()
    assert (found[near] == Obscured.VOID).all()


def test_a_black_disc_is_no_metal(sagittal: Image, spine: Labels) -> None:
    black = _without_signal(sagittal, spine.array == DISC_OFFSET + L4)
    assert find_metal(black, spine).present == ()


def test_a_void_that_the_other_kind_of_picture_shows_grey_is_no_metal(
    patient: Phantom, sagittal: Image, spine: Labels, screw: NDArray[np.bool_]
) -> None:
    dark = _without_signal(sagittal, screw)
    t1 = patient.image(sagittal.grid, Contrast.T1)
    assert find_metal(dark, spine, others=[t1]).present == ()
    alone = find_metal(dark, spine).array
    both = find_metal(dark, spine, others=[t1, _without_signal(t1, screw)]).array
    alike = find_metal(dark, spine, others=[sagittal]).array
    assert alone.any()
    np.testing.assert_array_equal(both, alone)
    np.testing.assert_array_equal(alike, alone)


def test_a_void_that_no_other_picture_shows_is_kept(sagittal: Image, spine: Labels, screw: NDArray[np.bool_]) -> None:
    dark = _without_signal(sagittal, screw)
    far = Grid.from_spacing((8, 8, 8), (4.0, 4.0, 4.0), origin_mm=(5000.0, 0.0, 0.0), frame=sagittal.grid.frame)
    elsewhere = Image(np.full(far.shape, 100.0), far, contrast=Contrast.T1)
    np.testing.assert_array_equal(find_metal(dark, spine, others=[elsewhere]).array, find_metal(dark, spine).array)


def test_flow_in_front_of_the_spine_is_no_metal(sagittal: Image, spine: Labels) -> None:
    front = np.zeros(sagittal.grid.shape, dtype=bool)
    held = np.argwhere(spine.array > 0)[:, 1].max()
    front[:, held + 3 : held + 20] = True
    assert find_metal(_without_signal(sagittal, front), spine).present == ()
