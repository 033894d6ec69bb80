import re
from itertools import pairwise

import pytest

from lumbomics.core.anatomy import CRANIOCAUDAL
from lumbomics.core.colours import NEUTRAL, level_colour, spine_colour


def luminance(colour):
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(("upper", "lower"), list(pairwise(CRANIOCAUDAL)))
def test_neighbouring_vertebrae_differ_in_colour(upper, lower):
    assert level_colour(upper) != level_colour(lower)


@pytest.mark.parametrize("vertebra", CRANIOCAUDAL)
def test_a_disc_is_clearly_lighter_or_darker_than_the_vertebra_above_it(vertebra):
    assert abs(luminance(spine_colour(vertebra + 100)) - luminance(spine_colour(vertebra))) > 10


def test_every_colour_is_written_in_hexadecimal_and_strangers_are_neutral():
    assert all(re.fullmatch(r"#[0-9a-f]{6}", spine_colour(n)) for n in (20, 124, 60, 61))
    assert spine_colour(60) != spine_colour(61)
    assert spine_colour(99) == NEUTRAL
