from __future__ import annotations

from pathlib import Path

import pytest

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import FaultsError, ReadError
from lumbomics.core.examination import Operation, Surgery
from lumbomics.core.visit import Visit
from lumbomics.run.operations import read_operations, surgery_of


def _table(folder: Path, *lines: str) -> Path:
    path = folder / "surgery.tsv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _plain(operations: tuple[Operation, ...]) -> list[tuple[object, ...]]:
    return [(one.level, one.kind, one.side, one.months) for one in operations]


def test_each_visit_gets_its_own_operations_and_those_of_every_session(tmp_path: Path) -> None:
    path = _table(
        tmp_path,
        "participant_id\tsession_id\tlevel\tside\tkind\tmonths",
        "sub-01\tses-02\tL4/5\tleft\tdiscectomy\t7.5",
        "01\tn/a\tL5-S1\tboth\tlaminectomy\tn/a",
        "02\t\tL3-L4\t\t\t",
    )
    operations = read_operations(path)
    assert _plain(operations.of(Visit(participant="01", session="02"))) == [
        ("L4-L5", Surgery.DISCECTOMY, Side.LEFT, 7.5),
        ("L5-S1", Surgery.LAMINECTOMY, None, None),
    ]
    assert _plain(operations.of(Visit(participant="01", session="01"))) == [("L5-S1", Surgery.LAMINECTOMY, None, None)]
    assert operations.of(Visit(participant="03")) == ()


def test_months_are_told_from_two_dates(tmp_path: Path) -> None:
    path = _table(tmp_path, "participant_id,level,date,examination_date", "01,L4-L5,2020-01-01,2021-01-01")
    [operation] = read_operations(path).of(Visit(participant="01"))
    assert operation.months == pytest.approx(12.0, abs=0.05)


def test_all_faults_are_told_at_once_by_row_and_without_dates(tmp_path: Path) -> None:
    path = _table(
        tmp_path,
        "participant_id,level,side,months,date,examination_date",
        "01,L4,left,,,",
        ",L4-L5,,,,",
        "02,L4-L5,up,,,",
        "03,L4-L5,,soon,,",
        "04,L4-L5,,,2020-13-01,2021-01-01",
        "05,L4-L5,,-3,,",
        "06,L4-L5,right,3,,",
    )
    with pytest.raises(FaultsError) as caught:
        read_operations(path)
    message = str(caught.value)
    assert len(caught.value.faults) == 6
    assert [f"row {n}" in message for n in range(2, 9)] == [True] * 6 + [False]
    assert "2020" not in message


def test_a_table_without_levels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="lacks a column"):
        read_operations(_table(tmp_path, "participant_id,levels", "01,L4-L5"))


def test_the_table_of_clinical_score_is_read_and_operations_elsewhere_left_out(tmp_path: Path) -> None:
    path = _table(
        tmp_path,
        "participant_id\tsession_id\tlevel\tside\tprocedure\tmonths_ago",
        "01\t01\tL4-L5\tright\tmicrodiscectomy\t14.2",
        "01\t01\tn/a\tn/a\thip replacement\t3.0",
    )
    found = read_operations(path, every_row=False).of(Visit(participant="01"))
    assert _plain(found) == [("L4-L5", Surgery.DISCECTOMY, Side.RIGHT, 14.2)]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("PLIF L4/5", Surgery.FUSION),
        ("Microdiskectomy", Surgery.DISCECTOMY),
        ("hemilaminectomy", Surgery.LAMINOTOMY),
        ("decompression", Surgery.LAMINECTOMY),
        ("laminectomy", Surgery.LAMINECTOMY),
        ("pump", Surgery.OTHER),
    ],
)
def test_a_surgeons_words_are_understood(words: str, kind: Surgery) -> None:
    assert surgery_of(words) is kind
