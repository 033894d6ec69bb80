"""Images look like the sequence they stand for, and are the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.errors import InputError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Quantity
from lumbomics.phantom import SEQUENCES, Acquisition, PhantomParameters, Sequence, make_phantom
from lumbomics.phantom.signal import signal_table, tissue_properties
from lumbomics.phantom.tissue import PROPERTIES, Tissue

EVEN = Acquisition(noise=0.0, texture=0.0, coil_reach_mm=1e9, blur_voxels=0.0)


@pytest.fixture(scope="module")
def grid(normal):
    """A mid-sagittal slab of 1 mm over the lumbar spine."""
    low = np.array([-4.0, -130.0, -60.0])
    return Grid.from_spacing((8, 190, 240), 1.0, origin_mm=low)


@pytest.fixture(scope="module")
def medians(normal, grid):
    """Median signal of fluid, fat, marrow and nucleus by contrast."""
    maps = normal.segmentation(grid)
    sac = (maps.dural_sac.array > 0) & (maps.spine.array == 61)
    marrow = maps.spine.array == 22
    middle = normal.anatomy.vertebra("L3").frame.origin_mm
    skin = float(normal.soft.skin_y(np.array([middle[2]]))[0])
    fat = np.zeros(grid.shape, dtype=bool)
    row, level = np.rint(grid.to_index((0.0, skin + 9.0, middle[2]))[1:]).astype(int)
    fat[:, row - 2 : row + 3, level - 5 : level + 5] = True

    def of(contrast):
        array = normal.image(grid, contrast, acquisition=EVEN).array
        return {name: float(np.median(array[m])) for name, m in (("fluid", sac), ("fat", fat), ("marrow", marrow))}

    return {contrast: of(contrast) for contrast in (Contrast.T1, Contrast.T2, Contrast.STIR, Contrast.CT)}


def test_fluid_is_bright_on_t2_and_dark_on_t1(medians):
    assert medians[Contrast.T2]["fluid"] > 2 * medians[Contrast.T2]["marrow"]
    assert medians[Contrast.T1]["fluid"] < 0.6 * medians[Contrast.T1]["marrow"]


def test_fat_is_bright_on_t1_and_nulled_on_stir(medians):
    assert medians[Contrast.T1]["fat"] > 1.2 * medians[Contrast.T1]["marrow"]
    assert medians[Contrast.STIR]["fat"] < 0.1 * medians[Contrast.STIR]["fluid"]


def test_ct_values_are_hounsfield_units(normal, medians):
    assert medians[Contrast.CT]["fat"] == pytest.approx(-100, abs=15)
    assert medians[Contrast.CT]["fluid"] == pytest.approx(8, abs=15)
    assert normal.image(Grid.from_spacing((3, 3, 3), 1.0), Contrast.CT).quantity is Quantity.HOUNSFIELD


@pytest.mark.parametrize("contrast", list(SEQUENCES))
def test_the_image_signal_is_the_spin_echo_equation(contrast):
    """Fluid recovers and decays with its own times; worked by hand from TR, TE, TI at 1.5 T."""
    sequence, fluid = SEQUENCES[contrast], PROPERTIES[Tissue.CSF]
    recovered = 1 - np.exp(-sequence.repetition_ms / 4000)
    if sequence.inversion_ms:
        recovered = abs(1 - 2 * np.exp(-sequence.inversion_ms / 4000) + np.exp(-sequence.repetition_ms / 4000))
    expected = recovered * np.exp(-sequence.echo_ms / 1200)
    assert sequence.signal(fluid) == pytest.approx(expected)


def test_stir_nulls_fat_at_the_null_point():
    null = Sequence(repetition_ms=20000, echo_ms=50, inversion_ms=290 * np.log(2))
    assert null.signal(PROPERTIES[Tissue.FAT]) == pytest.approx(0, abs=1e-6)


def test_a_sequence_without_time_is_refused():
    with pytest.raises(InputError):
        Sequence(repetition_ms=0, echo_ms=10)


def test_a_contrast_the_phantom_cannot_make_is_refused(normal):
    with pytest.raises(InputError, match="contrast"):
        normal.image(Grid.from_spacing((3, 3, 3), 1.0), Contrast.DWI)


def test_worn_discs_are_darker_on_t2():
    table = tissue_properties({"L3-L4": 0.0, "L4-L5": 0.5, "L5-S1": 1.0})
    fresh, half, worn = signal_table(table, Contrast.T2)[32:35]
    assert fresh > half > worn


def test_the_coil_is_brightest_at_the_back(normal, grid):
    flat = normal.image(grid, Contrast.T2, acquisition=EVEN).array.astype(float)
    shaded = normal.image(grid, Contrast.T2, acquisition=Acquisition(noise=0, texture=0, blur_voxels=0)).array
    y = grid.to_world(np.stack(np.indices(grid.shape), axis=-1))[..., 1]
    behind, before = ((flat > 50) & (y > low) & (y < low + 15) for low in (-70.0, 0.0))
    assert np.median(shaded[behind] / flat[behind]) > 1.3 * np.median(shaded[before] / flat[before])


def test_noise_is_rician_and_of_the_size_asked_for(normal):
    air = Grid.from_spacing((40, 40, 40), 1.0, origin_mm=(0.0, -400.0, 0.0))
    image = normal.image(air, Contrast.T2, acquisition=Acquisition(noise=0.05)).array
    sd = 0.05 * SEQUENCES[Contrast.T2].signal(PROPERTIES[Tissue.FAT]) * 1400
    assert image.mean() == pytest.approx(sd * np.sqrt(np.pi / 2), rel=0.05)


def test_the_same_seed_gives_the_same_image_and_another_seed_other_noise(normal):
    grid = Grid.from_spacing((3, 40, 40), (4.0, 1.0, 1.0), origin_mm=(-4.0, -40.0, 0.0))
    other = make_phantom(1, normal.parameters)
    again = make_phantom(0, normal.parameters)
    assert np.array_equal(normal.image(grid).array, again.image(grid).array)
    assert not np.array_equal(normal.image(grid).array, other.image(grid).array)


def test_thick_slices_average_what_they_cover(normal):
    """One 4 mm slice is the mean of the four 1 mm slices it covers, where nothing else spoils the image."""
    origin = np.array([-6.0, -40.0, 40.0])
    thin = Grid.from_spacing((4, 60, 60), (1.0, 1.0, 1.0), origin_mm=origin - np.array([1.5, 0, 0]))
    thick = Grid.from_spacing((1, 60, 60), (4.0, 1.0, 1.0), origin_mm=origin)
    mean = normal.image(thin, acquisition=EVEN).array.mean(axis=0)
    slab = normal.image(thick, acquisition=EVEN).array[0]
    assert np.corrcoef(mean.ravel(), slab.ravel())[0, 1] > 0.98


def test_the_protocols_cover_the_lumbar_canal(normal):
    for grid in (normal.sagittal_grid(), normal.axial_grid("L4-L5")):
        canal = normal.anatomy.canal
        point = canal.frame_at(canal.stations["L4-L5"])[0]
        index = grid.to_index(point)
        assert ((index > 0) & (index < np.array(grid.shape) - 1)).all()


def test_the_axial_stack_lies_along_its_disc():
    phantom = make_phantom(0, PhantomParameters())
    axes = phantom.axial_grid("L5-S1").axes
    assert axes[2, 1] == pytest.approx(-np.sin(np.deg2rad(39 - 7)), abs=0.03)
