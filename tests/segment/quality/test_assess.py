"""Clean maps pass; each planted error is found by the check that is there for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image, Quantity
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.prediction import Prediction
from lumbomics.core.quality import Finding, QualityReport, Verdict
from lumbomics.phantom import make_phantom
from lumbomics.segment.quality import assess, assess_labels, check_image
from lumbomics.segment.quality.assess import report_of


def left_out(report: QualityReport) -> set[int]:
    return {value for finding in report.findings if finding.excludes for value in finding.structures}


def checks(report: QualityReport) -> set[str]:
    return {finding.check for finding in report.findings if finding.excludes or finding.verdict is not Verdict.PASS}


@pytest.mark.parametrize("seed", [1, 4, 10, 13])
@pytest.mark.parametrize("slices", [1, 15])
def test_a_clean_map_passes_with_nothing_left_out(seed: int, slices: int) -> None:
    phantom = make_phantom(seed)
    grid = phantom.sagittal_grid(in_plane_mm=1.2, thickness_mm=4.0, slices=slices)
    labels = phantom.segmentation(grid, boundary_sd_mm=0.5, rng=np.random.default_rng(seed))
    report = assess(Prediction(segmentation=labels), phantom.image(grid, Contrast.T1))
    assert (report.verdict, checks(report)) == (Verdict.PASS, set())


def test_the_verdict_does_not_depend_on_how_the_voxels_are_stored(patient: Any) -> None:
    array = patient.array
    body = array == 24
    array[body & (patient.height() > np.quantile(patient.height()[body], 0.33))] = 123
    straight = patient.check(array)
    to_old = np.zeros((4, 4))
    to_old[0, 1], to_old[0, 3], to_old[1, 2], to_old[2, 0], to_old[3, 3] = -1, array.shape[0] - 1, 1, 1, 1
    turned = np.ascontiguousarray(array[::-1].transpose(2, 0, 1))
    grid = Grid(turned.shape, patient.image.grid.affine @ to_old)
    image = Image(np.ascontiguousarray(patient.image.array[::-1].transpose(2, 0, 1)), grid)
    other = assess(Prediction(segmentation=Segmentation(spine=Labels(turned, grid))), image)
    assert {(f.check, f.structures) for f in other.findings} == {(f.check, f.structures) for f in straight.findings}


def test_swapped_numbers_are_out_of_order(patient: Any) -> None:
    array = patient.array
    array[patient.array == 22], array[patient.array == 23] = 23, 22
    report = patient.check(array)
    assert report.verdict is Verdict.FAIL
    assert "order" in checks(report)
    assert {22, 23} <= left_out(report)


def test_a_disc_under_another_number_is_out_of_order(patient: Any) -> None:
    array = patient.array
    array[patient.array == 121], array[patient.array == 123] = 123, 121
    report = patient.check(array)
    assert report.verdict is Verdict.FAIL
    assert {121, 123} <= left_out(report)


def test_a_number_left_out_is_a_gap(patient: Any) -> None:
    report = patient.check(np.where(patient.array == 22, 0, patient.array))
    assert "gap" in checks(report)
    assert any("between L2 and L4" in finding.message for finding in report.findings)


def test_a_missed_body_shows_by_distance_though_the_numbers_run_on(patient: Any) -> None:
    array = np.where(np.isin(patient.array, (21, 121)), 0, patient.array)
    for lower in (21, 20, 19, 18):
        array[array == lower - 1], array[array == lower + 99] = lower, lower + 100
    report = patient.check(array)
    assert checks(report) >= {"spacing"}
    assert "gap" not in checks(report)


def test_two_bodies_drawn_as_one_fail_by_height(patient: Any) -> None:
    array = np.where(np.isin(patient.array, (21, 121)), 22, patient.array)
    for lower in (21, 20, 19, 18):
        array[array == lower - 1], array[array == lower + 99] = lower, lower + 100
    report = patient.check(array)
    assert report.verdict is Verdict.FAIL
    assert [f.structures for f in report.findings if f.check == "height"] == [(22,)]


def test_a_body_drawn_in_part_is_left_out(patient: Any) -> None:
    array, height = patient.array, patient.height()
    body = array == 22
    array[body & (np.abs(height - np.median(height[body])) > 2.0)] = 0
    report = patient.check(array)
    assert 22 in left_out(report)
    assert 21 not in left_out(report)


def test_a_body_on_one_side_of_the_canal_is_left_out(patient: Any) -> None:
    array = patient.array
    right = np.moveaxis(np.indices(array.shape), 0, -1)
    across = patient.image.grid.to_world(right)[..., 0]
    array[(array == 22) & (across > np.median(across[array == 61]) - 4)] = 0
    report = patient.check(array)
    assert "balance" in checks(report)
    assert left_out(report) == {22}


def test_a_disc_that_leaks_into_a_body_is_left_out(patient: Any) -> None:
    array, height = patient.array, patient.height()
    body = array == 24
    array[body & (height > np.quantile(height[body], 0.33))] = 123
    assert 123 in left_out(patient.check(array))


def test_a_missing_disc_is_told_and_nothing_is_left_out_for_it(patient: Any) -> None:
    report = patient.check(np.where(patient.array == 122, 0, patient.array))
    assert (report.verdict, checks(report)) == (Verdict.PASS, set())
    assert any("no disc is labelled below L3" in finding.message for finding in report.findings)


@pytest.mark.parametrize(("length_mm", "is_left_out"), [(6.0, False), (30.0, True)])
def test_an_interrupted_canal_is_left_out(length_mm: float, is_left_out: bool, patient: Any) -> None:
    array, height = patient.array, patient.height()
    middle = np.median(height[array == 22])
    array[np.isin(array, (60, 61)) & (np.abs(height - middle) < length_mm / 2)] = 0
    assert (61 in left_out(patient.check(array))) is is_left_out


def test_a_part_two_levels_away_is_an_island(patient: Any) -> None:
    array, height = patient.array, patient.height()
    body = array == 24
    array[body & (height < np.quantile(height[body], 0.3))] = 22
    report = patient.check(array)
    assert "islands" in checks(report)
    assert 22 in left_out(report)


@pytest.mark.parametrize("move_mm", [(0, 10, 0), (0, 0, -10), (0, -7, 7)])
def test_a_map_that_was_moved_fails(move_mm: tuple[float, ...], patient: Any) -> None:
    step = np.rint(patient.image.grid.inverse[:3, :3] @ np.array(move_mm)).astype(int)
    report = patient.check(np.roll(patient.array, step, axis=(0, 1, 2)))
    assert report.verdict is Verdict.FAIL
    assert "alignment" in checks(report)


def metal_around(patient: Any, value: int, radius_mm: float) -> Image:
    centre = patient.segmentation.spine.points_mm(value).mean(axis=0)
    indices = np.moveaxis(np.indices(patient.image.array.shape), 0, -1)
    near = np.linalg.norm(patient.image.grid.to_world(indices) - centre, axis=-1) < radius_mm
    return Image(near.astype(np.float16), patient.image.grid, Quantity.PROBABILITY)


def test_metal_over_one_level_leaves_that_level_out(patient: Any) -> None:
    report = patient.check(metal=metal_around(patient, 122, 22))
    assert report.verdict is Verdict.PASS
    assert 122 in left_out(report)
    assert 118 not in left_out(report)


def test_metal_over_most_of_the_spine_blames_the_image(patient: Any) -> None:
    assert patient.check(metal=metal_around(patient, 122, 120)).verdict is Verdict.ARTIFACT


def test_an_unsure_structure_is_left_out_and_a_sure_one_is_not(patient: Any) -> None:
    report = patient.check(confidence={22: 0.59, 23: 0.61})
    assert left_out(report) == {22}
    assert report.verdict is Verdict.PASS


def test_a_map_of_unsure_structures_fails_as_a_whole(patient: Any) -> None:
    assert patient.check(confidence=dict.fromkeys(patient.segmentation.spine.vertebrae, 0.3)).verdict is Verdict.FAIL


def test_unsure_level_numbers_are_told(patient: Any) -> None:
    numbering = replace(patient.segmentation.numbering, confidence=0.55)
    unsure = Segmentation(spine=patient.segmentation.spine, numbering=numbering)
    report = assess(Prediction(segmentation=unsure), patient.image)
    assert [f.message for f in report.findings if f.check == "numbering"] == ["the level numbers are 55 % sure"]


def scaled(patient: Any, factor: float) -> tuple[Prediction, Image]:
    affine = patient.image.grid.affine.copy()
    affine[:3, :3] *= factor
    grid = Grid(patient.image.array.shape, affine)
    spine = Labels(patient.segmentation.spine.array, grid)
    return Prediction(segmentation=Segmentation(spine=spine)), Image(patient.image.array, grid)


def test_bodies_of_cervical_size_are_another_region(patient: Any) -> None:
    report = assess(*scaled(patient, 0.5))
    assert report.verdict is Verdict.ARTIFACT
    assert "deep" in report.findings[0].message


def test_an_empty_map_is_no_lumbar_spine(patient: Any) -> None:
    report = patient.check(np.zeros_like(patient.array))
    assert report.verdict is Verdict.ARTIFACT
    assert "0 vertebral bodies" in report.findings[0].message


def bad_image(kind: str, patient: Any) -> Image:
    image, rng = patient.image, np.random.default_rng(0)
    values = image.array.astype(np.float64)
    if kind == "noise":
        return Image(rng.rayleigh(50, values.shape), image.grid)
    if kind == "constant":
        return Image(np.full(values.shape, 5), image.grid)
    if kind == "hounsfield":
        return Image(values / values.max() * 1500 - 1000, image.grid)
    if kind == "stated CT":
        return replace(image, contrast=Contrast.CT)
    spacing = {"axial": (0.8, 0.8, 4.0), "coarse": (4.0, 3.0, 3.0), "localiser": (20.0, 1.2, 1.2)}
    if kind in spacing:
        return Image(image.array, Grid.from_spacing(values.shape, spacing[kind]))
    cut = image.array[:, :20, :20]
    return Image(cut, Grid.from_spacing(cut.shape, (4.0, 1.2, 1.2)))


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("noise", "noise"),
        ("constant", "the same value"),
        ("hounsfield", "Hounsfield"),
        ("stated CT", "found CT"),
        ("axial", "sagittal slices"),
        ("coarse", "sagittal slices"),
        ("localiser", "a localiser"),
        ("small", "20 x 20 voxels"),
    ],
)
def test_an_image_that_is_no_sagittal_lumbar_mr_is_refused(kind: str, told: str, patient: Any) -> None:
    (finding,) = check_image(bad_image(kind, patient))
    assert finding.verdict is Verdict.ARTIFACT
    assert told in finding.message


def test_no_check_of_the_labels_follows_an_unfit_image(patient: Any) -> None:
    report = assess(patient.prediction(np.zeros_like(patient.array)), bad_image("noise", patient))
    assert {finding.check for finding in report.findings} == {"noise"}


def test_a_map_without_its_image_is_checked_by_its_labels_alone(patient: Any) -> None:
    assert assess_labels(patient.segmentation).verdict is Verdict.PASS
    swapped = patient.array
    swapped[patient.array == 22], swapped[patient.array == 23] = 23, 22
    assert assess_labels(Segmentation(spine=Labels(swapped, patient.image.grid))).verdict is Verdict.FAIL


def test_the_images_fault_comes_before_the_labels(patient: Any) -> None:
    del patient
    findings = [Finding(check=str(v), message="", verdict=v) for v in (Verdict.PASS, Verdict.FAIL, Verdict.ARTIFACT)]
    report = report_of(findings)
    assert [f.verdict for f in report.findings] == [Verdict.ARTIFACT, Verdict.FAIL, Verdict.PASS]
    assert report.verdict is Verdict.ARTIFACT
