"""Sagittal alignment on spines whose endplates have exactly known elevations."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.measurement import Absent, Measurement, Reason, Result
from lumbomics.measure import measure

ANGLES = (
    "lumbar_lordosis_l1_s1",
    "lumbar_lordosis_l1_l5",
    "segmental_lordosis",
    "distal_lordosis_l4_s1",
    "sacral_slope",
)
TRUE_DEG = {
    ("lumbar_lordosis_l1_s1", "endplate_line_midsagittal", None): 14 + 36,
    ("lumbar_lordosis_l1_l5", "endplate_line_midsagittal", None): 14 + 22,
    ("distal_lordosis_l4_s1", "endplate_line_midsagittal", None): -4 + 36,
    ("sacral_slope", "endplate_line_to_image_axial", None): 36,
    ("segmental_lordosis", "disc_angle", "L4-L5"): -9 + 14,
    ("segmental_lordosis", "motion_segment", "L4-L5"): -4 + 14,
    ("segmental_lordosis", "disc_angle", "L5-S1"): -22 + 36,
    ("segmental_lordosis", "disc_angle", "L1-L2"): 11 - 8,
}


def by_key(results: tuple[Result, ...]) -> dict[tuple[str, str | None, str | None], Result]:
    return {(r.biomarker, r.method, r.level): r for r in results}


@pytest.fixture(scope="module", params=["millimetre", "thick"])
def found(request):
    return by_key(measure(request.getfixturevalue(request.param), only=ANGLES))


@pytest.mark.parametrize("key", TRUE_DEG, ids=lambda key: " ".join(filter(None, key)))
def test_angles_of_flat_endplates_are_found_within_a_degree_and_their_error(found, key):
    result = found[key]
    assert isinstance(result, Measurement)
    assert result.value == pytest.approx(TRUE_DEG[key], abs=1.0)
    assert abs(result.value - TRUE_DEG[key]) <= 2.6 * result.se


def test_distribution_index_is_the_share_of_the_distal_angle(found):
    index = found["distal_lordosis_l4_s1", "lordosis_distribution_index", None]
    assert isinstance(index, Measurement)
    assert index.value == pytest.approx(100 * 32 / 50, abs=2.0)


def test_sacral_slope_warns_that_the_patient_may_lie(found):
    result = found["sacral_slope", "endplate_line_to_image_axial", None]
    assert isinstance(result, Measurement)
    assert "standing" in (result.caution or "")


def test_a_flat_back_has_no_distribution_index(grid_of, spine_of):
    flat = spine_of((0.0,) * 6, (0.0,) * 6).segmentation(grid_of((1.5, 1.5, 1.5)))
    index = by_key(measure(flat, only=["distal_lordosis_l4_s1"]))[
        "distal_lordosis_l4_s1", "lordosis_distribution_index", None
    ]
    assert isinstance(index, Absent)
    assert index.reason is Reason.UNDEFINED


def test_kyphosis_is_negative_lordosis(grid_of, spine_of):
    tilts = tuple(-t for t in (14.0, 8.0, 3.0, -4.0, -14.0, -30.0))
    bent = spine_of(tilts, tilts).segmentation(grid_of((1.0, 1.0, 1.0)))
    result = measure(bent, only=["lumbar_lordosis_l1_s1"])[0]
    assert isinstance(result, Measurement)
    assert result.value == pytest.approx(-44, abs=1.0)


def test_drawn_lines_carry_the_angle(found):
    result = found["lumbar_lordosis_l1_s1", "endplate_line_midsagittal", None]
    assert isinstance(result, Measurement)
    first, second = (np.diff(d.points_mm, axis=0)[0] for d in result.drawings)
    cosine = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
    assert np.degrees(np.arccos(cosine)) == pytest.approx(result.value, abs=0.2)
