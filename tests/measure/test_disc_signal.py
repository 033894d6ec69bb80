"""Disc signal beside fluid on synthetic pictures of a known ratio under known coil shading."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lumbomics.core.anatomy import CORD
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Segmentation
from lumbomics.core.measurement import Absent, Measurement, Reason
from lumbomics.measure import describe_spine
from lumbomics.measure.disc_signal import disc_signal_ratio
from lumbomics.phantom import make_phantom

MARROW, FLUID, CORD_SIGNAL = 300.0, 1000.0, 450.0
DISCS = {119: 0.8, 120: 0.7, 121: 0.6, 122: 0.5, 123: 0.3, 124: 0.2}


@pytest.fixture(scope="module")
def labels() -> Segmentation:
    phantom = make_phantom(1001)
    return phantom.segmentation(phantom.default_grid(1.6))


def picture(labels: Segmentation, *, shading: bool, contrast: Contrast = Contrast.T2) -> Image:
    """Flat tissues, noise of 5 % of marrow, and a coil that loses half its signal over 45 mm to the front."""
    spine = labels.spine
    assert labels.dural_sac is not None
    signal = np.full(spine.grid.shape, 60.0)
    signal[(spine.array > 0) & (spine.array < CORD)] = MARROW
    signal[labels.dural_sac.array == 1] = FLUID
    signal[spine.array == CORD] = CORD_SIGNAL
    for disc, ratio in DISCS.items():
        signal[spine.array == disc] = ratio * FLUID
    points = spine.grid.to_world(np.moveaxis(np.indices(spine.grid.shape), 0, -1))
    if shading:
        signal = signal * np.exp(-np.log(2) * points[..., 1] / 45 - ((points[..., 2] - 40) / 180) ** 2)
    signal += np.random.default_rng(0).normal(0, 0.05 * MARROW, signal.shape)
    return Image(np.abs(signal), spine.grid, contrast=contrast)


@pytest.mark.parametrize("shading", [False, True])
def test_ratio_is_that_of_the_tissues_with_and_without_coil_shading(labels: Segmentation, shading: bool) -> None:
    results = disc_signal_ratio(describe_spine(labels), picture(labels, shading=shading))
    for result, ratio in zip(results, DISCS.values(), strict=True):
        assert isinstance(result, Measurement), result
        assert result.value == pytest.approx(ratio, rel=0.06)
        assert result.se is not None
        assert abs((result.value or 0) - ratio) < 1.96 * result.se


def test_scaling_the_signal_changes_nothing(labels: Segmentation) -> None:
    image = picture(labels, shading=True)
    spine = describe_spine(labels)
    brighter = replace(image, array=image.array * 7.0)
    for first, second in zip(disc_signal_ratio(spine, image), disc_signal_ratio(spine, brighter), strict=True):
        assert isinstance(first, Measurement)
        assert isinstance(second, Measurement)
        assert second.value == pytest.approx(first.value, rel=1e-6)


@pytest.mark.parametrize("contrast", [Contrast.T1, Contrast.STIR, Contrast.BSSFP, Contrast.UNKNOWN])
def test_other_contrasts_give_absent(labels: Segmentation, contrast: Contrast) -> None:
    results = disc_signal_ratio(describe_spine(labels), picture(labels, shading=False, contrast=contrast))
    assert all(isinstance(r, Absent) and r.reason is Reason.NO_SUITABLE_SERIES for r in results)


def test_no_image_gives_absent(labels: Segmentation) -> None:
    results = disc_signal_ratio(describe_spine(labels), None)
    assert all(isinstance(r, Absent) and r.reason is Reason.NO_SUITABLE_SERIES for r in results)


def test_fluid_is_never_taken_from_the_canal(labels: Segmentation) -> None:
    bare = replace(labels, dural_sac=None)
    results = disc_signal_ratio(describe_spine(bare), picture(labels, shading=False))
    assert all(isinstance(r, Absent) and r.reason is Reason.STRUCTURE_NOT_LABELLED for r in results)
