"""The cord's end, the fluid behind it, and the filum."""

from __future__ import annotations

import pytest

from lumbomics.core.examination import CanalTissue
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Reason

L1_TOP_MM = 2.5 * 36.0 + 13.0
PITCH_MM = 36.0
LOWEST_MM = -2.0 * PITCH_MM
"""Middle of the disc L5-S1."""


@pytest.mark.parametrize(
    ("end_mm", "name", "low"),
    [
        (L1_TOP_MM - 13, "L1 middle third", 0),
        (L1_TOP_MM - 31, "L1-L2", 0),
        (L1_TOP_MM - 2.5 * PITCH_MM, "L3 middle third", 1),
    ],
)
def test_the_cord_ends_where_it_is_painted_to_end(lab, end_mm, name, low):
    table = lab.measured(lab.examine(segmentation=lab.straight_segmentation(cord_end_mm=end_mm)), "conus_level")
    assert table.value("below_l1_endplate", None) == pytest.approx(L1_TOP_MM - end_mm, abs=2.0)
    assert table.value("tip_position", None) == pytest.approx(1 + (L1_TOP_MM - end_mm) / PITCH_MM, abs=0.06)
    assert table.measurement("tip_position", None).category == name
    assert table.value("low_lying_probability", None) == pytest.approx(low, abs=0.01)


def test_without_a_cord_there_is_no_conus(lab, ordinary):
    assert lab.measured(ordinary, "conus_level").absent("tip_position", None).reason is Reason.STRUCTURE_NOT_LABELLED


def test_a_cord_that_leaves_the_image_has_no_end(lab):
    segmentation = lab.straight_segmentation(cord_end_mm=-200.0)
    found = lab.measured(lab.examine(segmentation=segmentation), "conus_level").absent("tip_position", None)
    assert found.reason in {Reason.FIELD_OF_VIEW, Reason.STRUCTURE_NOT_LABELLED}


def test_fluid_behind_the_cord_is_as_thick_as_painted(lab):
    table = lab.measured(lab.examine(segmentation=lab.straight_segmentation(cord_end_mm=40.0)), "dorsal_csf_thickness")
    # sac of half-depth 7, cord of radius 5, both about the canal's middle
    assert table.value("midline_mean", "L1") == pytest.approx(2.0, abs=0.6)
    assert table.measurement("midline_mean", "L1").se > 0.3
    assert table.absent("midline_mean", "L5").reason is Reason.UNDEFINED


def test_filum_is_as_thick_as_painted(lab):
    def thickness(radius):
        shapes = [*lab.CANAL_AND_SAC, lab.root(0.3, -5.0, radius), *lab.LEAVING_ROOTS]
        return lab.measured(lab.examine(lab.axial_scan(shapes, height_mm=LOWEST_MM)), "filum_thickness")

    thin, thick = thickness(0.75), thickness(1.6)
    assert thin.value("max_diameter", None) == pytest.approx(1.5, abs=0.4)
    assert thick.value("max_diameter", None) == pytest.approx(3.2, abs=0.4)
    assert thin.value("thick_probability", None) < 0.1
    assert thick.value("thick_probability", None) > 0.9


@pytest.mark.parametrize("fatty", [True, False])
def test_fat_in_the_filum_is_told_on_t1(lab, fatty):
    signals = {CanalTissue.EPIDURAL_FAT: 900, CanalTissue.ROOT: 850 if fatty else 300, CanalTissue.FLUID: 100}
    shapes = [*lab.CANAL_AND_SAC, lab.root(0.0, -5.0, 1.2)]
    scan = lab.axial_scan(shapes, height_mm=LOWEST_MM, contrast=Contrast.T1, signals=signals)
    segmentation = lab.straight_segmentation(cord_end_mm=L1_TOP_MM - 13)
    table = lab.measured(lab.examine(scan, segmentation=segmentation), "filum_thickness")
    assert table.measurement("fat_in_filum", None).category == ("present" if fatty else "absent")
    assert (table.value("tether_probability", None) == 1) is fatty


def test_no_root_in_the_middle_is_no_filum(lab):
    scan = lab.axial_scan([*lab.CANAL_AND_SAC, *lab.LEAVING_ROOTS], height_mm=LOWEST_MM)
    found = lab.measured(lab.examine(scan), "filum_thickness").absent("max_diameter", None)
    assert found.reason is Reason.STRUCTURE_NOT_LABELLED
