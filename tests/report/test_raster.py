import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from lumbomics.core.anatomy import CANAL
from lumbomics.core.colours import level_colour, spine_colour
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.sampling import Cut
from lumbomics.report.figures.canvas import direction_letters, spread
from lumbomics.report.frame import find_frame
from lumbomics.report.raster import Raster, follow, sample_mask
from lumbomics.report.scene import axial_raster, build_scene, coronal_raster, sagittal_raster


@pytest.fixture(scope="module")
def scene(visit_and_results):
    visit, results = visit_and_results
    return build_scene(visit.series[0].segmentation, visit.series[0].image, results)


def letters(raster: Raster) -> tuple[str, str]:
    return direction_letters(-raster.cut.right), direction_letters(raster.cut.up)


def test_pictures_follow_the_radiological_convention(scene):
    assert letters(sagittal_raster(scene)) == ("A", "S")
    assert letters(coronal_raster(scene)) == ("R", "S")
    assert letters(axial_raster(scene, scene.discs()[0])) == ("R", "A")


def test_the_frame_follows_a_tilted_patient(visit_and_results):
    turn = Rotation.from_euler("xyz", (12, -9, 14), degrees=True).as_matrix()
    spine = visit_and_results[0].series[0].segmentation.spine
    affine = np.eye(4)
    affine[:3, :3] = turn
    tilted = Labels(spine.array, Grid(spine.grid.shape, affine @ spine.grid.affine))
    frame = find_frame(Segmentation(spine=tilted))
    for found, true in ((frame.right, turn[:, 0]), (frame.anterior, turn[:, 1]), (frame.up, turn[:, 2])):
        assert np.degrees(np.arccos(found @ true)) < 3


def test_bodies_are_found_in_front_of_the_canal(scene):
    assert list(scene.frame.bodies) == [22, 23, 24]
    assert all(abs(c[0]) < 2 and -4 < c[1] < 8 for c in scene.frame.bodies.values())


def test_a_mask_outline_encloses_the_true_area(scene):
    raster = axial_raster(scene, scene.discs()[0])
    mask = sample_mask(scene.segmentation.spine, (CANAL,), raster)
    area = (mask > 0.5).sum() * raster.cut.spacing_mm**2
    assert area == pytest.approx(22 * 16, rel=0.15)  # the canal is 22 mm by 16 mm, the voxels 4 mm by 0.9 mm


def test_a_bent_raster_passes_through_its_points():
    cut = Cut.through((0, 0, 0), (0, -1, 0), (0, 0, 1), size_mm=(40, 100), spacing_mm=1)
    points = np.array([[9.0, 3, 40], [-4, 1, -30], [2, 0, 0]])
    raster = follow(cut, points)
    for point in points:
        row = int(np.argmin(np.abs(raster.points_mm[:, 0, 2] - point[2])))
        assert raster.points_mm[row, 0, 0] == pytest.approx(point[0])
    assert raster.bend_mm == pytest.approx(13)


def test_pixels_are_equally_spaced_along_both_axes(scene):
    points = sagittal_raster(scene).cut.points_mm
    across, along = points[0, 1] - points[0, 0], points[1, 0] - points[0, 0]
    assert np.linalg.norm(across) == pytest.approx(np.linalg.norm(along))


def test_notes_are_pushed_apart_and_kept_inside():
    places = spread([50.0, 49.0, -80.0], np.array([5.0, 5.0, 5.0]), -60.0, 60.0)
    assert places == pytest.approx([50.0, 40.0, -55.0])
    assert spread([-58.0, -59.0], np.array([5.0, 5.0]), -60.0, 60.0) == pytest.approx([-45.0, -55.0])


def test_neighbouring_levels_never_share_a_colour_and_a_disc_differs_from_its_vertebra():
    for upper in range(8, 25):
        assert level_colour(upper) != level_colour(upper + 1 if upper != 19 else 20)
        assert spine_colour(upper) != spine_colour(upper + 100)
