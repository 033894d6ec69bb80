from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from lumbomics.analyse.change import (
    ImportantDifference,
    MeasurementError,
    VisitPair,
    clinical_change,
    important_difference,
    individual_change,
    pairs_around_event,
    pairs_of_sessions,
    reliable_change_index,
)
from lumbomics.analyse.tables import long_table
from lumbomics.core.errors import FaultsError, InputError

PAIRS = (VisitPair(participant="01", before="a", after="b"), VisitPair(participant="02", before="a", after="b"))


def rows_of(*rows: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["participant", "session", "biomarker", "level", "value"]).assign(
        unit="mm", se=0.5
    )


def heights() -> pd.DataFrame:
    return rows_of(
        ("01", "a", "disc_height", "L4-L5", 10.0), ("01", "b", "disc_height", "L4-L5", 7.0),
        ("01", "a", "disc_height", "L5-S1", 9.0), ("01", "b", "disc_height", "L5-S1", 8.8),
        ("02", "a", "disc_height", "L4-L5", 8.0), ("02", "b", "disc_height", "L4-L5", np.nan),
        ("02", "a", "disc_height", "L5-S1", 8.0), ("02", "b", "disc_height", "L5-S1", 11.0),
    )  # fmt: skip


ERROR = {"disc_height": MeasurementError(sem=0.5, source="two raters, 30 people")}


def test_each_level_of_each_patient_is_judged_against_the_mdc() -> None:
    frame = individual_change(heights(), PAIRS, errors=ERROR).to_frame().set_index(["participant", "level"])
    assert frame["mdc95"].iloc[0] == pytest.approx(1.959964 * math.sqrt(2) * 0.5, abs=1e-6)
    assert frame.loc[("01", "L4-L5"), "verdict"] == "decrease"
    assert frame.loc[("01", "L5-S1"), "verdict"] == "within_error"
    assert frame.loc[("02", "L4-L5"), "verdict"] == "not_assessable"
    assert frame.loc[("02", "L5-S1"), "verdict"] == "increase"
    assert frame.loc[("01", "L4-L5"), "change"] == -3.0


def test_the_mdc_and_the_reliable_change_index_call_the_same_changes() -> None:
    frame = individual_change(heights(), PAIRS, errors=ERROR).to_frame().dropna(subset=["change"])
    beyond = frame["reliable_change_index"].abs() > 1.959964
    assert (beyond == frame["verdict"].isin(["increase", "decrease"])).all()


def test_without_a_known_error_nothing_is_judged() -> None:
    frame = individual_change(heights(), PAIRS).to_frame()
    assert set(frame["verdict"]) == {"unknown_error", "not_assessable"}


def test_the_own_standard_errors_count_only_when_asked_for_and_say_so() -> None:
    frame = individual_change(heights(), PAIRS, use_own_se=True).to_frame()
    assert frame["mdc95"].iloc[0] == pytest.approx(1.959964 * math.sqrt(0.5**2 + 0.5**2), abs=1e-6)
    assert set(frame.dropna(subset=["mdc95"])["error_source"]) == {"own standard errors"}
    stated = individual_change(heights(), PAIRS, errors=ERROR, use_own_se=True).to_frame()
    assert set(stated["error_source"]) == {"two raters, 30 people"}


def test_five_percent_of_unchanged_patients_exceed_the_mdc() -> None:
    draw = np.random.default_rng(0)
    people = [f"{i:04d}" for i in range(4000)]
    truth = draw.normal(10, 2, 4000)
    visits = [
        pd.DataFrame(
            {
                "participant": people,
                "session": s,
                "biomarker": "disc_height",
                "value": truth + draw.normal(0, 0.5, 4000),
            }
        )
        for s in ("a", "b")
    ]
    table = pd.concat(visits)
    pairs = pairs_of_sessions(long_table(table), before="a", after="b")
    found = individual_change(table, pairs, errors=ERROR).counts().iloc[0]
    assert (found["increase"] + found["decrease"]) / 4000 == pytest.approx(0.05, abs=0.011)


def test_the_index_of_jacobson_and_truax_1991() -> None:
    # Their worked example: standard error of the difference 4.74, index -3.16.
    assert reliable_change_index(47.5, 32.5, sd=7.5, reliability=0.80) == pytest.approx(-3.16, abs=0.005)


def test_an_error_from_a_reliability_coefficient() -> None:
    error = MeasurementError.from_reliability(sd=10, reliability=0.91, source="x")
    assert error.sem == pytest.approx(3.0)
    with pytest.raises(InputError, match="out of range"):
        MeasurementError.from_reliability(sd=10, reliability=1.0, source="x")
    with pytest.raises(InputError, match="above 0"):
        MeasurementError(sem=0, source="x")


def test_an_error_of_an_unknown_biomarker_is_refused() -> None:
    with pytest.raises(FaultsError, match="disc_hight"):
        individual_change(heights(), PAIRS, errors={"disc_hight": ERROR["disc_height"]})


def test_two_raters_at_one_visit_are_refused() -> None:
    table = pd.concat([heights().assign(rater="A"), heights().assign(rater="B")])
    with pytest.raises(InputError, match="holds the same measurement twice"):
        individual_change(table, PAIRS)


def test_a_thing_measured_at_one_visit_only_is_not_assessable() -> None:
    frame = individual_change(heights().iloc[:3], PAIRS[:1], errors=ERROR).to_frame().set_index("level")
    assert frame.loc["L5-S1", "verdict"] == "not_assessable"
    assert frame.loc["L5-S1", "session_after"] == "b"


def test_pairs_need_two_visits_and_each_participant_once() -> None:
    with pytest.raises(InputError, match="two visits"):
        VisitPair(participant="01", before="a", after="a")
    with pytest.raises(InputError, match="each participant once"):
        individual_change(heights(), (PAIRS[0], PAIRS[0]))


def clocked() -> pd.DataFrame:
    months = {"early": -20.0, "pre": -1.0, "post": 1.0, "year": 12.0, "late": 20.0}
    rows = [("01", s, "odi", None, 40.0) for s in months] + [("02", s, "odi", None, 40.0) for s in ("year", "late")]
    table = rows_of(*rows)
    return table.assign(months_since_surgery=[months[s] for s in table["session"]])


def test_the_last_visit_before_and_the_first_in_the_window_after_are_paired() -> None:
    pairs = pairs_around_event(long_table(clocked()))
    assert pairs == (VisitPair(participant="01", before="pre", after="year"),)
    assert pairs_around_event(long_table(clocked()), after_months=(0, 3))[0].after == "post"


def test_a_session_with_two_times_is_refused() -> None:
    table = pd.concat([clocked(), clocked().iloc[[1]].assign(biomarker="rmdq", months_since_surgery=-2.0)])
    with pytest.raises(FaultsError, match="two times"):
        pairs_around_event(long_table(table))
    with pytest.raises(InputError, match="no clock"):
        pairs_around_event(long_table(heights()))


def scores(*pairs: tuple[float, float]) -> pd.DataFrame:
    rows = [
        (f"{i:02d}", session, "odi", None, value)
        for i, pair in enumerate(pairs)
        for session, value in zip("ab", pair, strict=True)
    ]
    return rows_of(*rows)


def importance_of(difference: ImportantDifference, *pairs: tuple[float, float]) -> list[str]:
    table = scores(*pairs)
    changes = individual_change(table, pairs_of_sessions(long_table(table), before="a", after="b"))
    return clinical_change(changes, {"odi": difference}).to_frame()["importance"].tolist()


def test_ten_points_on_the_odi_matter() -> None:
    ten = important_difference("odi")
    assert (ten.amount, ten.relative, ten.higher_is_worse) == (10, False, True)
    found = importance_of(ten, (50, 40), (50, 41), (50, 60), (50, np.nan))
    assert found == ["improved", "unchanged", "worsened", "not_assessable"]


def test_thirty_percent_is_taken_of_the_score_before() -> None:
    thirty = important_difference("odi", relative=True)
    assert importance_of(thirty, (50, 35), (20, 14), (20, 15), (0, 10)) == [
        "improved", "improved", "unchanged", "not_assessable",
    ]  # fmt: skip


def test_a_rise_improves_where_higher_is_better() -> None:
    better = ImportantDifference(amount=5, relative=False, higher_is_worse=False, source="x")
    assert importance_of(better, (50, 56), (50, 44)) == ["improved", "worsened"]


def test_decimal_scores_meet_their_threshold() -> None:
    step = ImportantDifference(amount=0.3, relative=False, higher_is_worse=True, source="x")
    assert importance_of(step, (0.7, 0.4)) == ["improved"]


def test_responders_are_counted_with_wilsons_interval() -> None:
    table = scores(*[(50, 30)] * 7, *[(50, 50)] * 3, (50, np.nan))
    changes = individual_change(table, pairs_of_sessions(long_table(table), before="a", after="b"))
    found = clinical_change(changes, {"odi": important_difference("odi")}).responders().iloc[0]
    assert (found["improved"], found["n"], found["not_assessable"]) == (7, 10, 1)
    # Wilson's interval of 7 in 10, in every textbook: 0.397 to 0.892.
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((0.397, 0.892), abs=0.001)


def test_instruments_without_an_important_difference_are_refused() -> None:
    with pytest.raises(InputError, match="unknown instrument"):
        important_difference("oswestry")
    with pytest.raises(InputError, match="of this kind"):
        important_difference("dn4")


def test_scores_that_the_changes_lack_are_named() -> None:
    table = scores((50, 30))
    changes = individual_change(table, pairs_of_sessions(long_table(table), before="a", after="b"))
    with pytest.raises(FaultsError, match="rmdq"):
        clinical_change(changes, {"rmdq": important_difference("rmdq")})
