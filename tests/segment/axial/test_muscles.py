"""Muscles drawn on digital patients, against their exact maps and by invariance."""

from dataclasses import replace

import numpy as np
import pytest

from lumbomics.core.errors import InputError
from lumbomics.core.examination import Scan
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Labels, Muscle, Segmentation
from lumbomics.core.visit import Plane
from lumbomics.phantom import make_phantom
from lumbomics.phantom.lesions import Lesions, MuscleState
from lumbomics.segment.axial import draw_muscles


@pytest.fixture(scope="module", params=["t1", "t2"])
def name(request):
    return request.param


def test_every_muscle_overlaps_the_truth_on_its_side(plain, name, overlap):
    found = draw_muscles(plain.scans[name], plain.segmentation)
    for muscle in Muscle:
        assert overlap(found.labels.array == muscle, plain.muscle == muscle) > 0.9, muscle.name
    assert found.confidence["L4-L5"] > 0.8


def test_left_is_the_patients_left(plain):
    found = draw_muscles(plain.scans["t2"], plain.segmentation)
    psoas = [found.labels.points_mm(int(m))[:, 0].mean() for m in (Muscle.PSOAS_LEFT, Muscle.PSOAS_RIGHT)]
    assert psoas[0] < psoas[1]


def test_a_mirrored_patient_gets_mirrored_muscles(plain, overlap):
    def reflected(one):
        return replace(one, grid=Grid(one.grid.shape, np.diag([-1.0, 1, 1, 1]) @ one.grid.affine))

    first = draw_muscles(plain.scans["t2"], plain.segmentation).labels.array
    scan = replace(plain.scans["t2"], image=reflected(plain.scans["t2"].image))
    second = draw_muscles(scan, Segmentation(spine=reflected(plain.segmentation.spine))).labels.array
    for left in (Muscle.PSOAS_LEFT, Muscle.MULTIFIDUS_LEFT, Muscle.ERECTOR_SPINAE_LEFT):
        assert overlap(first == left, second == left + 1) > 0.97


def test_the_outline_holds_through_a_muscle_that_is_half_fat(overlap):
    back = [m for m in Muscle if m not in (Muscle.PSOAS_LEFT, Muscle.PSOAS_RIGHT)]
    states = tuple(MuscleState.of_grade(muscle, 3) for muscle in back)
    phantom = make_phantom(1003, extras=(Lesions(muscles=states),))
    grid = phantom.axial_grid("L4-L5", in_plane_mm=0.8, slices=1)
    scan = Scan(name="t1", image=phantom.image(grid, Contrast.T1), plane=Plane.AXIAL)
    truth = phantom.scene.label_maps(grid)["muscle"]
    found = draw_muscles(scan, phantom.segmentation(phantom.sagittal_grid()))
    for muscle in back:
        assert overlap(found.labels.array == muscle, truth == muscle) > 0.8, muscle.name


def test_metal_gets_no_muscle(plain):
    scan = plain.scans["t2"]
    spoilt = np.zeros(scan.image.grid.shape, dtype=np.uint8)
    spoilt[: spoilt.shape[0] // 3] = 1
    found = draw_muscles(replace(scan, obscured=Labels(spoilt, scan.image.grid)), plain.segmentation)
    assert not found.labels.array[spoilt > 0].any()
    assert (found.labels.array == Muscle.ERECTOR_SPINAE_RIGHT).any()


def test_fat_suppressed_series_are_refused(plain):
    with pytest.raises(InputError, match="told from fat"):
        draw_muscles(replace(plain.scans["t2"], fat_suppressed=True), plain.segmentation)


def test_an_empty_image_is_left_blank(plain):
    scan = plain.scans["t2"]
    dark = replace(scan, image=Image(np.zeros(scan.image.grid.shape), scan.image.grid, contrast=scan.contrast))
    found = draw_muscles(dark, plain.segmentation)
    assert not found.labels.array.any()
    assert found.findings
