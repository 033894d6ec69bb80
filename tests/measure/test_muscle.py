"""Area and fat of muscles: cylinders of known section, mixtures of known fat, mirrored patients, gates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lumbomics.core.anatomy import Numbering, Side
from lumbomics.core.errors import InputError
from lumbomics.core.examination import Examination, Scan
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Labels, Muscle, Segmentation
from lumbomics.core.measurement import Absent, Measurement, Reason
from lumbomics.core.visit import Plane
from lumbomics.measure import ExaminationOptions, ExaminedSpine, describe_spine, measure_examination

LEVEL = "L3-L4"
PIXEL = 0.8
# centre (x, y from the discs) and radii, mm; left is at negative x
CYLINDERS = {
    Muscle.PSOAS_LEFT: (-38.0, 0.0, 14.0, 17.0),
    Muscle.PSOAS_RIGHT: (38.0, 0.0, 13.0, 15.0),
    Muscle.MULTIFIDUS_LEFT: (-12.0, -62.0, 9.0, 15.0),
    Muscle.MULTIFIDUS_RIGHT: (12.0, -62.0, 7.0, 12.0),
    Muscle.ERECTOR_SPINAE_LEFT: (-40.0, -62.0, 16.0, 15.0),
    Muscle.ERECTOR_SPINAE_RIGHT: (40.0, -62.0, 17.0, 16.0),
}
FAT = {Muscle.MULTIFIDUS_LEFT: 0.30, Muscle.MULTIFIDUS_RIGHT: 0.60, Muscle.ERECTOR_SPINAE_LEFT: 0.10}
FAT_SIDES = (Side.LEFT, Side.RIGHT)
BIOMARKERS = ("paraspinal_csa", "paraspinal_fat_fraction", "goutallier_grade")


def middle(segmentation: Segmentation) -> np.ndarray:
    """Between L3 and L4, where the analytic spine has its disc."""
    upper, lower = (segmentation.spine.points_mm(n) for n in (22, 23))
    body = [points[points[:, 1] > np.percentile(points[:, 1], 60)] for points in (upper, lower)]
    return np.mean([one.mean(axis=0) for one in body], axis=0)


def with_discs(segmentation: Segmentation) -> Segmentation:
    """Put a round disc of 16 mm radius and 8 mm height at L3-L4."""
    array = segmentation.spine.array.copy()
    centre = middle(segmentation)
    points = segmentation.spine.grid.to_world(np.moveaxis(np.indices(array.shape), 0, -1)) - centre
    round_ = (np.hypot(points[..., 0], points[..., 1]) < 16) & (np.abs(points[..., 2]) < 4)
    array[round_] = 122
    return replace(segmentation, spine=replace(segmentation.spine, array=array))


def examination(segmentation, *, tilt_deg=0.0, contrast=Contrast.T1, mirror=1.0, **changes) -> Examination:
    """Axial slices through L3-L4, tilted about the left-right axis, over upright cylinders in fat."""
    centre = middle(segmentation)
    turn = np.deg2rad(tilt_deg)
    axes = np.array([[1, 0, 0], [0, np.cos(turn), -np.sin(turn)], [0, np.sin(turn), np.cos(turn)]])
    shape, spacing = np.array([190, 190, 5]), np.array([PIXEL, PIXEL, 4.0])
    origin = centre + axes @ (-(shape - 1) / 2 * spacing) + axes @ np.array([0.0, -35.0, 0.0])
    grid = Grid.from_spacing((190, 190, 5), spacing, origin_mm=origin, axes=axes)
    place = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1)) - centre
    muscle = np.zeros(grid.shape, dtype=np.uint8)
    signal = np.full(grid.shape, 600.0)
    for kind, (x, y, half_x, half_y) in CYLINDERS.items():
        inside = ((place[..., 0] - mirror * x) / half_x) ** 2 + ((place[..., 1] - y) / half_y) ** 2 < 1
        left = kind % 2 == 1
        muscle[inside] = kind if mirror > 0 else (kind + 1 if left else kind - 1)
        share = FAT.get(kind, 0.0)
        pattern = np.random.default_rng(int(kind)).random(grid.shape)
        fatty = (pattern if mirror > 0 else pattern[::-1]) < share
        signal[inside] = np.where(fatty[inside], 600.0, 200.0)
    signal *= np.exp(0.006 * (-place[..., 1] - 30))
    labels = Labels(muscle, grid, boundary_sd_mm=0.5)
    scan = Scan(name="ax", image=Image(signal, grid, contrast=contrast), plane=Plane.AXIAL, muscle=labels, **changes)
    return Examination(segmentation=segmentation, scans=(scan,))


@pytest.fixture(scope="module")
def labelled(thick) -> Segmentation:
    return with_discs(thick)


@pytest.fixture(scope="module")
def spine(labelled):
    return describe_spine(labelled)


def measured(spine, examination, **options):
    examined = ExaminedSpine(spine=spine, examination=examination, options=ExaminationOptions(**options))
    results = measure_examination(examined, only=BIOMARKERS)
    return {(r.biomarker, r.method, r.side): r for r in results if r.level == LEVEL}


@pytest.fixture(scope="module")
def results(spine, labelled):
    return measured(spine, examination(labelled))


def true_area(kind: Muscle) -> float:
    _, _, half_x, half_y = CYLINDERS[kind]
    return float(np.pi * half_x * half_y)


def test_areas_are_those_of_the_cylinders(results):
    for name, left in (("psoas", 1), ("multifidus", 3), ("erector_spinae", 5)):
        for side, kind in ((Side.LEFT, Muscle(left)), (Side.RIGHT, Muscle(left + 1))):
            row = results["paraspinal_csa", f"area_{name}", side]
            assert row.value == pytest.approx(true_area(kind), rel=0.015)
            assert 0 < row.se < 0.15 * row.value


@pytest.mark.parametrize("tilt_deg", [-20.0, 15.0])
def test_the_tilt_of_the_slice_does_not_change_the_area(spine, labelled, tilt_deg):
    found = measured(spine, examination(labelled, tilt_deg=tilt_deg))
    row = found["paraspinal_csa", "area_erector_spinae", Side.LEFT]
    assert row.value == pytest.approx(true_area(Muscle.ERECTOR_SPINAE_LEFT), rel=0.02)


def test_asymmetry_is_told_from_each_side(results):
    left, right = true_area(Muscle.MULTIFIDUS_LEFT), true_area(Muscle.MULTIFIDUS_RIGHT)
    expected = 200 * (left - right) / (left + right)
    rows = [results["paraspinal_csa", "asymmetry_multifidus", side] for side in (Side.LEFT, Side.RIGHT)]
    assert rows[0].value == pytest.approx(expected, abs=2.5)
    assert rows[1].value == pytest.approx(-rows[0].value)
    assert rows[0].se > 0


def test_the_disc_is_the_yardstick(results):
    row = results["paraspinal_csa", "to_disc_psoas", Side.LEFT]
    # slices of 4 mm across: a disc of 32 mm is known to half a slice
    assert row.value == pytest.approx(100 * true_area(Muscle.PSOAS_LEFT) / (np.pi * 16**2), rel=0.07)


def test_the_proxy_finds_the_share_of_fat_through_shading(results):
    for side, kind in ((Side.LEFT, Muscle.MULTIFIDUS_LEFT), (Side.RIGHT, Muscle.MULTIFIDUS_RIGHT)):
        row = results["paraspinal_fat_fraction", "t1_proxy_multifidus", side]
        assert row.value == pytest.approx(100 * FAT[kind], abs=4.0)
        assert "proxy" in row.caution
    lean = results["paraspinal_csa", "lean_area_multifidus", Side.RIGHT]
    assert lean.value == pytest.approx(0.4 * true_area(Muscle.MULTIFIDUS_RIGHT), rel=0.12)


def test_a_proxy_of_one_contrast_is_no_proxy_of_another(results):
    row = results["paraspinal_fat_fraction", "t2_proxy_multifidus", Side.LEFT]
    assert isinstance(row, Absent)
    assert row.reason is Reason.NO_SUITABLE_SERIES


def test_dixon_is_fat_over_fat_and_water(spine, labelled):
    plain = examination(labelled)
    scan = plain.scans[0]
    parts = {Contrast.DIXON_WATER: 70.0, Contrast.DIXON_FAT: 30.0}
    dixon = tuple(
        Scan(
            name=contrast.value,
            image=Image(np.full(scan.image.grid.shape, value), scan.image.grid, contrast=contrast),
            plane=Plane.AXIAL,
        )
        for contrast, value in parts.items()
    )
    found = measured(spine, replace(plain, scans=(scan, *dixon)))
    row = found["paraspinal_fat_fraction", "dixon_erector_spinae", Side.RIGHT]
    assert row.value == pytest.approx(30.0)
    assert row.caution is None
    grade = found["goutallier_grade", "from_fat_fraction_erector_spinae", Side.RIGHT]
    assert grade.category == "2"
    assert "Dixon" in grade.caution


def test_grades_follow_the_limits_and_carry_a_probability(spine, labelled, results):
    grades = {side: results["goutallier_grade", "from_fat_fraction_multifidus", side].category for side in FAT_SIDES}
    assert grades == {Side.LEFT: "2", Side.RIGHT: "4"}
    sure = results["goutallier_grade", "probability_multifidus", Side.LEFT].value
    assert 0.9 < sure <= 1
    moved = measured(spine, examination(labelled), goutallier_limits=(5.0, 10.0, 20.0, 25.0))
    assert moved["goutallier_grade", "from_fat_fraction_multifidus", Side.LEFT].category == "4"
    with pytest.raises(InputError, match="must rise"):
        ExaminationOptions(goutallier_limits=(5.0, 5.0, 45.0, 55.0))


def test_a_mirrored_patient_has_mirrored_muscles(spine, labelled, results):
    other = measured(spine, examination(labelled, mirror=-1.0))
    swap = {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT}
    for (biomarker, method, side), row in results.items():
        partner = other[biomarker, method, swap[side]]
        if isinstance(row, Measurement):
            assert partner.value == pytest.approx(row.value, rel=0.04, abs=1.5), (method, side)


def test_the_edge_of_the_image_and_metal_leave_a_muscle_out(spine, labelled):
    whole = examination(labelled)
    scan = whole.scans[0]
    drawn = np.array(scan.muscle.array)
    drawn[0, 20:40] = Muscle.ERECTOR_SPINAE_LEFT
    spoilt = np.where(np.isin(drawn, (Muscle.MULTIFIDUS_RIGHT,)), 1, 0).astype(np.uint8)
    cut = replace(scan, muscle=replace(scan.muscle, array=drawn), obscured=Labels(spoilt, scan.image.grid))
    found = measured(spine, replace(whole, scans=(cut,)))
    edge = found["paraspinal_csa", "area_erector_spinae", Side.LEFT]
    metal = found["paraspinal_csa", "area_multifidus", Side.RIGHT]
    assert (edge.reason, metal.reason) == (Reason.FIELD_OF_VIEW, Reason.NOT_ASSESSABLE_METAL)
    both = found["paraspinal_csa", "asymmetry_multifidus", Side.LEFT]
    assert both.reason is Reason.NOT_ASSESSABLE_METAL
    assert isinstance(found["paraspinal_csa", "area_multifidus", Side.LEFT], Measurement)


def test_a_muscle_that_nobody_drew_is_absent(spine, labelled):
    whole = examination(labelled)
    scan = whole.scans[0]
    without = np.where(scan.muscle.array == Muscle.PSOAS_LEFT, 0, scan.muscle.array)
    found = measured(spine, replace(whole, scans=(replace(scan, muscle=replace(scan.muscle, array=without)),)))
    assert found["paraspinal_csa", "area_psoas", Side.LEFT].reason is Reason.STRUCTURE_NOT_LABELLED
    bare = measured(spine, replace(whole, scans=(replace(scan, muscle=None),)))
    assert bare["paraspinal_csa", "area_psoas", Side.LEFT].reason is Reason.NO_SUITABLE_SERIES


def test_doubtful_level_numbers_leave_everything_out(labelled):
    doubtful = replace(labelled, numbering=Numbering(confidence=0.1))
    found = measured(describe_spine(doubtful), examination(doubtful))
    assert {row.reason for row in found.values()} == {Reason.LOW_NUMBERING_CONFIDENCE}
    assert len(found) == 2 * (12 + 6 + 4)
