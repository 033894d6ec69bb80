"""Questions in SQL: what the views join, and that nothing can be changed or reached from them."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from lumbomics.core.errors import InputError, ReadError
from lumbomics.run import cohort


@pytest.fixture
def index(study: Path) -> Path:
    cohort.build(study)
    return study


def test_a_left_foramen_stands_beside_left_leg_pain_and_a_right_one_beside_right(index: Path) -> None:
    found = cohort.query(
        index,
        "SELECT participant_id, side, value, score, score_other_side FROM side_matched "
        "WHERE biomarker = 'foramen_area' AND instrument = 'nrs_leg' ORDER BY ALL",
    ).rows()
    assert found == [
        ("sub-01", "left", 100.0, 1.0, 9.0),
        ("sub-01", "right", 200.0, 9.0, 1.0),
        ("sub-02", "left", 110.0, 2.0, 8.0),
        ("sub-02", "right", 210.0, 8.0, 2.0),
        ("sub-03", "left", 120.0, 3.0, 7.0),
        ("sub-03", "right", 220.0, 7.0, 3.0),
        ("sub-04", "right", 230.0, 6.0, 4.0),
    ]


def test_levels_stand_beside_scores_of_the_patient_and_absent_scores_beside_nothing(index: Path) -> None:
    found = cohort.query(
        index,
        "SELECT participant_id, level, category, score FROM matched "
        "WHERE biomarker = 'disc_grade' AND instrument = 'odi' ORDER BY ALL",
    ).rows()
    assert found == [
        ("sub-01", "L4-L5", "III", 20.0),
        ("sub-02", "L4-L5", "III", 30.0),
        ("sub-03", "L4-L5", "IV", 60.0),
    ]


def test_what_is_missing_has_the_reason_of_the_absence(index: Path) -> None:
    found = cohort.query(index, "SELECT participant_id, biomarker, side, reason FROM missing").rows()
    assert found == [("sub-04", "foramen_area", "left", "field_of_view")]


def test_sessions_and_participants_know_what_is_known_of_them(index: Path) -> None:
    sessions = cohort.query(index, "SELECT participant_id, has_images, has_scores, sex, age_years FROM sessions").rows()
    assert sorted(sessions)[0] == ("sub-01", True, True, "female", 40.0)
    assert cohort.query(index, "SELECT count(*), sum(sessions) FROM participants").rows() == [(4, 4)]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM measurements",
        "CREATE TABLE x AS SELECT 1",
        "CREATE TEMP TABLE x AS SELECT 1",
        "COPY measurements TO 'x.csv'",
        "ATTACH 'other.duckdb'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "PRAGMA database_list",
        "CALL pragma_version()",
        "SELECT 1; DROP TABLE measurements",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM sql",
        "SELECT nothing FROM measurements",
        "SELECT * FROM statements",
        "no sql",
        "",
    ],
)
def test_a_question_cannot_change_the_index_nor_look_outside_it(sql: str, index: Path) -> None:
    before = cohort.index_path(index).read_bytes()
    with pytest.raises(InputError):
        cohort.query(index, sql)
    assert cohort.index_path(index).read_bytes() == before


def test_large_sums_are_plain_numbers_and_what_is_no_number_is_null_in_json(index: Path) -> None:
    answer = cohort.query(index, "SELECT sum(CAST(1 AS BIGINT)), 'nan'::DOUBLE, [1, 2], DATE '2026-01-01' FROM visits")
    ((total, nan, _, _),) = answer.rows()
    assert total == 4
    assert type(total) is int
    assert math.isnan(nan)
    assert answer.as_json() == [[4, None, [1, 2], "2026-01-01"]]


def test_without_an_index_the_hint_says_how_to_get_one(study: Path) -> None:
    with pytest.raises(ReadError, match="lumbomics cohort build"):
        cohort.query(study, "SELECT 1")
