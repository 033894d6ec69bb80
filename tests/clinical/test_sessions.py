"""Sides, ages and contradictions between rows about the same participant."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lumbomics.clinical import ClinicalData, Score, score_all
from lumbomics.core.anatomy import Side

Read = Callable[..., ClinicalData]
HEAD = "participant_id,session_id"


def worse(data: ClinicalData) -> Score:
    return next(one for one in score_all(data.answers) if one.subscale == "worse_side")


@pytest.mark.parametrize(
    ("left", "right", "value", "word"), [(7, 3, 7, "left"), (3, 7, 7, "right"), (4, 4, 4, "equal"), (0, 0, 0, "equal")]
)
def test_the_worse_leg_is_named(read: Read, left: int, right: int, value: int, word: str) -> None:
    data = read({"a.csv": f"{HEAD},nrs_leg_left,nrs_leg_right\n01,1,{left},{right}\n"})
    assert (worse(data).value, worse(data).category) == (value, word)
    sides = {one.side: one.value for one in score_all(data.answers) if one.subscale == "total"}
    assert sides == {Side.LEFT: left, Side.RIGHT: right}


def test_the_worse_leg_is_unknown_while_a_leg_is_missing(read: Read) -> None:
    data = read({"a.csv": f"{HEAD},nrs_leg_left,nrs_leg_right\n01,1,2,\n"})
    assert (worse(data).value, worse(data).missing_items) == (None, ("total_right",))


def test_worse_and_better_point_the_right_way(read: Read) -> None:
    names = "employment_weeks_lost,employment_work_ability,slr_angle_left,slr_crossed_left,eq5d_vas,odi"
    text = f"{HEAD},{names}\n01,1,4,6,50,1,70,40\n"
    ways = {(one.instrument, one.subscale): one.higher_is_worse for one in score_all(read({"a.csv": text}).answers)}
    assert ways == {
        ("employment", "weeks_lost"): True,
        ("employment", "work_ability"): False,
        ("slr", "angle"): False,
        ("slr", "sign"): None,
        ("slr", "crossed"): True,
        ("eq5d5l", "vas"): False,
        ("odi", "total"): True,
    }


@pytest.mark.parametrize(("day", "age"), [("2020-06-14", 49), ("2020-06-15", 50), ("2020-06-16", 50)])
def test_age_is_in_completed_years(read: Read, day: str, age: int) -> None:
    data = read({"a.csv": f"{HEAD},date,birth_date\n01,1,{day},1970-06-15\n"})
    assert data.sessions[0].age_years == age


def test_facts_of_the_participant_hold_for_every_session(read: Read) -> None:
    people = "participant_id,sex,birth_date,site\n01,f,1970-06-15,North\n"
    visits = f"{HEAD},date,weight,height\n01,1,2020-01-01,64,160\n01,2,2021-01-01,,\n"
    data = read({"participants.csv": people, "visits.csv": visits})
    assert [(one.session, one.sex, one.age_years, one.site) for one in data.sessions] == [
        ("1", "female", 49, "North"),
        ("2", "female", 50, "North"),
    ]
    assert [one.bmi for one in data.sessions] == [pytest.approx(25), None]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("01,1,2020-01-01,1970-01-01,f,\n01,1,2020-03-01,1970-01-01,f,\n", "has two dates, 60 days apart"),
        (
            "01,1,2020-01-01,1970-01-01,f,\n01,2,2020-03-01,1970-01-02,f,\n",
            "birth date of sub-01 differs from an earlier",
        ),
        ("01,1,2020-01-01,1970-01-01,f,\n01,2,2020-03-01,1970-01-01,m,\n", "sex of sub-01 differs from an earlier row"),
        ("01,1,2020-01-01,1970-01-01,f,40\n", "age of sub-01 disagrees with the birth date; got 40 against 50"),
        ("01,1,1820-01-01,,f,\n", "date lies before 1900"),
    ],
)
def test_contradictions_about_a_participant_are_faults(read: Read, rows: str, told: str) -> None:
    data = read({"a.csv": f"{HEAD},date,birth_date,sex,age\n{rows}"})
    assert [told in str(note) for note in data.notes.faults] == [True]


def test_two_near_dates_of_a_session_are_told(read: Read) -> None:
    data = read(
        {"a.csv": f"{HEAD},date,odi_1\n01,1,2020-01-01,2\n", "b.csv": f"{HEAD},date,nrs_back\n01,1,2020-01-20,2\n"}
    )
    assert not data.notes.faults
    assert "19 days apart; the first one read is used" in str(data.notes.remarks[-1])
