"""UCI vertebral column table (da Mota, 310 patients, CC BY 4.0): its pelves rebuilt as landmarks and measured again."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from lumbomics.measure.geometry.pelvis import pelvic_parameters

pytestmark = pytest.mark.realdata
TABLE = "tabular/uci_vertebral_column_3C.csv"
HALF_ENDPLATE_MM = 17.0


@pytest.fixture(scope="module")
def rows(real_file) -> list[dict[str, str]]:
    with real_file(TABLE).open(newline="") as file:
        return list(csv.DictReader(file))


def landmarks(tilt_deg: float, slope_deg: float, radius_mm: float):
    """Hips and endplate corners that have a given tilt, slope and radius, by plane trigonometry from the hip axis."""
    tilt, slope = np.radians([tilt_deg, slope_deg])
    along = np.array([0.0, np.cos(slope), -np.sin(slope)])
    from_hips = np.array([0.0, -np.sin(tilt), np.cos(tilt)])
    lever = HALF_ENDPLATE_MM * (along @ from_hips)
    distance = lever + np.sqrt(lever**2 + radius_mm**2 - HALF_ENDPLATE_MM**2)
    middle = distance * from_hips
    hips = np.array([[90.0, 0.0, 0.0], [-90.0, 0.0, 0.0]])
    return hips, middle + HALF_ENDPLATE_MM * along, middle - HALF_ENDPLATE_MM * along


def test_all_310_rows_are_there(rows):
    assert len(rows) == 310


def test_incidence_measured_on_landmarks_is_the_published_one(rows):
    worst = 0.0
    for row in rows:
        tilt, slope = float(row["pelvic_tilt"]), float(row["sacral_slope"])
        found = pelvic_parameters(*landmarks(tilt, slope, float(row["pelvic_radius"])))
        worst = max(worst, abs(found.incidence_deg - float(row["pelvic_incidence"])))
        assert found.sacral_slope_deg == pytest.approx(slope, abs=1e-9)
        assert found.tilt_deg == pytest.approx(tilt, abs=1e-9)
        assert found.radius_mm == pytest.approx(float(row["pelvic_radius"]), abs=1e-9)
    assert worst < 2e-8  # the table is printed to eight decimals


def test_incidence_does_not_change_when_the_pelvis_is_tilted_as_a_whole(rows):
    for row, turn_deg in zip(rows[:50], np.linspace(-30, 30, 50), strict=True):
        points = landmarks(float(row["pelvic_tilt"]), float(row["sacral_slope"]), float(row["pelvic_radius"]))
        turn = np.radians(turn_deg)
        about_x = np.array([[1, 0, 0], [0, np.cos(turn), -np.sin(turn)], [0, np.sin(turn), np.cos(turn)]])
        before, after = pelvic_parameters(*points), pelvic_parameters(*(p @ about_x.T for p in points))
        assert after.incidence_deg == pytest.approx(before.incidence_deg, abs=1e-9)
        assert after.tilt_deg == pytest.approx(before.tilt_deg + turn_deg, abs=1e-9)
        assert after.sacral_slope_deg == pytest.approx(before.sacral_slope_deg - turn_deg, abs=1e-9)
