"""Flavum and epidural fat are as thick as painted."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import CanalTissue
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Reason
from lumbomics.measure.stenosis.posterior import borre_rule


def flavum(lab, side_x, half_mm):
    """An oblong ligament as deep as twice ``half_mm``, beside the back of the canal."""
    return lab.Ellipse(CanalTissue.FLAVUM, side_x, -9.5, 7.0, half_mm)


@pytest.mark.parametrize("half_mm", [1.5, 2.4])
def test_flavum_is_as_thick_as_painted_on_its_side(lab, half_mm):
    shapes = [flavum(lab, 9.0, half_mm), flavum(lab, -9.0, 1.5), *lab.ORDINARY]
    wide = [shape for shape in shapes if shape.tissue != CanalTissue.EPIDURAL_FAT]
    canal = lab.Ellipse(CanalTissue.EPIDURAL_FAT, 0, 0.5, 9.0, 7.5)
    examined = lab.examine(lab.axial_scan([*wide[:2], canal, *wide[2:]]))
    table = lab.measured(examined, "ligamentum_flavum_thickness")
    assert table.value("max_inscribed", side=Side.RIGHT) == pytest.approx(2 * half_mm, abs=0.35)
    assert table.value("max_inscribed", side=Side.LEFT) == pytest.approx(3.0, abs=0.35)
    assert table.value("hypertrophy_probability", side=Side.RIGHT) == pytest.approx(float(half_mm > 2), abs=0.05)


def test_a_removed_flavum_is_absent_not_thin(lab, ordinary):
    found = lab.measured(ordinary, "ligamentum_flavum_thickness").absent("max_inscribed", side=Side.LEFT)
    assert found.reason is Reason.STRUCTURE_NOT_LABELLED


def test_fat_takes_the_share_of_the_canal_that_is_painted(lab, ordinary):
    table = lab.measured(ordinary, "epidural_fat")
    assert table.value("fat_to_canal_area") == pytest.approx(100 * (1 - 8.5 * 7.0 / (12 * 9.5)), abs=1.0)
    x = np.linspace(-1.5, 1.5, 101)
    canal, sac = (2 * b * np.mean(np.sqrt(1 - (x / a) ** 2)) for a, b in ((12, 9.5), (8.5, 7.0)))
    assert table.value("sac_to_canal_depth") == pytest.approx(100 * sac / canal, abs=2.0)
    assert table.value("fat_to_canal_depth") == pytest.approx(100 * (1 - sac / canal), abs=2.0)
    # the sac lies 0.5 mm in front of the canal's middle
    assert table.value("fat_thickness") == pytest.approx((canal - sac) / 2 + 0.5, abs=0.3)


def test_t1_goes_before_t2_for_fat(lab):
    scans = [lab.axial_scan(lab.ORDINARY, name=c.value, contrast=c) for c in (Contrast.T2, Contrast.T1)]
    found = lab.measured(lab.examine(*scans), "epidural_fat").measurement("fat_thickness")
    assert found.context.series == Contrast.T1.value


@pytest.mark.parametrize(("depth", "grade"), [(20, 0), (40, 0), (45, 1), (60, 2), (80, 3)])
def test_borres_grades_follow_their_limits(depth, grade):
    assert borre_rule({"fat_to_canal_depth": depth}) == grade


@pytest.mark.parametrize("biomarker", ["ligamentum_flavum_thickness", "epidural_fat"])
def test_a_mirrored_patient_has_mirrored_ligaments(lab, biomarker):
    shapes = [flavum(lab, 9.0, 2.2), flavum(lab, -9.0, 1.4), lab.Ellipse(CanalTissue.EPIDURAL_FAT, 1, 0, 10, 8)]
    scan = lab.axial_scan([*shapes, *lab.CANAL_AND_SAC[1:], *lab.DORSAL_ROOTS], sd_mm=0.3)
    lab.assert_mirrored(lab.examine(scan), biomarker)
