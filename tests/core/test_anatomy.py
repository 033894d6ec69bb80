import pytest

from lumbomics.core.anatomy import (
    CRANIOCAUDAL,
    VERTEBRA_NAMES,
    VERTEBRA_NUMBERS,
    Numbering,
    below,
    disc_level,
    disc_levels,
    rank,
    sort_craniocaudal,
    vertebra_number,
)
from lumbomics.core.errors import InputError


def test_every_vertebra_has_one_number_one_name_and_one_place():
    assert sorted(CRANIOCAUDAL) == sorted(VERTEBRA_NAMES)
    assert {VERTEBRA_NUMBERS[name] for name in VERTEBRA_NAMES.values()} == set(VERTEBRA_NAMES)


def test_head_to_tail_is_anatomical_and_not_numerical():
    names = [VERTEBRA_NAMES[n] for n in sort_craniocaudal([26, 27, 20, 28, 19, 25, 29, 1])]
    assert names == ["C1", "T12", "T13", "L1", "L6", "S1", "S2", "Cocc"]
    assert rank(1) == 0


def test_what_is_no_vertebra_is_refused():
    with pytest.raises(InputError, match="not a vertebra"):
        rank(60)
    with pytest.raises(InputError, match="unknown vertebra"):
        vertebra_number("L7")
    assert vertebra_number("L6") == 25


@pytest.mark.parametrize(
    ("above", "present", "expected"),
    [
        (23, {23, 24, 26}, 24),
        (24, {24, 26}, 26),  # five lumbar vertebrae
        (24, {24, 25, 26}, 25),  # six
        (23, {23, 26}, 26),  # L5 belongs to the sacrum
        (19, {19, 28, 20}, 28),  # thirteen thoracic
        (18, {18, 20}, 20),  # eleven thoracic
        (22, {22, 24}, None),  # L4 was not labelled: no neighbour
        (26, {26}, None),
        (24, {24, 29}, None),
    ],
)
def test_the_next_vertebra_skips_only_those_a_spine_may_lack(above, present, expected):
    assert below(above, present) == expected


def test_levels_are_named_by_their_true_neighbours():
    assert [name for _, _, name in disc_levels({18, 20, 21, 23, 26})] == ["T11-L1", "L1-L2", "L4-S1"]
    assert disc_levels({26, 29, 30}) == []
    assert disc_level(24, 26) == "L5-S1"


@pytest.mark.parametrize("confidence", [-0.1, 1.1])
def test_numbering_confidence_is_a_probability(confidence):
    with pytest.raises(InputError, match="confidence"):
        Numbering(confidence=confidence)
