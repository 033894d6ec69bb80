"""Table 1: counts, spreads, gaps with their reasons, differences between groups."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lumbomics.cohort import Characteristic, Description
from lumbomics.cohort.balance import largest, of_means, of_shares
from lumbomics.core.errors import FaultsError
from lumbomics.run import cohort


@pytest.fixture
def index(study: Path) -> Path:
    cohort.build(study)
    return study


def row(described: Description, name: str) -> Characteristic:
    (found,) = [one for one in described.rows if one.name == name]
    return found


def test_numbers_are_those_of_numpy_and_carry_their_unit(index: Path) -> None:
    found = row(cohort.describe(index), "lordosis:cobb")
    values = [40.0, 45.0, 50.0, 55.0]
    cell = found.cells["overall"]
    assert (cell.n, cell.visits, cell.participants, found.unit) == (4, 4, 4, "deg")
    assert cell.mean == pytest.approx(np.mean(values))
    assert cell.sd == pytest.approx(np.std(values, ddof=1))
    assert [cell.q1, cell.median, cell.q3] == pytest.approx(np.percentile(values, [25, 50, 75]))


def test_groups_differ_by_the_standardised_mean_difference(index: Path) -> None:
    found = cohort.describe(index, by="sex")
    assert dict(found.groups) == {"overall": (4, 4), "female": (2, 2), "male": (2, 2)}
    sd = np.std([40.0, 45.0], ddof=1)
    assert row(found, "lordosis:cobb").difference == pytest.approx(10 / sd)
    assert "sex" not in {one.name for one in found.rows}


def test_what_is_missing_is_counted_by_reason(index: Path) -> None:
    found = cohort.describe(index)
    assert row(found, "foramen_area:sagittal/L4-L5/left").cells["overall"].missing == {"field_of_view": 1}
    assert row(found, "odi.total").cells["overall"].missing == {"missing_items": 1}
    assert row(found, "lordosis:cobb").cells["overall"].missing == {}


def test_a_visit_that_is_absent_for_the_whole_biomarker_is_absent_for_each_of_its_levels(study: Path, write) -> None:  # type: ignore[no-untyped-def]
    write.write_visit(study, "05", "01", [write.lordosis(50.0), write.nothing("foramen_area")])
    cohort.build(study)
    found = cohort.describe(study)
    assert row(found, "foramen_area:sagittal/L4-L5/right").cells["overall"].missing == {"structure_not_labelled": 1}
    assert row(found, "disc_grade:pfirrmann/L4-L5").cells["overall"].missing == {"no_row": 1}


def test_grades_are_counted_and_every_cell_says_n_and_unit(index: Path) -> None:
    found = cohort.describe(index)
    assert row(found, "disc_grade:pfirrmann/L4-L5").cells["overall"].counts == {"III": 2, "IV": 2}
    header, lines = found.as_text()
    assert header[1] == "overall (4 visits, 4 people)"
    assert all(line[1].startswith("n ") for line in lines)
    (line,) = [line for line in lines if line[0] == "lordosis:cobb, deg"]
    assert "47.5 ± 6.45 deg" in line[1]


def test_the_table_for_machines_has_a_row_a_group_and_category(index: Path, tmp_path: Path) -> None:
    cohort.describe(index, by="sex", out=tmp_path / "one.csv")
    table = cohort.describe(index, by="sex").as_table().to_pylist()
    grades = [r for r in table if r["characteristic"].startswith("disc_grade") and r["group"] == "male"]
    assert [(r["category"], r["n"], r["share"]) for r in grades] == [("IV", 2, 1.0)]
    assert (tmp_path / "one.csv").read_text(encoding="utf-8").count("\n") == len(table) + 1


def test_an_unknown_group_is_told_with_the_nearest_column(index: Path) -> None:
    with pytest.raises(FaultsError, match="did you mean sex"):
        cohort.describe(index, by="sexx")


def test_two_shares_differ_by_the_published_formula_and_order_does_not_matter() -> None:
    p, q = 0.3, 0.5  # Austin, Stat Med 2009;28:3083: (p - q) / sqrt((p (1 - p) + q (1 - q)) / 2)
    expected = abs(p - q) / np.sqrt((p * (1 - p) + q * (1 - q)) / 2)
    assert of_shares({"a": 30, "b": 70}, {"a": 50, "b": 50}) == pytest.approx(expected)
    assert of_shares({"b": 70, "a": 30}, {"b": 50, "a": 50}) == pytest.approx(expected)
    three = of_shares({"a": 1, "b": 2, "c": 7}, {"a": 3, "b": 3, "c": 4})
    assert of_shares({"z": 1, "y": 2, "c": 7}, {"z": 3, "y": 3, "c": 4}) == pytest.approx(three)
    assert of_shares({"a": 5}, {"a": 9}) == 0
    assert of_shares({"a": 5}, {}) is None


def test_a_difference_without_a_scale_is_none() -> None:
    assert of_means(1, 0, 2, 0) is None
    assert of_means(1, 0, 1, 0) == 0
    assert of_means(10, 2, 12, 2) == 1
    assert largest([0.1, None]) is None
    assert largest([0.1, 0.3]) == 0.3
