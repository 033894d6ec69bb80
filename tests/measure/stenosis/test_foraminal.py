"""Fat around the root in the foramen, and the height of the lateral recess, in reference objects."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import Scan
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Labels
from lumbomics.core.measurement import Measurement, Reason
from lumbomics.core.visit import Plane
from lumbomics.measure.stenosis.foraminal import _usual_area, lee_rule, sartoretti_rule
from lumbomics.measure.stenosis.grading import Estimate
from lumbomics.phantom import PhantomParameters, make_phantom

LEVEL = "L4-L5"


@pytest.fixture(scope="module")
def narrowed(lab):
    """A spine whose left foramen L4-L5 the facet narrows by 0.55, on sagittal T1 of 0.7 x 0.7 x 4 mm."""
    phantom = make_phantom(12, PhantomParameters(foraminal_narrowing={(LEVEL, Side.LEFT): 0.55}))
    grid = phantom.sagittal_grid(in_plane_mm=0.7)
    scan = Scan(name="t1", image=phantom.image(grid, Contrast.T1), plane=Plane.SAGITTAL)
    return lab.examine(scan, segmentation=phantom.segmentation(grid))


@pytest.fixture(scope="module")
def lee(lab, narrowed):
    return lab.measured(narrowed, "lee_foraminal_grade")


def test_a_facet_that_reaches_forward_takes_the_fat_behind_the_root(lee):
    assert lee.value("fat_posterior", LEVEL, Side.LEFT) < 0.5
    assert lee.value("fat_posterior", LEVEL, Side.RIGHT) > lee.value("fat_posterior", LEVEL, Side.LEFT) + 0.3


def test_a_root_in_an_open_foramen_has_the_size_painted_and_no_stenosis(lee):
    # the ganglion is an ellipse of half-axes 2.6 and 3.6 mm: 29 mm2, slices of 4 mm and blur take some of it
    for level in ("L2-L3", "L3-L4"):
        for side in (Side.LEFT, Side.RIGHT):
            assert 15 < lee.value("root_area", level, side) < 36
            assert lee.value("grade", level, side) == 0


def test_the_narrowed_recess_is_lower_than_the_other(lab, narrowed):
    table = lab.measured(narrowed, "lateral_recess_height")
    height = {side: table.rows["height", LEVEL, side] for side in (Side.LEFT, Side.RIGHT)}
    assert isinstance(height[Side.RIGHT], Measurement)
    if isinstance(height[Side.LEFT], Measurement):
        assert height[Side.LEFT].value < height[Side.RIGHT].value - 2
    else:  # so low that its error swallows it
        assert height[Side.LEFT].reason is Reason.RESOLUTION_TOO_COARSE


@pytest.mark.parametrize("biomarker", ["lee_foraminal_grade", "lateral_recess_height"])
def test_a_mirrored_patient_has_mirrored_foramina(lab, narrowed, biomarker):
    lab.assert_mirrored(narrowed, biomarker, share=1.0 if biomarker.startswith("lateral") else 0.3)


def test_the_finer_grade_needs_a_fine_series(lab, narrowed):
    scan = narrowed.examination.scans[0]
    coarse = Scan(name="t2", image=Image(scan.image.array, scan.image.grid, contrast=Contrast.T2), plane=Plane.SAGITTAL)
    examined = lab.examine(coarse, segmentation=narrowed.examination.segmentation)
    found = lab.measured(examined, "sartoretti_foraminal_grade").absent("grade", LEVEL, Side.LEFT)
    assert found.reason is Reason.RESOLUTION_TOO_COARSE
    assert lab.measured(examined, "lee_foraminal_grade").absent("grade", LEVEL, Side.LEFT).reason is (
        Reason.NO_SUITABLE_SERIES
    )


def test_metal_over_a_foramen_leaves_no_grade(lab, narrowed):
    scan = narrowed.examination.scans[0]
    void = Labels(np.ones(scan.image.grid.shape, dtype=np.uint8), scan.image.grid)
    covered = Scan(name="t1", image=scan.image, plane=scan.plane, obscured=void)
    examined = lab.examine(covered, segmentation=narrowed.examination.segmentation)
    found = lab.measured(examined, "lee_foraminal_grade").absent("grade", LEVEL, Side.RIGHT)
    assert found.reason is Reason.NOT_ASSESSABLE_METAL


OPEN = {"fat_superior": 1.0, "fat_posterior": 1.0, "fat_inferior": 1.0, "fat_anterior": 1.0}
ROOT = {"root_area": 28.0, "root_axis_ratio": 0.8}


@pytest.mark.parametrize(
    ("gone", "root", "lee_index", "sartoretti_index"),
    [
        ((), {}, 0, 0),
        (("superior",), {}, 0, 1),
        (("superior", "posterior"), {}, 0, 2),
        (("superior", "inferior"), {}, 1, 2),
        (("posterior", "anterior"), {}, 1, 2),
        (("superior", "inferior", "anterior"), {}, 1, 3),
        (("superior", "inferior", "anterior", "posterior"), {}, 2, 4),
        (("posterior", "anterior"), {"root_area": 15.0}, 3, 5),
        (("superior", "inferior"), {"root_axis_ratio": 0.4}, 3, 5),
    ],
)
def test_foraminal_grades_follow_their_definitions(gone, root, lee_index, sartoretti_index):
    values = {**OPEN, **ROOT, **{f"fat_{name}": 0.2 for name in gone}, **root}
    assert lee_rule(values, usual_mm2=28.0) == lee_index
    assert sartoretti_rule(values, usual_mm2=28.0) == sartoretti_index


@pytest.mark.parametrize(("gone", "usual"), [((), 79.0), (("inferior",), 79.0), (("inferior", "anterior"), 0.0)])
def test_a_root_whose_edge_is_the_wall_is_no_measure_of_the_other_sides_root(gone, usual):
    # without fat the whole foramen is outlined, and a whole root beside it would seem to have collapsed
    other = {**OPEN, **ROOT, "root_area": 79.0, **{f"fat_{name}": 0.2 for name in gone}}
    found = {("L5", "S1", Side.LEFT): (None, Estimate.of(other, []), None)}
    assert _usual_area(found, ("L5", "S1", Side.RIGHT)) == usual
