"""Numbers that rest on a structure left out are absent, with its reason; all others stay."""

from __future__ import annotations

from typing import Any

import pytest

from lumbomics.catalogue import load_quantities
from lumbomics.core.measurement import Absent, Context, Measurement, Reason, Result
from lumbomics.core.quality import Finding, QualityReport, Verdict
from lumbomics.measure import measure
from lumbomics.segment.quality import nothing_usable, withhold


@pytest.fixture(scope="module")
def results(patient: Any) -> tuple[Result, ...]:
    return measure(patient.segmentation, image=patient.image)


def without(value: int, check: str = "confidence") -> QualityReport:
    finding = Finding(check=check, message="because", structures=(value,), excludes=True)
    return QualityReport(verdict=Verdict.PASS, findings=(finding,))


def lost(results: tuple[Result, ...], report: QualityReport) -> set[tuple[str, str | None]]:
    after = withhold(results, report)
    assert len(after) == len(results)
    return {
        (old.biomarker, old.level)
        for old, new in zip(results, after, strict=True)
        if isinstance(old, Measurement) and isinstance(new, Absent)
    }


def test_without_findings_nothing_changes(results: tuple[Result, ...]) -> None:
    assert withhold(results, QualityReport(verdict=Verdict.PASS)) == results


def test_a_vertebra_left_out_takes_its_own_values_and_those_of_both_discs(results: tuple[Result, ...]) -> None:
    gone = lost(results, without(22))
    levels = {level for _, level in gone if level is not None and level != "n/a"}
    assert {"L3", "L2-L3", "L3-L4"} <= levels
    assert ("disc_height", "L4-L5") not in gone
    assert ("vertebral_height", "L2") not in gone


def test_values_of_the_whole_spine_rest_on_every_vertebra_they_span(results: tuple[Result, ...]) -> None:
    assert ("lumbar_lordosis_l1_s1", None) in lost(results, without(22))
    assert ("lumbar_lordosis_l1_s1", None) not in lost(results, without(18))
    assert lost(results, without(26)) >= {("sacral_slope", None), ("lumbar_lordosis_l1_s1", None)}
    assert ("lumbar_lordosis_l1_l5", None) not in lost(results, without(26))


def test_a_disc_left_out_takes_its_height_and_not_the_angle_of_its_bodies(results: tuple[Result, ...]) -> None:
    gone = lost(results, without(122))
    assert ("disc_height", "L3-L4") in gone
    assert ("segmental_lordosis", "L3-L4") not in gone


def test_a_canal_left_out_takes_what_is_measured_on_the_canal(results: tuple[Result, ...]) -> None:
    gone = {biomarker for biomarker, _ in lost(results, without(61))}
    assert "bony_canal_dimensions" in gone
    assert "disc_height" not in gone


@pytest.mark.parametrize(
    ("check", "reason"),
    [
        ("confidence", Reason.LOW_SEGMENTATION_CONFIDENCE),
        ("metal", Reason.NOT_ASSESSABLE_METAL),
        ("balance", Reason.QUALITY_FAILED),
    ],
)
def test_the_absence_names_its_reason(check: str, reason: Reason, results: tuple[Result, ...]) -> None:
    after = withhold(results, without(22, check))
    reasons = {r.reason for r in after if isinstance(r, Absent) and r.detail == "because"}
    assert reasons == {reason}


def test_a_remark_takes_nothing(results: tuple[Result, ...]) -> None:
    told = Finding(check="edge", message="cut", structures=(22,))
    assert withhold(results, QualityReport(verdict=Verdict.PASS, findings=(told,))) == results


@pytest.mark.parametrize(
    ("verdict", "check", "reason"),
    [
        (Verdict.FAIL, "order", Reason.QUALITY_FAILED),
        (Verdict.ARTIFACT, "noise", Reason.IMAGE_ARTIFACT),
        (Verdict.ARTIFACT, "metal", Reason.NOT_ASSESSABLE_METAL),
    ],
)
def test_a_map_that_is_not_used_gives_no_number_at_all(
    verdict: Verdict, check: str, reason: Reason, results: tuple[Result, ...]
) -> None:
    finding = Finding(check=check, message="because", verdict=verdict, excludes=True)
    report = QualityReport(verdict=verdict, findings=(finding,))
    after = withhold(results, report)
    assert all(isinstance(r, Absent) for r in after)
    absences = nothing_usable(report, Context(series="a"))
    assert {(a.biomarker, a.method) for a in absences} == set(load_quantities())
    assert {a.reason for a in absences} == {reason}


def test_the_operators_verdict_is_the_reason(results: tuple[Result, ...]) -> None:
    del results
    report = QualityReport(verdict=Verdict.FAIL, by="operator", comment="moved during the scan")
    assert {a.detail for a in nothing_usable(report, Context())} == {"verdict of the operator: fail"}
