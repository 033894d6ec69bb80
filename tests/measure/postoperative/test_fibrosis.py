"""Ross's quadrant grades and their sums on rings of scar whose share is known."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import CanalTissue, Operation
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Measurement, Reason
from lumbomics.measure.postoperative.fibrosis import grade_probability
from lumbomics.measure.postoperative.scar import Share, grade

SCAR = CanalTissue.SCAR
GRADE, SUM = "ross_fibrosis_grade", "ross_fibrosis_sum"


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 0), (0.1, 1), (25, 1), (25.1, 2), (50, 2), (50.1, 3), (75, 3), (75.1, 4), (100, 4)]
)
def test_grades_are_those_of_ross_1996(percent: float, expected: int) -> None:
    assert grade(percent) == expected


@pytest.mark.parametrize(
    ("first", "depth", "side"),
    [
        (0, "anterior", Side.RIGHT),
        (90, "anterior", Side.LEFT),
        (180, "posterior", Side.LEFT),
        (270, "posterior", Side.RIGHT),
    ],
)
def test_scar_fills_the_quadrant_it_lies_in_and_no_other(scene, ring, first, depth, side) -> None:
    found = scene((SCAR, ring(first, first + 54))).measure(SUM, GRADE)
    assert found.value(f"{depth}_epidural_percent", side) == pytest.approx(60, abs=2)
    filled = [
        (r.method, r.side)
        for r in found.every
        if isinstance(r, Measurement) and r.method.endswith("_epidural_max") and r.value != 0
    ]
    assert filled == [(f"{depth}_epidural_max", side)]
    assert found.value(f"{depth}_epidural_max", side) == 3


def test_the_two_denominators_are_the_epidural_part_and_the_whole_quadrant(scene, ring) -> None:
    found = scene((SCAR, ring(0, 54))).measure(SUM)
    epidural, whole = 12.0**2 - 7.0**2, 12.0**2
    ratio = found.value("anterior_quadrant_percent", Side.RIGHT) / found.value("anterior_epidural_percent", Side.RIGHT)
    assert ratio == pytest.approx(epidural / whole, rel=0.02)


def test_largest_and_mean_grade_tell_scar_on_one_slice_from_scar_on_all(scene, ring) -> None:
    one_slice = scene((SCAR, ring(0, 88, slices_mm=2))).measure(GRADE, SUM)
    assert one_slice.value("anterior_epidural_max", Side.RIGHT) == 4
    assert one_slice.value("anterior_epidural_mean", Side.RIGHT) == pytest.approx(4 / 5)
    assert one_slice.value("slices_with_scar", Side.RIGHT) == 1
    assert one_slice.value("slices", Side.RIGHT) == 5
    assert one_slice.value("normalised_sum", Side.RIGHT) == pytest.approx(4 / 10)
    assert one_slice.value("difference_to_other_side", Side.LEFT) == -4


def test_volume_of_scar_is_area_times_distance_of_slices(scene, ring) -> None:
    found = scene((SCAR, ring(5, 77)), slices=1).measure(SUM)
    truth = np.pi * (12.0**2 - 7.0**2) / 5 * 4.0
    measured = found.measured("scar_volume", Side.RIGHT)
    assert measured.value == pytest.approx(truth, rel=0.02)
    assert measured.se is not None
    assert abs(measured.value - truth) < 3 * measured.se
    assert found.value("scar_percent_of_epidural", Side.RIGHT) == pytest.approx(40, abs=1)


def test_standard_error_of_a_share_covers_where_the_grid_happens_to_lie(scene, ring) -> None:
    errors, stated = [], []
    for first in np.linspace(20, 25, 12):
        found = scene((SCAR, ring(first, first + 40)), slices=1, spacing_mm=(0.8, 0.8, 4.0)).measure(SUM)
        one = found.measured("anterior_epidural_percent", Side.RIGHT)
        errors.append(one.value - 100 * 40 / 90)
        stated.append(one.se)
    assert np.std(errors) < 2 * np.mean(stated)
    assert np.std(errors) > 0.2 * np.mean(stated)


def test_a_drawn_boundary_of_unknown_error_widens_the_standard_error(scene, ring) -> None:
    region = (SCAR, ring(0, 54))
    exact = scene(region).measure(SUM).measured("anterior_epidural_percent", Side.RIGHT)
    drawn = scene(region, drawing_sd_mm=None).measure(SUM).measured("anterior_epidural_percent", Side.RIGHT)
    assert drawn.se > 3 * exact.se


def test_a_grade_near_its_bound_is_half_sure_and_amid_its_bounds_sure() -> None:
    assert grade_probability(Share(20.0, 40.0, 50.0, 2.0)) == pytest.approx(0.5, abs=0.01)
    assert grade_probability(Share(15.0, 40.0, 37.5, 2.0)) > 0.999
    assert grade_probability(Share(15.0, 40.0, 37.5, 0.0)) == 1.0


def test_without_a_post_contrast_series_scar_is_not_graded(scene, ring) -> None:
    found = scene((SCAR, ring(0, 54)), contrasts=(Contrast.T2, Contrast.T1)).measure(GRADE, SUM)
    assert {r.reason for r in found.every if r.level == "L4-L5"} == {Reason.NO_CONTRAST_SERIES}


def test_metal_over_the_canal_leaves_no_grade(scene, ring) -> None:
    found = scene((SCAR, ring(0, 54)), obscured=lambda x, y, z: x > 3).measure(GRADE)
    assert found.absent("anterior_epidural_max", Side.LEFT).reason is Reason.NOT_ASSESSABLE_METAL


def test_grades_before_six_months_carry_the_catalogues_caution(scene, ring) -> None:
    early = scene((SCAR, ring(0, 54)), operations=(Operation(level="L4-L5", months=3.0),)).measure(GRADE)
    late = scene((SCAR, ring(0, 54)), operations=(Operation(level="L4-L5", months=9.0),)).measure(GRADE)
    assert "not mature" in (early.measured("anterior_epidural_max", Side.RIGHT).caution or "")
    assert late.measured("anterior_epidural_max", Side.RIGHT).caution is None


def test_a_level_without_slices_is_out_of_view(scene, ring) -> None:
    found = scene((SCAR, ring(0, 54))).measure(GRADE)
    assert found.absent("anterior_epidural_max", Side.LEFT, "L5-S1").reason is Reason.FIELD_OF_VIEW


def test_a_side_without_counted_scar_does_not_claim_to_know_that_there_is_none(scene, ring) -> None:
    """Up to 1.5 mm² in a slice are not counted: evenly anywhere between, 0.43 mm² of standard deviation."""
    one = scene((SCAR, ring(0, 54))).measure(SUM).measured("anterior_epidural_percent", Side.LEFT)
    quadrant_mm2, slices = np.pi * (12**2 - 7**2) / 4, 5
    assert one.value == 0
    assert one.se == pytest.approx(100 * 1.5 / 12**0.5 / quadrant_mm2 / slices**0.5, rel=0.05)
