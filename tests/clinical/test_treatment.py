"""The treatment log: levels, sides, months since surgery, what a session had been exposed to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumbomics.clinical import ClinicalData, Event, Place, Treatment, exposure_at, responses, score_all
from lumbomics.clinical.levels import parse_levels, parse_sides
from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError

Read = Callable[..., ClinicalData]
VISITS = "participant_id,session_id,date,birth_date,nrs_back,nrs_leg_left\n"


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("L4-L5", ("L4-L5",)),
        ("L4/5", ("L4-L5",)),
        ("l5/s1", ("L5-S1",)),
        ("L4-5; L5-S1", ("L4-L5", "L5-S1")),
        ("L3-S1", ("L3-L4", "L4-L5", "L5-S1")),
        ("T12-L2", ("T12-L1", "L1-L2")),
        ("L4 and L5", ("L4", "L5")),
        ("L5-L6", ("L5-L6",)),
        ("L4\u2013L5", ("L4-L5",)),
    ],
)
def test_levels_as_people_write_them(text: str, levels: tuple[str, ...]) -> None:
    assert parse_levels(text) == levels


@pytest.mark.parametrize("text", ["L9", "lumbar", "L5-L4", "L4-L4", ";", "S3"])
def test_what_is_no_level_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_levels(text)


def test_both_sides_are_two_sides() -> None:
    assert parse_sides("Both") == (Side.LEFT, Side.RIGHT)
    assert parse_sides("l") == (Side.LEFT,)
    with pytest.raises(InputError, match="no side"):
        parse_sides("links oben")


LOG = (
    "participant_id,date,type,procedure,levels,side\n"
    "01,2020-01-01,surgery,discectomy,L4/5,left\n"
    "01,2022-01-01,surgery,fusion,L4-S1,both\n"
    "01,2022-06-01,scs,,,\n"
    "02,2021-01-01,physiotherapy,,,\n"
)


def test_exposure_is_what_lay_before_the_session(read: Read) -> None:
    visits = VISITS + "".join(
        f"01,{n},{day},1970-06-15,5,5\n" for n, day in enumerate(("2019-01-01", "2021-01-01", "2023-01-01"), start=1)
    )
    data = read({"visits.csv": visits, "treatment_log.csv": LOG})
    assert not data.notes.faults
    before, between, after = (one.exposure for one in data.sessions if one.participant == "01")
    assert before is not None
    assert between is not None
    assert after is not None
    assert (before.surgeries, before.months_since_surgery, before.operations) == (0, None, ())
    assert (between.surgeries, between.months_since_surgery) == (1, pytest.approx(366 / 30.4375, abs=0.01))
    assert [(one.level, one.side) for one in between.operations] == [("L4-L5", Side.LEFT)]
    assert (after.surgeries, after.months_since_surgery) == (2, pytest.approx(365 / 30.4375, abs=0.01))
    assert after.months_since_first_surgery == pytest.approx(1096 / 30.4375, abs=0.01)
    assert [(one.level, str(one.side), one.procedure) for one in after.operations] == [
        ("L4-L5", "left", "fusion"),
        ("L4-L5", "right", "fusion"),
        ("L5-S1", "left", "fusion"),
        ("L5-S1", "right", "fusion"),
        ("L4-L5", "left", "discectomy"),
    ]
    assert after.months_with_stimulator == pytest.approx(214 / 30.4375, abs=0.01)
    assert [one.age_years for one in data.sessions] == [48, 50, 52, None]


def test_silence_of_the_log_is_not_taken_for_no_surgery(read: Read) -> None:
    visits = VISITS + "01,1,,,5,5\n02,1,2022-01-01,,5,5\n03,1,2022-01-01,,5,5\n"
    data = read({"visits.csv": visits, "treatment_log.csv": LOG})
    assert [one.exposure_missing for one in data.sessions] == [
        "session has no date",
        None,
        "participant does not occur in the treatment log",
    ]
    assert data.sessions[1].exposure is not None
    assert data.sessions[1].exposure.surgeries == 0
    assert read({"visits.csv": visits}).sessions[0].exposure_missing == "no treatment log given"


def test_faults_of_the_log_name_row_and_what_is_known(read: Read) -> None:
    log = "participant_id,date,type,levels\n01,2020-01-01,wizardry,L4/5\n02,,surgery,L4/5\n03,2020-01-01,surgery,L9\n"
    told = [str(note) for note in read({"treatment_log.csv": log}).notes.faults]
    assert "row 2: unknown kind of treatment; expected surgery, neuromodulation" in told[0]
    assert "row 3: event has no day" in told[1]
    assert "row 4: no such vertebra" in told[2]
    lacking = read({"treatment_log.csv": "participant_id,type\n01,surgery\n"})
    assert "treatment log lacks a column; expected date, type; got type" in str(lacking.notes.faults[0])


def test_an_explanted_stimulator_counts_no_more() -> None:
    def event(day: date, kind: Treatment) -> Event:
        return Event(participant="1", day=day, kind=kind, place=Place(file="log"))

    events = [event(date(2020, 1, 1), Treatment.NEUROMODULATION), event(date(2021, 1, 1), Treatment.NEUROMODULATION)]
    assert exposure_at(date(2022, 1, 1), events).months_with_stimulator == pytest.approx(731 / 30.4375, abs=0.01)
    removed = [*events, event(date(2021, 6, 1), Treatment.EXPLANTATION)]
    assert exposure_at(date(2022, 1, 1), removed).months_with_stimulator is None
    assert exposure_at(date(2021, 6, 1), removed).months_with_stimulator is not None
    assert exposure_at(date(2020, 1, 1), events).months_with_stimulator is None


@given(st.integers(1, 20000), st.integers(0, 3000))
def test_months_since_surgery_do_not_depend_on_the_calendar(shift: int, days: int) -> None:
    day = date(1960, 1, 1) + timedelta(days=shift)
    event = Event(participant="1", day=day, kind=Treatment.SURGERY, place=Place(file="log"))
    months = exposure_at(day + timedelta(days=days), [event]).months_since_surgery
    assert months == (None if days == 0 else pytest.approx(days / 30.4375, abs=0.01))


def test_relief_and_recovery_compare_with_the_session_before(read: Read) -> None:
    joa = ("low_back_pain", "leg_pain", "gait", "straight_leg_raising", "sensory", "motor", "turning", "standing",
           "washing", "leaning", "sitting", "lifting", "walking", "bladder")  # fmt: skip
    head = "participant_id,session_id,date,nrs_leg_left,nrs_back," + ",".join(f"joa_lbp_{one}" for one in joa)
    low, high = "1," * 13 + "0", "2," * 13 + "0"
    visits = f"{head}\n01,pre,2021-12-01,8,0,{low}\n01,post,2022-12-01,2,3,{high}\n01,early,2020-06-01,9,9,{low}\n"
    data = read({"visits.csv": visits, "treatment_log.csv": LOG})
    assert not data.notes.faults
    scores = score_all(data.answers)
    made = responses(scores, before_surgery=data.before_surgery, before_stimulator=data.before_stimulator)
    by_name = {(one.session, one.subscale, one.side): one for one in made}
    leg = by_name["post", "relief_nrs_leg", Side.LEFT]
    assert (leg.value, leg.category, leg.detail) == (75, "responder", "against session pre")
    back = by_name["post", "relief_nrs_back", None]
    assert (back.value, str(back.reason)) == (None, "undefined")
    recovery = by_name["post", "recovery_rate", None]
    assert recovery.value == pytest.approx(100 * 13 / 16)
    assert recovery.category == "Hirabayashi excellent"
    assert set(by_name) == {("post", "relief_nrs_leg", Side.LEFT), ("post", "relief_nrs_back", None),
                            ("post", "recovery_rate", None)}  # fmt: skip


def test_a_session_on_the_day_of_the_implantation_is_the_one_before(read: Read) -> None:
    rows = ("01,old,2021-01-01,,9,9", "01,day,2022-06-01,,8,8", "01,late,2023-06-01,,4,", "01,last,2024-06-01,,2,2")
    visits = VISITS + "\n".join((*rows, "02,late,2024-06-01,,1,1")) + "\n"
    data = read({"visits.csv": visits, "treatment_log.csv": LOG})
    scores = score_all(data.answers)
    made = responses(scores, before_surgery=data.before_surgery, before_stimulator=data.before_stimulator)
    held = {(one.session, one.subscale): one for one in made}
    assert held["late", "relief_nrs_back"].value == 50
    assert held["late", "relief_nrs_back"].detail == "against session day"
    lacking = held["late", "relief_nrs_leg"]
    assert (lacking.value, str(lacking.reason)) == (None, "not_answered")
    assert held["last", "relief_nrs_leg"].value == 75


def test_relief_needs_the_pain_before(read: Read) -> None:
    visits = VISITS + "01,day,2022-06-01,,,8\n02,day,2022-06-01,,5,8\n01,late,2023-06-01,,4,2\n"
    data = read({"visits.csv": visits, "treatment_log.csv": LOG})
    made = responses(score_all(data.answers), before_surgery={}, before_stimulator=data.before_stimulator)
    back = next(one for one in made if one.subscale == "relief_nrs_back")
    assert (back.value, str(back.reason), back.detail) == (
        None,
        "no_baseline",
        "no score at session day, the last before",
    )
