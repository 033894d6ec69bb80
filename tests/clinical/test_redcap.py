"""REDCap exports: event names, check boxes, codebook, status of forms, repeated instruments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lumbomics.clinical import ClinicalData, read_codebook
from lumbomics.core.errors import ReadError

Read = Callable[..., ClinicalData]
Write = Callable[[str, str], Path]
CODEBOOK = (
    '"Variable / Field Name","Form Name","Section Header","Field Type","Field Label",'
    '"Choices, Calculations, OR Slider Labels"\n'
    "record_id,baseline,,text,Record,\n"
    'rmdq,disability,,checkbox,Disability,"1, a | 2, b"\n'
    'odi_1,disability,,radio,Pain,"0, None | 1, Mild | 2, Fair | 3, Severe | 4, Worse | 5, Worst"\n'
    'sex,baseline,,radio,Sex,"1, Female | 2, Male"\n'
    'employment_status,baseline,,radio,Work,"1, Unemployed | 2, Retired"\n'
)
BOXES = ",".join(f"rmdq___{n}" for n in range(1, 25))


def test_events_become_sessions_and_an_only_arm_is_dropped(read: Read) -> None:
    data = read({"export.csv": "record_id,redcap_event_name,odi_1\n1,baseline_arm_1,3\n1,month_12_arm_1,2\n"})
    assert [one.session for one in data.answers] == ["baseline", "month12"]
    assert "month_12_arm_1 -> month12" in "\n".join(map(str, data.notes.remarks))


def test_arms_stay_where_there_are_several(read: Read) -> None:
    data = read({"export.csv": "record_id,redcap_event_name,odi_1\n1,base_arm_1,3\n2,base_arm_2,2\n"})
    assert [one.session for one in data.answers] == ["basearm1", "basearm2"]


def test_ticked_boxes_are_items_and_untouched_ones_no_answer(read: Read) -> None:
    rows = [f"1,b,{'1,' * 17}{'0,' * 7}2", f"2,b,{'0,' * 24}2", f"3,b,{'0,' * 24}0"]
    text = f"record_id,redcap_event_name,{BOXES},rmdq_complete\n" + "\n".join(rows) + "\n"
    data = read({"export.csv": text})
    assert [len(one.values) for one in data.answers] == [24, 24, 0]
    assert sum(float(value) for value in data.answers[0].values.values()) == 17
    told = "\n".join(map(str, data.notes.remarks))
    assert "export.csv, row 4: no box of rmdq is ticked and its form is not marked complete" in told


def test_codebook_tells_the_form_whose_status_counts(read: Read, table: Write) -> None:
    text = f"record_id,redcap_event_name,{BOXES},disability_complete\n2,b,{'0,' * 24}2\n"
    alone, with_book = read({"e.csv": text}), read({"e.csv": text}, codebook=read_codebook(table("dd.csv", CODEBOOK)))
    assert alone.answers == ()
    assert len(with_book.answers[0].values) == 24


def test_labels_of_a_labelled_export_are_read_by_the_codebook(read: Read, table: Write) -> None:
    book = read_codebook(table("dd.csv", CODEBOOK))
    text = "record_id,redcap_event_name,odi_1,sex,employment_status\n1,b,Fair,Female,Retired\n2,b,3,2,1\n"
    data = read({"export.csv": text}, codebook=book)
    assert not data.notes.faults
    held = {(one.participant, name): value for one in data.answers for (name, _), value in one.values.items()}
    assert held == {("1", "1"): 2, ("2", "1"): 3, ("1", "status"): "retired", ("2", "status"): "unemployed"}
    assert [one.sex for one in data.sessions] == ["female", "male"]
    without = read({"export.csv": text})
    assert {note.place.column for note in without.notes.faults} == {"odi_1", "sex", "employment_status"}


def test_a_codebook_with_other_codes_is_a_fault(read: Read, table: Write) -> None:
    shifted = CODEBOOK.replace(
        "0, None | 1, Mild | 2, Fair | 3, Severe | 4, Worse | 5, Worst", "1, None | 2, Mild | 6, Worst"
    )
    data = read(
        {"e.csv": "record_id,redcap_event_name,odi_1\n1,b,2\n"}, codebook=read_codebook(table("dd.csv", shifted))
    )
    assert "codes that the instrument does not have" in str(data.notes.faults[0])


def test_a_repeated_log_gives_events_and_no_duplicate_filling(read: Read) -> None:
    text = (
        "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,visit_date,odi_1,"
        "treatment_log_date,treatment_log_type,treatment_log_levels,treatment_log_side\n"
        "1,base_arm_1,,,2024-05-01,3,,,,\n"
        "1,base_arm_1,treatment_log,1,,,2023-05-01,surgery,L4/5,right\n"
        "1,base_arm_1,treatment_log,2,,,2022-05-01,injection,,\n"
    )
    data = read({"export.csv": text})
    assert not data.notes.faults
    assert len(data.answers) == 1
    exposure = data.sessions[0].exposure
    assert exposure is not None
    assert exposure.months_since_surgery == pytest.approx(12.02, abs=0.01)
    assert {str(kind): count for kind, (count, _) in exposure.treatments.items()} == {"surgery": 1, "interventional": 1}


def test_a_table_that_is_no_codebook_is_refused(table: Write) -> None:
    with pytest.raises(ReadError, match="no REDCap codebook"):
        read_codebook(table("dd.csv", "field,form\na,b\n"))
