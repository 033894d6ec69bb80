"""The usual height of a body with its disc, taken from the discs that were drawn."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.segment.instances.column import USUAL_PITCH_MM, usual_pitch_mm
from lumbomics.segment.instances.discs import Plane


def planes(*heights_mm: float) -> list[Plane]:
    up = np.array([0.0, 0.0, 1.0])
    return [Plane(h * up, up, h, np.arange(3)) for h in heights_mm]


@pytest.mark.parametrize(
    ("heights_mm", "expected_mm"),
    [
        ((140, 105, 70, 35, 0), 35.0),
        ((260, 195, 130, 65, 0), 65.0),  # a file that states its pixels too large: all discs agree
        ((175, 140, 105, 70, 0), 35.0),  # one disc was overlooked
        ((130, 65, 0), USUAL_PITCH_MM),  # two large distances may be two overlooked discs
    ],
)
def test_distances_between_discs_are_believed_where_they_agree(
    heights_mm: tuple[float, ...], expected_mm: float
) -> None:
    assert usual_pitch_mm(planes(*heights_mm)) == expected_mm
