from dataclasses import replace

import numpy as np
import pytest

from lumbomics.core.conventions import to_segmentation
from lumbomics.core.errors import GridMismatchError, InputError
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.evaluate import Metric, Missing, Structure, compare_maps, compare_masks, split_components

GRID = Grid.from_spacing((6, 20, 60), (4, 1, 1))


def spine(*, shift=0, rows=(22, 23, 24), bodies=False):
    """Vertebrae of 12 mm with a disc of 4 mm below each, a canal behind, and (unless bodies) arches behind that."""
    array = np.zeros(GRID.shape, np.uint8)
    for n, value in enumerate(reversed(rows)):
        base = 4 + 16 * n
        array[1:5, 8:18, base : base + 12] = value + shift
        array[1:5, 8:18, base - 4 : base] = value + shift + 100
        if not bodies:
            array[1:5, 1:4, base : base + 10] = value + shift
    array[2:4, 5:8, :] = 61
    return Segmentation(spine=Labels(array, GRID))


def semantic(segmentation):
    array = segmentation.spine.array
    codes = np.select([array == 61, array > 100, array > 0], [3, 2, 1], 0).astype(np.uint8)
    return to_segmentation(Labels(codes, GRID), "spider_semantic").segmentation


def test_a_map_is_perfect_against_itself_in_every_structure_and_level():
    found = compare_maps(spine(), spine())
    assert [(row.structure.value, row.level) for row in found.rows] == [
        ("vertebra", None),
        ("vertebra", "L3"),
        ("vertebra", "L4"),
        ("vertebra", "L5"),
        ("disc", None),
        ("disc", "L3-L4"),
        ("disc", "L4-L5"),
        ("disc", "L5-S1"),
        ("canal", None),
    ]
    assert all(value == metric.best for row in found.rows for metric, value in row.values.items())


def test_a_shifted_numbering_costs_every_level_and_leaves_structures_and_instances():
    found = compare_maps(spine(shift=-1), spine())
    whole = found.row(Structure.VERTEBRA)
    assert whole.value(Metric.DICE) == whole.value(Metric.INSTANCE_F1) == whole.value(Metric.MATCHED_DICE) == 1
    assert whole.value(Metric.LEVEL_ACCURACY) == 0
    assert whole.value(Metric.LEVEL_SHIFT) == -1
    assert found.row(Structure.VERTEBRA, "L4").value(Metric.DICE) == 0
    assert found.row(Structure.VERTEBRA, "L5").values[Metric.HAUSDORFF_95_MM] is Missing.PREDICTION_EMPTY
    assert found.row(Structure.VERTEBRA, "L2").values[Metric.HAUSDORFF_95_MM] is Missing.REFERENCE_EMPTY


def test_levels_numbered_in_different_ways_have_no_common_shift():
    prediction = spine()
    array = prediction.spine.array.copy()
    array[array == 22] = 21
    mixed = replace(prediction, spine=Labels(array, GRID))
    row = compare_maps(mixed, spine()).row(Structure.VERTEBRA)
    assert row.values[Metric.LEVEL_SHIFT] is Missing.MIXED_SHIFT
    assert row.value(Metric.LEVEL_ACCURACY) == pytest.approx(2 / 3)


def test_a_semantic_reference_judges_structures_and_says_that_it_has_no_instances():
    found = compare_maps(spine(), semantic(spine()))
    assert [(row.structure.value, row.level) for row in found.rows] == [
        ("vertebra", None),
        ("disc", None),
        ("canal", None),
    ]
    assert all(row.value(Metric.DICE) == 1 for row in found.rows)
    assert found.row(Structure.DISC).values[Metric.INSTANCE_F1] is Missing.NO_INSTANCES
    assert Structure.DISC not in found.detections


def test_connected_parts_of_a_semantic_reference_are_instances_without_levels():
    found = compare_maps(spine(), semantic(spine()), split=True)
    for structure in (Structure.VERTEBRA, Structure.DISC):
        assert found.row(structure).value(Metric.INSTANCE_F1) == 1
        assert found.row(structure).values[Metric.LEVEL_ACCURACY] is Missing.NO_LEVELS


def test_posterior_elements_apart_from_their_body_are_no_vertebrae():
    parts = split_components(semantic(spine()), Structure.VERTEBRA)
    assert len(parts.values) == 3
    assert set(np.unique(parts.array)) == {0, *parts.values}
    assert not parts.array[:, :5].any()
    with pytest.raises(InputError, match="has no instances"):
        split_components(semantic(spine()), Structure.CANAL)


def test_vertebrae_that_touch_are_parted_and_keep_their_posterior_elements():
    prediction = semantic(spine())
    array = prediction.subregion.array.copy()
    array[1:5, 4:8, 4:10] = 40
    array[1:5, 17, 4:52] = 40
    parts = split_components(replace(prediction, subregion=Labels(array, GRID)), Structure.VERTEBRA)
    assert len(parts.values) == 3
    lowest = parts.array[2, 12, 10]
    assert (parts.array[1:5, 1:8, 4:10] == lowest).all()
    assert len({parts.array[2, 12, z] for z in (10, 26, 42)}) == 3


def test_crumbs_are_no_discs():
    prediction = semantic(spine())
    array = prediction.subregion.array.copy()
    array[0, 0, 0] = 100
    crumbly = replace(prediction, subregion=Labels(array, GRID))
    assert len(split_components(crumbly, Structure.DISC).values) == 3


def test_a_cord_drawn_inside_the_canal_belongs_to_it():
    prediction = spine()
    array = prediction.spine.array.copy()
    array[2:4, 6:7, 30:] = 60
    found = compare_maps(replace(prediction, spine=Labels(array, GRID)), spine())
    assert found.row(Structure.CANAL).value(Metric.DICE) == 1
    assert found.row(Structure.CORD).value(Metric.DICE) == 0


def test_bodies_are_matched_by_coverage_and_not_scored_against_whole_vertebrae():
    numbers = np.where(spine(bodies=True).spine.array % 100 == spine(bodies=True).spine.array, 1, 0)
    values = spine(bodies=True).spine.array * numbers
    bodies = np.zeros_like(values)
    for number, value in enumerate((22, 23, 24), start=1):
        bodies[values == value] = number
    reference = to_segmentation(
        Labels(bodies.astype(np.uint8), GRID), "vertebra_bodies_ascending", top_vertebra="L3"
    ).segmentation
    row = compare_maps(spine(), reference, matching="coverage").row(Structure.VERTEBRA)
    assert row.value(Metric.INSTANCE_F1) == row.value(Metric.LEVEL_ACCURACY) == 1
    assert row.values[Metric.DICE] is Missing.DIFFERENT_EXTENT
    assert row.values[Metric.MATCHED_DICE] is Missing.DIFFERENT_EXTENT
    same = compare_maps(reference, reference)
    assert [(r.structure.value, r.level) for r in same.rows] == [
        ("vertebral_body", None),
        ("vertebral_body", "L3"),
        ("vertebral_body", "L4"),
        ("vertebral_body", "L5"),
    ]
    assert same.row(Structure.VERTEBRAL_BODY, "L4").value(Metric.DICE) == 1


def test_the_disc_below_l5_is_named_by_l6_only_where_there_is_one():
    assert compare_maps(spine(), spine()).row(Structure.DISC, "L5-S1") is not None
    six = spine(rows=(23, 24, 25))
    assert compare_maps(six, six).row(Structure.DISC, "L5-L6") is not None


def test_a_structure_that_is_asked_for_and_in_neither_map_is_told_as_missing():
    found = compare_maps(spine(), spine(), structures=[Structure.SACRUM])
    assert set(found.rows[0].values.values()) == {Missing.BOTH_EMPTY}


def test_an_empty_prediction_scores_0_and_misses_every_instance():
    nothing = Segmentation(spine=Labels(np.zeros(GRID.shape, np.uint8), GRID))
    row = compare_maps(nothing, spine()).row(Structure.VERTEBRA)
    assert row.value(Metric.DICE) == row.value(Metric.INSTANCE_F1) == row.value(Metric.INSTANCE_RECALL) == 0
    assert row.values[Metric.INSTANCE_PRECISION] is Missing.PREDICTION_EMPTY
    assert row.values[Metric.LEVEL_SHIFT] is Missing.NO_MATCH


def test_maps_on_other_grids_are_refused():
    other = Grid.from_spacing(GRID.shape, (4, 1, 1), origin_mm=(0, 0, 1))
    moved = Segmentation(spine=Labels(spine().spine.array, other))
    with pytest.raises(GridMismatchError):
        compare_maps(moved, spine())


def test_a_structure_on_one_slice_of_a_thick_map_is_not_taken_for_flat():
    array = np.zeros(GRID.shape, np.uint8)
    array[2, 5:15, 5:15] = 61
    other = np.roll(array, 3, axis=2)
    found = compare_maps(*(Segmentation(spine=Labels(a, GRID)) for a in (array, other)))
    assert found.row(Structure.CANAL).values == compare_masks(array == 61, other == 61, GRID)


def test_a_cord_alone_is_no_canal():
    array = np.where(spine().spine.array == 61, 60, spine().spine.array)
    row = compare_maps(Segmentation(spine=Labels(array, GRID)), spine()).row(Structure.CANAL)
    assert row.prediction_ml == 0
    assert row.values[Metric.HAUSDORFF_95_MM] is Missing.PREDICTION_EMPTY
