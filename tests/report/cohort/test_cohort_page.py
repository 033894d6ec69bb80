"""The page of a cohort: everything inside, nothing loaded, every number to download."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pandas as pd
import pytest

from lumbomics.core.errors import FaultsError, InputError
from lumbomics.report.cohort import (
    Picture,
    Section,
    Table,
    change_figure,
    compose_cohort_report,
    flow_figure,
    png_of,
    reliability_figure,
    table_one,
)

ROWS = pd.DataFrame({"biomarker": ["disc <height>", "lordosis"], "effect": [0.123456789, np.nan], "p": [0.00001, 0.04]})
FLOW = [("came", 10, ""), ("answered", 7, "did not answer")]


def page(*sections: Section) -> str:
    return compose_cohort_report(sections, name="Cohort", software={"lumbomics": "1"})


def test_every_table_can_be_downloaded_with_all_its_digits() -> None:
    html = page(Section(key="a", title="A", tables=(Table(title="T", frame=ROWS, name="rows"),)))
    name, data = re.findall(r'download="([^"]+)" href="data:text/csv;charset=utf-8;base64,([^"]+)"', html)[0]
    assert name == "rows.csv"
    pd.testing.assert_frame_equal(pd.read_csv(io.BytesIO(base64.b64decode(data))), ROWS)


def test_the_rows_behind_a_picture_stand_below_it() -> None:
    png = png_of(flow_figure(FLOW))
    shown = Picture(title="P", caption="c", alt="a", png=png, data=ROWS, name="behind")
    html = page(Section(key="a", title="A", pictures=(shown,)))
    assert html.index("data:image/png") < html.index('download="behind.csv"')


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    html = page(Section(key="a", title="A", tables=(Table(title="T", frame=ROWS, name="rows"),)))
    assert "<script" not in html
    assert not re.search(r'(src|href)="(?!data:|#)', html)


def test_names_from_tables_are_text_and_no_markup() -> None:
    html = page(Section(key="a", title="A", tables=(Table(title="T", frame=ROWS, name="rows"),)))
    assert "disc &lt;height&gt;" in html
    assert "<height>" not in html


def test_every_section_is_called_hypothesis_generating() -> None:
    html = page(Section(key="a", title="A", lead=("x",)), Section(key="b", title="B", lead=("y",)))
    assert html.count('class="tag">Hypothesis-generating') == 2


def test_a_section_that_is_left_out_is_told_with_its_reason_and_has_no_heading() -> None:
    html = page(Section(key="a", title="A", lead=("x",)), Section(key="b", title="Bees", left_out="no scores"))
    assert "Bees. no scores" in html
    assert 'id="b"' not in html


def test_a_section_cannot_be_left_out_and_hold_something() -> None:
    with pytest.raises(InputError, match="left out"):
        Section(key="a", title="A", lead=("x",), left_out="why")


def test_two_sections_of_one_key_are_refused() -> None:
    with pytest.raises(InputError, match="each key once"):
        page(Section(key="a", title="A"), Section(key="a", title="B"))


def test_small_probabilities_and_gaps_are_written_as_such() -> None:
    (_, effect, p), (_, gap, other) = Table(title="T", frame=ROWS, name="rows").rows()
    assert (effect, p, gap, other) == ("0.123", "< 0.001", "\N{EN DASH}", "0.040")


def test_table_one_describes_all_and_each_group_and_counts_the_missing() -> None:
    people = pd.DataFrame(
        {"age": [40.0, 60.0, 50.0, np.nan], "sex": ["f", "m", "f", "f"], "site": ["A", "A", "B", "B"]}
    )
    made = table_one(people, columns=["age", "sex"], group="site").set_index("characteristic")
    assert list(made.columns) == ["all (n = 4)", "site A (n = 2)", "site B (n = 2)", "missing"]
    assert list(made.loc["age, mean (SD)"]) == ["50.0 (10.0)", "50.0 (14.1)", "50.0 (nan)", 1]
    assert made.loc["sex: f, n (%)", "all (n = 4)"] == "3 (75 %)"
    assert made.loc["sex: m, n (%)", "site B (n = 2)"] == "0 (0 %)"


def test_table_one_names_all_columns_that_are_not_there() -> None:
    with pytest.raises(FaultsError) as caught:
        table_one(pd.DataFrame({"a": [1.0]}), columns=["b", "c"])
    assert len(caught.value.faults) == 2


def texts(figure: object) -> set[str]:
    return {text.get_text() for axes in figure.axes for text in axes.texts}  # type: ignore[attr-defined]


def test_the_flow_diagram_counts_those_who_are_lost() -> None:
    assert "3 did not answer" in texts(flow_figure(FLOW))


def test_the_reliability_picture_shows_the_smallest_change_in_its_unit() -> None:
    rows = pd.DataFrame(
        {"biomarker": ["lordosis"], "between": ["rater"], "unit": ["deg"], "icc": [0.9], "icc_low": [0.8],
         "icc_high": [0.95], "mdc95": [4.2]}
    )  # fmt: skip
    assert "4.2°" in texts(reliability_figure(rows))


def test_only_changes_below_the_threshold_are_filled() -> None:
    rows = pd.DataFrame(
        {"name": ["a", "b"], "response_mean": [1.0, -1.0], "low": [0.5, -2.0], "high": [1.5, 0.1],
         "p_fdr": [0.01, 0.2], "text": ["+1", "-1"]}
    )  # fmt: skip
    lines = [line for line in change_figure(rows).axes[0].lines if line.get_marker() in {"^", "v"}]
    assert [line.get_markerfacecolor() == "white" for line in lines] == [False, True]


@pytest.mark.parametrize("figure", [reliability_figure, change_figure])
def test_nothing_to_draw_is_refused(figure: object) -> None:
    with pytest.raises(InputError, match="nothing to draw"):
        figure(pd.DataFrame())  # type: ignore[operator]
