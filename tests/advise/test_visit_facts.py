"""Facts of a visit: only what is seen, never its absence."""

from __future__ import annotations

import pytest

from lumbomics.advise import advise, make_case, observed_facts
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Absent, Context, Measurement, Posture, Reason

PLACE = Context(series="acq-ax_T1w", posture=Posture.SUPINE, months_since_surgery=8.0)


def grade(value: float, biomarker: str = "ross_fibrosis_grade") -> Measurement:
    return Measurement(biomarker=biomarker, method="m", unit="{grade}", value=value, context=PLACE)


def pattern(word: str) -> Measurement:
    return Measurement(biomarker="enhancement_ratio", method="m", unit="{type}", category=word, context=PLACE)


def hidden(reason: Reason) -> Absent:
    return Absent(biomarker="disc_height", reason=reason, detail="d", context=PLACE)


def test_an_empty_visit_tells_nothing() -> None:
    assert observed_facts([], {}) == {}


def test_ordinary_absences_say_nothing_about_metal() -> None:
    assert set(observed_facts([hidden(Reason.FIELD_OF_VIEW)], {})) == {"months_since_surgery"}


def test_metal_that_hides_a_structure_is_metal() -> None:
    seen = observed_facts([hidden(Reason.NOT_ASSESSABLE_METAL)], {})
    assert seen["metal_near_roi"].value is True


def test_the_highest_grade_counts_and_a_pattern_only_where_all_agree() -> None:
    assert observed_facts([grade(1), grade(3)], {})["ross_max"].value == 3.0
    assert observed_facts([pattern("rim"), pattern("rim")], {})["enhancement_pattern"].value == "rim"
    assert "enhancement_pattern" not in observed_facts([pattern("rim"), pattern("homogeneous")], {})
    assert observed_facts([grade(4, "discitis_score")], {})["discitis_count"].value == 4.0


@pytest.mark.parametrize(
    ("contrast", "posture", "facts"),
    [
        (Contrast.T2, Posture.SUPINE, {"only_xr_done": False, "mri_supine_done": True}),
        (Contrast.T2, Posture.UNKNOWN, {"only_xr_done": False}),
        (Contrast.T1_POST, Posture.UNKNOWN, {"only_xr_done": False, "only_noncontrast_mri": False}),
        (Contrast.RADIOGRAPH, Posture.STANDING, {"xr_or_ct": True, "standing_xr_done": True}),
        (Contrast.RADIOGRAPH, Posture.SUPINE, {"xr_or_ct": True}),
        (Contrast.CT, Posture.SUPINE, {"xr_or_ct": True}),
        (Contrast.UNKNOWN, Posture.SUPINE, {}),
        (Contrast.PET, Posture.SUPINE, {}),
    ],
)
def test_a_series_tells_what_was_done(contrast: Contrast, posture: Posture, facts: dict[str, object]) -> None:
    seen = observed_facts([], {"a": contrast}, postures={"a": posture})
    assert {name: one.value for name, one in seen.items()} == facts


def test_two_times_since_surgery_are_none() -> None:
    other = Absent(biomarker="x", reason=Reason.FIELD_OF_VIEW, detail="d", context=Context(months_since_surgery=3.0))
    assert "months_since_surgery" not in observed_facts([grade(1), other], {})
    assert observed_facts([grade(1), other], {}, months_since_surgery=5)["months_since_surgery"].value == 5.0


def test_gates_stay_closed_on_what_a_visit_cannot_show() -> None:
    seen = observed_facts([grade(2), pattern("homogeneous")], {"a": Contrast.T1_POST})
    advice = advise(make_case({}, observed=seen))
    assert {"G26", "G30"} <= advice.fires
    assert advice.held == {"G11", "G12", "G25", "G29", "G41"}
