"""Phenotype tables, participants and sessions: what enters, what is told, what must never enter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lumbomics.run import cohort


def rows(root: Path, sql: str) -> list[tuple[Any, ...]]:
    return cohort.query(root, sql).rows()


def test_names_birth_dates_and_dates_never_enter_the_index(study: Path, write: Any) -> None:
    person = {
        "participant_id": "sub-01",
        "last_name": "Doe",
        "birth_date": "1960-05-05",
        "date": "2020-02-02",
        "site": "A",
    }
    write.write_tsv(study / "participants.tsv", [person])
    told = [str(fault) for fault in cohort.build(study).contents.faults]
    assert len(told) == 1
    assert all(name in told[0] for name in ("last_name", "birth_date", "'date'"))
    content = cohort.index_path(study).read_bytes()
    assert not any(secret in content for secret in (b"Doe", b"1960-05-05", b"2020-02-02"))
    assert rows(study, "SELECT site FROM sessions WHERE participant_id = 'sub-01'") == [("A",)]


def test_a_label_that_may_be_a_name_is_left_out_and_not_shown(study: Path, write: Any) -> None:
    write.write_tsv(
        study / "phenotype" / "own.tsv", [{"participant_id": "Jane Doe", "x": 1}, {"participant_id": "02", "x": 2}]
    )
    (told,) = [str(fault) for fault in cohort.build(study).contents.faults]
    assert "line 2" in told
    assert "Jane" not in told
    assert rows(study, "SELECT participant_id, x FROM phenotype_own") == [("sub-02", 2.0)]


def test_a_score_that_stands_twice_or_is_no_number_is_left_out_and_told(study: Path, write: Any) -> None:
    bad = [write.score("01", "01", 5, name="pcs"), write.score("01", "01", 6, name="pcs")]
    bad += [{**write.score("02", "01", 7, name="pcs"), "value": "seven"}, write.score("03", "01", 8, name="pcs")]
    columns = (study / "phenotype" / "odi.tsv").read_text(encoding="utf-8").splitlines()[0].split("\t")
    write.write_tsv(study / "phenotype" / "pcs.tsv", bad, columns)
    told = sorted(str(fault) for fault in cohort.build(study).contents.faults)
    assert ["line 2, 3" in told[0], "line 4" in told[1]] == [True, True]
    assert rows(study, "SELECT participant_id, value FROM scores WHERE instrument = 'pcs'") == [("sub-03", 8.0)]


def test_a_list_of_participants_joins_a_table_that_says_more_and_a_contradiction_is_told(
    study: Path, write: Any, tmp_path: Path
) -> None:
    people = [{"participant_id": f"sub-{n:02d}"} for n in range(1, 5)]
    write.write_tsv(study / "participants.tsv", people)
    source = tmp_path / "bids"
    write.write_tsv(source / "participants.tsv", [{**person, "hand": "left"} for person in people])
    assert cohort.build(study, phenotype=source).contents.faults == ()
    assert rows(study, "SELECT DISTINCT hand, count(*) FROM participants GROUP BY hand") == [("left", 4)]
    write.write_tsv(study / "participants.tsv", [{"participant_id": "sub-01", "hand": "right"}])
    (told,) = cohort.build(study, phenotype=source).contents.faults[:1]
    assert "stands more than once" in str(told)
    assert rows(study, "SELECT hand FROM participants WHERE participant_id = 'sub-01'") == [(None,)]


def test_session_lists_of_each_participant_are_one_table(study: Path, write: Any) -> None:
    write.write_tsv(study / "sub-01" / "sub-01_sessions.tsv", [{"session_id": "ses-01", "pain_today": 3}])
    cohort.build(study)
    assert rows(study, "SELECT pain_today FROM sessions WHERE participant_id = 'sub-01'") == [(3.0,)]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"x\ty\n1\t2\n", "no column participant_id"),
        (b"participant_id\ta\ta\nsub-01\t1\t2\n", "stands twice"),
        (b"participant_id\tx\nsub-01\t1\t2\n", "cut short or too long"),
        (b"participant_id\t\xff\nsub-01\t1\n", "cannot be read"),
    ],
)
def test_a_broken_table_is_told_and_stops_nothing(content: bytes, told: str, study: Path) -> None:
    (study / "phenotype" / "own.tsv").write_bytes(content)
    made = cohort.build(study).contents
    assert [told in str(fault) for fault in made.faults] == [True]
    assert made.scores == 12
