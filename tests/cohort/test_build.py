"""The index: what enters it, what is read again, what is left out and told."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from lumbomics.clinical.tables import SCORE_COLUMNS
from lumbomics.cohort.schema import MEASUREMENTS, SCORES
from lumbomics.core.errors import OutputError, ReadError
from lumbomics.run import cohort
from lumbomics.write import read_measurements
from lumbomics.write.measurements import column_descriptions


def rows(root: Path, sql: str) -> list[tuple[Any, ...]]:
    return cohort.query(root, sql).rows()


def faults(root: Path) -> list[str]:
    return [str(fault) for fault in cohort.build(root).contents.faults]


def change(path: Path, old: str, new: str, *, honest: bool = True, times: int = -1) -> None:
    """Change a visit's table; an honest change has its hash in ``run.json``."""
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, times), encoding="utf-8")
    if honest:
        restamp(path)


def restamp(path: Path) -> None:
    record = path.parent / "run.json"
    content = json.loads(record.read_text(encoding="utf-8"))
    content["files"][path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    record.write_text(json.dumps(content), encoding="utf-8")


def table_of(root: Path, participant: str = "01") -> Path:
    return root / f"sub-{participant}" / "ses-01" / f"sub-{participant}_ses-01_measurements.tsv"


def test_the_index_knows_the_columns_that_are_written() -> None:
    assert tuple(MEASUREMENTS) == tuple(column_descriptions())
    assert tuple(SCORES) == tuple(SCORE_COLUMNS)


def test_every_number_of_every_table_comes_back_as_it_was_written(study: Path) -> None:
    made = cohort.build(study).contents
    assert (made.visits, made.participants, made.measurements, made.absent, made.faults) == (4, 4, 15, 1, ())
    everything = rows(
        study,
        "SELECT participant_id, biomarker, side, value, category, reason, series FROM measurements "
        "ORDER BY participant_id, biomarker, side",
    )
    for number in range(1, 5):
        written = [row.result for row in read_measurements(table_of(study, f"{number:02d}"))]
        found = [row[1:] for row in everything if row[0] == f"sub-{number:02d}"]
        told = sorted(
            (
                (
                    r.biomarker,
                    None if r.side is None else str(r.side),
                    getattr(r, "value", None),
                    getattr(r, "category", None),
                    None if not hasattr(r, "reason") else str(r.reason),
                    r.context.series,
                )
                for r in written
            ),
            key=lambda row: (row[0], row[1] or ""),
        )
        assert found == told


def test_only_changed_visits_are_read_again_and_an_unchanged_folder_leaves_the_index_alone(study: Path) -> None:
    assert cohort.build(study).read == 4
    before = cohort.index_path(study).stat()
    again = cohort.build(study)
    assert (again.read, again.rebuilt) == (0, False)
    assert cohort.index_path(study).stat().st_ino == before.st_ino
    change(table_of(study), "40.0", "41.5")
    shutil.rmtree(study / "sub-04")
    third = cohort.build(study)
    assert (third.read, third.removed, third.contents.visits) == (1, 1, 3)
    assert rows(study, "SELECT value FROM measurements WHERE biomarker = 'lordosis' ORDER BY 1") == [
        (41.5,),
        (45.0,),
        (50.0,),
    ]


def test_an_index_built_step_by_step_holds_what_one_built_at_once_holds(study: Path) -> None:
    cohort.build(study)
    change(table_of(study), "40.0", "41.5")
    shutil.rmtree(study / "sub-04")
    cohort.build(study)
    everything = "SELECT * FROM measurements ORDER BY ALL"
    stepwise = rows(study, everything)
    cohort.index_path(study).unlink()
    cohort.build(study)
    assert rows(study, everything) == stepwise


@pytest.mark.parametrize("kind", ["broken", "older", "another database"])
def test_an_index_that_cannot_be_used_is_built_anew(kind: str, study: Path) -> None:
    index = cohort.index_path(study)
    if kind == "broken":
        index.write_bytes(b"no database")
    else:
        with duckdb.connect(str(index)) as connection:
            if kind == "older":
                connection.execute("CREATE TABLE index_info AS SELECT '0' AS format, '0' AS lumbomics")
    assert cohort.build(study).read == 4


def test_a_reader_keeps_its_answers_while_the_index_is_replaced(study: Path) -> None:
    cohort.build(study)
    code = (
        "import duckdb, sys;c = duckdb.connect(sys.argv[1], read_only=True);print('open', flush=True);"
        "sys.stdin.readline();print(c.execute('SELECT count(*) FROM visits').fetchone()[0])"
    )
    reader = subprocess.Popen(
        [sys.executable, "-c", code, str(cohort.index_path(study))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout is not None
    assert reader.stdout.readline() == "open\n"
    shutil.rmtree(study / "sub-04")
    assert cohort.build(study).contents.visits == 3
    assert reader.communicate("go\n")[0].strip() == "4"


def test_an_unwritable_folder_keeps_the_old_index_and_leaves_nothing(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cohort.build(study)
    shutil.rmtree(study / "sub-04")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cohort, "build_index", full)
    with pytest.raises(OutputError, match="no room"):
        cohort.build(study)
    assert rows(study, "SELECT count(*) FROM visits") == [(4,)]
    assert not list(study.glob(".unfinished-*"))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("sub-01\tses-01\tlordosis", "sub-09\tses-01\tlordosis", "another visit"),
        ("\tok\t", "\tfine\t", "neither ok nor absent"),
        ("40.0", "forty", "no finite number"),
        ("40.0", "inf", "no finite number"),
        ("\tleft\t", "\tlinks\t", "unknown side"),
        ("\t40.0\t", "\tn/a\t", "there is no value"),
        ("\tdeg\t", "\tn/a\t", "without a unit"),
        ("\tlordosis\t", "\tn/a\t", "names no biomarker"),
        ("\t200.0\t", "\t200.0\t200.0\t", "cut short or too long"),
    ],
)
def test_a_broken_row_is_left_out_and_told_while_all_others_enter(old: str, new: str, told: str, study: Path) -> None:
    change(table_of(study), old, new, times=1)
    found = [fault for fault in faults(study) if told in fault]
    assert len(found) == 1
    assert "sub-01/ses-01/sub-01_ses-01_measurements.tsv, line" in found[0]
    assert rows(study, "SELECT count(*) FROM measurements WHERE participant_id <> 'sub-01'") == [(12,)]
    assert 0 < rows(study, "SELECT count(*) FROM measurements WHERE participant_id = 'sub-01'")[0][0] < 4


def test_a_row_that_stands_twice_is_taken_neither_time(study: Path) -> None:
    path = table_of(study)
    lines = path.read_text(encoding="utf-8").splitlines()
    change(path, lines[1], f"{lines[1]}\n{lines[1].replace('40.0', '41.0')}")
    (told,) = faults(study)
    assert "line 2, 3: the same measurement stands more than once" in told
    assert rows(study, "SELECT count(*) FROM measurements WHERE biomarker = 'lordosis'") == [(3,)]


def test_faults_of_unchanged_visits_are_told_again(study: Path) -> None:
    change(table_of(study), "40.0", "forty")
    first = faults(study)
    change(table_of(study, "02"), "45.0", "46.0")
    assert faults(study) == first
    change(table_of(study), "forty", "40.0")
    assert faults(study) == []


def test_visits_that_are_unfinished_altered_or_copied_are_told_and_not_read(study: Path) -> None:
    (study / "sub-01" / "ses-01" / "run.json").unlink()
    change(table_of(study, "02"), "45.0", "99.0", honest=False)
    shutil.copytree(study / "sub-03", study / "sub-03 copy")
    table_of(study, "04").unlink()
    told = faults(study)
    assert [
        ("not finished" in t, "not the one that the run wrote" in t, "no BIDS label" in t, "no measurement table" in t)
        for t in sorted(told)
    ] == [
        (True, False, False, False),
        (False, True, False, False),
        (False, False, True, False),
        (False, False, False, True),
    ]
    assert rows(study, "SELECT DISTINCT participant_id FROM measurements") == [("sub-03",)]


def test_one_scan_under_two_labels_is_told(study: Path) -> None:
    shutil.copytree(study / "sub-01", study / "sub-05")
    old = study / "sub-05" / "ses-01" / "sub-01_ses-01_measurements.tsv"
    new = old.with_name("sub-05_ses-01_measurements.tsv")
    old.rename(new)
    record = new.parent / "run.json"
    record.write_text(
        record.read_text(encoding="utf-8").replace("sub-01_ses-01_m", "sub-05_ses-01_m"), encoding="utf-8"
    )
    change(new, "sub-01", "sub-05")
    (told,) = faults(study)
    assert "sub-01/ses-01, sub-05/ses-01: visits share 1 image(s)" in told


def test_bytes_that_are_no_text_spoil_their_own_visit_alone(study: Path) -> None:
    path = table_of(study)
    path.write_bytes(path.read_bytes().replace(b"sagittal", b"sagitt\xff"))
    restamp(path)
    (told,) = faults(study)
    assert told.startswith("sub-01/ses-01/")
    assert rows(study, "SELECT count(DISTINCT participant_id) FROM measurements") == [(3,)]


def test_nothing_to_index_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="nothing to index"):
        cohort.build(tmp_path)
    with pytest.raises(ReadError, match="no such folder"):
        cohort.build(tmp_path / "nowhere")
    assert not list(tmp_path.iterdir())


def test_the_index_is_named_in_bidsignore_once(study: Path) -> None:
    (study / ".bidsignore").write_text("run.json\n", encoding="utf-8")
    cohort.build(study)
    os.utime(table_of(study))
    cohort.build(study)
    assert (study / ".bidsignore").read_text(encoding="utf-8") == "run.json\ncohort.duckdb\n"
