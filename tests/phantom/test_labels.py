"""Label maps are samples of one geometry: complete, the right way round, and converging to the truth."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.anatomy import Side, Transition
from lumbomics.core.errors import InputError
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Muscle, Subregion
from lumbomics.phantom import Herniation, PhantomParameters, Zone, make_phantom


def box_about(phantom, disc, spacing):
    """Return a grid of any spacing about one disc."""
    _, upper, lower = next(pair for pair in phantom.anatomy.pairs if pair[0] == disc)
    centre = (upper.frame.origin_mm + lower.frame.origin_mm) / 2
    half = np.array([34.0, 30.0, 22.0])
    shape = tuple(int(n) for n in np.ceil(2 * half / spacing))
    return Grid.from_spacing(shape, spacing, origin_mm=centre - half)


def volume(labels, value):
    return float((labels.array == value).sum() * labels.grid.voxel_volume_mm3)


def test_every_structure_is_there(normal_maps):
    assert normal_maps.spine.vertebrae == (17, 18, 19, 20, 21, 22, 23, 24, 26)
    assert normal_maps.spine.discs == (117, 118, 119, 120, 121, 122, 123, 124)
    assert {60, 61} <= set(normal_maps.spine.present)
    parts = {*range(41, 49), 50, 60, 61, 100}
    assert set(normal_maps.subregion.present) == parts
    assert normal_maps.dural_sac.present == (1,)
    assert set(normal_maps.foramina.present) == {2 * n + side for n in range(17, 25) for side in (0, 1)}
    assert set(normal_maps.muscle.present) == {int(m) for m in Muscle}


def test_each_vertebra_is_one_piece(normal_maps):
    from scipy.ndimage import label  # noqa: PLC0415  only here

    for number in normal_maps.spine.vertebrae[:-1]:
        pieces, count = label(normal_maps.spine.array == number, np.ones((3, 3, 3)))
        sizes = np.bincount(pieces.ravel())[1:]
        assert sizes.max() / sizes.sum() > 0.99, (number, count)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (Subregion.COSTAL_PROCESS_LEFT, Subregion.COSTAL_PROCESS_RIGHT),
        (Subregion.SUPERIOR_ARTICULAR_LEFT, Subregion.SUPERIOR_ARTICULAR_RIGHT),
        (Subregion.INFERIOR_ARTICULAR_LEFT, Subregion.INFERIOR_ARTICULAR_RIGHT),
    ],
)
def test_left_parts_lie_on_the_patients_left(normal_maps, left, right):
    assert normal_maps.subregion.points_mm(left)[:, 0].max() < 0
    assert normal_maps.subregion.points_mm(right)[:, 0].min() > 0


def test_left_foramina_and_muscles_lie_on_the_patients_left(normal_maps):
    for value in normal_maps.foramina.present:
        assert (normal_maps.foramina.points_mm(value)[:, 0].mean() > 0) == bool(value % 2)
    for muscle in Muscle:
        on_right = normal_maps.muscle.points_mm(muscle)[:, 0].mean() > 0
        assert on_right == muscle.name.endswith("RIGHT")


def test_bodies_lie_in_front_of_the_canal_and_spinous_processes_behind(normal_maps):
    corpus, canal, spinous = (
        normal_maps.subregion.points_mm(part)[:, 1].mean()
        for part in (Subregion.CORPUS, Subregion.CANAL, Subregion.SPINOUS_PROCESS)
    )
    assert spinous < canal < corpus


def test_the_sac_and_the_cord_lie_inside_the_canal(normal_maps):
    spine, sac = normal_maps.spine.array, normal_maps.dural_sac.array > 0
    assert set(np.unique(spine[sac])) == {60, 61}
    assert sac[spine == 60].mean() > 0.99


def test_the_conus_ends_behind_l1_or_l2(normal, normal_maps):
    lowest = normal_maps.spine.points_mm(60)[:, 2].min()
    middles = {name: normal.anatomy.vertebra(name).frame.origin_mm[2] for name in ("T12", "L2")}
    assert middles["L2"] < lowest < middles["T12"]


def test_disc_volume_converges_to_the_truth_as_voxels_shrink(normal, normal_truth, value):
    true = value(normal_truth, "disc_volume", "label_volume", "L3-L4")
    errors = [abs(volume(normal.segmentation(box_about(normal, "L3-L4", s)).spine, 122) / true - 1) for s in (3.0, 0.6)]
    assert errors[1] < 0.004
    assert errors[1] < errors[0] + 0.002


def test_sac_area_times_length_is_the_sac_volume_of_the_map(normal, normal_truth, value):
    """A thin slab across the canal at L3-L4, which lies nearly level, holds area x thickness of sac."""
    area = value(normal_truth, "dural_sac_area", "perpendicular_at_disc", "L3-L4")
    canal = normal.anatomy.canal
    centre, tangent, right, anterior = canal.frame_at(canal.stations["L3-L4"])
    axes = np.column_stack([right, anterior, -tangent])
    origin = centre - axes @ np.array([15.0, 15.0, 0.5])
    grid = Grid.from_spacing((100, 100, 4), (0.3, 0.3, 0.25), origin_mm=origin, axes=axes)
    assert volume(normal.segmentation(grid).dural_sac, 1) == pytest.approx(area * 1.0, rel=0.02)


def test_the_same_place_has_the_same_label_on_a_turned_grid(normal):
    straight = box_about(normal, "L4-L5", 2.0)
    turn = np.array([[0.96, -0.28, 0], [0.28, 0.96, 0], [0, 0, 1.0]])
    middle = straight.centre_mm
    turned = Grid.from_spacing((25, 25, 18), 2.0, origin_mm=middle - turn @ np.array([24.0, 24, 17]), axes=turn)
    dense = normal.segmentation(box_about(normal, "L4-L5", 0.5)).spine
    found = normal.segmentation(turned).spine.array
    index = np.rint(dense.grid.to_index(turned.to_world(np.argwhere(np.ones(turned.shape))))).astype(int)
    inside = ((index >= 0) & (index < dense.grid.shape)).all(axis=1)
    same = dense.array[tuple(index[inside].T)] == found.ravel()[inside]
    assert same.mean() > 0.97


def test_sampling_is_the_same_bit_for_bit(normal):
    grid = box_about(normal, "L4-L5", 1.5)
    again = make_phantom(0, normal.parameters)
    first, second = (p.segmentation(grid) for p in (normal, again))
    for name in ("spine", "subregion", "dural_sac", "foramina", "muscle"):
        assert np.array_equal(getattr(first, name).array, getattr(second, name).array)


def test_a_seed_fixes_the_boundary_error_and_another_changes_it(normal):
    grid = box_about(normal, "L4-L5", 1.5)

    def draw(seed):
        return normal.segmentation(grid, boundary_sd_mm=0.8, rng=np.random.default_rng(seed)).spine.array

    assert np.array_equal(draw(1), draw(1))
    assert not np.array_equal(draw(1), draw(2))


def test_the_boundary_error_has_the_size_asked_for(normal):
    """The front of L4's body, found in every upright column of rays, moves by the standard deviation asked for."""
    frame = normal.anatomy.vertebra("L4").frame
    grid = Grid.from_spacing(
        (30, 60, 16), (0.8, 0.25, 0.8), origin_mm=frame.to_world((-12.0, 8.0, -6.4)), axes=frame.rotation
    )
    exact = normal.segmentation(grid).spine.array == 23
    shifts = []
    for seed in range(8):
        moved = normal.segmentation(grid, boundary_sd_mm=1.0, rng=np.random.default_rng(seed)).spine.array == 23
        shifts.append((moved.sum(axis=1) - exact.sum(axis=1)) * 0.25)
    assert np.std(shifts) == pytest.approx(1.0, abs=0.25)
    assert np.mean(shifts) == pytest.approx(0.0, abs=0.25)


def test_a_boundary_error_needs_a_generator(normal, normal_grid):
    with pytest.raises(InputError, match="generator"):
        normal.segmentation(normal_grid, boundary_sd_mm=0.5)


@pytest.mark.parametrize(
    ("transition", "extra", "missing"),
    [
        (Transition.LUMBARISED_S1, (25, 125), ()),
        (Transition.T13, (28, 128), ()),
        (Transition.SACRALISED_L5, (24, 124), (25, 28)),
    ],
)
def test_transitional_anatomy_is_in_the_labels_and_the_numbering(transition, extra, missing):
    phantom = make_phantom(0, PhantomParameters(transition=transition))
    maps = phantom.segmentation(phantom.default_grid(2.5))
    assert set(extra) <= set(maps.spine.present)
    assert not set(missing) & set(maps.spine.present)
    assert maps.numbering.transition is transition


def test_a_sacralised_l5_reaches_the_sacrum_with_its_transverse_processes():
    phantom = make_phantom(0, PhantomParameters(transition=Transition.SACRALISED_L5))
    grid = box_about(phantom, "L5-S1", 1.0)
    wide = Grid.from_spacing((120, *grid.shape[1:]), 1.0, origin_mm=grid.affine[:3, 3] - np.array([26.0, 0, 0]))
    spine = phantom.segmentation(wide).spine.array
    touching = (spine[:, :, 1:] == 24) & (spine[:, :, :-1] == 26)
    beside = np.abs(wide.to_world(np.argwhere(touching))[:, 0]) > 25
    assert beside.any()


@pytest.mark.parametrize("side", [Side.LEFT, Side.RIGHT])
@pytest.mark.parametrize("zone", [Zone.SUBARTICULAR, Zone.FORAMINAL, Zone.EXTRAFORAMINAL])
def test_a_herniation_lies_in_its_zone_on_its_side(normal, zone, side):
    hernia = Herniation(level="L4-L5", zone=zone, side=side, size_mm=7.0)
    grid = box_about(normal, "L4-L5", 1.0)
    bulged = make_phantom(0, PhantomParameters.typical(lordosis_l1_s1_deg=52.0)).parameters
    broken = make_phantom(0, PhantomParameters(disc_angle_deg=bulged.disc_angle_deg, herniations=(hernia,)))
    added = (broken.segmentation(grid).spine.array == 123) & (normal.segmentation(grid).spine.array != 123)
    x = grid.to_world(np.argwhere(added))[:, 0]
    assert len(x) > 30
    assert (x.mean() < 0) == (side is Side.LEFT)
    ranges = {Zone.SUBARTICULAR: (2, 14), Zone.FORAMINAL: (10, 24), Zone.EXTRAFORAMINAL: (16, 34)}
    low, high = ranges[zone]
    assert low < abs(x.mean()) < high


def test_the_default_grid_holds_the_whole_spine(normal_maps):
    array = normal_maps.spine.array
    bone = (array > 0) & (array < 60)
    for axis in range(3):
        edge = np.take(bone, [0, -1], axis=axis)
        assert not edge.any()


def test_a_grid_beside_the_spine_is_empty(normal):
    far = Grid.from_spacing((10, 10, 10), 1.0, origin_mm=(500.0, 500.0, 500.0))
    maps = normal.segmentation(far)
    assert not maps.spine.array.any()


def test_a_rotation_that_is_none_is_refused(normal):
    with pytest.raises(InputError, match="rotation"):
        normal.default_grid(1.0, rotation=2 * np.eye(3))
