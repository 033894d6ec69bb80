"""What labels and field of view do not allow is Absent with its reason, never a number."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.catalogue import load_catalogue
from lumbomics.core.anatomy import Numbering
from lumbomics.core.errors import FrameMismatchError, InputError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.measurement import Absent, Context, Measurement, Posture, Reason
from lumbomics.measure import IMPLEMENTED, MeasureOptions, describe_spine, measure
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.registry import implements, sites

HEIGHT = "vertebral_height"


@pytest.fixture(scope="module")
def coarse(plain, grid_of) -> Labels:
    return plain.segmentation(grid_of((2.0, 1.5, 1.5))).spine


def with_array(labels: Labels, array) -> Segmentation:
    return Segmentation(spine=Labels(array, labels.grid, boundary_sd_mm=0.0))


def test_every_quantity_level_and_side_is_reported_exactly_once(coarse):
    segmentation = Segmentation(spine=coarse)
    results = measure(segmentation)
    spine = describe_spine(segmentation)
    expected = {
        (q.biomarker, q.method, level, side)
        for q in load_catalogue().quantities.values()
        if q.biomarker in IMPLEMENTED
        for level, side in sites(q, spine)
    }
    found = [(r.biomarker, r.method, r.level, r.side) for r in results]
    assert len(found) == len(set(found))
    assert set(found) == expected


def test_units_are_those_of_the_catalogue(coarse):
    units = {key: q.unit for key, q in load_catalogue().quantities.items()}
    for result in measure(Segmentation(spine=coarse)):
        if isinstance(result, Measurement):
            assert result.unit == units[result.biomarker, result.method]


def test_every_number_has_an_error_and_a_drawing(coarse):
    for result in measure(Segmentation(spine=coarse)):
        if isinstance(result, Measurement):
            assert result.drawings, result
            assert result.se is not None or result.biomarker == "meyerding_grade", result


def test_empty_labels_give_field_of_view_everywhere(coarse):
    results = measure(with_array(coarse, np.zeros_like(coarse.array)))
    assert results
    assert all(isinstance(r, Absent) for r in results)
    assert {r.reason for r in results if r.biomarker in (HEIGHT, "lumbar_lordosis_l1_s1", "slip_percent")} == {
        Reason.FIELD_OF_VIEW
    }


def test_cervical_labels_give_no_lumbar_number(coarse):
    array = np.where((coarse.array >= 20) & (coarse.array <= 24), coarse.array - 17, 0).astype(np.uint8)
    results = measure(with_array(coarse, array))
    assert all(isinstance(r, Absent) for r in results)
    assert {r.reason for r in results if r.biomarker == HEIGHT} == {Reason.FIELD_OF_VIEW}


def test_a_body_cut_by_the_edge_is_absent_and_its_neighbours_are_not(coarse):
    top = np.flatnonzero((coarse.array == 20).any(axis=(0, 1)))[-6]
    cut = coarse.array[:, :, :top]
    labels = Labels(cut, Grid(cut.shape, coarse.grid.affine))
    results = {r.level: r for r in measure(Segmentation(spine=labels), only=[HEIGHT]) if r.method == "mid"}
    assert isinstance(results["L1"], Absent)
    assert results["L1"].reason is Reason.FIELD_OF_VIEW
    assert isinstance(results["L2"], Measurement)


def test_a_missing_level_inside_the_image_is_not_labelled_and_one_beyond_is_out_of_view(coarse):
    array = coarse.array.copy()
    array[array == 22] = 0
    results = {r.level: r for r in measure(with_array(coarse, array), only=["segmental_lordosis"])}
    assert isinstance(results["L2-L3"], Absent)
    assert results["L2-L3"].reason is Reason.STRUCTURE_NOT_LABELLED
    assert isinstance(results["T12-L1"], Absent)
    assert results["T12-L1"].reason is Reason.FIELD_OF_VIEW
    assert isinstance(results["L4-L5"], Measurement)


def test_labels_that_contradict_the_image_orientation_are_refused(coarse):
    upside_down = coarse.array[:, ::-1, ::-1]
    results = measure(with_array(coarse, upside_down), only=[HEIGHT, "lumbar_lordosis_l1_s1"])
    assert {r.reason for r in results if isinstance(r, Absent)} == {Reason.GEOMETRY_FAILED}
    assert not any(isinstance(r, Measurement) for r in results)


def test_front_and_back_exchanged_are_refused(coarse):
    results = measure(with_array(coarse, coarse.array[:, ::-1]), only=[HEIGHT])
    assert {r.reason for r in results if isinstance(r, Absent)} == {Reason.GEOMETRY_FAILED}


def test_doubtful_numbering_gives_no_level_wise_value(coarse):
    doubtful = Segmentation(spine=coarse, numbering=Numbering(confidence=0.6))
    results = measure(doubtful, only=[HEIGHT, "slip_percent"])
    assert {r.reason for r in results if isinstance(r, Absent)} == {Reason.LOW_NUMBERING_CONFIDENCE}
    assert len(results) == 5 * 3 + 6 * 2
    allowed = measure(doubtful, only=[HEIGHT], options=MeasureOptions(minimum_numbering_confidence=0.5))
    assert all(isinstance(r, Measurement) for r in allowed)


def test_context_is_carried_by_all_results(coarse):
    context = Context(posture=Posture.SUPINE, rater="A")
    assert {r.context for r in measure(Segmentation(spine=coarse), only=[HEIGHT], context=context)} == {context}


def test_unknown_biomarkers_and_foreign_images_are_refused(coarse):
    with pytest.raises(InputError, match="not implemented"):
        measure(Segmentation(spine=coarse), only=["no_such_thing"])
    spine = Labels(coarse.array, Grid(coarse.grid.shape, coarse.grid.affine, "1.2.3"))
    image = Image(np.zeros(coarse.grid.shape), Grid(coarse.grid.shape, coarse.grid.affine, "1.2.4"))
    with pytest.raises(FrameMismatchError):
        measure(Segmentation(spine=spine), image=image)


def test_a_biomarker_is_implemented_once():
    with pytest.raises(InputError, match="twice"):
        implements("disc_height")(lambda spine, image: [])


def test_implemented_biomarkers_have_quantities_in_the_catalogue():
    known = {q.biomarker for q in load_catalogue().quantities.values()}
    assert set(IMPLEMENTED) <= known


def test_s1_has_no_inferior_endplate(coarse):
    with pytest.raises(NotMeasurableError, match="no inferior endplate"):
        describe_spine(Segmentation(spine=coarse)).vertebra("S1").require_inferior()


@pytest.mark.parametrize("bad", [{"minimum_numbering_confidence": 1.2}, {"default_boundary_sd_mm": -1.0}])
def test_impossible_options_are_refused(bad):
    with pytest.raises(InputError):
        MeasureOptions(**bad)


@pytest.mark.parametrize("kind", ["noise", "block", "single slice", "plates"])
def test_labels_that_are_no_vertebrae_give_reasons_and_no_crash(kind):
    rng = np.random.default_rng(0)
    numbers = np.array([0, 20, 21, 22, 23, 24, 26, 61, 122], dtype=np.uint8)
    plates = np.zeros((40, 40, 100), dtype=np.uint8)
    for place, number in enumerate((20, 21, 22, 23, 24, 26)):
        plates[10:30, 8:30, 90 - 15 * place : 92 - 15 * place] = number
    array = {
        "noise": rng.choice(numbers, (30, 30, 40)),
        "block": np.full((20, 20, 20), 22, dtype=np.uint8),
        "single slice": rng.choice(numbers, (1, 40, 40)),
        "plates": plates,
    }[kind]
    results = measure(Segmentation(spine=Labels(array, Grid.from_spacing(array.shape, (2.0, 2.0, 2.0)))))
    assert results
    assert not any(isinstance(r, Measurement) for r in results if r.biomarker in (HEIGHT, "segmental_lordosis"))
