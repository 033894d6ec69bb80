"""Bodies cut off at their sides, as sagittal slabs cut them: the middle is measured, what needs the width is not."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.measurement import Absent, Measurement, Reason
from lumbomics.measure import describe_spine, measure
from lumbomics.measure.geometry.orientation import AnteriorSource
from lumbomics.phantom import make_phantom

SAGITTAL = (
    "lumbar_lordosis_l1_s1",
    "lumbar_lordosis_l1_l5",
    "segmental_lordosis",
    "sacral_slope",
    "slip_percent",
    "vertebral_height",
    "vertebral_wedging",
    "disc_height",
)
WHOLE_WIDTH = ("lateral_listhesis", "disc_volume", "coronal_cobb", "vertebral_axial_rotation", "foraminal_dimensions")


def narrowed(labels: Labels, width_mm: float, off_mm: float = 0.0) -> Segmentation:
    """Keep the sagittal layers within a width about L3's middle, or about ``off_mm`` to its right."""
    step = labels.grid.spacing_mm[0]
    layers = max(1, round(width_mm / step))
    middle = np.argwhere(labels.array == 22)[:, 0].mean() + off_mm / step
    first = round(middle - (layers - 1) / 2)
    array = labels.array[first : first + layers]
    affine = labels.grid.affine.copy()
    affine[:3, 3] = labels.grid.to_world((first, 0, 0))
    return Segmentation(spine=Labels(array, Grid(array.shape, affine), boundary_sd_mm=0.0))


def keyed(segmentation: Segmentation, only=SAGITTAL):
    return {(r.biomarker, r.method, r.level): r for r in measure(segmentation, only=only)}


def differences(whole, part):
    """Difference over standard error of every value that both have."""
    both = [(whole[k], r) for k, r in part.items() if isinstance(r, Measurement) and isinstance(whole[k], Measurement)]
    return np.array([(r.value - w.value) / r.se for w, r in both if r.se])


@pytest.fixture(scope="module")
def reference() -> Labels:
    return make_phantom(3).segmentation(make_phantom(3).default_grid(1.25)).spine


@pytest.fixture(scope="module")
def whole(reference):
    return keyed(Segmentation(spine=reference))


@pytest.mark.parametrize(("width", "off", "least"), [(40, 0, 80), (40, 5, 80), (30, 0, 80), (30, 5, 60), (20, 0, 80)])
def test_a_narrow_slab_gives_the_values_of_the_whole_spine_within_their_errors(reference, whole, width, off, least):
    apart = differences(whole, keyed(narrowed(reference, width, off)))
    assert len(apart) >= least
    assert np.sqrt((apart**2).mean()) < 1.0
    assert np.abs(apart).max() < 3.0


def test_what_needs_the_whole_width_is_out_of_view_in_a_slab(plain, grid_of):
    labels = plain.segmentation(grid_of((1.0, 1.0, 1.0))).spine
    results = measure(narrowed(labels, 30), only=WHOLE_WIDTH)
    assert all(isinstance(r, Absent) for r in results)
    for biomarker in ("lateral_listhesis", "coronal_cobb", "vertebral_axial_rotation"):
        reasons = {(r.reason, "cut off at the side" in r.detail) for r in results if r.biomarker == biomarker}
        assert (Reason.FIELD_OF_VIEW, True) in reasons


@pytest.mark.parametrize("off", [-6.0, 0.0, 6.0])
def test_the_middle_of_a_cut_body_is_that_of_its_canal_and_not_of_what_is_left(plain, grid_of, off):
    labels = plain.segmentation(grid_of((1.0, 1.0, 1.0))).spine
    vertebra = describe_spine(narrowed(labels, 32, off)).vertebra("L3")
    assert vertebra.cut_at_side
    assert vertebra.anterior_source is AnteriorSource.BODY_WALLS
    assert vertebra.frame.origin_mm[0] == pytest.approx(plain.blocks[2].centre[0], abs=0.6)


@pytest.mark.parametrize("turn", [-8.0, 8.0])
def test_the_walls_show_how_far_a_cut_body_is_turned(plain, grid_of, turn):
    turned = plain.with_block(2, turn_deg=turn)
    labels = turned.segmentation(grid_of((1.0, 1.0, 1.0))).spine
    front = describe_spine(narrowed(labels, 30)).vertebra("L3").frame.anterior
    assert np.degrees(np.arctan2(-front[0], front[1])) == pytest.approx(turn, abs=1.5)


@pytest.mark.parametrize("arch", [False, True])
def test_bodies_alone_cut_on_both_sides_lie_in_the_middle_of_the_slab(plain, grid_of, arch):
    labels = plain.segmentation(grid_of((1.0, 1.0, 1.0)), canal=False, arch=arch).spine
    vertebra = describe_spine(narrowed(labels, 24)).vertebra("L2")
    assert vertebra.frame.origin_mm[0] == pytest.approx(0.0, abs=1.0)
    assert vertebra.side_se_mm == (2.5 if arch else 3.0)


def test_a_slab_beside_the_middle_gives_no_number(plain, grid_of):
    labels = plain.segmentation(grid_of((1.0, 1.0, 1.0))).spine
    results = keyed(narrowed(labels, 12, 7.0), only=("vertebral_height", "lumbar_lordosis_l1_s1"))
    assert {r.reason for r in results.values() if isinstance(r, Absent)} == {Reason.FIELD_OF_VIEW}
    assert not any(isinstance(r, Measurement) for r in results.values())


@pytest.mark.parametrize("width", [4.0, 12.0])
def test_one_or_three_thick_slices_give_lordosis(plain, grid_of, width):
    labels = plain.segmentation(grid_of((4.0, 0.8, 0.8))).spine
    found = keyed(narrowed(labels, width))["lumbar_lordosis_l1_s1", "endplate_line_midsagittal", None]
    assert found.value == pytest.approx(50.0, abs=1.0)
    assert found.se < 2.5


def test_an_oblique_slab_is_cut_at_the_side_of_the_patient_not_of_the_world(plain, grid_of):
    turn = np.radians(10.0)
    about = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    whole = plain.segmentation(grid_of((1.0, 1.0, 1.0), about)).spine
    found = keyed(narrowed(whole, 36))["lumbar_lordosis_l1_s1", "endplate_line_midsagittal", None]
    assert isinstance(found, Measurement)
    assert found.value == pytest.approx(50.0, abs=1.5)
