import numpy as np
import pytest

from lumbomics.core.conventions import Conversion, to_segmentation
from lumbomics.core.errors import FaultsError, FrameMismatchError, GridMismatchError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.core.labels import Labels, Segmentation, Subregion
from lumbomics.segment.given import GivenLabels, laid_on

SHAPE = (5, 7, 9)


def oblique(shape=SHAPE, *, frame=None):
    angle = np.deg2rad(20)
    axes = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, -1]])
    return Grid.from_spacing(shape, (1, 2, 3), origin_mm=(4, 5, 6), axes=axes, frame=frame)


def image(grid=None):
    grid = grid or oblique()
    return Image(np.zeros(grid.shape, np.int16), grid)


def random_labels(grid, seed=0):
    return np.random.default_rng(seed).choice(np.array([0, 22, 23, 24], np.uint8), grid.shape)


def given(labels, **more):
    return GivenLabels(labels=Conversion(segmentation=Segmentation(spine=labels, **more)), source="reader A")


def stored_otherwise(array, grid, order, flips, crop=None):
    """The same labels with another order of axes, some of them backwards, cropped: by world coordinates alone."""
    box = crop or tuple(slice(0, n) for n in grid.shape)
    cut = np.flip(array[box].transpose(order), axis=flips)
    affine = np.eye(4)
    start = [s.start for s in box]
    ends = [s.stop - 1 for s in box]
    corner = np.array(start, float)
    for new, old in enumerate(order):
        sign = -1 if new in flips else 1
        affine[:3, new] = sign * grid.affine[:3, old]
        if sign < 0:
            corner[old] = ends[old]
    affine[:3, 3] = grid.to_world(corner)
    return Labels(cut, Grid(cut.shape, affine, grid.frame))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0), (1, 0, 2), (2, 1, 0)])
@pytest.mark.parametrize("flips", [(), (0,), (1, 2), (0, 1, 2)])
def test_maps_stored_in_any_order_come_to_lie_on_the_image_s_grid(order, flips):
    grid = oblique()
    array = random_labels(grid)
    prediction = given(stored_otherwise(array, grid, order, flips)).segment(image())
    assert np.array_equal(prediction.segmentation.spine.array, array)
    assert prediction.segmentation.spine.grid.same_place(grid)


def test_a_map_of_a_part_of_the_image_is_zero_elsewhere_and_keeps_its_points():
    grid = oblique()
    array = random_labels(grid)
    crop = (slice(1, 4), slice(2, 7), slice(3, 5))
    part = stored_otherwise(array, grid, (2, 0, 1), (1,), crop)
    laid = laid_on(part, grid)
    expected = np.zeros_like(array)
    expected[crop] = array[crop]
    assert np.array_equal(laid.array, expected)
    for value in (22, 23, 24):
        assert np.allclose(np.sort(laid.points_mm(value), axis=0), np.sort(part.points_mm(value), axis=0))


def test_laying_is_told_and_a_map_that_fits_is_not_touched():
    grid = oblique()
    array = random_labels(grid)
    assert given(Labels(array, grid)).segment(image()).decisions == ()
    turned = given(stored_otherwise(array, grid, (2, 0, 1), (1,))).segment(image())
    assert [d.choice for d in turned.decisions] == ["spine"]


def test_labels_of_another_frame_of_reference_are_refused():
    grid = oblique(frame="1.2.3")
    labels = Labels(random_labels(grid), oblique(frame="1.2.4"))
    with pytest.raises(FrameMismatchError):
        given(labels).segment(image(grid))


def test_the_result_carries_the_image_s_frame_where_the_labels_tell_none():
    grid = oblique(frame="1.2.3")
    prediction = given(Labels(random_labels(grid), oblique())).segment(image(grid))
    assert prediction.segmentation.spine.grid.frame == "1.2.3"


@pytest.mark.parametrize(
    "change", [np.diag([1, 1, 1.2, 1.0]), np.array([[1, 0, 0, 0.4], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])]
)
def test_labels_between_the_image_s_voxels_are_refused_and_never_resampled(change):
    grid = Grid(SHAPE, oblique().affine @ change)
    with pytest.raises(GridMismatchError, match="voxels of the image"):
        given(Labels(random_labels(grid), grid)).segment(image())


def test_labels_that_reach_beyond_the_image_are_refused():
    larger = oblique((6, 7, 9))
    with pytest.raises(GridMismatchError):
        given(Labels(random_labels(larger), larger)).segment(image())


def test_all_maps_that_do_not_fit_are_told_at_once():
    larger = oblique((6, 7, 9))
    parts = Labels(np.full(larger.shape, int(Subregion.CORPUS), np.uint8), larger)
    with pytest.raises(FaultsError, match="2 fault") as caught:
        given(Labels(random_labels(larger), larger), subregion=parts).segment(image())
    assert "spine" in str(caught.value)
    assert "subregion" in str(caught.value)


def test_every_map_of_the_segmentation_is_laid():
    grid = oblique()
    sac = np.zeros(grid.shape, np.uint8)
    sac[2, 3, 4] = 1
    turned = stored_otherwise(sac, grid, (1, 2, 0), (0, 2))
    prediction = given(Labels(random_labels(grid), grid), dural_sac=turned).segment(image())
    assert np.array_equal(prediction.segmentation.dural_sac.array, sac)


def test_what_the_conversion_lost_stands_in_the_record():
    grid = oblique()
    array = random_labels(grid)
    array[0, 0, 0] = 47
    conversion = to_segmentation(Labels(array, grid), "spineps", ignore_unknown=True)
    prediction = GivenLabels(labels=conversion, source="reader A").segment(image())
    assert any("1 voxels" in decision.choice for decision in prediction.decisions)
    assert prediction.engine == "given reader A"
