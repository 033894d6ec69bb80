"""Grades from a drawn slice go the right way, and what cannot be known is absent with its reason."""

from __future__ import annotations

import pytest

from lumbomics.core.measurement import Absent, Measurement, Reason, Result
from lumbomics.measure import measure_examination

from .conftest import Column


def results(column: Column, biomarker: str, *, t1: bool = True) -> dict[tuple[str, str | None], Result]:
    return {(r.method or "", r.level): r for r in measure_examination(column.examined(t1=t1), only=[biomarker])}


def value(found: dict[tuple[str, str | None], Result], method: str, level: str) -> float:
    result = found[method, level]
    assert isinstance(result, Measurement), result
    assert result.value is not None
    return result.value


def test_black_collapsed_discs_grade_high_and_bright_high_ones_low(column: Column) -> None:
    worn = column.with_(height=(9.0, 9, 10, 10, 3.5), nucleus=(260.0, 260, 120, 60, 40.0))
    found = results(worn, "pfirrmann_disc_grade")
    grades = [value(found, "grade", level) for level in ("L2-L3", "L3-L4", "L4-L5", "L5-S1")]
    assert grades == sorted(grades)
    assert grades[0] < 2.8 < 3.8 < grades[3]
    narrow = "narrowing_probability_midsagittal_t2"
    assert value(found, narrow, "L5-S1") > 0.5 > value(found, narrow, "L2-L3")


def test_a_grade_carries_its_probabilities_and_spread(column: Column) -> None:
    result = results(column, "pfirrmann_disc_grade")["grade", "L4-L5"]
    assert isinstance(result, Measurement)
    assert result.category in {"I", "II", "III", "IV", "V"}
    assert result.se is not None
    assert 0 < result.se < 2
    assert result.caution is not None
    assert "not a diagnosis" in result.caution


def test_a_slip_raises_the_probability_of_spondylolisthesis(column: Column) -> None:
    method = "spondylolisthesis_probability_midsagittal_t2"
    level = value(results(column, "pfirrmann_disc_grade"), method, "L4-L5")
    slipped = value(results(column.with_(slip=(0, 0, 0, 9.0, 0)), "pfirrmann_disc_grade"), method, "L4-L5")
    assert slipped > 3 * level


def test_a_bulge_raises_the_probability_of_bulge_and_herniation(column: Column) -> None:
    for method in ("bulging_probability_midsagittal_t2", "herniation_probability_midsagittal_t2"):
        flat = value(results(column, "herniation_type"), method, "L4-L5")
        bulging = value(results(column.with_(bulge=(0, 0, 0, 4.5, 0)), "herniation_type"), method, "L4-L5")
        assert bulging > flat


@pytest.mark.parametrize(("t1", "t2", "kind"), [(0.6, 1.6, 1), (1.6, 1.3, 2), (0.5, 0.5, 3)])
def test_modic_types_are_told_by_both_contrasts(column: Column, t1: float, t2: float, kind: int) -> None:
    found = results(column.with_(patches=((2, "lower", t1, t2, 8.0),)), "modic_type")
    assert value(found, "type_lower_endplate", "L3-L4") == kind
    assert value(found, "height_lower_endplate", "L3-L4") == pytest.approx(100 * 8 / 26, abs=6)
    assert value(found, "type_upper_endplate", "L3-L4") == 0
    assert value(found, "type_upper_endplate", "L1-L2") == 0


def test_modic_without_t1_is_graded_from_t2_and_its_type_is_absent(column: Column) -> None:
    found = results(column, "modic_type", t1=False)
    probability = found["any_probability_midsagittal", "L4-L5"]
    assert isinstance(probability, Measurement)
    assert probability.caution is not None
    assert "modic_t2 " in probability.caution
    kind = found["type_lower_endplate", "L4-L5"]
    assert isinstance(kind, Absent)
    assert kind.reason is Reason.NO_SUITABLE_SERIES


def test_a_single_slice_has_no_volume(column: Column) -> None:
    volume = results(column, "modic_type")["volume_upper_endplate", "L4-L5"]
    assert isinstance(volume, Absent)
    assert volume.reason is Reason.FIELD_OF_VIEW


def test_a_bright_spot_in_the_posterior_annulus_is_found_where_it_is(column: Column) -> None:
    found = results(column.with_(spot=3), "high_intensity_zone")
    assert [value(found, "present", level) for level in ("L2-L3", "L3-L4", "L4-L5", "L5-S1")] == [0, 0, 1, 0]


def test_axial_biomarkers_are_absent_without_an_axial_series(column: Column) -> None:
    for biomarker in ("herniation_volume", "herniation_zone", "msu_classification", "facet_joint_effusion"):
        found = measure_examination(column.examined(), only=[biomarker])
        assert {r.reason for r in found if isinstance(r, Absent)} == {Reason.NO_SUITABLE_SERIES}
        assert not any(isinstance(r, Measurement) for r in found)
