"""Broken records: every fault is found, with its file, record and field, and all are reported at once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from lumbomics.catalogue import read_catalogue
from lumbomics.core.errors import CatalogueError, FaultsError

Break = Callable[[str, str, str], None]
ALIGNMENT = "biomarkers/alignment_motion.yaml"
SPINE = "quantities/spine.yaml"


@pytest.fixture
def records(tmp_path: Path) -> Path:
    with as_file(files("lumbomics.catalogue") / "records") as shipped:
        shutil.copytree(shipped, tmp_path / "records")
    return tmp_path / "records"


@pytest.fixture
def break_text(records: Path) -> Break:
    def change(name: str, old: str, new: str) -> None:
        text = (records / name).read_text(encoding="utf-8")
        assert old in text
        (records / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def faults_of(records: Path) -> list[str]:
    with pytest.raises(FaultsError) as caught:
        read_catalogue(records)
    assert all(isinstance(fault, CatalogueError) for fault in caught.value.faults)
    return [str(fault) for fault in caught.value.faults]


def test_an_untouched_copy_has_no_fault(records: Path) -> None:
    assert len(read_catalogue(records).biomarkers) == 141


@pytest.mark.parametrize(
    ("name", "old", "new", "where", "problem"),
    [
        (ALIGNMENT, "units: [deg]", "units: [degrees]", "lumbar_lordosis_l1_s1: units.0", "closed list"),
        (ALIGNMENT, "data_type: continuous", "data_type: real", "lumbar_lordosis_l1_s1: data_type", "continuous"),
        (ALIGNMENT, "    name: Total lumbar", "    titel: Total lumbar", "lumbar_lordosis_l1_s1: name", "required"),
        (ALIGNMENT, "    name: Total lumbar", "    titel: Total lumbar", "lumbar_lordosis_l1_s1: titel", "Extra"),
        (ALIGNMENT, "- seed:L149-151", "- folklore", "lumbar_lordosis_l1_s1: sources.0", "unknown source mark"),
        (ALIGNMENT, "basis: paper:Schwab", "basis: Schwab", "lumbar_lordosis_l1_s1: thresholds.0.basis", "mark"),
        (ALIGNMENT, "id: pelvic_tilt", "id: PelvicTilt", "PelvicTilt: id", "pattern"),
        (ALIGNMENT, "version: '1'", "version: '0'", "lumbar_lordosis_l1_s1: version", "pattern"),
        (ALIGNMENT, "mean: 60.2, sd: 10.3", "mean: 60.2", "reference_intervals.0", "belong together"),
        (ALIGNMENT, "low: 50, high: 80", "low: 80, high: 50", "reference_intervals.0", "low must lie below high"),
        (ALIGNMENT, "low: 50, high: 80", "low: 50, sd: 1, mean: 3", "reference_intervals.0", "either low"),
        (ALIGNMENT, "{method: endplate_line_midsagittal", "{method: guess", "lumbar_lordosis_l1_s1", "unknown method"),
        (ALIGNMENT, "id: pelvic_tilt", "id: sacral_slope", "biomarkers", "more than once"),
        ("biomarkers/ct_bone_implant.yaml", "level: L1", "level: X1", "bony_canal_dimensions", "unknown level"),
        ("meta.yaml", "  scs: ", "  stimulators: ", "groups", "unknown group"),
        (
            SPINE,
            "biomarker: disc_volume",
            "biomarker: disc_mass",
            "disc_mass.label_volume",
            "no such",
        ),
        (SPINE, "unit: mm3, site: disc", "unit: mm2, site: disc", "disc_volume.label_volume", "unit"),
        (
            SPINE,
            "unit: mm3, site: disc",
            "unit: mm3, site: global",
            "disc_volume.label_volume: site",
            "site",
        ),
        (SPINE, "sides: true,", "sides: false,", "foraminal_dimensions", "side_wise"),
        ("instruments.yaml", "low: 0, high: 10}", "low: 10, high: 0}", "nrs_back: ranges.0", "below"),
        ("instruments.yaml", "{low: 2, high: 2", "{low: 3, high: 2", "nrs_back: important_change.0", "exceed"),
        ("rules.yaml", 'imaging_stage == "first"', 'imaging_stage == "third"', "G01: when", "cannot be 'third'"),
        ("rules.yaml", "kind: constant", "kind: oracle", "facts.always.kind", "oracle"),
        (
            "rules.yaml",
            "biomarker: discitis_score",
            "biomarker: discitis",
            "facts: discitis_count",
            "no such biomarker",
        ),
        ("rules.yaml", "hard_gates: [G11,", "hard_gates: [G01,", "rules.yaml", "hard gate"),
        ("rules.yaml", "precedence: [safety, ", "precedence: [", "evaluation", "every severity once"),
        ("evidence.csv", "recurrent or residual disk herniation,16", "herniation,17", "E012", "does not follow"),
        ("evidence.csv", ",53,53.33,0.00,", ",54,53.33,1.00,", "E012", "status does not say so"),
        ("evidence.csv", ",53,53.33,0.00,", ",54,53.33,0.00,", "E012", "abs_discrepancy"),
        ("rules.yaml", "rows: [E020]", "rows: [E999]", "G04: rows", "no such row"),
        ("rules.yaml", "proposes: [mr]", "proposes: [surgery]", "G04", "no such action"),
        ("rules.yaml", "{fact: egfr,", "{fact: kidney,", "G25: limits", "unknown fact"),
        (
            "rules.yaml",
            "when: scs_present, fact",
            "when: weather, fact",
            "implications: metal",
            "unknown fact 'weather'",
        ),
        ("rules.yaml", "fact: postop,", "fact: egfr,", "implications: egfr", "only a boolean"),
        ("rules.yaml", "when: scs_present, fact", "when: metal_near_roi, fact", "implications", "in a circle"),
        ("evidence.csv", "E012,mri_findings", "E012,weather", "E012", "unknown question"),
        ("evidence.csv", "16,30,patients,53", "16,30,,53", "E012", "what the denominator counts"),
        ("evidence.csv", "seed:L369-375,16/22 = 72.7", "seed:L369-375,", "E051", "needs a note"),
        (
            "rules.yaml",
            "kind: choice\n    values: [first",
            "kind: boolean\n    values: [first",
            "imaging_stage",
            "for a choice",
        ),
    ],
)
def test_a_fault_names_its_place(
    records: Path, break_text: Break, name: str, old: str, new: str, where: str, problem: str
) -> None:
    break_text(name, old, new)
    faults = faults_of(records)
    assert any(where in fault and problem in fault for fault in faults), faults


def test_faults_of_several_files_come_together(records: Path, break_text: Break) -> None:
    break_text(ALIGNMENT, "units: [deg]", "units: [degrees]")
    break_text("instruments.yaml", "higher_is_worse: true", "higher_is_worse: perhaps")
    (records / "rules.yaml").write_text("rules: [", encoding="utf-8")
    (records / "evidence.csv").unlink()
    found = "\n".join(faults_of(records))
    assert all(place in found for place in (ALIGNMENT, "nrs_back: higher_is_worse", "rules.yaml", "evidence.csv"))


def test_a_file_that_is_no_mapping_or_holds_no_list_is_a_fault(records: Path) -> None:
    (records / "instruments.yaml").write_text("- 1\n", encoding="utf-8")
    (records / SPINE).write_text("quantities: many\n", encoding="utf-8")
    found = "\n".join(faults_of(records))
    assert "instruments.yaml: holds no mapping" in found
    assert f"{SPINE}: a list of records is missing" in found


def test_a_folder_without_records_is_a_fault_for_each_missing_part(tmp_path: Path) -> None:
    found = "\n".join(faults_of(tmp_path))
    parts = (
        "biomarkers: holds no records",
        "meta.yaml",
        "quantities: holds no records",
        "instruments.yaml",
        "rules.yaml",
        "evidence.csv",
    )
    assert all(part in found for part in parts)
