"""Every fault is listed with row and column, all at once; nothing is coerced silently."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest

from lumbomics.clinical import ClinicalData, DateOrder, Reader, gather, read_columns, score_all
from lumbomics.core.errors import FaultsError, InputError

Read = Callable[..., ClinicalData]
Write = Callable[[str, str], Path]
HEAD = "participant_id,session_id"


def faults(data: ClinicalData) -> list[str]:
    return [str(note) for note in data.notes.faults]


def remarks(data: ClinicalData) -> str:
    return "\n".join(str(note) for note in data.notes.remarks)


def values(data: ClinicalData) -> dict[str, float | str]:
    return {name: value for one in data.answers for (name, _), value in one.values.items()}


def test_all_faults_of_all_tables_are_told_at_once_with_row_and_column(read: Read) -> None:
    data = read(
        {
            "odi.csv": f"{HEAD},odi_1,odi_2\n01,1,9,2\n02,1,two,2\n",
            "pain.csv": f"{HEAD},nrs_back,vas_back\n01,1,11,7 cm\n02,1,3.5,40\n",
        }
    )
    places = {(note.place.file, note.place.row, note.place.column) for note in data.notes.faults}
    assert places == {
        ("odi.csv", 2, "odi_1"),
        ("odi.csv", 3, "odi_1"),
        ("pain.csv", 2, "nrs_back"),
        ("pain.csv", 2, "vas_back"),
        ("pain.csv", 3, "nrs_back"),
    }
    told = "\n".join(faults(data))
    assert "a unit stands in the cell; expected a number 0 to 100; got '7 cm'" in told
    assert "expected a whole number 0 to 10; got 3.5" in told
    assert "subtract 1 where they were coded 1 to 6" in told
    with pytest.raises(FaultsError, match="5 fault"):
        data.notes.raise_faults()


def test_decimal_commas_are_read_and_told(read: Read) -> None:
    data = read({"vas.csv": "participant_id;session_id;vas_back;vas_leg_left\n01;1;12,5;30\n02;1;7;0,5\n"})
    assert not data.notes.faults
    assert "2 decimal comma(s) read as decimal points in vas_back, vas_leg_left" in remarks(data)
    assert [one.values["back", None] for one in data.answers] == [12.5, 7]


def test_commas_and_points_in_one_table_are_faults_of_the_rarer_kind(read: Read) -> None:
    data = read({"vas.csv": "participant_id;session_id;vas_back\n01;1;12,5\n02;1;7.5\n03;1;8.5\n"})
    assert [(note.place.row, note.problem) for note in data.notes.faults] == [
        (2, "decimal commas and decimal points are mixed in the table")
    ]


def test_a_comma_that_may_part_thousands_is_a_fault(read: Read) -> None:
    data = read({"work.csv": "participant_id;session_id;employment_weeks_lost\n01;1;1,200\n"})
    assert "comma may part thousands or decimals" in faults(data)[0]


def test_two_answers_in_a_cell_are_a_fault(read: Read) -> None:
    assert "two answers stand in one cell" in faults(read({"odi.csv": f"{HEAD},odi_1\n01,1,2;3\n"}))[0]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separator_is_found_whatever_it_is(read: Read, separator: str) -> None:
    text = f"{HEAD},odi_1,odi_2\n01,1,3,2\n02,1,1,0\n".replace(",", separator)
    data = read({"odi.csv": text})
    assert not data.notes.faults
    assert [one.values["1", None] for one in data.answers] == [3, 1]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_byte_order_marks_and_old_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "odi.csv"
    path.write_bytes(f"{HEAD},odi_1,Größe\n01,1,3,x\n".encode(encoding))
    data = gather([path], Reader(today=date(2026, 1, 1)))
    assert not data.notes.faults
    assert values(data) == {"1": 3}
    assert ("read as" in remarks(data)) == (encoding != "utf-8-sig")


def test_line_ends_of_old_computers_are_read(tmp_path: Path) -> None:
    (tmp_path / "odi.csv").write_bytes(f"{HEAD},odi_1\r01,1,3\r02,1,4\r".encode())
    assert [
        one.values["1", None] for one in gather([tmp_path / "odi.csv"], Reader(today=date(2026, 1, 1))).answers
    ] == [3, 4]


def test_invisible_letters_in_column_names_do_not_hide_a_column(read: Read) -> None:
    assert values(read({"odi.csv": "\ufeffparticipant_id,session_id,o\u200bdi_1,odi\u00a02\n01,1,3,4\n"})) == {
        "1": 3,
        "2": 4,
    }


def test_rows_of_another_length_and_nameless_columns_are_faults(read: Read) -> None:
    data = read({"odi.csv": f"{HEAD},odi_1\n01,1,3\n02,1\n03,1,2,4\n"})
    assert [note.place.row for note in data.notes.faults] == [3, 4]
    assert "content and no name" in faults(read({"odi.csv": f"{HEAD},odi_1,\n01,1,3,7\n"}))[0]
    assert "same name" in faults(read({"odi.csv": f"{HEAD},odi_1,odi_1\n01,1,3,7\n"}))[0]


def test_two_columns_of_one_meaning_are_a_fault(read: Read) -> None:
    assert "means the same as odi_1" in faults(read({"odi.csv": f"{HEAD},odi_1,ODI Q1\n01,1,3,4\n"}))[0]


def test_misspelt_items_are_faults_and_foreign_columns_remarks(read: Read) -> None:
    data = read({"odi.csv": f"{HEAD},odi_1,odi_itm_2,shoe_size\n01,1,3,2,44\n"})
    assert [note.place.column for note in data.notes.faults] == ["odi_itm_2"]
    assert "column shoe_size: column is not understood: not read" in remarks(data)


def test_one_filling_twice_is_a_fault_that_names_both_rows(read: Read) -> None:
    data = read({"a.csv": f"{HEAD},odi_1,odi_2\n01,1,3,2\n01,1,3,2\n", "b.csv": f"{HEAD},odi_1\n01,1,4\n"})
    assert [note.place.file for note in data.notes.faults] == ["a.csv", "b.csv"]
    first, second = faults(data)
    assert "stands twice with the same answers; got first at a.csv, row 2" in first
    assert "different answers" in second


def test_parts_of_one_filling_in_two_tables_are_joined(read: Read) -> None:
    data = read({"a.csv": f"{HEAD},eq5d_mo,eq5d_sc\n01,1,3,2\n", "b.csv": f"{HEAD},eq5d_vas\n01,1,55\n"})
    assert len(data.answers) == 1
    assert values(data) == {"mobility": 3, "self_care": 2, "vas": 55}


def test_declared_codes_are_missing_and_undeclared_ones_out_of_range(read: Read) -> None:
    text = f"{HEAD},odi_1,odi_2,odi_3\n01,1,-99,n/a,2\n"
    assert "out of range" in faults(read({"odi.csv": text}))[0]
    assert values(read({"odi.csv": text}, missing=frozenset({"-99"}))) == {"3": 2}


def test_the_table_s_own_score_must_agree_with_its_items(read: Read) -> None:
    items = ",".join(f"odi_{n}" for n in range(1, 11))
    good = read({"odi.csv": f"{HEAD},{items},odi_total\n01,1,{'2,' * 10}40\n"})
    wrong = read({"odi.csv": f"{HEAD},{items},odi_total\n01,1,{'2,' * 10}20\n"})
    assert not good.notes.faults
    assert "odi total in the table disagrees with its items; expected 40; got 20" in faults(wrong)[0]


def test_names_of_persons_are_neither_read_nor_shown(read: Read) -> None:
    data = read({"odi.csv": "participant_id,surname,odi_1\nMüller Anna,Müller,3\nP-01,Schmidt,2\n"})
    told = "\n".join(map(str, data.notes.found))
    assert "it may be a person's name" in faults(data)[0]
    assert "column surname: column may identify a person: not read" in told
    assert "labels written as BIDS has them: P-01 -> P01" in told
    assert "Müller" not in told
    ascii_name = read({"odi.csv": "participant_id,odi_1\nAnna Miller,3\n"})
    assert "it may be a person's name" in faults(ascii_name)[0]
    assert "Anna" not in faults(ascii_name)[0]
    assert "Schmidt" not in told
    assert [one.participant for one in data.answers] == ["P01"]


def test_labels_that_would_become_one_are_a_fault(read: Read) -> None:
    assert "would become one; got P01" in faults(read({"odi.csv": "participant_id,odi_1\nP-01,2\nP_01,3\n"}))[0]


def test_leading_zeros_lost_in_a_spreadsheet_are_a_fault(read: Read) -> None:
    data = read({"a.csv": f"{HEAD},odi_1\n01,1,2\nx,Pre,2\n", "b.csv": f"{HEAD},nrs_back\n1,1,2\nx,pre,2\n"})
    assert "labels of participants differ in case or leading zeros alone; got 01, 1" in faults(data)[0]
    assert "labels of sessions differ in case or leading zeros alone; got Pre, pre" in faults(data)[1]


def test_a_table_with_one_row_a_participant_is_mapped_to_sessions(read: Read, table: Write) -> None:
    text = "odi before: odi.total@pre\nodi after: odi.total@post\nd1: date@pre\nd2: date@post\n"
    data = read(
        {"wide.csv": "id,odi before,odi after,d1,d2,birth_date\n01,40,20,2020-01-01,2021-01-01,1970-01-01\n"},
        columns=read_columns(table("columns.yaml", text)),
    )
    assert not data.notes.faults
    assert [(one.session, one.entered["total", None]) for one in data.answers] == [("pre", 40), ("post", 20)]
    assert [(one.session, one.age_years) for one in data.sessions] == [("post", 51), ("pre", 50)]


def test_a_column_with_one_answer_alone_is_remarked_on(read: Read) -> None:
    rows = "".join(f"0{n},1,female,1\n" for n in range(1, 7))
    told = remarks(read({"a.csv": f"{HEAD},sex,dn4_1\n{rows}"}))
    assert "column sex: all 6 rows give the same answer" in told
    assert "column dn4_1: all 6 rows give the same answer" in told


def test_dates_before_birth_in_the_future_or_nowhere_are_faults_without_the_birth_date(read: Read) -> None:
    data = read(
        {
            "people.csv": f"{HEAD},date,birth_date\n01,1,1969-01-02,1970-03-04\n"
            "02,1,2031-01-01,1950-01-01\n03,1,30.2.2024,x\n",
            "treatment_log.csv": "participant_id,date,type\n01,1950-01-01,surgery\n",
        }
    )
    told = "\n".join(faults(data))
    assert "session 1 of sub-01 lies before the birth date" in told
    assert "treatment_log.csv, row 2: surgery of sub-01 lies before the birth date" in told
    assert "row 3, column date: date lies in the future" in told
    assert "row 4, column date: no date; expected YYYY-MM-DD; got 30.2.2024" in told
    assert "row 4, column birth_date: no date; expected YYYY-MM-DD; got a cell that is not shown" in told
    assert "1970" not in told
    assert len(data.notes.faults) == 5


@pytest.mark.parametrize(
    ("dates", "order", "age"),
    [(("13/02/2020", "01/02/2020"), None, 50), (("02/13/2020", "02/01/2020"), None, 50),
     (("03/02/2020", "01/02/2020"), DateOrder.DAY_FIRST, 49),
     (("03/02/2020", "01/02/2020"), DateOrder.MONTH_FIRST, 50)],
)  # fmt: skip
def test_order_of_day_and_month_is_found_or_stated(
    read: Read, dates: tuple[str, str], order: DateOrder | None, age: int
) -> None:
    text = f"{HEAD},date,birth_date\n01,1,{dates[0]},1970-02-10\n02,1,{dates[1]},1970-02-10\n"
    data = read({"a.csv": text}, date_order=order)
    assert not data.notes.faults
    assert data.sessions[0].age_years == age


def test_dates_whose_order_cannot_be_told_are_a_fault(read: Read) -> None:
    data = read({"a.csv": f"{HEAD},date\n01,1,03/02/2020\n"})
    assert "day and month cannot be told apart" in faults(data)[0]
    mixed = read({"a.csv": f"{HEAD},date\n01,1,13/02/2020\n02,1,02/13/2020\n"})
    assert "some dates begin with the day, some with the month" in faults(mixed)[0]


def test_heights_in_metres_among_centimetres_are_faults(read: Read) -> None:
    data = read({"a.csv": f"{HEAD},height,weight_kg\n01,1,180,81\n02,1,1.75,70\n"})
    assert [note.place.row for note in data.notes.faults] == [3]
    assert data.sessions[0].bmi == pytest.approx(25)


def test_column_names_and_sidecars_that_state_another_unit_are_faults(read: Read, table: Write) -> None:
    assert "another unit; expected mm; got cm" in faults(read({"a.csv": f"{HEAD},vas_back_cm\n01,1,5\n"}))[0]
    table("vas.json", json.dumps({"vas_back": {"Units": "cm"}}))
    told = faults(read({"vas.tsv": "participant_id\tsession_id\tvas_back\nsub-01\tses-1\t5\n"}))
    assert "another unit; expected mm; got cm" in told[0]


def test_sidecars_that_declare_codes_the_instrument_lacks_are_faults(read: Read, table: Write) -> None:
    table("odi.json", json.dumps({"1": {"Levels": {str(n): "word" for n in range(1, 7)}}}))
    data = read({"odi.tsv": "participant_id\tsession_id\t1\nsub-01\tses-1\t5\n"})
    assert "declares codes that the instrument does not have" in faults(data)[0]
    assert "expected a whole number 0 to 5; got 1, 2, 3, 4, 5, 6" in faults(data)[0]


def test_declared_missing_codes_may_stand_in_the_sidecar(read: Read, table: Write) -> None:
    table("odi.json", json.dumps({"1": {"Levels": {"0": "a", "5": "b", "-99": "not answered"}}}))
    text = "participant_id\tsession_id\t1\t2\nsub-01\tses-1\t-99\t3\n"
    assert values(read({"odi.tsv": text}, missing=frozenset({"-99"}))) == {"2": 3}


def test_a_phenotype_table_named_after_its_instrument_needs_no_prefix(read: Read) -> None:
    data = read({"odi.tsv": "participant_id\tsession_id\titem_1\tsex_life\nsub-01\tses-1\t5\t2\n"})
    assert values(data) == {"1": 5, "8": 2}
    assert (data.answers[0].participant, data.answers[0].session) == ("01", "1")


def test_words_for_yes_and_no_are_read_and_told(read: Read) -> None:
    data = read({"dn4.csv": f"{HEAD},dn4_1,dn4_2\n01,1,yes,No\n"})
    assert values(data) == {"1": 1, "2": 0}
    assert "1 word(s) such as yes and no read as 1 and 0" in remarks(data)


def test_eq5d_states_are_spread_and_must_agree_with_the_dimensions(read: Read) -> None:
    assert values(read({"a.csv": f"{HEAD},eq5d_state\n01,1,21345\n"}))["anxiety"] == 5
    assert "disagree" in faults(read({"a.csv": f"{HEAD},eq5d_state,eq5d_mo\n01,1,21345,1\n"}))[0]
    assert "expected five digits 1-5" in faults(read({"a.csv": f"{HEAD},eq5d_state\n01,1,21346\n"}))[0]


def test_an_entered_score_stands_in_where_items_are_too_few(read: Read) -> None:
    data = read({"odi.csv": f"{HEAD},odi_1,odi_total\n01,1,2,40\n02,1,,61\n"})
    made = [(one.value, one.category, str(one.status), one.answered) for one in score_all(data.answers)]
    assert made == [(40, "moderate", "entered", 1), (61, "crippled", "entered", 0)]


def test_scales_without_a_column_are_left_out(read: Read) -> None:
    data = read({"sf.csv": f"{HEAD},sf36_pcs,sf36_23\n01,1,38.5,\n"})
    made = {one.subscale: (one.value, str(one.status)) for one in score_all(data.answers)}
    assert made == {"total": (38.5, "entered"), "energy_fatigue": (None, "absent")}


def test_empty_fillings_count_only_where_the_session_asked(read: Read) -> None:
    data = read({"a.csv": f"{HEAD},odi_1,nrs_back\n01,1,2,3\n02,1,,4\n01,2,,5\n"})
    odi = [(one.participant, one.session) for one in data.answers if one.instrument == "odi"]
    assert odi == [("01", "1"), ("02", "1")]


def test_own_column_names_are_mapped_and_wrong_targets_told_at_once(read: Read, table: Write) -> None:
    mapping = table(
        "columns.yaml", "Schmerz Bein li: nrs_leg.total.left\nKennung: participant\nZeit: session\nKommentar: ignore\n"
    )
    data = read({"a.csv": "Kennung,Zeit,Schmerz Bein li,Kommentar\n01,1,7,lang\n"}, columns=read_columns(mapping))
    assert not data.notes.faults
    assert [(key[0], str(key[1]), value) for key, value in data.answers[0].values.items()] == [("total", "left", 7)]
    with pytest.raises(FaultsError, match="2 fault"):
        read_columns(table("wrong.yaml", "a: odi.11\nb: nrs_back.total.left\nc: odi.10\n"))
    unused = read({"a.csv": f"{HEAD},odi_1\n01,1,2\n"}, columns=read_columns(table("m.yaml", "gone: odi.2\n")))
    assert "no table has this column" in faults(unused)[0]


def test_excel_numbers_dates_serials_and_errors(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    rows = [
        ["participant_id", "session_id", "date", "birth_date", "odi_1", "vas_back"],
        ["01", 1, datetime(2024, 3, 1), 25569, 3, 12.5],  # noqa: DTZ001  as spreadsheets store it
        ["02", 1, 45352, "1970-01-01", 2, "#DIV/0!"],
    ]
    for row in rows:
        sheet.append(row)
    path = tmp_path / "study.xlsx"
    book.save(path)
    data = gather([path], Reader(today=date(2026, 1, 1)))
    assert [one.age_years for one in data.sessions] == [54, 54]
    assert [one.session for one in data.answers if one.instrument == "odi"] == ["1", "1"]
    assert "numbers read as Excel dates, counted from 1899-12-30" in remarks(data)
    assert faults(data) == [
        "study.xlsx, row 3: a formula ended in an error; got #DIV/0!; to do: repair the formula or clear the cell"
    ]


def test_a_date_in_a_number_column_is_a_fault(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["participant_id", "session_id", "vas_back"])
    sheet.append(["01", "1", datetime(2024, 1, 2)])  # noqa: DTZ001  what a spreadsheet makes of 1.2
    path = tmp_path / "study.xlsx"
    book.save(path)
    assert "a date stands where a number is needed" in faults(gather([path], Reader(today=date(2026, 1, 1))))[0]


def test_true_and_false_of_a_workbook_are_told(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["participant_id", "session_id", "dn4_1", "nrs_back"])
    sheet.append(["01", "1", True, True])
    book.save(tmp_path / "study.xlsx")
    data = gather([tmp_path / "study.xlsx"], Reader(today=date(2026, 1, 1)))
    assert "column dn4_1: 1 word(s) such as yes and no read as 1 and 0" in remarks(data)
    assert [note.place.column for note in data.notes.faults] == ["nrs_back"]


def test_a_workbook_with_several_sheets_needs_one_named(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for title in ("first", "second"):
        sheet = book.create_sheet(title)
        sheet.append(["participant_id", "session_id", "odi_1"])
        sheet.append(["01", "1", 3])
    path = tmp_path / "study.xlsx"
    book.save(path)
    assert "several sheets hold data; got first, second" in faults(gather([path], Reader(today=date(2026, 1, 1))))[0]
    data = gather([path], Reader(today=date(2026, 1, 1), sheet="second"))
    assert data.answers[0].place.file == "study.xlsx, sheet second"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [("a.csv", b"", "the file is empty"), ("a.csv", b"\x00\x01\x02", "no text table"),
     ("a.xlsx", b"x", "no Excel workbook"), ("a.csv", b"age,odi_1\n3,4\n", "no column names the participant"),
     ("a.csv", b"participant_id\n", "the table is empty")],
)  # fmt: skip
def test_files_that_are_no_tables_are_faults_and_do_not_stop_the_rest(
    tmp_path: Path, table: Write, name: str, content: bytes, told: str
) -> None:
    (tmp_path / name).write_bytes(content)
    good = table("odi.csv", f"{HEAD},odi_1\n01,1,3\n")
    data = gather([tmp_path / name, good, tmp_path / "gone.csv"], Reader(today=date(2026, 1, 1)))
    assert told in faults(data)[0]
    assert "no such file" in faults(data)[1]
    assert values(data) == {"1": 3}


def test_no_table_at_all_is_an_error() -> None:
    with pytest.raises(InputError, match="no table given"):
        gather([], Reader(today=date(2026, 1, 1)))
