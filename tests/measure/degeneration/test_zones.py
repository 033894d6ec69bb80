"""Axial zones by hand-placed points, and mirrored patients with mirrored zones."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.anatomy import Side
from lumbomics.measure.degeneration.displaced import Borders
from lumbomics.measure.degeneration.zones import _letters, zone_shares

BORDERS = Borders(
    midline=0.0,
    facet={Side.LEFT: 8.0, Side.RIGHT: 8.0},
    medial={Side.LEFT: 12.0, Side.RIGHT: 12.0},
    lateral={Side.LEFT: 20.0, Side.RIGHT: 20.0},
)


@pytest.mark.parametrize(
    ("right_mm", "zone"),
    [
        (1.0, "central"),
        (-5.0, "left central"),
        (5.0, "right central"),
        (-10.0, "left subarticular"),
        (16.0, "right foraminal"),
        (-25.0, "left extraforaminal"),
    ],
)
def test_a_point_lies_in_the_zone_its_distance_from_the_midline_says(right_mm: float, zone: str) -> None:
    assert zone_shares(np.array([[right_mm, -20.0, 0.0]]), BORDERS) == {zone: 1.0}


def test_a_mirrored_patient_has_mirrored_zones() -> None:
    points = np.random.default_rng(4).normal((6.0, -20.0, 0.0), 4.0, (500, 3))
    swap = str.maketrans({"L": "R", "R": "L"})
    named = {
        name.replace("left", "L").replace("right", "R"): share for name, share in zone_shares(points, BORDERS).items()
    }
    mirrored = zone_shares(points * (-1.0, 1.0, 1.0), BORDERS)
    told = {name.replace("left", "L").replace("right", "R"): share for name, share in mirrored.items()}
    assert told == {name.translate(swap): share for name, share in named.items()}


def test_the_midline_is_the_pedicles_not_the_discs() -> None:
    shifted = Borders(midline=6.0, facet=BORDERS.facet, medial=BORDERS.medial, lateral=BORDERS.lateral)
    assert zone_shares(np.array([[6.0, -20.0, 0.0]]), shifted) == {"central": 1.0}


@pytest.mark.parametrize(
    ("right_mm", "letters"), [((0.0, 1.0), "A"), ((3.0, 6.0), "AB"), ((6.0, 7.0), "B"), ((7.0, 9.0), "BC")]
)
def test_msu_letters_name_the_zones_with_more_than_a_quarter(right_mm: tuple[float, float], letters: str) -> None:
    points = np.array([[x, -20.0, 0.0] for x in right_mm])
    assert _letters(points, BORDERS) == letters
    assert _letters(points * (-1.0, 1.0, 1.0), BORDERS) == letters
