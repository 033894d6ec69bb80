"""Cases: what follows from facts, what contradicts, and that all faults are told at once."""

from __future__ import annotations

from datetime import date

import pytest

from lumbomics.advise import Observed, make_case, with_fact
from lumbomics.core.errors import FaultsError

TODAY = date(2026, 3, 1)


def faults_of(*args: object, **options: object) -> list[str]:
    with pytest.raises(FaultsError) as caught:
        make_case(*args, today=TODAY, **options)  # type: ignore[arg-type]
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        ({"red_flags": "none"}, "did you mean red_flag"),
        ({"always": False}, "no such fact"),
        ({"postop": "yes"}, "true, false or unknown"),
        ({"postop": 1}, "true, false or unknown"),
        ({"egfr": True}, "number"),
        ({"egfr": "low"}, "number"),
        ({"egfr": float("nan")}, "out of range"),
        ({"egfr": float("inf")}, "out of range"),
        ({"ross_max": 5}, "from 0 to 4"),
        ({"ross_max": 1.5}, "whole number"),
        ({"months_since_surgery": -2}, "lies in the future"),
        ({"mr_status": "MR compatible"}, "ASTM"),
        ({"mr_status": "unconditional"}, "MR Safe, MR Conditional, MR Unsafe"),
        ({"question": ["bone"]}, "one of"),
    ],
)
def test_a_value_that_does_not_fit_says_what_would(facts: dict[str, object], problem: str) -> None:
    (fault,) = faults_of(facts)
    assert problem in fault


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        ({"mr_status": "none", "scs_present": True}, "no implant is stated and yet a spinal cord stimulator"),
        ({"metal_near_roi": False, "scs_present": True}, "metal_near_roi is stated as false and yet it follows"),
        ({"postop": False, "reoperations": 1}, "postop is stated as false"),
        ({"contrast_contraindicated": False, "egfr": 12}, "contrast_contraindicated is stated as false"),
        ({"mr_contraindicated": False, "mr_status": "MR Unsafe"}, "mr_contraindicated is stated as false"),
        ({"only_xr_done": True, "mri_supine_done": True}, "only radiographs"),
        ({"days_since_surgery": 10, "months_since_surgery": 9}, "two statements disagree"),
    ],
)
def test_a_case_that_contradicts_itself_is_refused(facts: dict[str, object], problem: str) -> None:
    assert any(problem in fault for fault in faults_of(facts))


def test_all_faults_come_together() -> None:
    found = faults_of({"weather": 1, "postop": "y", "egfr": -1}, dates={"surgery": date(2030, 1, 1), "birth": TODAY})
    assert len(found) == 5


@pytest.mark.parametrize("what", ["surgery", "last_imaging", "as_of"])
def test_dates_in_the_future_are_refused(what: str) -> None:
    assert "future" in faults_of({}, dates={what: date(2026, 3, 2)})[0]


def test_surgery_after_the_day_of_the_case_is_refused() -> None:
    found = faults_of({}, dates={"surgery": date(2026, 2, 1), "as_of": date(2026, 1, 1)})
    assert "after the day of the case" in found[0]


def test_dates_give_months_and_days() -> None:
    case = make_case({}, dates={"surgery": date(2025, 3, 1), "as_of": TODAY}, today=TODAY)
    assert case.facts["months_since_surgery"] == pytest.approx(12, abs=0.01)
    assert case.facts["days_since_surgery"] == pytest.approx(365)
    assert case.facts["postop"] is True
    assert "date of surgery" in case.origins["months_since_surgery"]


def test_what_does_not_follow_is_left_open() -> None:
    case = make_case({"egfr": 90, "mr_status": "none"})
    assert "contrast_contraindicated" not in case.facts
    assert "mr_contraindicated" not in case.facts


def test_an_implication_turns_an_open_statement_into_true() -> None:
    assert make_case({"egfr": 12, "contrast_contraindicated": None}).facts["contrast_contraindicated"] is True


def test_an_observed_fact_fills_a_gap_and_meets_its_denial_with_a_fault() -> None:
    seen = {"metal_near_roi": Observed(value=True, origin="metal hides 3 measurement(s)")}
    case = make_case({"metal_near_roi": "unknown"}, observed=seen)
    assert case.facts["metal_near_roi"] is True
    assert case.origins["metal_near_roi"] == "metal hides 3 measurement(s)"
    assert "two statements disagree" in faults_of({"metal_near_roi": False}, observed=seen)[0]


def test_observed_time_may_differ_by_a_month_at_most() -> None:
    seen = {"months_since_surgery": Observed(12.0, "the visit")}
    assert make_case({"months_since_surgery": 12.5}, observed=seen).facts["months_since_surgery"] == 12.5
    assert "disagree" in faults_of({"months_since_surgery": 14.5}, observed=seen)[0]


def test_a_fact_stated_later_is_completed_like_the_first() -> None:
    case = with_fact(make_case({"mr_status": "MR Conditional"}, title="t"), "conditions_met", value=False)
    assert case.title == "t"
    assert case.facts["mr_contraindicated"] is True
    back = with_fact(case, "conditions_met", value=True)
    assert "mr_contraindicated" not in back.facts
