"""Tables in, phenotype tables out: written whole, readable, without days, and refused while a fault stands."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from lumbomics.clinical import STATES, ValueSet, read_scores, read_value_set
from lumbomics.core.errors import FaultsError, InputError, ReadError
from lumbomics.run.clinical import check_clinical, describe_instruments, score_clinical
from lumbomics.write import write_dataset_description

TODAY = date(2026, 1, 1)
VALIDATOR = Path(sys.executable).with_name("bids-validator-deno")
VISITS = (
    "participant_id,session_id,date,birth_date,sex,odi_1,odi_2,odi_3,odi_4,odi_5,odi_6,odi_7,odi_8,odi_9,odi_10,"
    "nrs_leg_left,nrs_leg_right,eq5d_state\n"
    "01,pre,2023-01-10,1960-05-05,f,2,2,2,2,2,1,1,,2,2,7,3,21111\n"
    "01,post,2024-06-10,1960-05-05,f,1,1,1,1,1,1,1,1,1,1,2,,11111\n"
)
LOG = "participant_id,date,type,procedure,levels,side\n01,2023-02-01,surgery,microdiscectomy,L4/5,left\n"


@pytest.fixture
def tables(tmp_path: Path) -> list[Path]:
    (tmp_path / "visits.csv").write_text(VISITS, encoding="utf-8")
    (tmp_path / "treatment_log.csv").write_text(LOG, encoding="utf-8")
    return [tmp_path / "visits.csv", tmp_path / "treatment_log.csv"]


@pytest.fixture
def value_set(tmp_path: Path) -> Path:
    """Invented utilities: one tenth off for every level above the first of the five dimensions, floor at -0.5."""
    path = tmp_path / "values.csv"
    rows = [f"{state},{max(-0.5, 1 - 0.1 * (sum(map(int, state)) - 5)):.1f}" for state in STATES]
    path.write_text("\n".join(["state,utility", *rows]) + "\n", encoding="utf-8")
    return path


def test_scores_are_written_and_read_back_the_same(tables: list[Path], tmp_path: Path, value_set: Path) -> None:
    made = score_clinical(tables, out=tmp_path / "out", value_set=value_set, value_set_name="Invented", today=TODAY)
    folder = tmp_path / "out" / "phenotype"
    names = {"odi", "nrs_leg", "eq5d5l", "covariates", "operations"}
    assert {path.name for path in folder.iterdir()} == {f"{name}.{end}" for name in names for end in ("tsv", "json")}
    assert set(made.files) == set(folder.iterdir())
    back = [score for name in ("eq5d5l", "nrs_leg", "odi") for score in read_scores(folder / f"{name}.tsv")]
    assert back == list(made.scores)
    utility = {one.session: (one.value, one.detail) for one in made.scores if one.subscale == "utility"}
    assert utility == {"pre": (0.9, "value set Invented"), "post": (1.0, "value set Invented")}
    assert [one.value for one in made.scores if one.instrument == "odi"] == [20.0, pytest.approx(35.56, abs=0.01)]


def test_no_day_and_no_birth_date_reaches_the_tables(tables: list[Path], tmp_path: Path) -> None:
    score_clinical(tables, out=tmp_path / "out", today=TODAY)
    written = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "out").rglob("*.*"))
    assert not [day for day in ("1960", "2023-", "2024-") if day in written]
    lines = (tmp_path / "out/phenotype/covariates.tsv").read_text(encoding="utf-8").splitlines()
    rows = [dict(zip(lines[0].split("\t"), line.split("\t"), strict=True)) for line in lines[1:]]
    assert [(row["session_id"], row["age_years"], row["months_since_surgery"]) for row in rows] == [
        ("ses-post", "64", "16.26"),
        ("ses-pre", "62", "n/a"),
    ]


def test_sidecar_carries_rules_bands_and_important_change_with_its_source(tables: list[Path], tmp_path: Path) -> None:
    score_clinical(tables, out=tmp_path / "out", today=TODAY)
    folder = tmp_path / "out" / "phenotype"
    for path in folder.glob("*.tsv"):
        sidecar = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        header = path.read_text(encoding="utf-8").splitlines()[0].split("\t")
        assert set(header) == set(sidecar) - {"MeasurementToolMetadata"}
    tool = json.loads((folder / "odi.json").read_text(encoding="utf-8"))["MeasurementToolMetadata"]
    assert tool["Scales"]["total"]["ItemsNeeded"] == 8
    assert {"From": "41", "Label": "severe"}["Label"] in [band["Label"] for band in tool["Scales"]["total"]["Bands"]]
    assert tool["ImportantChange"][0]["From"] == 10
    assert tool["ImportantChange"][0]["Source"].startswith("paper:Ostelo 2008")
    assert [one["SourceChecked"] for one in tool["ImportantChange"]] == [True, True, False, True]


def test_nothing_is_written_while_a_fault_stands(tables: list[Path], tmp_path: Path) -> None:
    tables[0].write_text(VISITS.replace(",7,3,", ",17,3,"), encoding="utf-8")
    with pytest.raises(FaultsError, match="row 2, column nrs_leg_left: answer is out of range"):
        score_clinical(tables, out=tmp_path / "out", today=TODAY)
    assert not (tmp_path / "out").exists()
    found = check_clinical(tables, today=TODAY)
    assert [(one.place.row, one.place.column) for one in found.faults] == [(2, "nrs_leg_left")]
    assert (found.participants, found.sessions) == (1, 2)
    assert found.filled == {"eq5d5l": 2, "nrs_leg": 2, "odi": 2}


def test_a_value_set_needs_its_name_and_an_order_of_dates_must_be_known(tables: list[Path], value_set: Path) -> None:
    with pytest.raises(InputError, match="belong together"):
        score_clinical(tables, value_set=value_set, today=TODAY)
    with pytest.raises(InputError, match="expected dmy or mdy; got 'ymd'"):
        check_clinical(tables, date_order="ymd", today=TODAY)


def test_broken_value_sets_are_refused_with_their_rows(value_set: Path) -> None:
    whole = value_set.read_text(encoding="utf-8")
    assert read_value_set(value_set, name="x").utilities["55555"] == -0.5
    value_set.write_text(whole.replace("11112,0.9", "1111,0.9").replace("11113,0.8", '11113,"0,8"'), encoding="utf-8")
    with pytest.raises(FaultsError, match=r"row 3: no EQ-5D-5L state.*\n.*row 4: utility is no number"):
        read_value_set(value_set, name="x")
    value_set.write_text(whole.replace("11112,0.9\n", ""), encoding="utf-8")
    with pytest.raises(InputError, match="3124 states, without 11112"):
        read_value_set(value_set, name="x")
    value_set.write_text(whole + "11112,0.8\n", encoding="utf-8")
    with pytest.raises(FaultsError, match="state occurs twice"):
        read_value_set(value_set, name="x")
    with pytest.raises(InputError, match="full health must be worth 1"):
        ValueSet(name="decrements", utilities=dict.fromkeys(STATES, 0.1))
    value_set.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(ReadError, match="columns state, utility"):
        read_value_set(value_set, name="x")


def test_broken_score_tables_name_the_row(tables: list[Path], tmp_path: Path) -> None:
    score_clinical(tables, out=tmp_path / "out", today=TODAY)
    path = tmp_path / "out/phenotype/odi.tsv"
    path.write_text(path.read_text(encoding="utf-8").replace("prorated", "guessed"), encoding="utf-8")
    with pytest.raises(ReadError, match=r"odi\.tsv, row 3: row is no score"):
        read_scores(path)
    with pytest.raises(ReadError, match="no table of scores"):
        read_scores(tmp_path / "out/phenotype/covariates.tsv")
    with pytest.raises(ReadError, match="cannot be read"):
        read_scores(tmp_path / "gone.tsv")


def test_every_instrument_is_described_with_its_licence_and_change() -> None:
    described = {one.id: "\n".join(one.lines) for one in describe_instruments()}
    assert len(described) == 21
    assert "important change: 12.8 points, lumbar surgery (memory, verify: Copay 2008)" in described["odi"]
    assert "important change: not established" in described["mpq"]
    assert all("licence:" in text for text in described.values())
    with pytest.raises(InputError, match="unknown instrument"):
        describe_instruments("oddi")


@pytest.mark.slow
def test_official_validator_takes_the_phenotype_folder(tables: list[Path], tmp_path: Path) -> None:
    root = tmp_path / "out"
    write_dataset_description(root, name="Lumbomics derivatives", sources=[])
    for _ in range(2):
        score_clinical(tables, out=root, today=TODAY)
    ignored = (root / ".bidsignore").read_text(encoding="utf-8").splitlines()
    assert ignored.count("phenotype/") == 1
    assert "run.json" in ignored
    done = subprocess.run([VALIDATOR, "--format", "json", root], capture_output=True, text=True)
    issues = json.loads(done.stdout)["issues"]["issues"]
    assert [one for one in issues if one["severity"] == "error"] == []
