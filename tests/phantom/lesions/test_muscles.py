"""Muscles hold the fat they are said to hold, and waste as they are said to."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError
from lumbomics.core.labels import Muscle
from lumbomics.phantom.lesions import MuscleState
from lumbomics.phantom.lesions.muscles import goutallier_grade
from lumbomics.phantom.lesions.sections import muscle_truth

LEVELS = ("L3-L4", "L4-L5", "L5-S1")
ASKED = {3: (0.30, 1.0), 4: (0.60, 0.7), 5: (0.10, 0.8), 6: (0.02, 1.0), 2: (0.05, 0.6)}


@pytest.fixture(scope="module")
def rows(make, plain):
    states = tuple(MuscleState(muscle=Muscle(m), fat=fat, size=size) for m, (fat, size) in ASKED.items())
    return [
        {(r.method, r.level, r.side): r.value for r in muscle_truth(p.scene, discs=LEVELS)}
        for p in (make(muscles=states), plain)
    ]


@pytest.mark.parametrize(
    ("method", "side", "expected"),
    [
        ("dixon_multifidus", Side.LEFT, 30),
        ("dixon_multifidus", Side.RIGHT, 60),
        ("dixon_erector_spinae", Side.LEFT, 10),
        ("dixon_erector_spinae", Side.RIGHT, 2),
    ],
)
def test_each_muscle_holds_the_fat_asked_for(rows, method, side, expected):
    """The pattern is calibrated over all levels: single sections depart by some per cent, their mean does not."""
    shares = [rows[0][method, level, side] for level in LEVELS]
    assert np.mean(shares) == pytest.approx(expected, abs=3)
    assert np.abs(np.array(shares) - expected).max() < 8


@pytest.mark.parametrize(("muscle", "side", "size"), [("erector_spinae", Side.LEFT, 0.8), ("psoas", Side.RIGHT, 0.6)])
def test_a_wasted_muscle_has_the_share_of_its_section(rows, muscle, side, size):
    wasted, whole = (found[f"area_{muscle}", "L4-L5", side] for found in rows)
    assert wasted / whole == pytest.approx(size, abs=0.05)


def test_what_is_not_wasted_keeps_its_section(rows):
    key = ("area_multifidus", "L4-L5", Side.LEFT)
    assert rows[0][key] == pytest.approx(rows[1][key])


def test_asymmetry_is_positive_where_the_left_is_larger(rows):
    assert rows[0]["asymmetry_psoas", "L4-L5", Side.LEFT] > 30
    assert rows[0]["asymmetry_psoas", "L4-L5", Side.RIGHT] == -rows[0]["asymmetry_psoas", "L4-L5", Side.LEFT]
    assert rows[1]["asymmetry_psoas", "L4-L5", Side.LEFT] == pytest.approx(0, abs=3)


def test_lean_area_is_the_area_without_fat(rows):
    area, lean, fat = (
        rows[0][m, "L4-L5", Side.RIGHT] for m in ("area_multifidus", "lean_area_multifidus", "dixon_multifidus")
    )
    assert lean == pytest.approx(area * (1 - fat / 100))


def test_fat_rises_towards_the_feet_where_asked(make):
    state = MuscleState(muscle=Muscle.MULTIFIDUS_LEFT, fat=0.35, caudal_rise=0.12)
    found = {(r.method, r.level, r.side): r.value for r in muscle_truth(make(muscles=(state,)).scene, discs=LEVELS)}
    shares = [found["dixon_multifidus", level, Side.LEFT] for level in LEVELS]
    assert shares[0] + 5 < shares[1] < shares[2] - 5


@pytest.mark.parametrize(("share", "grade"), [(0.0, 0), (0.049, 0), (0.1, 1), (0.3, 2), (0.5, 3), (0.56, 4)])
def test_grades_follow_the_catalogues_limits(share, grade):
    assert goutallier_grade(share) == grade
    assert goutallier_grade(MuscleState.of_grade(Muscle.PSOAS_LEFT, grade).fat) == grade


def test_states_out_of_range_are_refused():
    with pytest.raises(InputError):
        MuscleState(muscle=Muscle.PSOAS_LEFT, fat=1.2)
    with pytest.raises(InputError):
        MuscleState.of_grade(Muscle.PSOAS_LEFT, 5)
