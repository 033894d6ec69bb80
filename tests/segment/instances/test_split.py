from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.anatomy import NumberingSource
from lumbomics.core.errors import GridMismatchError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Segmentation
from lumbomics.core.measurement import Absent, Reason
from lumbomics.measure import measure
from lumbomics.phantom import Phantom, PhantomParameters, make_phantom
from lumbomics.segment.instances import split

LUMBAR = (20, 21, 22, 23, 24)


def agreement(found: np.ndarray, truth: np.ndarray, where: np.ndarray) -> float:
    return float((found == truth)[where].mean())


def test_every_vertebra_and_disc_of_a_phantom_gets_its_own_number(tools, drawn, truth: Segmentation, stack) -> None:
    _, semantic = tools
    found = split(semantic(drawn, stack)).segmentation.spine
    assert found.vertebrae == truth.spine.vertebrae
    assert found.discs == truth.spine.discs
    assert agreement(found.array, truth.spine.array, drawn == 2) > 0.999
    assert agreement(found.array, truth.spine.array, drawn == 1) > 0.97


def test_posterior_elements_go_to_their_own_vertebra(tools, drawn, truth: Segmentation, stack) -> None:
    _, semantic = tools
    found = split(semantic(drawn, stack)).segmentation.spine.array
    behind = (drawn == 1) & ~np.isin(truth.subregion.array, (49, 50))
    for vertebra in LUMBAR:
        mine = behind & (truth.spine.array == vertebra)
        assert agreement(found, truth.spine.array, mine) > 0.9, vertebra


def test_a_single_slice_is_numbered_by_the_slope_of_its_processes(tools, patient: Phantom) -> None:
    classes_of, semantic = tools
    grid = patient.sagittal_grid(in_plane_mm=0.8, slices=1)
    truth = patient.segmentation(grid).spine
    found = split(semantic(classes_of(truth.array), grid)).segmentation.spine
    assert found.discs == truth.discs
    assert agreement(found.array, truth.array, (truth.array > 0) & (truth.array < 26)) > 0.97


def test_a_bridge_between_two_discs_does_not_join_them(tools, drawn, truth: Segmentation, stack) -> None:
    _, semantic = tools
    ends = [np.argwhere(truth.spine.array == disc).mean(axis=0) for disc in (122, 123)]
    for share in np.linspace(0, 1, 120):
        i, j, k = np.rint(ends[0] + share * (ends[1] - ends[0])).astype(int)
        drawn[i - 1 : i + 2, j - 2 : j + 3, k - 1 : k + 2] = 2
    found = split(semantic(drawn, stack)).segmentation.spine
    assert found.discs == truth.spine.discs
    assert found.vertebrae == truth.spine.vertebrae


def test_scattered_islands_of_every_class_become_no_structure(tools, drawn, truth: Segmentation, stack) -> None:
    _, semantic = tools
    rng = np.random.default_rng(5)
    for _ in range(60):
        i, j, k = (rng.integers(0, n - 3) for n in drawn.shape)
        drawn[i : i + 1, j : j + 3, k : k + 3] = rng.integers(1, 4)
    found = split(semantic(drawn, stack)).segmentation.spine
    assert found.vertebrae == truth.spine.vertebrae
    assert found.discs == truth.spine.discs


def test_fused_bodies_are_two_vertebrae_and_the_doubt_is_told(tools, drawn, truth: Segmentation, stack) -> None:
    _, semantic = tools
    drawn[truth.spine.array == 122] = 1
    result = split(semantic(drawn, stack))
    found = result.segmentation.spine
    assert found.vertebrae == truth.spine.vertebrae
    assert set(truth.spine.discs) - set(found.discs) == {122}  # the disc nobody drew is not made up
    body = np.isin(truth.subregion.array, (49, 50)) & np.isin(truth.spine.array, (22, 23))
    assert agreement(found.array, truth.spine.array, body) > 0.9
    assert result.confidence[22] < 0.7 * result.confidence[20]
    assert result.segmentation.numbering.confidence < 0.9


def test_no_number_is_claimed_where_the_image_ends_above_the_sacrum(tools, drawn, stack) -> None:
    _, semantic = tools
    from_row = int(0.45 * stack.shape[2])
    grid = Grid((*stack.shape[:2], stack.shape[2] - from_row), _moved(stack, from_row))
    result = split(semantic(drawn[:, :, from_row:], grid)).segmentation
    assert len(result.spine.vertebrae) >= 5
    assert result.numbering.source is NumberingSource.UNKNOWN
    assert result.numbering.confidence == 0
    values = measure(result, only=["disc_height"])
    assert values
    assert all(isinstance(v, Absent) and v.reason is Reason.LOW_NUMBERING_CONFIDENCE for v in values)


def test_without_a_drawn_sacrum_an_open_end_anchors_the_numbers(tools, drawn, truth: Segmentation, stack) -> None:
    _, semantic = tools
    drawn[drawn == 4] = 0
    below = 45  # rows of 1 mm of empty image under the last disc
    open_ended = np.pad(drawn, ((0, 0), (0, 0), (below, 0)))
    grid = Grid(open_ended.shape, _moved(stack, -below))
    result = split(semantic(open_ended, grid)).segmentation
    assert result.spine.vertebrae == tuple(v for v in truth.spine.vertebrae if v != 26)
    assert result.numbering.confidence == pytest.approx((1 - 32 / 418) * 0.98, abs=1e-3)


def test_storage_order_does_not_change_the_result(tools, drawn, stack) -> None:
    _, semantic = tools
    plain = split(semantic(drawn, stack)).segmentation.spine.array
    affine = stack.affine[:, [2, 0, 1, 3]].copy()
    turned = np.transpose(drawn, (2, 0, 1))[::-1]
    affine[:3, 3] += affine[:3, 0] * (turned.shape[0] - 1)
    affine[:3, 0] *= -1
    found = split(semantic(np.ascontiguousarray(turned), Grid(turned.shape, affine))).segmentation.spine.array
    assert np.array_equal(np.transpose(found[::-1], (1, 2, 0)), plain)


def test_a_mirrored_patient_gives_the_mirrored_result(tools, drawn, stack) -> None:
    _, semantic = tools
    plain = split(semantic(drawn, stack)).segmentation.spine.array
    mirrored = split(semantic(np.ascontiguousarray(drawn[::-1]), stack)).segmentation.spine.array[::-1]
    assert (plain == mirrored)[drawn > 0].mean() > 0.995


def test_scoliosis_and_slip_keep_every_level(tools) -> None:
    classes_of, semantic = tools
    bent = PhantomParameters(coronal_cobb_deg=35.0, apical_rotation_deg=12.0, slip_mm={"L4-L5": 9.0})
    patient = make_phantom(3, bent)
    grid = patient.default_grid(2.0)
    truth = patient.segmentation(grid).spine
    found = split(semantic(classes_of(truth.array), grid)).segmentation.spine
    assert found.vertebrae == truth.vertebrae
    assert found.discs == truth.discs
    assert agreement(found.array, truth.array, (truth.array > 0) & (truth.array < 26)) > 0.93


def test_confidence_is_the_mean_probability_and_lower_where_the_image_cuts(tools, drawn, stack) -> None:
    _, semantic = tools
    result = split(semantic(drawn[:, :, :-60], Grid((*stack.shape[:2], stack.shape[2] - 60), stack.affine)))
    top = result.segmentation.spine.vertebrae[0]
    assert result.confidence[22] == pytest.approx(0.9, abs=0.01)
    assert result.confidence[top] < 0.7
    assert any(decision.what == "cut structures" for decision in result.decisions)


def test_a_map_of_background_gives_an_empty_result(tools, stack) -> None:
    _, semantic = tools
    result = split(semantic(np.zeros(stack.shape, np.uint8), stack))
    assert result.segmentation.spine.present == ()
    assert result.confidence == {}
    assert result.decisions


def test_every_drawn_structure_lies_inside_its_own_class(tools, drawn, stack) -> None:
    _, semantic = tools
    found = split(semantic(drawn, stack)).segmentation.spine.array
    assert not found[drawn == 0].any()
    assert set(np.unique(found[drawn == 2])) <= {0, *range(101, 134)}
    assert set(np.unique(found[drawn == 3])) <= {0, 61}


def test_an_image_on_another_grid_is_refused(tools, drawn, stack) -> None:
    _, semantic = tools
    other = Grid(stack.shape, _moved(stack, 5))
    image = Image(np.zeros(stack.shape, np.float32), other, contrast=Contrast.T2)
    with pytest.raises(GridMismatchError):
        split(semantic(drawn, stack), image=image)


def _moved(grid: Grid, rows: int) -> np.ndarray:
    affine = grid.affine.copy()
    affine[:3, 3] += affine[:3, 2] * rows
    return affine
