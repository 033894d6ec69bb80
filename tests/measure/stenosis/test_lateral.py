"""The root about to leave: contact, shift and flattening, and the recess around it."""

from __future__ import annotations

import pytest

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import CanalTissue
from lumbomics.core.measurement import Reason
from lumbomics.measure.stenosis.lateral import compromise_rule, recess_rule

BOTH = (Side.LEFT, Side.RIGHT)


def disc(lab, x, y, half):
    return lab.Ellipse(CanalTissue.DISC, x, y, half, half)


def test_without_a_mass_the_grade_is_none_and_there_is_no_distance(lab, ordinary):
    table = lab.measured(ordinary, "root_compromise_grade")
    for side in BOTH:
        assert table.value("grade", side=side) == 0
        assert table.absent("distance", side=side).reason is Reason.UNDEFINED
        assert table.value("deviation", side=side) == pytest.approx(0, abs=0.3)


def test_distance_is_that_between_root_and_mass(lab):
    # the right root ends at 1.0 + 0.9 in front, the mass begins at 8.5 - 3
    table = lab.measured(
        lab.examine(lab.axial_scan([*lab.ORDINARY, disc(lab, 6.5, 8.5, 3.0)])), "root_compromise_grade"
    )
    assert table.value("distance", side=Side.RIGHT) == pytest.approx(5.5 - 1.9, abs=0.5)
    assert table.value("grade", side=Side.RIGHT) == 0


def test_a_mass_at_the_root_is_contact_and_a_shifted_root_deviates(lab):
    left_and_dorsal = [*lab.CANAL_AND_SAC, *lab.DORSAL_ROOTS, lab.root(-6.0, 1.0)]
    touching = lab.examine(lab.axial_scan([*left_and_dorsal, disc(lab, 6.5, 4.4, 2.4), lab.root(6.0, 1.0)]))
    shifted = lab.examine(lab.axial_scan([*left_and_dorsal, disc(lab, 6.5, 1.4, 2.8), lab.root(4.6, -1.6)]))
    first, second = (lab.measured(one, "root_compromise_grade") for one in (touching, shifted))
    assert first.value("grade", side=Side.RIGHT) == 1
    assert second.value("deviation", side=Side.RIGHT) == pytest.approx((1.4**2 + 2.6**2) ** 0.5, abs=0.4)
    assert second.value("grade", side=Side.RIGHT) == 2
    assert second.value("grade", side=Side.LEFT) == 0


@pytest.mark.parametrize(("half_mm", "grade"), [(0.55, 0), (1.3, 1)])
def test_a_few_stray_pixels_of_disc_at_a_root_are_no_mass(lab, half_mm, grade):
    shapes = [*lab.ORDINARY, disc(lab, 6.5, 1.0 + 0.9 + half_mm, half_mm)]
    table = lab.measured(lab.examine(lab.axial_scan(shapes)), "root_compromise_grade")
    assert table.value("grade", side=Side.RIGHT) == grade


def test_a_flattened_root_at_a_mass_is_compressed(lab):
    flat = lab.Ellipse(CanalTissue.ROOT, 6.5, 1.0, 1.8, 0.45)
    shapes = [*lab.CANAL_AND_SAC, *lab.DORSAL_ROOTS, lab.root(-6.5, 1.0, 1.1), disc(lab, 6.5, 4.0, 2.5), flat]
    table = lab.measured(lab.examine(lab.axial_scan(shapes)), "root_compromise_grade")
    assert table.value("short_axis_ratio", side=Side.RIGHT) == pytest.approx(0.45 / 1.1, abs=0.15)
    assert table.value("grade", side=Side.RIGHT) == 3


@pytest.mark.parametrize(
    ("distance", "deviation", "ratio", "grade"), [(2, 5, 0.1, 0), (0.3, 1, 1, 1), (0, 3, 1, 2), (0, 0, 0.5, 3)]
)
def test_compromise_follows_its_definition(distance, deviation, ratio, grade):
    assert compromise_rule({"distance": distance, "deviation": deviation, "short_axis_ratio": ratio}) == grade


def test_an_open_recess_holds_fluid_and_is_deep(lab):
    # 10 mm below the disc's middle: the recess of L5
    table = lab.measured(
        lab.examine(lab.axial_scan(lab.ORDINARY, height_mm=lab.L45_MM - 6)), ("bartynski_lateral_recess_grade")
    )
    # mean depth of an ellipse of half-axes 12 and 9.5 beyond 0.6 of its half-width
    assert table.value("recess_depth", side=Side.RIGHT) == pytest.approx(10.6, abs=0.6)
    assert table.value("grade", side=Side.RIGHT) == 0
    assert table.value("medial_shift", side=Side.LEFT) == pytest.approx(0, abs=0.2)
    assert table.value("root_axis_ratio", side=Side.LEFT) == pytest.approx(1, abs=0.15)


def test_a_root_nearer_to_the_middle_is_shifted_on_its_side_only(lab):
    shapes = [*lab.CANAL_AND_SAC, *lab.DORSAL_ROOTS, lab.root(-6.5, 1.0), lab.root(4.5, 1.0)]
    examined = lab.examine(lab.axial_scan(shapes, height_mm=lab.L45_MM - 6))
    table = lab.measured(examined, "bartynski_lateral_recess_grade")
    assert table.value("medial_shift", side=Side.RIGHT) == pytest.approx(2.0, abs=0.2)
    assert table.value("medial_shift", side=Side.LEFT) == pytest.approx(-2.0, abs=0.2)


@pytest.mark.parametrize(
    ("fluid", "depth", "ratio", "shift", "grade"),
    [(9, 8, 0.9, 0, 0), (9, 4, 0.9, 0, 1), (9, 4, 0.4, 0, 2), (9, 4, 0.9, 3, 2), (1, 4, 0.9, 0, 3), (1, 8, 0.4, 3, 0)],
)
def test_the_recess_grade_follows_its_definition(fluid, depth, ratio, shift, grade):
    values = {"fluid_area": fluid, "recess_depth": depth, "root_axis_ratio": ratio, "medial_shift": shift}
    assert recess_rule(values) == grade


@pytest.mark.parametrize("biomarker", ["root_compromise_grade", "bartynski_lateral_recess_grade"])
def test_a_mirrored_patient_has_mirrored_roots_and_recesses(lab, biomarker):
    shapes = [*lab.CANAL_AND_SAC, *lab.DORSAL_ROOTS, lab.root(-6.5, 1.0), lab.root(5.5, -0.5), disc(lab, 6.5, 4, 2.5)]
    scans = [
        lab.axial_scan(shapes, sd_mm=0.3, name=name, height_mm=lab.L45_MM + height)
        for name, height in (("disc", 0.0), ("below", -10.0))
    ]
    lab.assert_mirrored(lab.examine(*scans), biomarker)
