from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lumbomics.analyse.tables import COLUMNS, long_table, present, wide_table
from lumbomics.core.errors import FaultsError, InputError


def small() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "participant": ["01", "01", "01", "02"],
            "session": ["a", "a", "a", "a"],
            "biomarker": ["disc_height", "foramen_area", "lordosis", "lordosis"],
            "level": ["L4-L5", "L4-L5", None, None],
            "side": [None, "left", None, None],
            "value": [9.5, 80.0, 45.0, np.nan],
            "unit": ["mm", "mm2", "deg", "deg"],
            "status": ["ok", "ok", "ok", "absent"],
        }
    )


def test_a_checked_table_has_all_columns_in_their_order_and_the_given_values() -> None:
    table = long_table(small().assign(rater="A"))
    assert tuple(table.columns) == (*COLUMNS, "rater")
    assert table["value"].tolist()[:3] == [9.5, 80.0, 45.0]
    assert len(present(table)) == 3


def test_the_derivatives_names_and_empty_cells_are_understood() -> None:
    raw = small().rename(columns={"participant": "participant_id", "session": "session_id"}).astype(object)
    raw.loc[3, "value"], raw.loc[0, "side"] = "n/a", "n/a"
    table = long_table(raw)
    assert table["participant"].tolist() == ["01", "01", "01", "02"]
    assert np.isnan(table.loc[3, "value"])
    assert table.loc[0, "side"] is None


def test_the_given_frame_is_not_changed() -> None:
    raw = small()
    before = raw.copy(deep=True)
    long_table(raw)
    pd.testing.assert_frame_equal(raw, before)


def test_a_missing_status_is_read_off_the_value() -> None:
    assert long_table(small().drop(columns="status"))["status"].tolist() == ["ok", "ok", "ok", "absent"]


def test_a_category_counts_as_content() -> None:
    raw = small().assign(category=[None, None, None, "grade_2"]).drop(columns="status")
    assert long_table(raw)["status"].tolist()[3] == "ok"


def test_every_missing_column_is_named_at_once() -> None:
    with pytest.raises(FaultsError) as caught:
        long_table(pd.DataFrame({"participant": ["01"]}))
    assert len(caught.value.faults) == 3


def test_all_faults_are_told_at_once_with_their_rows() -> None:
    raw = pd.concat([small(), small().iloc[[0]], small().iloc[[2]].assign(participant="03", unit="rad")])
    raw = raw.astype({"value": object}).reset_index(drop=True)
    raw.loc[0, "session"] = None
    raw.loc[1, "side"] = "links"
    raw.loc[2, "value"] = "45,0"
    raw.loc[3, "status"] = "ok"
    raw.loc[4, "value"] = np.inf
    raw["se"] = [0.1, -0.2, 0.1, 0.1, 0.1, 0.1]
    with pytest.raises(FaultsError) as caught:
        long_table(raw)
    text = str(caught.value)
    for told in ("'session' is empty", "'links'", "'45,0'", "row 3, 5: column 'value'", "row 2: standard error"):
        assert told in text
    assert "status is ok and the value is empty" in text


def test_two_units_under_one_biomarker_are_refused() -> None:
    raw = pd.concat([small(), small().iloc[[2]].assign(participant="03", unit="rad")])
    with pytest.raises(FaultsError, match=r"several units.*deg, rad"):
        long_table(raw)


def test_the_same_measurement_twice_is_refused_unless_a_source_tells_them_apart() -> None:
    raw = pd.concat([small(), small().iloc[[0]]])
    with pytest.raises(FaultsError, match="row 5: the same measurement stands twice"):
        long_table(raw)
    assert len(long_table(raw.assign(rater=["A", "A", "A", "A", "B"]))) == 5


def test_an_absent_row_with_a_value_is_refused() -> None:
    raw = small()
    raw.loc[3, "value"] = 40.0
    with pytest.raises(FaultsError, match="row 4: status is absent and a value stands there"):
        long_table(raw)


def test_the_wide_table_names_biomarker_level_and_side() -> None:
    wide = wide_table(long_table(small()))
    assert sorted(wide.columns) == ["disc_height/L4-L5", "foramen_area/L4-L5/left", "lordosis"]
    assert wide.loc[("01", "a"), "foramen_area/L4-L5/left"] == 80.0
    assert np.isnan(wide.loc[("02", "a"), "lordosis"])


def test_a_level_in_the_rows_leaves_the_column_names() -> None:
    wide = wide_table(long_table(small()), rows=("participant", "session", "level"))
    assert wide.loc[("01", "a", "L4-L5"), "disc_height"] == 9.5
    assert wide.loc[("01", "a", "L4-L5"), "foramen_area/left"] == 80.0


def test_two_methods_of_one_biomarker_are_never_mixed() -> None:
    raw = pd.concat([small().assign(method="m1"), small().iloc[[2]].assign(method="m2", value=44.0)])
    wide = wide_table(long_table(raw))
    assert wide.loc[("01", "a"), "lordosis:m1"] == 45.0
    assert wide.loc[("01", "a"), "lordosis:m2"] == 44.0


def test_two_raters_in_one_cell_are_refused() -> None:
    raw = pd.concat([small().assign(rater="A"), small().assign(rater="B")])
    with pytest.raises(InputError, match="two measurements fall into one cell"):
        wide_table(long_table(raw))
    assert len(wide_table(long_table(raw), rows=("participant", "session", "rater"))) == 4


def test_unknown_rows_of_the_wide_table_are_refused() -> None:
    with pytest.raises(InputError, match="must be columns"):
        wide_table(long_table(small()), rows=("participant", "visit"))
