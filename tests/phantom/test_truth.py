"""The truth is what was asked for, and anatomy."""

from __future__ import annotations

import pytest

from lumbomics.catalogue import load_catalogue
from lumbomics.core.anatomy import Side, Transition
from lumbomics.core.measurement import Absent, Measurement
from lumbomics.measure import IMPLEMENTED
from lumbomics.phantom import PhantomParameters

LINE = "endplate_line_midsagittal"
SIDES = (Side.LEFT, Side.RIGHT)


@pytest.mark.parametrize("asked_deg", [25.0, 52.0, 70.0])
def test_lordosis_is_the_one_asked_for(alignment, value, asked_deg):
    truth = alignment(PhantomParameters.typical(lordosis_l1_s1_deg=asked_deg))
    assert value(truth, "lumbar_lordosis_l1_s1", LINE) == pytest.approx(asked_deg, abs=0.01)


@pytest.mark.parametrize("slope_deg", [20.0, 45.0])
def test_sacral_slope_is_the_one_asked_for(alignment, value, slope_deg):
    truth = alignment(PhantomParameters(sacral_slope_deg=slope_deg))
    assert value(truth, "sacral_slope", "endplate_line_to_image_axial") == pytest.approx(slope_deg, abs=0.01)


@pytest.mark.parametrize("transition", [Transition.NONE, Transition.LUMBARISED_S1, Transition.SACRALISED_L5])
def test_lordosis_is_the_sum_of_the_lumbar_discs_and_wedges(alignment, value, transition):
    parameters = PhantomParameters.typical(transition=transition)
    assert parameters.lordosis_l1_s1_deg == pytest.approx(50.0)
    assert value(alignment(parameters), "lumbar_lordosis_l1_s1", LINE) == pytest.approx(50.0, abs=0.01)


def test_disc_angles_are_those_asked_for(asked, asked_truth, value):
    for level, angle in asked.parameters.disc_angle_deg.items():
        assert value(asked_truth, "segmental_lordosis", "disc_angle", level) == pytest.approx(angle, abs=0.02)


def test_wedges_are_those_asked_for(asked, asked_truth, value):
    for level, angle in asked.parameters.wedge_deg.items():
        assert value(asked_truth, "vertebral_wedging", "wedge_angle", level) == pytest.approx(angle, abs=0.02)


def test_slips_are_those_asked_for(asked, asked_truth, value):
    for level, slip in asked.parameters.slip_mm.items():
        assert value(asked_truth, "slip_percent", "endplate_corner_mm", level) == pytest.approx(slip, abs=0.01)


def test_a_slip_of_a_sixth_of_the_endplate_is_meyerding_one_forwards(asked_truth):
    grade = asked_truth["meyerding_grade", "from_slip_percent", "L4-L5", None]
    assert (grade.value, grade.category) == (1.0, "I antero")


def test_disc_heights_are_those_asked_for(asked, asked_truth, value):
    for level, height in asked.parameters.disc_height_mm.items():
        assert value(asked_truth, "disc_height", "mean_central80", level) == pytest.approx(height, abs=0.01)


def test_a_shift_to_the_left_is_positive_and_the_one_asked_for(asked_truth, value):
    assert value(asked_truth, "lateral_listhesis", "endplate_midpoint", "L3-L4") == pytest.approx(3.0, abs=0.01)
    assert value(asked_truth, "lateral_listhesis", "endplate_midpoint", "L4-L5") == pytest.approx(0.0, abs=0.03)


@pytest.mark.parametrize("side", SIDES)
def test_scoliosis_has_the_size_and_side_asked_for(alignment, side):
    parameters = PhantomParameters(coronal_cobb_deg=25.0, coronal_side=side, coronal_apex="L2")
    curve = alignment(parameters)["coronal_cobb", "endplate_line_midcoronal", None, None]
    assert curve.value == pytest.approx(25.0, abs=1.0)
    assert curve.category.startswith(f"convex {side.value}")


def test_bodies_turn_towards_the_convexity(alignment, value):
    method = "canal_to_body_vs_lumbar_mean"
    turned = {
        side: alignment(PhantomParameters(coronal_cobb_deg=20.0, coronal_side=side, apical_rotation_deg=12.0))
        for side in SIDES
    }
    left, right = (value(turned[side], "vertebral_axial_rotation", method, "L2") for side in SIDES)
    assert left > 3.0
    assert right == pytest.approx(-left, abs=0.05)


def test_canal_narrowing_takes_the_share_asked_for(normal_truth, asked_truth, value):
    before, after = (value(t, "bony_canal_dimensions", "area", "L3-L4") for t in (normal_truth, asked_truth))
    assert after / before == pytest.approx(0.6, abs=0.03)


def test_a_narrowed_canal_squeezes_the_sac_most_near_its_disc(asked_truth, value):
    at_disc = value(asked_truth, "dural_sac_area", "perpendicular_at_disc", "L3-L4")
    assert value(asked_truth, "dural_sac_area", "minimum_within_6mm", "L3-L4") <= at_disc
    assert at_disc < value(asked_truth, "dural_sac_area", "perpendicular_at_disc", "L2-L3") * 0.75


def test_foraminal_narrowing_acts_on_its_side_alone(asked_truth, value):
    left, right = (value(asked_truth, "foraminal_dimensions", "area", "L4-L5", side) for side in SIDES)
    assert left < 0.85 * right


def test_a_herniation_takes_room_from_the_sac(asked_truth, normal_truth, value):
    before, after = (value(t, "dural_sac_area", "perpendicular_at_disc", "L5-S1") for t in (normal_truth, asked_truth))
    assert after < 0.9 * before


def test_left_and_right_agree_in_a_straight_spine(normal, normal_truth, value):
    for level in normal.parameters.discs:
        for method in ("height", "area", "area_bony", "superior_width"):
            left, right = (value(normal_truth, "foraminal_dimensions", method, level, side) for side in SIDES)
            assert left == pytest.approx(right, rel=0.02)


def test_worn_discs_are_darker(asked_truth, value):
    worn, fresh = (
        value(asked_truth, "disc_signal_ratio", "median_central50_to_csf", level) for level in ("L4-L5", "L2-L3")
    )
    assert worn < 0.4 < 0.5 < fresh


def test_every_quantity_measured_on_one_image_stands_at_every_level_once(normal, normal_truth):
    levels = {"disc": normal.parameters.discs, "vertebra": normal.parameters.vertebrae[:-1], "global": (None,)}
    expected = {
        (quantity.biomarker, quantity.method, level, side)
        for quantity in load_catalogue().quantities.values()
        if quantity.biomarker in IMPLEMENTED
        for level in levels[quantity.site]
        for side in (SIDES if quantity.sides else (None,))
    }
    assert expected == set(normal_truth)


def test_truth_is_exact_and_says_where_it_comes_from(normal_truth):
    assert all(r.se == 0.0 for r in normal_truth.values() if isinstance(r, Measurement))
    assert {r.context.label_source for r in normal_truth.values()} == {"phantom"}


def test_the_sacrum_has_no_vertebral_height_index(normal_truth):
    assert isinstance(normal_truth["disc_height", "dhi_vertebral", "L5-S1", None], Absent)


def test_an_asymmetric_hollow_tilts_the_endplate_lines_only_a_little(alignment, value):
    plain = alignment(PhantomParameters())
    shifted = alignment(PhantomParameters(endplate_asymmetry_mm=2.0))
    angles = [value(t, "segmental_lordosis", "disc_angle", "L3-L4") for t in (plain, shifted)]
    assert 0.05 < abs(angles[1] - angles[0]) < 10.0


# Bounds are published ranges, widened by two standard deviations where a study gives them.
@pytest.mark.parametrize(
    ("biomarker", "method", "level", "low", "high"),
    [
        ("vertebral_height", "mid", "L3", 20.0, 30.0),  # Zhou 2000
        ("vertebral_height", "posterior", "L4", 22.0, 31.0),  # Panjabi 1992
        ("disc_height", "mean_central80", "L4-L5", 7.0, 14.0),  # Zhou 2000
        ("disc_volume", "label_volume", "L4-L5", 7000.0, 20000.0),
        ("dural_sac_area", "perpendicular_at_disc", "L3-L4", 110.0, 260.0),  # Schonstrom 1989: mean about 178
        ("dural_sac_diameters", "anteroposterior", "L3-L4", 10.0, 18.0),
        ("bony_canal_dimensions", "anteroposterior_midbody", "L3", 13.0, 22.0),  # Panjabi 1992
        ("bony_canal_dimensions", "interpedicular", "L4", 20.0, 29.0),  # Panjabi 1992
        ("bony_canal_dimensions", "vertebral_foramen_area", "L3", 200.0, 450.0),
    ],
)
def test_a_normal_spine_measures_like_a_person(normal_truth, value, biomarker, method, level, low, high):
    assert low < value(normal_truth, biomarker, method, level) < high


def test_normal_foramina_measure_like_a_persons(normal_truth, value):
    for level in ("L2-L3", "L3-L4", "L4-L5"):
        assert 13 < value(normal_truth, "foraminal_dimensions", "height", level, Side.LEFT) < 24
        assert 70 < value(normal_truth, "foraminal_dimensions", "area", level, Side.LEFT) < 200
