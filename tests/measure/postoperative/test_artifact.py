"""Extents of metal's void and distortion against the cylinders they were painted as."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lumbomics.core.examination import Examination, Obscured
from lumbomics.core.labels import Labels
from lumbomics.core.measurement import Measurement, Reason
from lumbomics.core.visit import MetalTechnique
from lumbomics.measure import ExaminedSpine, measure_examination

ID = "mri_metal_artifact"


def _with_metal(scene_made, radius_mm, technique=MetalTechnique.NONE, halo_mm=0.0, *, hidden=None):
    """The scene's examination with a void of a radius beside the canal, a halo of distortion round it."""
    plain = scene_made.examination()
    x, y, z = scene_made.places
    away = np.hypot(x - 14.13, y - 2.21)
    spoilt = np.zeros(scene_made.grid.shape, dtype=np.uint8)
    spoilt[away < radius_mm + halo_mm] = Obscured.DISTORTED
    spoilt[away < radius_mm] = Obscured.VOID
    if hidden is not None:
        spoilt[hidden(x, y, z)] = Obscured.VOID
    scans = tuple(
        replace(scan, obscured=Labels(spoilt, scan.image.grid), metal_technique=technique) for scan in plain.scans
    )
    return Examination(segmentation=plain.segmentation, scans=scans)


def _measure(scene_made, examination):
    examined = ExaminedSpine(spine=scene_made.spine, examination=examination)
    return {r.method: r for r in measure_examination(examined, only=[ID]) if r.level == "L4-L5"}


@pytest.fixture
def plain(scene):
    return scene()


def test_void_area_is_that_of_three_slices(plain) -> None:
    found = _measure(plain, _with_metal(plain, 6.0))["plain_void_area"]
    assert isinstance(found, Measurement)
    assert found.value == pytest.approx(3 * np.pi * 36, rel=0.02)
    assert found.category == "plain"


def test_extents_tell_void_from_distortion_and_in_plane_from_across(plain) -> None:
    found = _measure(plain, _with_metal(plain, 5.0, halo_mm=3.0))
    assert found["plain_void_extent_in_plane"].value == pytest.approx(10, abs=0.8)
    assert found["plain_distortion_extent_in_plane"].value == pytest.approx(16, abs=0.8)
    assert found["plain_void_extent_through_plane"].value == pytest.approx(20)


def test_share_of_the_canal_hidden_is_counted(plain) -> None:
    found = _measure(plain, _with_metal(plain, 1.0, hidden=lambda x, y, z: (x > 0) & (np.hypot(x, y) < 14)))
    assert found["plain_canal_obscured"].reason is Reason.FIELD_OF_VIEW  # slices of 20 mm do not hold 36 mm of canal
    tall = plain.with_(slices=11)
    found = _measure(tall, _with_metal(tall, 1.0, hidden=lambda x, y, z: (x > 0) & (np.hypot(x, y) < 14)))
    # sagittal label slices at x = 4, 8 and, nearly empty, 12 mm of 7: those right of the middle one
    points = tall.spine.canal_points_mm
    near = points[np.abs(points[:, 2]) <= 18]
    assert found["plain_canal_obscured"].value == pytest.approx(100 * (near[:, 0] > 0.25).mean(), abs=1)


def test_corrected_series_are_told_apart_and_named(plain) -> None:
    wide, narrow = (_with_metal(plain, r, t) for r, t in ((6.0, MetalTechnique.NONE), (3.0, MetalTechnique.SEMAC)))
    renamed = tuple(replace(scan, name=f"{scan.name}-semac") for scan in narrow.scans)
    both = Examination(segmentation=wide.segmentation, scans=(*wide.scans, *renamed))
    found = _measure(plain, both)
    assert found["corrected_void_area"].category == "SEMAC"
    assert found["corrected_void_area"].value == pytest.approx(found["plain_void_area"].value / 4, rel=0.1)


def test_metal_nobody_looked_for_is_not_the_absence_of_metal(plain) -> None:
    found = _measure(plain, plain.examination())
    assert found["plain_void_area"].reason is Reason.STRUCTURE_NOT_LABELLED
    assert found["corrected_void_area"].reason is Reason.NO_SUITABLE_SERIES
