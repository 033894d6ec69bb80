from itertools import combinations

import pytest

from lumbomics.core.colours import NEUTRAL, muscle_colour, tissue_colour
from lumbomics.core.examination import CanalTissue
from lumbomics.core.labels import Muscle


def luminance(colour: str) -> float:
    """Relative luminance of sRGB as WCAG 2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_tissue_has_a_colour_of_its_own():
    assert len({tissue_colour(kind) for kind in CanalTissue}) == len(CanalTissue)
    assert tissue_colour(63) == NEUTRAL


def test_both_sides_of_a_muscle_share_a_colour_and_muscles_differ():
    assert muscle_colour(Muscle.PSOAS_LEFT) == muscle_colour(Muscle.PSOAS_RIGHT)
    assert len({muscle_colour(m) for m in Muscle}) == 3


@pytest.mark.parametrize(
    ("one", "other"),
    list(combinations((CanalTissue.ROOT, CanalTissue.SCAR, CanalTissue.COLLECTION), 2)),
)
def test_tissues_that_must_not_be_mixed_up_differ_in_lightness_too(one, other):
    light, dark = sorted((luminance(tissue_colour(one)), luminance(tissue_colour(other))), reverse=True)
    assert (light + 0.05) / (dark + 0.05) > 1.4
