"""The middle line: found where it is put, and a mirror that undoes itself."""

from dataclasses import replace

import numpy as np
import pytest

from lumbomics.segment.axial.evenness import estimate_evenness
from lumbomics.segment.axial.patch import Reach, cut_patch
from lumbomics.segment.axial.place import find_places
from lumbomics.segment.axial.symmetry import MiddleLine, find_middle_line


@pytest.fixture(scope="module")
def cut(plain):
    """Cut the middle slice's patch as if the canal's middle and front were seen elsewhere."""
    scan = plain.scans["t2"]
    places = find_places(scan.image.grid, plain.segmentation.spine)
    series = {"t2": (scan.image, estimate_evenness(scan.image, places))}

    def patch(*, moved_mm=0.0, turned_deg=0.0):
        place, turn = places[1], np.radians(turned_deg)
        right = np.cos(turn) * place.right - np.sin(turn) * place.anterior
        seen = replace(
            place,
            centre_mm=place.centre_mm + moved_mm * place.right,
            right=right,
            anterior=np.sin(turn) * place.right + np.cos(turn) * place.anterior,
        )
        return cut_patch(scan, seen, plain.segmentation.spine, series, Reach(side=38.0, front=26.0, back=56.0))

    return patch


@pytest.mark.parametrize("moved_mm", [-3.0, 3.0])
def test_the_line_stays_in_the_patient_where_the_labels_are_moved(cut, moved_mm):
    home = find_middle_line(cut())
    found = find_middle_line(cut(moved_mm=moved_mm))
    assert found.shift_mm - home.shift_mm == pytest.approx(-moved_mm, abs=1.0)


@pytest.mark.parametrize("turned_deg", [-6.0, 6.0])
def test_the_line_stays_in_the_patient_where_the_front_is_turned(cut, turned_deg):
    home = find_middle_line(cut())
    found = find_middle_line(cut(turned_deg=turned_deg))
    assert abs(home.turn_deg) <= 3
    assert found.turn_deg == pytest.approx(-turned_deg, abs=3.0)


def test_the_mirror_undoes_itself_and_keeps_the_line():
    line = MiddleLine(2.0, 10.0)
    x, y = np.array([5.0, -12.0, 0.5]), np.array([3.0, -30.0, 8.0])
    assert np.allclose(line.opposite(*line.opposite(x, y)), (x, y))
    assert np.allclose(line.across(*line.opposite(x, y)), -line.across(x, y))
    on_line = 2.0 + 7 * np.sin(np.radians(10)), 7 * np.cos(np.radians(10))
    assert np.allclose(line.opposite(*map(np.array, on_line)), on_line)
