"""Which slices stand for a level, and where their pixels lie."""

from dataclasses import replace

import numpy as np
import pytest

from lumbomics.core.examination import CanalTissue, Scan
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.core.visit import Plane
from lumbomics.report.postoperative.place import axial_slices, find_places, sagittal_slice
from lumbomics.report.postoperative.view import enhancement, gain_between, pixels_of, view_level
from lumbomics.report.raster import sample_mask

SIZE = (60.0, 50.0)


def place_of(examination, level="L4-L5"):
    return find_places(examination.segmentation)[level]


def test_levels_are_placed_at_their_discs_and_the_canal_behind_them(examination):
    places = find_places(examination.segmentation)
    assert list(places) == ["L3-L4", "L4-L5"]
    np.testing.assert_allclose(places["L4-L5"].disc_mm, (0, 0, -17), atol=0.6)
    np.testing.assert_allclose(places["L4-L5"].canal_mm, (0, -26, -17), atol=0.6)
    np.testing.assert_allclose(places["L4-L5"].right, (1, 0, 0), atol=0.05)


def numbered(scan: Scan) -> Scan:
    """The same scan with the index of its slice as signal everywhere."""
    index = np.broadcast_to(np.arange(scan.image.grid.shape[2], dtype=np.float32), scan.image.grid.shape)
    return replace(scan, image=replace(scan.image, array=index))


def test_a_slice_is_shown_as_acquired_and_not_mixed_with_its_neighbours(examination):
    place = place_of(examination)
    slices = axial_slices(numbered(examination.scans[0]), place, about_mm=place.canal_mm, size_mm=SIZE)
    assert [one.index for one in slices] == [5, 6, 7, 8]
    for one in slices:
        np.testing.assert_allclose(pixels_of(one), one.index, atol=1e-4)


@pytest.mark.parametrize("storage", ["RAS", "LAS"])
@pytest.mark.parametrize("side", [1, -1])
def test_the_patients_right_lies_on_the_left_of_the_picture_in_any_storage_order(examine, storage, side):
    view = view_level(found := examine(storage=storage, scar_side=side), place_of(found))
    scar = sample_mask(view.tissue, (CanalTissue.SCAR,), view.t2.raster) > 0.5
    rows, columns = np.nonzero(scar)
    middle = (np.array(scar.shape) - 1) / 2
    assert (columns.mean() < middle[1]) == (side == 1)
    assert rows.mean() > middle[0], "row 0 is the lowest, so that the front lies in the high rows"


def test_mirrored_patients_give_mirrored_pictures(examine):
    places = []
    for side in (1, -1):
        view = view_level(found := examine(scar_side=side), place_of(found))
        enhanced = enhancement(view.before, view.after, gain_between(view.before, view.after)) > 225
        columns, rows = view.before.raster.cut.offsets_mm
        at = np.nonzero(enhanced)
        places.append((columns[at[1]].mean(), rows[at[0]].mean()))
    # the level map is not mirrored, so that the middle of the picture may move by a part of its 4 mm voxels
    np.testing.assert_allclose(places[0], np.multiply(places[1], (-1, 1)), atol=0.6)
    assert places[0][0] == pytest.approx(-8.0, abs=0.6)


def test_the_slice_with_most_new_tissue_is_shown(examine):
    found = examine(scar_z=-17.0 + 6.0)
    view = view_level(found, place_of(found))
    rows = np.nonzero((found.scans[0].tissue.array == CanalTissue.SCAR).any(axis=(0, 1)))[0]
    assert view.t2.index in rows
    assert {one.index for one in view.slices} == {view.t2.index}
    assert view.t2.off_mm == pytest.approx(-44 + 4 * view.t2.index + 17, abs=0.6)


def test_without_a_tissue_map_the_slice_nearest_to_the_disc_is_shown(examine):
    found = examine(is_mapped=False)
    assert view_level(found, place_of(found)).t2.index == 7


def test_a_stack_that_misses_the_level_gives_no_slice(examine):
    found = examine(bottom_z=20.0)
    assert view_level(found, place_of(found)).slices == ()
    assert view_level(found, place_of(found, "L3-L4")).slices != ()


def test_of_stacks_angled_along_each_disc_every_level_takes_its_own(examination):
    place = place_of(examination)
    scans = [turned(examination.scans[0], about, name) for name, about in (("low", -17.0), ("high", 17.0))]
    found = replace(examination, scans=tuple(scans))
    assert view_level(found, place).t2.scan.name == "low"
    assert view_level(found, place_of(examination, "L3-L4")).t2.scan.name == "high"
    assert view_level(found, place).t2.tilt_deg == pytest.approx(20.0, abs=2.0)


def turned(scan, z, name):
    """Three slices about a height, tilted by 20 degrees from front to back."""
    angle = np.radians(20.0)
    axes = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    middle = np.array([0.0, 0.0, z])
    corner = middle - axes @ (np.array([80, 125, 1]) * (0.8, 0.8, 4.0))
    grid = Grid.from_spacing((160, 160, 3), (0.8, 0.8, 4.0), origin_mm=corner, axes=axes)
    return Scan(name=name, image=Image(np.ones(grid.shape), grid, contrast=Contrast.T2), plane=Plane.AXIAL)


@pytest.mark.parametrize("gain", [1.0, 1.7, 0.5])
def test_a_change_of_gain_is_taken_out_and_only_what_enhances_remains(examine, gain):
    found = examine(gain=gain)
    view = view_level(found, place_of(found))
    factor = gain_between(view.before, view.after)
    assert factor == pytest.approx(1 / gain, rel=1e-4)
    gained = enhancement(view.before, view.after, factor)
    inside = sample_mask(view.tissue, (CanalTissue.SCAR,), view.before.raster)
    np.testing.assert_allclose(gained[inside > 0.999], 450.0, atol=1.0)
    np.testing.assert_allclose(gained[inside == 0], 0.0, atol=1.0)


def test_pre_and_post_are_not_subtracted_where_only_one_suppresses_fat(examine):
    found = examine(suppressed=("acq-ax_ce-gadolinium_T1w",))
    assert not view_level(found, place_of(found)).subtracts
    both = examine(suppressed=("acq-ax_ce-gadolinium_T1w", "acq-ax_T1w"))
    assert view_level(both, place_of(both)).subtracts


def test_displaced_disc_is_found_about_its_own_level_only(examination):
    scan = examination.scans[0]
    grid = scan.tissue.grid
    tissue = scan.tissue.array.copy()
    # 9.6 mm to the patient's right, at the height of L4-L5
    columns, slices = slice(90, 95), slice(5, 9)
    tissue[columns, 95:100, slices] = CanalTissue.DISC
    drawn = replace(scan, tissue=replace(scan.tissue, array=tissue))
    found = replace(examination, scans=(drawn,))
    middle = grid.to_world((92, 97, 6.5))
    np.testing.assert_allclose(view_level(found, place_of(found)).displaced_mm(), middle, atol=1e-6)
    assert view_level(found, place_of(found, "L3-L4")).displaced_mm() is None
    assert view_level(examination, place_of(examination)).displaced_mm() is None


def test_the_sagittal_slice_through_a_point_is_the_one_it_lies_in(examination):
    place, scan = place_of(examination), examination.scans[-1]
    for x in (18.0, -18.0):
        one = sagittal_slice(scan, place, about_mm=np.array([x, -20.0, -17.0]), size_mm=SIZE)
        np.testing.assert_allclose(pixels_of(one), x, atol=2.0)
        assert one.raster.cut.right @ (0, -1, 0) > 0.99, "front on the left"
        assert one.raster.cut.up @ (0, 0, 1) > 0.99


def test_a_point_beside_the_outermost_sagittal_slice_is_not_shown(examination):
    place, scan = place_of(examination), examination.scans[-1]
    assert sagittal_slice(scan, place, about_mm=np.array([60.0, -20.0, -17.0]), size_mm=SIZE) is None
