"""Cutting out and resampling against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.radiomics import Aggregation, RadiomicsSettings, Structure
from lumbomics.radiomics.regions import Region
from lumbomics.radiomics.roi import MARGIN_MM, SPLINE_VOXELS, cut_roi, resampled, slice_axis
from lumbomics.radiomics.settings import Interpolation

IN_3D = Aggregation.VOLUME_MERGED


def ramp(shape: tuple[int, int, int], spacing: tuple[float, float, float]) -> tuple[Image, Region]:
    """An intensity that is linear in mm, and a box in its middle."""
    x, y, z = np.indices(shape) * np.reshape(spacing, (3, 1, 1, 1))
    inside = np.zeros(shape, bool)
    inside[tuple(slice(n // 3, 2 * n // 3) for n in shape)] = True
    image = Image(2 * x - y + 0.5 * z, Grid.from_spacing(shape, spacing))
    return image, Region(structure=Structure.DISC, voxels=np.argwhere(inside))


@pytest.mark.parametrize(
    ("spacing", "axis"), [((4, 1, 1), 0), ((1, 4, 1), 1), ((1, 1, 4), 2), ((1, 1, 1), 2), ((3, 1, 3.0001), 2)]
)
def test_slices_follow_one_another_along_the_coarsest_axis(spacing: tuple[float, ...], axis: int) -> None:
    assert slice_axis(Grid.from_spacing((5, 6, 7), spacing)) == axis


def test_the_box_holds_the_region_and_its_margin_slices_first() -> None:
    image, region = ramp((60, 20, 80), (1.0, 4.0, 0.5))
    roi = cut_roi(image, region)
    assert roi.spacing_mm.tolist() == [4.0, 0.5, 1.0]
    assert roi.mask.sum() == len(region.voxels)
    assert roi.full == (20, 80, 60)
    expected = image.array[tuple(region.voxels.T)]
    assert np.sort(roi.values[roi.mask]) == pytest.approx(np.sort(expected))
    below = np.argwhere(roi.mask).min(axis=0) * roi.spacing_mm
    assert (below >= MARGIN_MM - roi.spacing_mm).all()


@pytest.mark.parametrize("interpolation", list(Interpolation))
def test_resampling_leaves_a_ramp_a_ramp_in_world_coordinates(interpolation: Interpolation) -> None:
    image, region = ramp((60, 36, 80), (1.0, 4.0, 0.5))
    settings = RadiomicsSettings(spacing_mm=0.8, aggregation=IN_3D, interpolation=interpolation)
    fine = resampled(cut_roi(image, region, margin_voxels=SPLINE_VOXELS), settings)
    assert fine.spacing_mm.tolist() == [0.8] * 3
    # Axes are now y, z, x: the steps of the ramp per mm are -1, 0.5 and 2.
    low, high = np.argwhere(fine.mask).min(axis=0), np.argwhere(fine.mask).max(axis=0) + 1
    inside = fine.values[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    assert inside.size > 1000
    for axis, slope in enumerate((-1.0, 0.5, 2.0)):
        assert np.diff(inside, axis=axis) == pytest.approx(slope * 0.8, abs=1e-3)


def test_resampled_voxels_are_aligned_with_the_centre_of_the_whole_image_whatever_was_cut() -> None:
    image, region = ramp((60, 20, 80), (1.0, 4.0, 0.5))
    settings = RadiomicsSettings(spacing_mm=0.7, aggregation=IN_3D)
    whole = Region(structure=Structure.DISC, voxels=np.argwhere(np.ones(image.grid.shape)))
    small, large = (resampled(cut_roi(image, r), settings) for r in (region, whole))
    inside = small.values[small.mask]
    distance = np.abs(np.subtract.outer(np.unique(inside.round(9)), np.unique(large.values.round(9)))).min(axis=1)
    assert distance.max() < 1e-8
    assert large.values.shape == tuple(np.ceil(np.array([80.0, 40.0, 60.0]) / 0.7).astype(int))


def test_volume_is_kept_by_resampling() -> None:
    image, region = ramp((60, 20, 80), (1.0, 4.0, 0.5))
    fine = resampled(cut_roi(image, region), RadiomicsSettings(spacing_mm=0.4, aggregation=IN_3D))
    volume = len(region.voxels) * image.grid.voxel_volume_mm3
    assert fine.mask.sum() * 0.4**3 == pytest.approx(volume, rel=0.05)


def test_aggregation_in_slices_keeps_the_slices() -> None:
    image, region = ramp((60, 20, 80), (1.0, 4.0, 0.5))
    roi = cut_roi(image, region)
    flat = resampled(roi, RadiomicsSettings(spacing_mm=1.0))
    assert flat.spacing_mm.tolist() == [4.0, 1.0, 1.0]
    assert flat.mask.shape[0] == roi.mask.shape[0]
    assert resampled(roi, RadiomicsSettings()) is roi
