"""The page of numbers says what the converters do."""

from pathlib import Path

import pytest

from lumbomics.core.anatomy import VERTEBRA_NUMBERS
from lumbomics.core.conventions import Convention, names_of, to_segmentation

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "label-conventions.md"


def tables():
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    starts = [n for n, row in enumerate(rows) if row[0] == "structure"]
    return rows[starts[0] : starts[1]], rows[starts[1] :]


def spine_number(structure):
    if structure in ("cord", "canal"):
        return {"cord": 60, "canal": 61}[structure]
    level = structure.removeprefix("disc below ")
    return VERTEBRA_NUMBERS[level] + (100 if structure.startswith("disc") else 0)


@pytest.mark.parametrize("column", range(1, 8))
def test_every_number_on_the_page_is_read_as_its_row_says(map_of, column):
    header, *rows = tables()[0]
    shown = {int(row[column]): spine_number(row[0]) for row in rows if row[column] != "-"}
    for value, number in shown.items():
        found = to_segmentation(map_of([value]), header[column], lowest_vertebra="L5").segmentation.spine
        assert found.present == (number,)


def test_the_page_names_every_convention():
    text = PAGE.read_text(encoding="utf-8")
    assert [c for c in Convention if c.value not in text] == []


@pytest.mark.parametrize("column", [1, 2, 3])
def test_every_number_of_a_part_is_one_of_its_convention(column):
    header, *rows = tables()[1]
    shown = {int(number) for row in rows if row[column] != "-" for number in row[column].split(",")}
    assert shown <= set(names_of(Convention(header[column])))
