"""The chain from the series of a visit to one examination, on a small visit after surgery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from lumbomics.core.anatomy import CANAL
from lumbomics.core.errors import InputError
from lumbomics.core.examination import Examination, Operation, Scan, Surgery
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.measurement import Context, Measurement
from lumbomics.core.visit import Plane, Series, SeriesKind, Visit
from lumbomics.measure import ExaminedSpine
from lumbomics.phantom import make_phantom
from lumbomics.prepare.resample import resample_labels
from lumbomics.run.examination import Examined, examine_visit
from lumbomics.run.examination_checks import clipped_share
from lumbomics.run.examination_results import measure_examined, write_examination
from lumbomics.run.labelling import LabelledSeries
from lumbomics.run.phantom_postoperative import write_visit_dicom
from lumbomics.run.study import find_study
from lumbomics.segment.axial import DrawnTissue

FRAME, OTHER_FRAME = "1.2.3.4", "1.2.3.5"
SAGITTAL, AXIAL, PRE, POST = "acq-sag_T2w", "acq-ax_T2w", "acq-ax_T1w", "acq-ax_ce-gadolinium_T1w"


def _framed(grid: Grid, frame: str | None = FRAME) -> Grid:
    return Grid(grid.shape, grid.affine, frame)


def _series(name: str, image: Image, plane: Plane, *, frame: str | None = FRAME) -> Series:
    placed = replace(image, grid=_framed(image.grid, frame))
    return Series(name=name, image=placed, kind=SeriesKind(contrast=image.contrast, plane=plane, confidence=1.0))


def _enhanced(before: Image) -> Image:
    """The series after contrast agent: 30 % more gain, and a block of tissue that takes it up."""
    array = before.array * 1.3
    array[40:60, 40:60, 2:5] *= 1.9
    return Image(array, before.grid, contrast=Contrast.T1_POST)


@pytest.fixture(scope="session")
def labels() -> Segmentation:
    phantom = make_phantom(3)
    segmentation = phantom.segmentation(phantom.sagittal_grid(in_plane_mm=1.2, slices=11))
    maps = {one.name: getattr(segmentation, one.name) for one in fields(segmentation)}
    return replace(
        segmentation,
        **{name: replace(m, grid=_framed(m.grid)) for name, m in maps.items() if isinstance(m, Labels)},
    )


@pytest.fixture(scope="session")
def series(labels: Segmentation) -> dict[str, Series]:
    phantom = make_phantom(3)
    axial = phantom.axial_grid("L4-L5", in_plane_mm=1.0, slices=8, width_mm=120.0)
    before = phantom.image(axial, Contrast.T1)
    sagittal = _series(SAGITTAL, phantom.image(labels.spine.grid, Contrast.T2), Plane.SAGITTAL)
    return {
        SAGITTAL: replace(sagittal, segmentation=labels),
        AXIAL: _series(AXIAL, phantom.image(axial, Contrast.T2), Plane.AXIAL),
        PRE: _series(PRE, before, Plane.AXIAL),
        POST: _series(POST, _enhanced(before), Plane.AXIAL),
    }


@pytest.fixture(autouse=True)
def _quick_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing on axial series is tested elsewhere and takes most of the time: here a map of one value comes back."""

    def draw(scan: object, *_: object, **__: object) -> DrawnTissue:
        grid = scan.image.grid  # type: ignore[attr-defined]
        return DrawnTissue(labels=Labels(np.ones(grid.shape, dtype=np.uint8), grid))

    monkeypatch.setattr("lumbomics.run.examination_tissue.draw_canal_tissue", draw)
    monkeypatch.setattr("lumbomics.run.examination_tissue.draw_muscles", draw)


def _examined(series: Sequence[Series], labels: Segmentation, operations: Sequence[Operation] = ()) -> Examined:
    return examine_visit(Visit(participant="01", series=tuple(series)), {SAGITTAL: labels}, operations=operations)


def test_series_of_one_frame_lie_as_their_headers_say(series: dict[str, Series], labels: Segmentation) -> None:
    found = _examined([series[SAGITTAL], series[AXIAL]], labels)
    assert found.examination is not None
    sagittal, axial = found.examination.scans
    assert (found.reference, sagittal.registration_error_mm) == (SAGITTAL, 0.0)
    assert axial.image.grid.same_place(series[AXIAL].image.grid)
    assert axial.registration_error_mm is not None
    assert axial.registration_error_mm < 1.5
    assert found.faults == ()


def test_a_patient_who_moved_is_laid_back_and_the_user_is_told(series: dict[str, Series], labels: Segmentation) -> None:
    one = series[AXIAL]
    affine = one.image.grid.affine.copy()
    affine[:3, 3] += (0.0, 6.0, -5.0)
    moved = replace(one, image=replace(one.image, grid=Grid(one.image.grid.shape, affine, FRAME)))
    found = _examined([series[SAGITTAL], moved], labels)
    assert found.examination is not None
    placed = found.examination.scans[1].image.grid
    assert np.linalg.norm(placed.centre_mm - one.image.grid.centre_mm) < 1.0
    assert any("the patient moved by 7" in fault or "the patient moved by 8" in fault for fault in found.faults)


def test_contrast_series_of_another_patient_and_frame_is_left_out_with_the_reason(
    series: dict[str, Series], labels: Segmentation
) -> None:
    stranger = make_phantom(9)
    image = stranger.image(stranger.axial_grid("L2-L3", in_plane_mm=1.2, slices=8, width_mm=120.0), Contrast.T1)
    other = _series(POST, replace(image, contrast=Contrast.T1_POST), Plane.AXIAL, frame=OTHER_FRAME)
    found = _examined([series[SAGITTAL], series[PRE], other], labels)
    assert found.examination is not None
    assert [scan.name for scan in found.examination.scans] == [SAGITTAL, PRE]
    [(name, reason)] = found.examination.left_out
    assert name == POST
    assert "another frame of reference and could not be registered" in reason
    assert any(POST in fault for fault in found.faults)


def test_a_long_series_of_another_frame_is_registered_and_the_user_is_told(
    series: dict[str, Series], labels: Segmentation
) -> None:
    phantom = make_phantom(3)
    true = phantom.axial_grid(in_plane_mm=1.2, slices=13, width_mm=120.0)
    affine = true.affine.copy()
    affine[:3, 3] += (8.0, -20.0, 30.0)
    image = replace(phantom.image(true, Contrast.T1), grid=Grid(true.shape, affine))
    found = _examined([series[SAGITTAL], _series(PRE, image, Plane.AXIAL, frame=OTHER_FRAME)], labels)
    assert found.examination is not None
    [_, placed] = found.examination.scans
    assert np.linalg.norm(placed.image.grid.centre_mm - true.centre_mm) < 0.7
    assert any(f"{PRE} lies in another frame of reference and was registered" in fault for fault in found.faults)


def test_a_short_contrast_series_of_another_frame_is_left_out_because_it_may_show_any_level(
    series: dict[str, Series], labels: Segmentation
) -> None:
    one = series[POST]
    other = replace(one, image=replace(one.image, grid=_framed(one.image.grid, OTHER_FRAME)))
    found = _examined([series[SAGITTAL], series[PRE], other], labels)
    assert found.examination is not None
    [(name, reason)] = found.examination.left_out
    assert name == POST
    assert "may show one level or the next" in reason


def test_a_contrast_series_of_another_date_in_the_visits_folder_is_an_error_that_says_so(
    series: dict[str, Series], labels: Segmentation, tmp_path: Path
) -> None:
    for name, date in ((AXIAL, "20240301"), (POST, "20240415")):
        scan = Scan(name=name, image=series[name].image, plane=Plane.AXIAL)
        folder = tmp_path / "sub-01" / "ses-01" / name
        write_visit_dicom(Examination(segmentation=labels, scans=(scan,)), folder, study_date=date)
    with pytest.raises(InputError, match=r"got sub-01_ses-01; to do: series of another date are another visit"):
        find_study(tmp_path, None, None)


def test_a_series_mirrored_left_to_right_is_left_out_and_both_series_are_named(
    series: dict[str, Series], labels: Segmentation
) -> None:
    one = series[AXIAL]
    mirrored = replace(one, image=replace(one.image, array=one.image.array[::-1]))
    found = _examined([series[SAGITTAL], mirrored, series[PRE]], labels)
    assert found.examination is not None
    assert [scan.name for scan in found.examination.scans] == [SAGITTAL, PRE]
    [fault] = [fault for fault in found.faults if "left and right look swapped" in fault]
    assert AXIAL in fault
    assert SAGITTAL in fault
    assert "check how" in fault


def test_series_of_no_frame_and_of_another_body_are_left_out(series: dict[str, Series], labels: Segmentation) -> None:
    stranger = make_phantom(9)
    grid = stranger.axial_grid("L4-L5", in_plane_mm=1.2, slices=8, width_mm=120.0)
    here = Grid(grid.shape, series[AXIAL].image.grid.affine)
    image = replace(stranger.image(grid, Contrast.T2), grid=here)
    found = _examined([series[SAGITTAL], _series(AXIAL, image, Plane.AXIAL, frame=None)], labels)
    assert found.examination is not None
    [(_, reason)] = found.examination.left_out
    assert "names no frame of reference and could not be registered" in reason


def test_swapped_series_before_and_after_contrast_are_both_left_out(
    series: dict[str, Series], labels: Segmentation
) -> None:
    pre = replace(series[PRE], image=replace(series[POST].image, contrast=Contrast.T1))
    post = replace(series[POST], image=replace(series[PRE].image, contrast=Contrast.T1_POST))
    found = _examined([series[SAGITTAL], pre, post], labels)
    assert found.examination is not None
    assert [scan.name for scan in found.examination.scans] == [SAGITTAL]
    assert any("look swapped" in reason for _, reason in found.examination.left_out)


def test_series_in_the_right_order_are_kept(series: dict[str, Series], labels: Segmentation) -> None:
    found = _examined([series[SAGITTAL], series[PRE], series[POST]], labels)
    assert found.examination is not None
    assert found.examination.left_out == ()
    assert len(found.examination.scans) == 3


def test_clipped_signals_are_told(series: dict[str, Series], labels: Segmentation) -> None:
    one = series[AXIAL]
    array = np.minimum(one.image.array, np.percentile(one.image.array, 96)).astype(np.int16)
    found = _examined([series[SAGITTAL], replace(one, image=replace(one.image, array=array))], labels)
    assert any("hold the greatest value" in fault and AXIAL in fault for fault in found.faults)
    assert clipped_share(one.image.array) < 0.001


def test_metal_over_the_canal_is_told_with_what_may_show_it(series: dict[str, Series], labels: Segmentation) -> None:
    one = series[AXIAL]
    canal = resample_labels(labels.spine, one.image.grid).array == CANAL
    array = np.where(distance_transform_edt(~canal, sampling=one.image.grid.spacing_mm) < 14, 0, one.image.array)
    found = _examined([series[SAGITTAL], replace(one, image=replace(one.image, array=array))], labels)
    assert found.examination is not None
    scan = found.examination.scans[1]
    assert scan.obscured is not None
    assert (scan.obscured.array[canal] > 0).mean() > 0.9
    [fault] = [fault for fault in found.faults if "metal hides" in fault]
    assert fault.startswith(AXIAL)
    assert "CT may show it" in fault
    assert not [fault for fault in _examined([series[SAGITTAL], one], labels).faults if "metal" in fault]


def test_an_operated_level_that_no_axial_slice_meets_is_told(series: dict[str, Series], labels: Segmentation) -> None:
    operations = [Operation(level="L4-L5"), Operation(level="L1-L2", kind=Surgery.LAMINECTOMY)]
    found = _examined([series[SAGITTAL], series[AXIAL]], labels, operations)
    assert [fault for fault in found.faults if "no axial slice" in fault] == [
        "L1-L2 was operated, and no axial slice passes through it"
    ]


def test_an_axial_t2_without_orientation_is_missed_and_the_user_is_told_why(
    series: dict[str, Series], labels: Segmentation
) -> None:
    nowhere = ("ax T2", "the header places the picture nowhere (no valid position and orientation)")
    visit = Visit(participant="01", series=(series[SAGITTAL], series[PRE]), set_aside=(nowhere,))
    [fault] = [fault for fault in examine_visit(visit, {SAGITTAL: labels}).faults if "no axial T2" in fault]
    assert "not drawn" in fault
    assert "ax T2: the header places the picture nowhere" in fault


def test_a_sagittal_series_alone_is_not_asked_for_axial_ones(series: dict[str, Series], labels: Segmentation) -> None:
    assert _examined([series[SAGITTAL]], labels).faults == ()
    told = _examined([series[SAGITTAL]], labels, [Operation(level="L4-L5")]).faults
    assert [fault for fault in told if "no axial T2" in fault]


def test_maps_drawn_on_the_axial_t2_are_carried_to_the_series_beside_it(
    series: dict[str, Series], labels: Segmentation
) -> None:
    found = _examined([series[SAGITTAL], series[AXIAL], series[PRE]], labels)
    assert found.examination is not None
    scans = {scan.name: scan for scan in found.examination.scans}
    assert scans[PRE].tissue is not None
    assert scans[PRE].muscle is not None
    assert scans[SAGITTAL].tissue is None


def test_without_a_labelled_sagittal_series_there_is_no_examination(series: dict[str, Series]) -> None:
    found = examine_visit(Visit(participant="01", series=(series[AXIAL],)), {})
    assert found.examination is None
    assert "no sagittal MR series" in found.reason


def test_maps_are_written_over_the_series_as_the_scanner_states_it(
    series: dict[str, Series], labels: Segmentation, tmp_path: Path
) -> None:
    one = series[AXIAL]
    affine = one.image.grid.affine.copy()
    affine[:3, 3] += (0.0, 6.0, -5.0)
    moved = replace(one, image=replace(one.image, grid=Grid(one.image.grid.shape, affine, FRAME)))
    visit = Visit(participant="01", series=(series[SAGITTAL], moved))
    written = write_examination(tmp_path, visit, examine_visit(visit, {SAGITTAL: labels}))
    [tissue] = [path for path in written if "seg-canaltissue" in path.name and path.name.endswith(".nii.gz")]
    assert "acq-axT2w" in tissue.name
    np.testing.assert_allclose(nibabel.load(tissue).affine, affine, atol=1e-4)


def test_results_of_the_examination_name_its_reference_and_time(
    series: dict[str, Series], labels: Segmentation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(examined: ExaminedSpine, *, context: Context) -> tuple[Measurement, ...]:
        assert examined.examination.segmentation is labels
        return (
            Measurement(biomarker="schizas_grade", method="m", unit="1", level="L4-L5", value=1.0, context=context),
        )

    monkeypatch.setattr("lumbomics.run.examination_results.measure_examination", measured)
    visit = Visit(participant="01", series=(series[SAGITTAL],), months_since_surgery=7.0)
    labelled = LabelledSeries(series=series[SAGITTAL], origin="given")
    [result] = measure_examined(examine_visit(visit, {SAGITTAL: labels}), visit, [labelled])
    assert (result.context.series, result.context.months_since_surgery) == (SAGITTAL, 7.0)
    assert measure_examined(Examined(reason="none"), visit, [labelled]) == ()


def test_a_motion_between_axial_series_that_the_sagittal_cannot_tell_is_undone(
    series: dict[str, Series], labels: Segmentation
) -> None:
    one = series[POST]
    affine = one.image.grid.affine.copy()
    affine[:3, 3] += 0.9 * affine[:3, 0] / np.linalg.norm(affine[:3, 0])
    off = replace(one, image=replace(one.image, grid=Grid(one.image.grid.shape, affine, FRAME)))
    found = _examined([series[SAGITTAL], series[AXIAL], series[PRE], off], labels)
    assert found.examination is not None
    scans = {scan.name: scan for scan in found.examination.scans}
    shift = scans[POST].image.grid.centre_mm - one.image.grid.centre_mm
    columns = affine[:3, :2] / np.linalg.norm(affine[:3, :2], axis=0)
    assert np.abs(shift @ columns).max() < 0.25
    assert scans[POST].stack_error_mm < 1
    assert scans[PRE].image.grid.same_place(scans[AXIAL].image.grid), "one that did not move keeps its voxels"
    why = {decision.what: decision for decision in found.decisions}
    assert "moved by 0.9 mm in the slices" in why[f"{POST}: place in its stack"].because
    assert why[f"{PRE}: place in its stack"].choice == "as it lies"
    assert scans[AXIAL].stack_error_mm is None
