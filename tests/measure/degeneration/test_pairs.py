"""The reader's first disc is the lowest one that is seen, whatever the drawn names say."""

from __future__ import annotations

import numpy as np

from lumbomics.core.anatomy import DISC_OFFSET
from lumbomics.core.labels import Labels
from lumbomics.train.grade_pairs import levels_from_below

from .conftest import Column

BELOW = ("L5-S1", "L4-L5", "L3-L4", "L2-L3", "L1-L2")


def relabelled(labels: Labels, changes: dict[int, int]) -> Labels:
    array = labels.array.copy()
    for old, new in changes.items():
        array[labels.array == old] = new
    return Labels(array, labels.grid)


def test_a_whole_spine_is_counted_by_its_names(column: Column) -> None:
    assert levels_from_below(column.draw()[0], graded=5) == BELOW


def test_the_disc_above_a_sacrum_that_was_not_drawn_is_the_first(column: Column) -> None:
    assert levels_from_below(relabelled(column.draw()[0], {26: 0}), graded=5) == BELOW


def test_a_disc_within_the_sacrum_is_not_counted(column: Column) -> None:
    longer = column.with_(height=(9.0,) * 6, nucleus=(260.0,) * 6, slip=(0.0,) * 6, bulge=(0.0,) * 6)
    labels, _ = longer.with_(numbers=(20, 21, 22, 23, 24, 26, 29)).draw()
    assert 26 + DISC_OFFSET in labels.present
    assert levels_from_below(labels, graded=5) == BELOW


def test_a_body_cut_in_halves_makes_no_disc(column: Column) -> None:
    drawn = column.with_(numbers=(19, 20, 21, 22, 24, 26)).draw()[0]
    _, rows = np.nonzero(drawn.array[0] == 22)
    lower = (drawn.array == 22) & (np.arange(drawn.array.shape[2]) < rows.mean())
    array = drawn.array.copy()
    array[lower] = 23
    array[drawn.array == 22 + DISC_OFFSET] = 23 + DISC_OFFSET
    assert levels_from_below(Labels(array, drawn.grid), graded=5) == ("L5-S1", "L4-L5", "L2-L3", "L1-L2", "T12-L1")


def test_a_fragment_of_bone_within_a_disc_does_not_make_two_discs(column: Column) -> None:
    # L4-L5 drawn as disc, a sliver of bone, disc: everything above counts one too many
    drawn = column.with_(numbers=(19, 20, 21, 22, 24, 26)).draw()[0]
    disc = drawn.array == 22 + DISC_OFFSET
    rows = np.flatnonzero(disc.any(axis=(0, 1)))
    third = len(rows) // 3
    array = drawn.array.copy()
    array[..., rows[:third]] = np.where(disc[..., rows[:third]], 23 + DISC_OFFSET, array[..., rows[:third]])
    middle = slice(rows[third], rows[-third])
    array[..., middle] = np.where(disc[..., middle], 23, array[..., middle])
    assert levels_from_below(Labels(array, drawn.grid), graded=5) == ("L5-S1", "L3-L4", "L2-L3", "L1-L2", "T12-L1")


def test_a_lowest_disc_that_was_overlooked_is_counted_only_where_the_reader_graded_it(column: Column) -> None:
    labels = relabelled(column.draw()[0], {24 + DISC_OFFSET: 26})
    assert levels_from_below(labels, graded=5) == BELOW
    assert levels_from_below(labels, graded=4) == BELOW[1:]
