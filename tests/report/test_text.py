import pytest

from lumbomics.catalogue import load_quantities
from lumbomics.core.anatomy import Side
from lumbomics.core.measurement import Absent, Context, Measurement, Posture, Reason
from lumbomics.report.absences import group_absences
from lumbomics.report.composition import load_composition
from lumbomics.report.ranges import remark
from lumbomics.report.tables import level_tables
from lumbomics.report.text import MINUS, number_text, quantity_name, source_text, value_text, with_unit


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (-3.04, "deg", f"{MINUS}3.0"),
        (-0.04, "mm", "0.0"),
        (123.4, "mm2", "123"),
        (0.6543, "1", "0.65"),
        (2, "{grade}", "2"),
    ],
)
def test_numbers_take_the_digits_their_unit_deserves(value, unit, text):
    assert number_text(value, unit) == text


def test_a_small_error_is_not_rounded_to_nothing():
    ratio = Measurement(biomarker="x", method="y", unit="1", value=0.2512, se=0.0043)
    assert value_text(ratio) == "0.251 ± 0.004"


@pytest.mark.parametrize(
    ("value", "se", "text"), [(2.0, None, "2"), (1.4, None, "1.4"), (1.0, 0.4, "1.0 ± 0.4"), (3.0, 0.0, "3 ± 0")]
)
def test_a_grade_is_whole_and_a_mean_of_grades_is_not(value, se, text):
    assert value_text(Measurement(biomarker="x", method="y", unit="{grade}", value=value, se=se)) == text


@pytest.mark.parametrize(
    ("unit", "text"), [("deg", "5.0°"), ("mm2", "5.0 mm²"), ("%", "5.0 %"), ("1", "5.0"), ("{grade}", "5.0")]
)
def test_units_are_set_as_usual(unit, text):
    assert with_unit("5.0", unit) == text


def test_marks_of_memory_are_named_as_unchecked():
    assert source_text("memory, verify: Verbiest 1976") == "Verbiest 1976 (recalled, not yet checked)"
    assert source_text("paper:Pierro 2017") == "Pierro 2017"
    assert source_text("seed:L149-151") == "Witkam 2022, text lines 149-151"


def test_no_two_quantities_of_the_catalogue_read_alike():
    names = [quantity_name(*key) for key in load_quantities()]
    assert [name for name in names if names.count(name) > 1] == []


def test_every_quantity_of_the_single_series_has_a_column():
    composition = load_composition()
    told_by_series = {"dural_sac_area", "disc_height", "slip_percent", "foraminal_dimensions", "vertebral_height"}
    assert [k for k in load_quantities() if k[0] in told_by_series and composition.heading(*k) is None] == []


def test_every_column_is_a_quantity_of_the_catalogue():
    composition = load_composition()
    columns = [column[:2] for table in (composition.whole_spine, *composition.tables) for column in table.columns]
    assert [key for key in columns if key not in load_quantities()] == []


def test_every_reason_has_words():
    assert set(load_composition().reasons) == set(Reason)


def cobb(value: float, posture: Posture, se: float | None = 0.5) -> Measurement:
    return Measurement(
        biomarker="coronal_cobb", method="endplate_line_midcoronal", unit="deg", value=value, se=se,
        context=Context(posture=posture),
    )  # fmt: skip


def test_a_range_speaks_only_to_values_of_its_own_posture():
    # the catalogue quotes 0 to 10 degrees, standing
    assert remark(cobb(14.0, Posture.STANDING)) == "outside the quoted range (unverified)"
    assert remark(cobb(14.0, Posture.SUPINE)) is None
    assert remark(cobb(14.0, Posture.UNKNOWN)) is None
    assert remark(cobb(9.9, Posture.STANDING)) is None


def test_an_excess_within_the_error_is_said_to_be_so():
    assert remark(cobb(10.4, Posture.STANDING)) == "outside the quoted range, by less than its error (unverified)"
    assert remark(cobb(10.4, Posture.STANDING, se=None)) == "outside the quoted range (unverified)"


def test_rows_run_from_head_to_tail_and_empty_columns_are_left_out():
    values = [
        Measurement(biomarker="disc_height", method="mean_central80", unit="mm", level=level, value=9.0)
        for level in ("L5-S1", "T12-L1", "L4-L5")
    ]
    missing = Absent(biomarker="disc_volume", reason=Reason.UNDEFINED, detail="", level="L4-L5", method="label_volume")
    (table,) = level_tables([*values, missing], load_composition())
    assert [level for level, _ in table.rows] == ["T12-L1", "L4-L5", "L5-S1"]
    assert [column.heading for column in table.columns] == ["Mean height"]


def test_absences_with_the_same_obstacle_are_told_once():
    absences = [
        Absent(
            biomarker="foraminal_dimensions", reason=Reason.FIELD_OF_VIEW, detail="cut", level=level, side=side,
            method="height",
        )
        for level, side in (("L5-S1", Side.LEFT), ("L4-L5", Side.LEFT), ("L4-L5", Side.RIGHT))
    ]  # fmt: skip
    (group,) = group_absences(absences, load_composition())
    assert group.count == 3
    (obstacle,) = group.obstacles
    assert obstacle.detail == "cut"
    assert obstacle.hidden == (("Foraminal height, width and area (Height)", "L4-L5, L5-S1 left"),)
