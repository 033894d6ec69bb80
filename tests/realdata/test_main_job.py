"""The main job on every kind of real image: what its labels allow is measured, the rest is absent with a reason."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from lumbomics.core.measurement import Absent, Measurement, Reason
from lumbomics.run.outcome import Status
from lumbomics.run.pipeline import run
from lumbomics.write import read_measurements

pytestmark = pytest.mark.realdata


def results_of(tmp_path: Path, image: Path, labels: Path, **options: Any) -> list[Any]:
    (outcome,) = run(image, out=tmp_path, labels=labels, **options).outcomes
    assert outcome.status is Status.DONE, outcome.faults
    page = outcome.report.read_text(encoding="utf-8")
    assert "Research tool, not a medical device" in page
    assert "http-equiv" not in page
    return [row.result for row in read_measurements(outcome.measurements)]


def value_of(results: list[Any], biomarker: str, method: str, level: str | None = None) -> float:
    (found,) = [r for r in results if (r.biomarker, r.method, r.level) == (biomarker, method, level)]
    assert isinstance(found, Measurement), found
    assert found.value is not None
    return found.value


def lumbar_values(results: list[Any]) -> list[Measurement]:
    return [r for r in results if isinstance(r, Measurement)]


@pytest.fixture(scope="module")
def verse(real_file: Any, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    folder = real_file("verse014")
    return results_of(
        tmp_path_factory.mktemp("verse"),
        folder / "sub-verse014_ct.nii.gz",
        folder / "sub-verse014_seg-vert_msk.nii.gz",
        convention="verse",
        contrast=("CT",),
    )


def test_verse_ct_gives_lordosis_to_l5_and_no_sacral_value(verse: list[Any]) -> None:
    assert 45 < value_of(verse, "lumbar_lordosis_l1_l5", "endplate_line_midsagittal") < 65
    sacral = [r for r in verse if r.biomarker in {"lumbar_lordosis_l1_s1", "sacral_slope"}]
    assert sacral
    assert all(isinstance(r, Absent) for r in sacral)


def test_the_slip_that_is_seen_on_verse_ct_is_measured(verse: list[Any]) -> None:
    # By eye on the mid-sagittal picture L4 stands a good quarter of L5's endplate in front of it.
    assert 22 < value_of(verse, "slip_percent", "endplate_corner", "L4-L5") < 36


def test_trunk_ct_with_automatic_labels_gives_lordosis_to_the_sacrum(real_file: Any, tmp_path: Path) -> None:
    folder = real_file("totalsegmentator")
    results = results_of(
        tmp_path,
        folder / "example_ct.nii.gz",
        folder / "example_seg_fast_force_split.nii.gz",
        convention="totalsegmentator_total",
        contrast=("CT",),
    )
    assert 35 < value_of(results, "lumbar_lordosis_l1_s1", "endplate_line_midsagittal") < 65
    assert Counter(r.reason for r in results if isinstance(r, Absent))[Reason.RESOLUTION_TOO_COARSE] > 0


def test_a_dicom_series_without_lumbar_labels_gives_reasons_and_no_number(real_file: Any, tmp_path: Path) -> None:
    folder = real_file("totalsegmentator")
    results = results_of(
        tmp_path,
        folder / "example_ct_dicom",
        folder / "example_seg_dicom.nii.gz",
        convention="totalsegmentator_total",
        ignore_unknown=True,
    )
    assert not lumbar_values(results)


def test_bodies_alone_give_heights_and_no_canal(real_file: Any, tmp_path: Path) -> None:
    folder = real_file("vertebra-volumes")
    results = results_of(
        tmp_path,
        folder / "VB3-01_img.nii.gz",
        folder / "VB3-01_dseg.nii.gz",
        convention="vertebra_bodies_ascending",
        top_vertebra="L1",
        contrast=("T1w",),
    )
    assert 20 < value_of(results, "vertebral_height", "mid", "L3") < 32
    canal = [r for r in results if r.biomarker in {"bony_canal_dimensions", "dural_sac_area"}]
    assert canal
    assert all(isinstance(r, Absent) for r in canal)


def test_bodies_in_arbitrary_order_down_to_s1(real_file: Any, tmp_path: Path) -> None:
    folder = real_file("vertebra-volumes")
    results = results_of(
        tmp_path,
        folder / "VB1-02_img.nii.gz",
        folder / "VB1-02_dseg.nii.gz",
        convention="vertebra_bodies_unordered",
        lowest_vertebra="S1",
        contrast=("T1w",),
    )
    # A hollow body: counted by hand, its middle columns hold 19 to 22 voxels of 1 mm.
    assert 18.5 < value_of(results, "vertebral_height", "mid", "L3") < 22.5
    assert 50 < value_of(results, "lumbar_lordosis_l1_s1", "endplate_line_midsagittal") < 72
    assert not [r for r in lumbar_values(results) if r.biomarker == "foraminal_dimensions"]


def test_a_lumbar_crop_gives_its_one_whole_vertebra(tptbox_samples: Path, tmp_path: Path) -> None:
    folder = tptbox_samples / "sample_ct"
    results = results_of(
        tmp_path,
        folder / "sub-ct_label-22_ct.nii.gz",
        folder / "sub-ct_seg-vert_label-22_msk.nii.gz",
        second=folder / "sub-ct_seg-subreg_label-22_msk.nii.gz",
        convention="spineps",
        contrast=("CT",),
    )
    assert {r.level for r in lumbar_values(results) if r.biomarker == "vertebral_height"} == {"L3"}


def test_cervical_mr_gives_absences_and_no_lumbar_number(tptbox_samples: Path, tmp_path: Path) -> None:
    folder = tptbox_samples / "sample_mri"
    results = results_of(
        tmp_path,
        folder / "sub-mri_label-6_T2w.nii.gz",
        folder / "sub-mri_seg-vert_label-6_msk.nii.gz",
        second=folder / "sub-mri_seg-subreg_label-6_msk.nii.gz",
        convention="spineps",
        contrast=("T2w",),
    )
    assert results
    assert all(isinstance(r, Absent) for r in results)
