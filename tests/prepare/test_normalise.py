from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.errors import InputError
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.phantom import Acquisition, Phantom
from lumbomics.prepare.bias import remove_shading
from lumbomics.prepare.normalise import References, ReferenceTissue, find_references


@pytest.fixture(scope="module")
def truth(patient: Phantom, sagittal: Image) -> Segmentation:
    return patient.segmentation(sagittal.grid)


def _image(patient: Phantom, sagittal: Image, contrast: Contrast, *, reach_mm: float, noise: float = 0.012) -> Image:
    acquisition = Acquisition(coil_reach_mm=reach_mm, noise=noise)
    return patient.image(sagittal.grid, contrast, acquisition=acquisition, rng=np.random.default_rng(5))


def _even(image: Image, truth: Segmentation) -> Image:
    assert truth.subregion is not None
    assert truth.muscle is not None
    kinds = np.where(np.isin(truth.subregion.array, (49, 50)), 1, np.where(truth.muscle.array > 0, 2, 0))
    return remove_shading(image, tissues=Labels(kinds.astype(np.uint8), image.grid)).image


def _references(image: Image, truth: Segmentation) -> References:
    return find_references(_even(image, truth), spine=truth.spine, muscle=truth.muscle)


def _marrow(image: Image, truth: Segmentation, tissue: ReferenceTissue) -> float:
    """Signal of the vertebral bodies relative to a reference."""
    assert truth.subregion is not None
    body = truth.subregion.array == 50
    return float(np.median(_references(image, truth).ratio(_even(image, truth), tissue).array[body]))


@pytest.mark.parametrize("contrast", [Contrast.T1, Contrast.T2])
def test_gain_does_not_change_a_ratio(
    patient: Phantom, sagittal: Image, truth: Segmentation, contrast: Contrast
) -> None:
    image = _image(patient, sagittal, contrast, reach_mm=95)
    louder = Image(image.array * 3.7, image.grid, contrast=contrast)
    for tissue in ReferenceTissue:
        assert _marrow(louder, truth, tissue) == pytest.approx(_marrow(image, truth, tissue), rel=0.02)


def test_shading_and_noise_hardly_change_a_ratio(patient: Phantom, sagittal: Image, truth: Segmentation) -> None:
    even = _image(patient, sagittal, Contrast.T1, reach_mm=np.inf)
    shaded = _image(patient, sagittal, Contrast.T1, reach_mm=70, noise=0.025)
    for tissue in (ReferenceTissue.MUSCLE, ReferenceTissue.FAT):
        assert _marrow(shaded, truth, tissue) == pytest.approx(_marrow(even, truth, tissue), rel=0.15)


def test_fluid_outshines_muscle_on_t2_and_fat_outshines_fluid_on_t1(
    patient: Phantom, sagittal: Image, truth: Segmentation
) -> None:
    signal = {
        contrast: {
            kind: one.signal or 0.0
            for kind, one in _references(_image(patient, sagittal, contrast, reach_mm=95), truth).found.items()
        }
        for contrast in (Contrast.T1, Contrast.T2)
    }
    assert signal[Contrast.T2][ReferenceTissue.FLUID] > 3 * signal[Contrast.T2][ReferenceTissue.MUSCLE]
    assert signal[Contrast.T1][ReferenceTissue.FAT] > 3 * signal[Contrast.T1][ReferenceTissue.FLUID]
    assert signal[Contrast.T1][ReferenceTissue.MUSCLE] > signal[Contrast.T1][ReferenceTissue.FLUID] > 0


def test_a_reference_that_is_not_there_says_why(sagittal: Image) -> None:
    found = find_references(sagittal)
    assert all(one.signal is None and one.reason for one in found.found.values())
    with pytest.raises(InputError, match="neither canal nor fluid is labelled"):
        found.ratio(sagittal, ReferenceTissue.FLUID)


def test_fat_is_no_reference_where_it_is_suppressed(patient: Phantom, sagittal: Image, truth: Segmentation) -> None:
    stir = find_references(_image(patient, sagittal, Contrast.STIR, reach_mm=95), muscle=truth.muscle)
    assert "not bright in STIR" in stir.found[ReferenceTissue.FAT].reason
