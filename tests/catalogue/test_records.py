"""The shipped records: what they must hold, anchored in the studies and standards they cite."""

from __future__ import annotations

from collections import Counter

import pytest
from pydantic import ValidationError

from lumbomics.catalogue import (
    UNITS,
    is_unverified,
    load_biomarkers,
    load_evidence,
    load_instruments,
    load_meta,
    load_quantities,
    load_rules,
    unit_text,
)
from lumbomics.core.errors import CatalogueError


def test_the_catalogue_holds_141_biomarkers_in_nine_groups() -> None:
    groups = Counter(record.group for record in load_biomarkers().values())
    assert groups == {
        "alignment_motion": 29,
        "ct_bone_implant": 21,
        "scs": 11,
        "mri_canal_disc": 27,
        "mri_postoperative": 15,
        "mr_neurography": 15,
        "nuclear_bone": 5,
        "brain_function": 10,
        "ai_reproducibility": 8,
    }
    assert list(groups) == list(load_meta().groups), "biomarkers come in the order of the groups"


def test_every_exact_quantity_belongs_to_a_biomarker_that_mr_or_the_patients_dates_can_give() -> None:
    biomarkers = load_biomarkers()
    for (biomarker, method), quantity in load_quantities().items():
        assert (quantity.biomarker, quantity.method) == (biomarker, method)
        assert {"MR", "clinical"} & set(biomarkers[biomarker].modality), biomarker
        assert quantity.unit in biomarkers[biomarker].units


def test_standing_measures_that_are_taken_lying_down_say_so() -> None:
    for biomarker in ("lumbar_lordosis_l1_s1", "distal_lordosis_l4_s1", "sacral_slope", "coronal_cobb"):
        record = load_biomarkers()[biomarker]
        assert {"XR", "CT", "MR"} <= set(record.modality)
        assert "posture" in record.sequence
        assert any("posture" in caveat for caveat in record.caveats)


def test_a_recalled_threshold_is_unverified_and_a_read_one_is_not() -> None:
    sac, tilt = load_biomarkers()["dural_sac_area"], load_biomarkers()["pelvic_tilt"]
    assert all(threshold.is_unverified and threshold.is_configurable for threshold in sac.thresholds)
    assert not any(threshold.is_unverified or threshold.is_configurable for threshold in tilt.thresholds)


def test_an_engineering_default_is_unverified() -> None:
    (narrowing, *_) = load_biomarkers()["disc_height"].thresholds
    assert narrowing.basis == "engineering default"
    assert narrowing.is_unverified


@pytest.mark.parametrize(
    ("mark", "unverified"),
    [
        ("engineering default", True),
        ("memory, verify: Meyerding 1932", True),
        ("verify: page 3", True),
        ("paper:Pierro 2017 (abstract read)", False),
        ("seed:L149-151", False),
    ],
)
def test_only_checked_marks_count_as_verified(mark: str, unverified: bool) -> None:
    assert is_unverified(mark) is unverified


def test_no_rule_text_hides_a_default_behind_a_read_source() -> None:
    for record in load_biomarkers().values():
        for threshold in record.thresholds:
            words = f"{threshold.label} {threshold.rule}"
            assert threshold.is_unverified or not ("default" in words or "memory" in words), record.id


def test_canal_limits_are_those_of_pierro_2017() -> None:
    record = load_biomarkers()["bony_canal_dimensions"]
    limits = {
        (interval.level, interval.sex): interval.low
        for interval in record.reference_intervals
        if interval.method == "anteroposterior_midbody"
    }
    assert limits == {("L1", "male"): 14.5, ("S1", "male"): 10.1, ("L1", "female"): 15.0, ("S1", "female"): 9.9}


def test_intervals_apply_only_to_their_method_level_and_sex() -> None:
    record = load_biomarkers()["bony_canal_dimensions"]
    (found,) = record.intervals_for("anteroposterior_midbody", level="S1", sex="female")
    assert found.low == pytest.approx(9.9)
    assert record.intervals_for("anteroposterior_midbody", level="S1") == ()
    assert record.intervals_for("area", level="S1", sex="female") == ()


def test_a_mean_and_sd_span_95_percent() -> None:
    (interval,) = load_biomarkers()["lumbar_lordosis_l1_s1"].reference_intervals
    low, high = interval.bounds
    assert (low, high) == (pytest.approx(60.2 - 1.96 * 10.3, abs=0.01), pytest.approx(60.2 + 1.96 * 10.3, abs=0.01))
    assert interval.is_unverified


@pytest.mark.parametrize(
    ("instrument", "items", "low", "high"),
    [
        ("odi", 10, 0, 100),
        ("rmdq", 24, 0, 24),
        ("paindetect", 9, -1, 38),
        ("pcs", 13, 0, 52),
        ("mpq", 20, 0, 78),
        ("joa_lbp", 14, -6, 29),
        ("dn4", 10, 0, 10),
        ("sf_mpq_2", 22, 0, 10),
    ],
)
def test_instruments_have_the_published_length_and_range(instrument: str, items: int, low: float, high: float) -> None:
    record = load_instruments()[instrument]
    (span,) = record.ranges
    assert (record.items, span.low, span.high) == (items, low, high)


def test_relief_by_stimulation_may_be_negative() -> None:
    (span,) = load_instruments()["scs_response"].ranges
    assert (span.low, span.high) == (None, 100)


def test_nothing_overrides_a_block() -> None:
    book = load_rules()
    assert book.evaluation.precedence[:2] == ("safety", "block")
    assert book.severities["block"].endswith("nothing lifts it")
    assert {book.rules[gate].severity for gate in book.evaluation.hard_gates} == {"block", "safety"}
    assert "G11 or G12 blocks MRI" in book.rules["G29"].recommendation


def test_dhagat_2017_adds_up() -> None:
    rows = [row for row in load_evidence().values() if row.study.startswith("Dhagat") and row.denominator == 30]
    findings = [
        row for row in rows if row.status == "consistent" and row.count != 30 and row.review_lines != "L344-346"
    ]
    assert sum(row.count or 0 for row in findings) == 30


def test_no_text_speaks_of_lps_outside_the_convention() -> None:
    for record in load_biomarkers().values():
        assert "LPS" not in record.model_dump_json(), record.id


def test_units_have_a_reader_s_form() -> None:
    assert (unit_text("mm2"), unit_text("deg"), unit_text("[hnsf'U]"), unit_text("1")) == ("mm²", "°", "HU", "")
    used = {unit for record in load_biomarkers().values() for unit in record.units}
    used |= {fact.unit for fact in load_rules().facts.values() if fact.unit}
    assert set(UNITS) == used, "the list of units is closed: no unit stands in it unused"
    with pytest.raises(CatalogueError, match="furlong"):
        unit_text("furlong")


def test_records_are_frozen() -> None:
    record = load_biomarkers()["disc_height"]
    with pytest.raises(ValidationError, match="frozen"):
        record.name = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        load_biomarkers()["other"] = record  # type: ignore[index]


def test_the_whole_catalogue_is_read_once() -> None:
    assert load_biomarkers() is load_biomarkers()
