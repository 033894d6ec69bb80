"""Long and wide tables: what stands in which cell, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from lumbomics.analyse.tables import long_table, wide_table
from lumbomics.core.errors import FaultsError, InputError
from lumbomics.core.measurement import Context
from lumbomics.run import cohort


@pytest.fixture
def index(study: Path) -> Path:
    cohort.build(study)
    return study


def records(table: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = table.to_pylist()
    return found


def test_a_row_a_session_has_a_column_a_quantity_and_both_sides_of_a_score(index: Path) -> None:
    found = records(cohort.table(index, form="wide", score=["odi", "nrs_leg"]))
    assert found[0] == {
        "participant_id": "sub-01",
        "session_id": "ses-01",
        "disc_grade/L4-L5": "III",
        "foramen_area/L4-L5/left": 100.0,
        "foramen_area/L4-L5/right": 200.0,
        "lordosis": 40.0,
        "nrs_leg.total/left": 1.0,
        "nrs_leg.total/right": 9.0,
        "odi.total": 20.0,
    }
    assert [row["odi.total"] for row in found] == [20.0, 30.0, 60.0, None]


def test_the_wide_table_agrees_with_the_one_the_analyses_make(index: Path) -> None:
    ours = cohort.table(index, form="wide", biomarker=["foramen_area", "lordosis"]).to_pandas()
    long = cohort.table(index, biomarker=["foramen_area", "lordosis"]).to_pandas()
    theirs = wide_table(long_table(long)).reset_index()
    theirs = theirs.rename(columns={"participant": "participant_id", "session": "session_id"})
    pd.testing.assert_frame_equal(ours[sorted(ours)], theirs[sorted(theirs)], check_dtype=False)


def test_a_row_a_side_has_the_score_of_the_same_side_and_what_has_no_side_on_both(index: Path) -> None:
    found = records(cohort.table(index, form="wide", rows="side", score=["nrs_leg", "odi"]))
    assert [(r["side"], r["foramen_area"], r["nrs_leg.total.same_side"]) for r in found[:2]] == [
        ("left", 100.0, 1.0),
        ("right", 200.0, 9.0),
    ]
    assert {(r["lordosis"], r["disc_grade"], r["odi.total"]) for r in found[:2]} == {(40.0, "III", 20.0)}
    assert len(found) == 8


def test_a_row_a_level_has_values_of_the_whole_spine_beside_it(index: Path) -> None:
    found = records(cohort.table(index, form="wide", rows="level", covariates=True))
    assert len(found) == 4
    assert (found[3]["level"], found[3]["lordosis"], found[3]["foramen_area/right"]) == ("L4-L5", 55.0, 230.0)
    assert (found[3]["sex"], found[3]["age_years"]) == ("male", 70.0)


def test_an_absent_value_is_empty_and_its_reason_stands_beside_it(index: Path) -> None:
    last = records(cohort.table(index, form="wide", reasons=True))[3]
    assert last["foramen_area/L4-L5/left"] is None
    assert last["foramen_area/L4-L5/left.reason"] == "field_of_view"
    assert "lordosis.reason" not in last


def test_the_long_table_keeps_absent_rows_and_the_score_of_the_rows_own_side(index: Path) -> None:
    found = records(cohort.table(index, biomarker=["foramen_area"], score=["nrs_leg"]))
    assert len(found) == 8
    absent = [row for row in found if row["status"] == "absent"]
    assert [(row["reason"], row["value"], row["nrs_leg.total.same_side"]) for row in absent] == [
        ("field_of_view", None, 4.0)
    ]


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".tsv", ".xlsx"])
def test_every_kind_of_file_gives_the_numbers_back(suffix: str, index: Path, tmp_path: Path) -> None:
    out = tmp_path / f"table{suffix}"
    given = cohort.table(index, out=out, form="wide").to_pandas()
    readers = {".parquet": pd.read_parquet, ".csv": pd.read_csv, ".xlsx": pd.read_excel}
    found = readers[suffix](out) if suffix in readers else pd.read_csv(out, sep="\t", na_values="n/a")
    pd.testing.assert_frame_equal(found, given, check_dtype=False)


def test_a_text_that_looks_like_a_formula_stays_a_text_in_excel(index: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.xlsx"
    cohort.query(index, "SELECT '=1+1' AS a, -2 AS b", out=out)
    cell, number = next(openpyxl.load_workbook(out).active.iter_rows(min_row=2))
    assert (cell.value, cell.data_type) == ("=1+1", "s")
    assert number.value == -2


def test_two_series_in_one_cell_are_refused_until_one_is_chosen(study: Path, write: Any) -> None:
    both = [write.lordosis(40.0), write.lordosis(42.0).within(Context(series="acq-sag_T1w"))]
    write.write_visit(study, "01", "01", both)
    cohort.build(study)
    with pytest.raises(InputError, match="two values fall into one cell") as told:
        cohort.table(study, form="wide")
    assert "acq-sag_T1w" in str(told.value)
    found = records(cohort.table(study, form="wide", biomarker=["lordosis"], series="*T1w"))
    assert [row["lordosis"] for row in found] == [42.0]


def test_all_names_that_are_not_in_the_cohort_are_told_at_once_with_the_nearest(index: Path) -> None:
    with pytest.raises(FaultsError) as told:
        cohort.table(index, biomarker=["lordossis", "foramen_area"], level=["L9"], session=["77"])
    assert len(told.value.faults) == 3
    assert "did you mean lordosis?" in str(told.value)
    with pytest.raises(FaultsError, match="did you mean odi"):
        cohort.table(index, score=["odii"])


@pytest.mark.parametrize("wrong", [{"form": "tall"}, {"rows": "sides"}, {"out": "x.docx"}])
def test_options_that_make_no_sense_are_refused(wrong: dict[str, str], index: Path) -> None:
    with pytest.raises(InputError):
        cohort.table(index, **wrong)  # type: ignore[arg-type]
