import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import ReadError
from lumbomics.core.measurement import Absent, Context, Measurement, Posture, Reason
from lumbomics.write import column_descriptions, read_measurements, write_measurements

# As the design's text lists them, and detail.
COLUMNS = """participant_id session_id biomarker level side value category unit se ci_low ci_high status reason method
posture series label_source rater definition_version months_since_surgery research_only detail""".split()  # noqa: SIM905
HEIGHT = Measurement(
    biomarker="disc_height", method="mean_central80", unit="mm", level="L4-L5", value=10.0, se=0.5, caution="thin"
)
MISSING = Absent(biomarker="slip_percent", method="endplate_corner", reason=Reason.FIELD_OF_VIEW, detail="L5 is cut")

words = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12).filter(lambda s: s != "n/a")
finite = st.floats(allow_nan=False, allow_infinity=False)
contexts = st.builds(
    Context,
    posture=st.sampled_from(Posture),
    series=st.none() | words,
    label_source=st.none() | words,
    rater=st.none() | words,
    months_since_surgery=st.none() | finite,
)
shared = {
    "biomarker": words,
    "level": st.none() | st.sampled_from(["L4", "L4-L5", "L5-S1"]),
    "side": st.none() | st.sampled_from(Side),
    "definition_version": words,
    "research_only": st.booleans(),
    "context": contexts,
}
measurements = st.builds(
    Measurement,
    method=words,
    unit=words,
    value=finite,
    category=st.none() | words,
    se=st.none() | st.floats(min_value=0, max_value=1e300),
    caution=st.none() | words,
    **shared,
)
absences = st.builds(Absent, reason=st.sampled_from(Reason), detail=words, method=st.none() | words, **shared)


def facts(result):
    """Everything of a result that a table can hold, for comparison."""
    fields = {
        name: getattr(result, name) for name in result.__dataclass_fields__ if name not in {"drawings", "context"}
    }
    return type(result), fields, vars(result.context)


@settings(max_examples=40)
@given(results=st.lists(measurements | absences, max_size=6))
def test_reading_gives_back_what_was_written(tmp_path_factory, results):
    path = tmp_path_factory.mktemp("table") / "sub-7_ses-2_measurements.tsv"
    write_measurements(results, path, participant="7", session="2")
    rows = read_measurements(path)
    assert [facts(row.result) for row in rows] == [facts(result) for result in results]
    assert {(row.participant, row.session) for row in rows} <= {("7", "2")}


def cells(path, line=1):
    header, *rows = [text.split("\t") for text in path.read_text().splitlines()]
    return dict(zip(header, rows[line - 1], strict=True))


def test_the_columns_are_those_of_the_contract_and_each_is_described(tmp_path):
    sidecar, table = write_measurements([], tmp_path / "m.tsv", participant="1", session="1")
    assert table.read_text() == "\t".join(COLUMNS) + "\n"
    described = json.loads(sidecar.read_text())
    assert all(described[name]["Description"] for name in COLUMNS)


def test_a_value_carries_its_interval_and_an_absence_its_reason(tmp_path):
    _, table = write_measurements([HEIGHT, MISSING], tmp_path / "m.tsv", participant="1", session="1")
    value, absent = cells(table, 1), cells(table, 2)
    assert (value["status"], value["value"], value["reason"], value["detail"]) == ("ok", "10.0", "n/a", "thin")
    assert float(value["ci_low"]) == pytest.approx(10 - 1.96 * 0.5, abs=1e-4)
    assert float(value["ci_high"]) == pytest.approx(10 + 1.96 * 0.5, abs=1e-4)
    assert (absent["status"], absent["value"], absent["reason"]) == ("absent", "n/a", "field_of_view")
    assert absent["detail"] == "L5 is cut"


def test_every_reason_that_exists_is_explained_in_the_sidecar():
    assert set(column_descriptions()["reason"]["Levels"]) == {str(reason) for reason in Reason}


def test_the_sidecar_defines_each_quantity_that_occurs_once(tmp_path):
    sidecar, _ = write_measurements([HEIGHT, HEIGHT, MISSING], tmp_path / "m.tsv", participant="1", session="1")
    quantities = json.loads(sidecar.read_text())["Quantities"]
    assert [(q["Biomarker"], q["Method"]) for q in quantities] == [
        ("disc_height", "mean_central80"),
        ("slip_percent", "endplate_corner"),
    ]
    assert "central 80 %" in quantities[0]["Definition"]


def test_text_with_tabs_and_line_ends_stays_in_its_cell(tmp_path):
    torn = Absent(biomarker="x", reason=Reason.UNDEFINED, detail="a\tb\r\nc")
    _, table = write_measurements([torn], tmp_path / "m.tsv", participant="1", session="1")
    assert read_measurements(table)[0].result.detail == "a b c"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("research_only\t", "", "lacks"),
        ("\t10.0\t", "\tten\t", "line 2.*could not convert"),
        ("field_of_view", "bad_luck", "line 3.*bad_luck"),
        ("sub-1\tses-1\tslip_percent", "1\tses-1\tslip_percent", "line 3.*prefix"),
        ("\tL5 is cut", "", "line 3.*cut short"),
    ],
)
def test_a_broken_table_is_refused_with_its_place(tmp_path, old, new, problem):
    _, table = write_measurements([HEIGHT, MISSING], tmp_path / "m.tsv", participant="1", session="1")
    assert old in table.read_text()
    table.write_text(table.read_text().replace(old, new, 1))
    with pytest.raises(ReadError, match=problem):
        read_measurements(table)


def test_a_missing_table_is_a_read_error(tmp_path):
    with pytest.raises(ReadError, match="cannot be read"):
        read_measurements(tmp_path / "none.tsv")


def test_unverified_intervals_are_marked_as_such_in_the_sidecar(tmp_path):
    slip = Measurement(biomarker="slip_percent", method="endplate_corner", unit="%", level="L4-L5", value=3.0)
    unknown = Measurement(biomarker="no_such_thing", method="m", unit="1", value=1.0)
    sidecar, _ = write_measurements([slip, unknown], tmp_path / "m.tsv", participant="1", session="1")
    known, bare = json.loads(sidecar.read_text())["Quantities"]
    assert known["ReferenceIntervals"][0]["unverified"] is True
    assert (known["Units"], known["Name"]) == ("%", "Slip percentage (signed)")
    assert bare == {"Biomarker": "no_such_thing", "Method": "m"}
