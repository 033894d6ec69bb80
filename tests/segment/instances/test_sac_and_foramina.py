from __future__ import annotations

import numpy as np

from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Segmentation
from lumbomics.phantom import Phantom
from lumbomics.segment.instances import split


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * float((a & b).sum()) / float(a.sum() + b.sum())


def test_foramina_lie_where_the_phantom_has_them_on_each_side(tools, drawn, truth: Segmentation, stack) -> None:
    _, semantic = tools
    found = split(semantic(drawn, stack)).segmentation.foramina
    for disc in (20, 21, 22, 23):
        for value in (2 * disc, 2 * disc + 1):
            assert dice(found.array == value, truth.foramina.array == value) > 0.6, value


def test_no_foramen_is_drawn_from_one_slice_or_from_slices_too_far_apart(tools, patient: Phantom) -> None:
    classes_of, semantic = tools
    for slices, thickness in ((1, 4.0), (11, 6.0)):
        grid = patient.sagittal_grid(in_plane_mm=1.0, slices=slices, thickness_mm=thickness)
        drawn = classes_of(patient.segmentation(grid).spine.array)
        assert split(semantic(drawn, grid)).segmentation.foramina is None


def test_the_sac_found_on_t2_is_nearer_the_true_one_than_the_canal(tools, patient, drawn, truth, stack: Grid) -> None:
    _, semantic = tools
    found = split(semantic(drawn, stack), image=patient.image(stack, Contrast.T2)).segmentation.dural_sac
    sac = truth.dural_sac.array > 0
    assert dice(found.array > 0, sac) > dice(drawn == 3, sac) + 0.12
    assert not (found.array > 0)[drawn != 3].any()


def test_the_sac_is_as_smooth_behind_as_the_true_one_though_roots_run_there(
    tools, patient, drawn, truth, stack
) -> None:
    _, semantic = tools
    found = split(semantic(drawn, stack), image=patient.image(stack, Contrast.T2)).segmentation.dural_sac
    middle = stack.shape[0] // 2

    def unevenness(array) -> float:
        lines = [np.flatnonzero(line) for line in array[middle].T if line.any()]
        return float(np.abs(np.diff([line[0] for line in lines])).mean())

    assert unevenness(found.array) < 2 * unevenness(truth.dural_sac.array)


def test_other_contrasts_and_flat_images_give_no_sac(tools, patient, drawn, stack: Grid) -> None:
    _, semantic = tools
    flat = Image(np.ones(stack.shape, np.float32), stack, contrast=Contrast.T2)
    for image in (patient.image(stack, Contrast.T1), flat, None):
        assert split(semantic(drawn, stack), image=image).segmentation.dural_sac is None
