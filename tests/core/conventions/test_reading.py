import numpy as np
import pytest

from lumbomics.core.anatomy import Numbering, NumberingSource, Transition
from lumbomics.core.conventions import to_segmentation
from lumbomics.core.errors import GridMismatchError, InputError, LabelError
from lumbomics.core.grid import Grid


def test_an_empty_map_is_refused(map_of):
    with pytest.raises(LabelError, match="empty"):
        to_segmentation(map_of([0, 0]), "verse")


def test_a_map_of_other_organs_alone_is_refused(map_of):
    with pytest.raises(LabelError, match="nothing of the spine"):
        to_segmentation(map_of([1, 5]), "totalsegmentator_total")


def test_unknown_values_are_named_with_their_voxels(map_of):
    with pytest.raises(LabelError, match=r"77 \(2 voxels\), 99 \(1 voxels\)"):
        to_segmentation(map_of([20, 77, 77, 99]), "verse")


def test_unknown_values_become_losses_when_told(map_of):
    conversion = to_segmentation(map_of([20, 77, 77]), "verse", ignore_unknown=True)
    (loss,) = conversion.losses
    assert (loss.value, loss.name, loss.voxels, loss.kept_as) == (77, "unknown", 2, 0)
    assert conversion.segmentation.spine.present == (20,)


def test_values_above_a_byte_are_unknown_and_do_not_wrap_round(map_of):
    # 276 = 256 + 20 would come back as L1 if it were cut to a byte
    conversion = to_segmentation(map_of([20, 276], dtype=np.int32), "verse", ignore_unknown=True)
    assert conversion.segmentation.spine.array.ravel().tolist() == [20, 0]
    assert [loss.value for loss in conversion.losses] == [276]


def test_muscles_and_organs_of_totalsegmentator_are_losses_by_name(map_of):
    conversion = to_segmentation(map_of([27, 86, 89, 5]), "totalsegmentator_total")
    assert {loss.value: loss.name for loss in conversion.losses} == {
        5: "liver",
        86: "autochthon_left",
        89: "iliopsoas_right",
    }


def test_s1_of_totalsegmentator_joins_the_sacrum_and_says_so(map_of):
    conversion = to_segmentation(map_of([25, 26]), "totalsegmentator_total")
    assert conversion.segmentation.spine.array.ravel().tolist() == [26, 26]
    assert [(loss.name, loss.kept_as) for loss in conversion.losses] == [("vertebrae_S1", 26)]


def test_spider_without_a_stated_vertebra_is_refused(map_of):
    with pytest.raises(InputError, match="lowest vertebra"):
        to_segmentation(map_of([1, 2]), "spider")
    with pytest.raises(InputError, match="lowest vertebra"):
        to_segmentation(map_of([1, 2]), "spider", top_vertebra="L1")


def test_a_counting_convention_refuses_the_sacrum_and_both_ends_at_once(map_of):
    with pytest.raises(InputError, match="above the sacrum"):
        to_segmentation(map_of([1]), "spider", lowest_vertebra="S1")
    with pytest.raises(InputError, match="both"):
        to_segmentation(map_of([1]), "vertebra_bodies_ascending", lowest_vertebra="L5", top_vertebra="L1")


def test_partly_visible_vertebrae_of_spider_are_losses(map_of):
    conversion = to_segmentation(map_of([1, 106]), "spider", lowest_vertebra="L5")
    assert [(loss.value, loss.name) for loss in conversion.losses] == [(106, "T12, partly visible")]


def test_a_stated_sixth_lumbar_vertebra_shifts_the_count(map_of):
    spine = to_segmentation(map_of([1, 2, 201]), "spider", lowest_vertebra="L6").segmentation.spine
    assert spine.array.ravel().tolist() == [25, 24, 125]


def test_a_sacralised_l5_shifts_the_count(map_of):
    stated = Numbering(source=NumberingSource.OPERATOR, transition=Transition.SACRALISED_L5)
    found = to_segmentation(map_of([1, 2]), "spider", lowest_vertebra="L4", numbering=stated).segmentation
    assert found.spine.array.ravel().tolist() == [23, 22]
    assert found.numbering is stated


def test_a_stated_t13_enters_the_count(map_of):
    t13 = Numbering(source=NumberingSource.OPERATOR, transition=Transition.T13)
    plain = to_segmentation(map_of([5, 6, 7]), "spider", lowest_vertebra="L5").segmentation.spine
    counted = to_segmentation(map_of([5, 6, 7]), "spider", lowest_vertebra="L5", numbering=t13).segmentation.spine
    assert plain.array.ravel().tolist() == [20, 19, 18]
    assert counted.array.ravel().tolist() == [20, 28, 19]


def test_t13_l6_and_a_missing_t12_are_data(map_of):
    spine = to_segmentation(map_of([18, 20, 25, 28]), "verse").segmentation.spine
    assert spine.vertebrae == (18, 28, 20, 25)


def test_bodies_are_counted_from_the_top_or_from_below(map_of):
    down = to_segmentation(map_of([1, 2, 5]), "vertebra_bodies_ascending", top_vertebra="L1").segmentation
    up = to_segmentation(map_of([1, 2, 6]), "vertebra_bodies_ascending", lowest_vertebra="L5").segmentation
    assert down.spine.array.ravel().tolist() == [20, 21, 24]
    assert up.spine.array.ravel().tolist() == [24, 23, 19]
    assert down.subregion is not None
    assert down.subregion.present == (50,)


def test_counting_down_does_not_invent_a_sixth_lumbar_vertebra(map_of):
    with pytest.raises(LabelError, match="6"):
        to_segmentation(map_of([1, 6]), "vertebra_bodies_ascending", top_vertebra="L1")


@pytest.mark.parametrize(
    ("convention", "value", "stated", "source"),
    [
        ("verse", 20, {}, NumberingSource.LABEL_FILE),
        ("spider", 1, {"lowest_vertebra": "L5"}, NumberingSource.OPERATOR),
        ("spider_semantic", 3, {}, NumberingSource.UNKNOWN),
    ],
)
def test_numbering_says_what_it_rests_on(map_of, convention, value, stated, source):
    numbering = to_segmentation(map_of([value]), convention, **stated).segmentation.numbering
    assert numbering.source is source
    assert numbering.confidence is None


def test_a_second_map_brings_parts_canal_and_cord(map_of):
    conversion = to_segmentation(map_of([24, 124, 0, 0, 0]), "spineps", second=map_of([49, 100, 61, 60, 26]))
    found = conversion.segmentation
    assert found.spine.array.ravel().tolist() == [24, 124, 61, 60, 26]
    assert found.subregion is not None
    assert found.subregion.array.ravel().tolist() == [49, 100, 61, 60, 0]
    assert conversion.losses == ()


def test_the_instance_map_wins_over_the_second(map_of):
    found = to_segmentation(map_of([24, 23]), "verse", second=map_of([61, 41])).segmentation
    assert found.spine.array.ravel().tolist() == [24, 23]


def test_unknown_values_of_both_maps_are_told_at_once(map_of):
    with pytest.raises(LabelError, match=r"77 .*99"):
        to_segmentation(map_of([24, 77]), "verse", second=map_of([49, 99]))


def test_a_second_map_on_another_grid_is_refused(map_of):
    moved = Grid.from_spacing((1, 1, 1), (1, 1, 1), origin_mm=(0, 0, 5))
    with pytest.raises(GridMismatchError):
        to_segmentation(map_of([24]), "verse", second=map_of([49], grid=moved))


def test_a_second_map_is_refused_where_the_convention_has_none(map_of):
    with pytest.raises(InputError, match="no second map"):
        to_segmentation(map_of([45]), "totalspineseg", second=map_of([49]))


def test_grid_source_and_boundary_error_survive(map_of):
    labels = map_of([20], source="manual", boundary_sd_mm=0.4)
    spine = to_segmentation(labels, "verse").segmentation.spine
    assert (spine.grid, spine.source, spine.boundary_sd_mm) == (labels.grid, "manual", 0.4)
