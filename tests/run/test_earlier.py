"""Two visits of one patient: the later one's page shows the earlier one, read from what was written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from lumbomics.core.errors import ReadError
from lumbomics.core.examination import CanalTissue
from lumbomics.core.image import Contrast
from lumbomics.core.labels import Labels
from lumbomics.core.visit import Visit
from lumbomics.measure import measure_examination, measure_spine
from lumbomics.phantom import make_phantom
from lumbomics.read import find_visits, read_nifti_labels, read_visit
from lumbomics.run.bundle import write_segmentation
from lumbomics.run.earlier import EarlierVisit
from lumbomics.run.outcome import Status
from lumbomics.run.pipeline import run
from lumbomics.run.study import find_study
from lumbomics.segment.axial import DrawnTissue
from lumbomics.write import write_image_nifti, write_labels_nifti

SESSIONS = ("01", "02")
BESIDE = "this visit beside the previous one"


@dataclass(frozen=True)
class TwoVisits:
    data: Path
    labels: Path
    out: Path
    surgery: Path

    def run(self) -> list[Status]:
        summary = run(self.data, out=self.out, labels=self.labels, convention="lumbomics", surgery=self.surgery)
        return [outcome.status for outcome in summary.outcomes]

    def report(self, session: str) -> str:
        return (self.out / f"sub-01/ses-{session}/sub-01_ses-{session}_report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> TwoVisits:
    """One patient twice, an axial and a sagittal T2 each, the operation between the visits' images and L4-L5."""
    root = tmp_path_factory.mktemp("two")
    phantom = make_phantom(3)
    sagittal = phantom.sagittal_grid(in_plane_mm=1.2, thickness_mm=4.0)
    axial = phantom.axial_grid("L4-L5", in_plane_mm=1.0, slices=8, width_mm=120.0)
    two = TwoVisits(root / "data", root / "labels", root / "out", root / "surgery.tsv")
    for session in SESSIONS:
        visit = Visit(participant="01", session=session)
        folder = two.data / f"sub-01/ses-{session}/anat"
        for name, grid in (("acq-sag_T2w", sagittal), ("acq-ax_T2w", axial)):
            write_image_nifti(phantom.image(grid, Contrast.T2), folder / f"{visit.prefix}_{name}.nii.gz")
        write_segmentation(two.labels, visit, "acq-sag_T2w", phantom.segmentation(sagittal), desc="given")
    (two.data / "dataset_description.json").write_text(json.dumps({"Name": "two visits", "BIDSVersion": "1.10.0"}))
    two.surgery.write_text("participant_id\tlevel\tside\tkind\n01\tL4-L5\tleft\tdiscectomy\n")
    return two


@pytest.fixture(scope="module")
def finished(two: TwoVisits) -> TwoVisits:
    assert two.run() == [Status.DONE, Status.DONE]
    return two


@pytest.fixture(autouse=True, scope="module")
def _quick() -> object:
    """Drawing on axial series is tested elsewhere: here the middle of every slice is fluid."""

    def draw(scan: object, *_: object, **__: object) -> DrawnTissue:
        grid = scan.image.grid  # type: ignore[attr-defined]
        array = np.zeros(grid.shape, dtype=np.uint8)
        array[50:70, 50:70] = CanalTissue.FLUID
        return DrawnTissue(labels=Labels(array, grid))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lumbomics.run.examination_tissue.draw_canal_tissue", draw)
        patch.setattr("lumbomics.run.examination_tissue.draw_muscles", draw)
        # two biomarkers stand for all
        few = partial(measure_spine, only=["disc_height"])
        across = partial(measure_examination, only=["laminectomy_defect"])
        patch.setattr("lumbomics.run.measuring.measure_spine", few)
        patch.setattr("lumbomics.run.examination_results.measure_examination", across)
        yield


def _earlier(two: TwoVisits) -> EarlierVisit:
    [source, _] = find_visits(two.data)
    return EarlierVisit(participant="01", session="01", read=lambda: read_visit(source, participant="01", session="01"))


def test_the_later_visits_page_shows_the_earlier_one_and_the_first_has_nothing_to_show(finished: TwoVisits) -> None:
    assert BESIDE not in finished.report("01").lower()
    later = finished.report("02").lower()
    assert f"l4-l5: {BESIDE}" in later
    assert "axial slices through l4-l5 of the previous visit on the left and of this visit on the right" in later


def test_what_was_written_gives_the_same_examination_again(finished: TwoVisits) -> None:
    found = _earlier(finished).examined(finished.out)
    later = json.loads((finished.out / "sub-01/ses-02/sub-01_ses-02_examination.json").read_text())
    by_name = {scan.name: scan for scan in found.examination.scans}
    assert set(by_name) == {"acq-sag_T2w", "acq-ax_T2w"} == set(later["series"])
    axial = by_name["acq-ax_T2w"]
    assert axial.tissue is not None
    assert axial.tissue.array[60, 60, 3] == CanalTissue.FLUID
    assert axial.image.grid.same_place(axial.tissue.grid)
    # both visits hold the same voxels: what is rebuilt of the one lies where the other's record says
    np.testing.assert_allclose(axial.image.grid.affine, later["series"]["acq-ax_T2w"]["affine"], atol=1e-4)
    assert axial.registration_error_mm == pytest.approx(later["series"]["acq-ax_T2w"]["error_mm"])
    assert {(r.biomarker, r.level) for r in found.results} >= {
        ("disc_height", "L4-L5"),
        ("laminectomy_defect", "L4-L5"),
    }
    assert 23 in found.examination.segmentation.spine.present


def test_finished_visits_are_kept_and_an_earlier_one_done_again_alike_leaves_the_later(finished: TwoVisits) -> None:
    assert finished.run() == [Status.SKIPPED, Status.SKIPPED]
    (finished.out / "sub-01/ses-01/run.json").unlink()
    assert finished.run() == [Status.DONE, Status.SKIPPED]


def test_a_later_visit_is_done_again_where_the_earlier_one_has_other_values(
    finished: TwoVisits, tmp_path: Path
) -> None:
    copy = TwoVisits(finished.data, tmp_path / "labels", tmp_path / "out", finished.surgery)
    shutil.copytree(finished.labels, copy.labels)
    shutil.copytree(finished.out, copy.out)
    [spine] = copy.labels.rglob("*ses-01*seg-spine*.nii.gz")
    labels = read_nifti_labels(spine)
    write_labels_nifti(replace(labels, array=np.where(labels.array == 124, 0, labels.array)), spine)
    assert copy.run() == [Status.DONE, Status.DONE]


def test_an_earlier_visit_without_its_images_is_told_and_the_later_stands(finished: TwoVisits) -> None:
    lost = EarlierVisit(participant="01", session="01", read=lambda: Visit(participant="01", session="01"))
    with pytest.raises(ReadError, match="series of the earlier visit are gone"):
        lost.examined(finished.out)


def test_an_unfinished_earlier_visit_has_no_state(two: TwoVisits, tmp_path: Path) -> None:
    assert _earlier(two).state(tmp_path) is None


@pytest.mark.parametrize(
    ("sessions", "befores"),
    [
        (("02", "10", "01"), {"01": None, "02": "01", "10": "02"}),
        (("month12", "month3"), {"month3": None, "month12": "month3"}),
        (("after", "before"), {"after": None, "before": None}),
    ],
)
def test_the_visit_before_is_the_one_with_the_next_lower_number(
    tmp_path: Path, two: TwoVisits, sessions: Sequence[str], befores: dict[str, str | None]
) -> None:
    image = next(two.data.rglob("*ax_T2w.nii.gz"))
    for session in sessions:
        folder = tmp_path / f"sub-07/ses-{session}/anat"
        folder.mkdir(parents=True)
        shutil.copy(image, folder / f"sub-07_ses-{session}_T2w.nii.gz")
    found, failed = find_study(tmp_path, None, None)
    assert failed == []
    assert {one.session: one.earlier.session if one.earlier else None for one in found} == befores
