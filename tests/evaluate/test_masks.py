import numpy as np
import pytest

from lumbomics.core.errors import GridError
from lumbomics.core.grid import Grid
from lumbomics.evaluate import Metric, Missing, Structure, compare_masks, score_masks

GRID = Grid.from_spacing((12, 12, 12), (1, 2, 0.5))


def block(*where):
    mask = np.zeros(GRID.shape, bool)
    mask[where] = True
    return mask


def test_half_overlapping_blocks_have_a_dice_of_one_half():
    values = compare_masks(block(slice(2, 6)), block(slice(4, 8)), GRID)
    assert values[Metric.DICE] == 0.5
    assert values[Metric.VOLUME_ERROR_ML] == 0
    assert values[Metric.HAUSDORFF_95_MM] == 2.0


def test_volumes_and_their_error_are_in_millilitres_and_per_cent_of_the_reference():
    row = score_masks(block(slice(2, 8)), block(slice(2, 6)), GRID, structure=Structure.DISC, level="L4-L5")
    assert row.reference_ml == pytest.approx(4 * 12 * 12 * 1.0 / 1000)
    assert row.value(Metric.VOLUME_ERROR_ML) == pytest.approx(row.prediction_ml - row.reference_ml)
    assert row.value(Metric.VOLUME_ERROR_PERCENT) == pytest.approx(50)


def test_equal_masks_are_perfect_in_every_number():
    mask = block(slice(3, 7), slice(3, 7), slice(2, 9))
    assert all(value == metric.best for metric, value in compare_masks(mask, mask, GRID).items())


def test_two_empty_masks_have_no_number_at_all():
    values = compare_masks(block(slice(0, 0)), block(slice(0, 0)), GRID)
    assert set(values.values()) == {Missing.BOTH_EMPTY}
    assert len(values) == 7


def test_a_missed_structure_has_dice_0_and_no_distance():
    values = compare_masks(block(slice(0, 0)), block(slice(2, 4)), GRID)
    assert values[Metric.DICE] == values[Metric.SURFACE_DICE_1MM] == values[Metric.SURFACE_DICE_2MM] == 0
    assert values[Metric.HAUSDORFF_95_MM] is Missing.PREDICTION_EMPTY
    assert values[Metric.MEAN_SURFACE_DISTANCE_MM] is Missing.PREDICTION_EMPTY
    assert values[Metric.VOLUME_ERROR_PERCENT] == -100


def test_an_invented_structure_has_dice_0_and_no_relative_volume_error():
    values = compare_masks(block(slice(2, 4)), block(slice(0, 0)), GRID)
    assert values[Metric.DICE] == 0
    assert values[Metric.HAUSDORFF_95_MM] is Missing.REFERENCE_EMPTY
    assert values[Metric.VOLUME_ERROR_PERCENT] is Missing.REFERENCE_EMPTY
    assert values[Metric.VOLUME_ERROR_ML] == pytest.approx(0.288)


def test_a_mask_of_another_shape_is_refused():
    with pytest.raises(GridError, match="reference and grid differ"):
        compare_masks(block(slice(2, 4)), np.ones((2, 2, 2), bool), GRID)
