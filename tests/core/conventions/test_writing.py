import numpy as np
import pytest

from lumbomics.core.conventions import from_segmentation
from lumbomics.core.errors import GridMismatchError, LabelError
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Segmentation


def losses_of(converted):
    return {(loss.map_name, loss.value): (loss.voxels, loss.kept_as) for loss in converted.losses}


def test_t13_and_l6_are_losses_where_the_target_has_no_number(map_of):
    converted = from_segmentation(Segmentation(spine=map_of([28, 25, 24, 24])), "totalsegmentator_total")
    assert losses_of(converted) == {("spine", 28): (1, 0), ("spine", 25): (1, 0)}
    assert converted.labels.array.ravel().tolist() == [0, 0, 27, 27]


def test_the_sacrum_is_written_whole_where_the_target_does_not_part_it(map_of):
    converted = from_segmentation(Segmentation(spine=map_of([26, 29, 30])), "totalspineseg")
    assert converted.labels.array.ravel().tolist() == [50, 50, 50]
    assert losses_of(converted) == {("spine", 29): (1, 50), ("spine", 30): (1, 50)}


def test_a_disc_between_other_neighbours_is_not_given_a_false_name(map_of):
    # L4 lies on the sacrum: totalspineseg's 95 is L4-L5 and would be false
    sacralised = from_segmentation(Segmentation(spine=map_of([23, 26, 123])), "totalspineseg")
    assert sacralised.labels.array.ravel().tolist() == [44, 50, 0]
    assert sacralised.losses[0].why.endswith("L4-S1")
    thirteen = from_segmentation(Segmentation(spine=map_of([19, 28, 20, 119, 128])), "totalspineseg")
    assert set(losses_of(thirteen)) == {("spine", 28), ("spine", 119), ("spine", 128)}


def test_a_spine_without_variants_is_held_whole_by_totalspineseg(map_of):
    vertebrae = [*range(1, 25), 26]
    discs = [100 + n for n in range(2, 25)]
    converted = from_segmentation(Segmentation(spine=map_of([*vertebrae, *discs, 60, 61])), "totalspineseg")
    assert converted.losses == ()
    assert converted.labels.array.all()


def test_the_lumbosacral_disc_of_six_lumbar_vertebrae_is_the_class_above_the_sacrum(map_of):
    converted = from_segmentation(Segmentation(spine=map_of([24, 25, 26, 124, 125])), "totalspineseg")
    assert converted.labels.array.ravel().tolist() == [45, 46, 50, 96, 100]
    assert converted.labels.names[100] == "disc_L6_S"
    assert converted.losses == ()


def test_the_cord_lies_in_the_canal_of_spider(map_of):
    converted = from_segmentation(Segmentation(spine=map_of([60, 61, 24])), "spider", lowest_vertebra="L5")
    assert converted.labels.array.ravel().tolist() == [100, 100, 1]
    assert losses_of(converted) == {("spine", 60): (1, 100)}


def test_a_vertebra_below_the_stated_lowest_is_a_loss(map_of):
    converted = from_segmentation(Segmentation(spine=map_of([24, 25])), "spider", lowest_vertebra="L5")
    assert losses_of(converted) == {("spine", 25): (1, 0)}


def test_levels_are_losses_in_a_semantic_target(map_of):
    converted = from_segmentation(Segmentation(spine=map_of([23, 24, 123, 61, 27])), "spider_semantic")
    assert converted.labels.array.ravel().tolist() == [1, 1, 2, 3, 0]
    assert losses_of(converted) == {
        ("spine", 23): (1, 1),
        ("spine", 24): (1, 1),
        ("spine", 123): (1, 2),
        ("spine", 27): (1, 0),
    }


def test_parts_win_over_whole_vertebrae_in_a_semantic_target(map_of):
    segmentation = Segmentation(spine=map_of([23, 23, 23]), subregion=map_of([50, 41, 0]))
    assert from_segmentation(segmentation, "tptbox_subregion").labels.array.ravel().tolist() == [50, 41, 40]
    collapsed = from_segmentation(segmentation, "spider_semantic")
    assert collapsed.labels.array.ravel().tolist() == [1, 1, 1]
    assert losses_of(collapsed)["subregion", 41] == (1, 1)


def test_bodies_are_cut_out_of_whole_vertebrae(map_of):
    segmentation = Segmentation(spine=map_of([23, 23, 24]), subregion=map_of([50, 41, 49]))
    converted = from_segmentation(segmentation, "vertebra_bodies_ascending", lowest_vertebra="L5")
    assert converted.labels.array.ravel().tolist() == [2, 0, 1]
    assert losses_of(converted) == {("spine", 23): (1, 0), ("subregion", 41): (1, 0)}


def test_whole_vertebrae_are_not_passed_off_as_bodies(map_of):
    with pytest.raises(LabelError, match="bodies"):
        from_segmentation(Segmentation(spine=map_of([24])), "vertebra_bodies_ascending", lowest_vertebra="L5")


def test_spineps_comes_as_two_maps(map_of):
    segmentation = Segmentation(spine=map_of([24, 124, 60, 61]))
    converted = from_segmentation(segmentation, "spineps")
    assert converted.labels.array.ravel().tolist() == [24, 124, 0, 0]
    assert converted.second is not None
    assert converted.second.array.ravel().tolist() == [0, 100, 60, 61]
    assert converted.losses == ()


def test_a_semantic_map_stands_beside_an_instance_map(map_of):
    segmentation = Segmentation(spine=map_of([24, 61]), subregion=map_of([50, 0]))
    converted = from_segmentation(segmentation, "verse")
    assert converted.second is not None
    assert converted.second.array.ravel().tolist() == [50, 61]
    assert converted.losses == ()


def test_a_semantic_map_is_a_loss_where_the_target_has_none(map_of):
    segmentation = Segmentation(spine=map_of([24, 61]), subregion=map_of([50, 41]))
    assert losses_of(from_segmentation(segmentation, "totalspineseg")) == {
        ("subregion", 50): (1, 0),
        ("subregion", 41): (1, 0),
    }


def test_our_own_maps_are_losses_everywhere(map_of):
    named = map_of([1, 1], names={1: "dural sac"})
    converted = from_segmentation(Segmentation(spine=map_of([24, 0]), dural_sac=named), "verse")
    assert [(loss.map_name, loss.name, loss.voxels) for loss in converted.losses] == [("dural_sac", "dural sac", 2)]


def test_a_map_of_which_nothing_can_be_written_is_refused(map_of):
    with pytest.raises(LabelError, match="none of the structures"):
        from_segmentation(Segmentation(spine=map_of([60])), "verse")


def test_maps_that_are_merged_must_share_a_grid(map_of):
    moved = Grid.from_spacing((1, 1, 1), (1, 1, 1), origin_mm=(0, 9, 0))
    segmentation = Segmentation(spine=map_of([24]), subregion=map_of([50], grid=moved))
    for convention in ("tptbox_subregion", "spineps", "vertebra_bodies_ascending"):
        with pytest.raises(GridMismatchError):
            from_segmentation(segmentation, convention, lowest_vertebra="L5")


def test_written_maps_carry_the_targets_names_and_keep_their_grid(map_of):
    spine = map_of([24], source="manual")
    labels = from_segmentation(Segmentation(spine=spine), "totalspineseg").labels
    assert labels.names[45] == "vertebrae_L5"
    assert (labels.grid, labels.source, labels.array.dtype) == (spine.grid, "manual", np.uint8)


def test_a_cord_of_the_semantic_map_lies_in_the_canal_of_a_target_without_cord(map_of):
    segmentation = Segmentation(spine=map_of([0, 0]), subregion=map_of([60, 100]))
    converted = from_segmentation(segmentation, "spider_semantic")
    assert converted.labels.array.ravel().tolist() == [3, 2]
    assert losses_of(converted) == {("subregion", 60): (1, 3)}
