"""Where the roots lie in the sac."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.anatomy import Side
from lumbomics.core.measurement import Reason

BODY_MM = -18.0
"""Middle of L4."""


def test_roots_that_lie_behind_are_a_negative_sign(lab):
    table = lab.measured(lab.examine(lab.axial_scan(lab.ORDINARY, height_mm=BODY_MM)), "sedimentation_sign")
    assert table.value("dorsal_share", "L4") == 1
    assert table.measurement("sign", "L4").category == "negative"
    assert table.value("positive_probability", "L4") == 0


def test_floating_roots_are_a_positive_sign(lab):
    floating = [lab.root(x, 3.5) for x in (-3.5, -1.2, 1.2)] + [lab.root(3.0, -4.0)]
    scan = lab.axial_scan([*lab.CANAL_AND_SAC, *floating, *lab.LEAVING_ROOTS], height_mm=BODY_MM)
    table = lab.measured(lab.examine(scan), "sedimentation_sign")
    assert table.value("dorsal_share", "L4") == pytest.approx(0.25, abs=0.03)
    assert table.measurement("sign", "L4").category == "positive"
    assert table.value("positive_probability", "L4") == 1


def test_the_two_roots_about_to_leave_do_not_count(lab):
    front = lab.axial_scan([*lab.CANAL_AND_SAC, *lab.DORSAL_ROOTS, *lab.LEAVING_ROOTS], height_mm=BODY_MM)
    assert lab.measured(lab.examine(front), "sedimentation_sign").value("dorsal_share", "L4") == 1


def test_a_narrow_sac_gives_no_sign(lab):
    canal = lab.CANAL_AND_SAC[0]
    narrow = lab.Ellipse(lab.CANAL_AND_SAC[1].tissue, 0, 0, 4.5, 4.5)
    scan = lab.axial_scan([canal, narrow, lab.root(0, -2)], height_mm=BODY_MM)
    found = lab.measured(lab.examine(scan), "sedimentation_sign").absent("sign", "L4")
    assert found.reason is Reason.UNDEFINED
    assert "stenosis" in found.detail


def test_displacement_is_the_offset_of_the_roots_in_the_sacs_own_axes(lab):
    roots = [lab.root(x + 3.0, -2.5) for x in (-1.2, 1.2)]
    table = lab.measured(lab.examine(lab.axial_scan([*lab.CANAL_AND_SAC, *roots])), "cauda_equina_displacement")
    assert table.value("lateral", side=Side.RIGHT) == pytest.approx(3.0 / 8.5, abs=0.03)
    assert table.value("lateral", side=Side.LEFT) == pytest.approx(-3.0 / 8.5, abs=0.03)
    assert table.value("dorsal", side=Side.RIGHT) == pytest.approx(3.0 / 7.0, abs=0.03)
    assert table.absent("dorsal", side=Side.LEFT).reason is Reason.STRUCTURE_NOT_LABELLED


def test_spread_grows_as_roots_spread_about_the_middle(lab):
    def spread(turns_deg):
        turns = np.radians(turns_deg)
        roots = [lab.root(5 * np.cos(t), 0.5 - 5 * np.sin(t)) for t in turns]
        table = lab.measured(lab.examine(lab.axial_scan([*lab.CANAL_AND_SAC, *roots])), "cauda_equina_displacement")
        return table.value("angular_spread", side=Side.RIGHT)

    near, far = spread([40, 65]), spread([36, 85])
    # two directions 12.5 deg off their mean (in the sac's own axes somewhat more), blurred by the roots' size
    assert near == pytest.approx(14, abs=6)
    assert far > near + 5


@pytest.mark.parametrize("biomarker", ["sedimentation_sign", "cauda_equina_displacement"])
def test_a_mirrored_patient_has_mirrored_roots(lab, biomarker):
    uneven = [lab.root(3.0, -4.0), lab.root(1.0, -3.0), lab.root(-2.0, 2.0), lab.root(4.0, 2.5)]
    scans = [
        lab.axial_scan([*lab.CANAL_AND_SAC, *uneven, *lab.LEAVING_ROOTS], sd_mm=0.3, name=name, height_mm=height)
        for name, height in (("disc", lab.L45_MM), ("body", BODY_MM))
    ]
    lab.assert_mirrored(lab.examine(*scans), biomarker)
