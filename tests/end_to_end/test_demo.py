"""From DICOM files to a report: one digital reference patient through the whole product, judged by its known truth."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lumbomics.core.measurement import Measurement
from lumbomics.phantom import make_phantom
from lumbomics.write import read_measurements

BIN = Path(sys.executable).parent
# Largest error with the labels that the shipped network draws on T2, T1 and STIR of 4 mm slices, in the unit of the
# quantity: (biomarker, method) -> error. How accurate measuring alone is, tests of `measure` say.
CLOSE = {
    ("lumbar_lordosis_l1_s1", "endplate_line_midsagittal"): 3.0,
    ("segmental_lordosis", "disc_angle"): 4.0,
    ("slip_percent", "endplate_corner_mm"): 2.0,
    ("disc_height", "mean_central80"): 2.0,
    ("vertebral_height", "mid"): 2.0,
    ("dural_sac_area", "perpendicular_at_disc"): 25.0,
    ("foraminal_dimensions", "height"): 4.0,
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo")
    command = [
        BIN / "lumbomics",
        "demo",
        "--out",
        out,
        "--patients",
        "1",
        "--operated",
        "0",
        "--participants",
        "40",
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (visit,) = json.loads(done.stdout)["visits"]
    assert visit["status"] == "done"
    assert Path(visit["report"]).is_file()
    return out


@pytest.fixture(scope="module")
def values(demo: Path) -> dict[tuple[Any, ...], Measurement]:
    (table,) = (demo / "derivatives").rglob("*_measurements.tsv")
    rows = [row.result for row in read_measurements(table)]
    return {(r.biomarker, r.method, r.level, r.side): r for r in rows if isinstance(r, Measurement)}


def test_three_series_were_read_and_named_by_what_they_are(demo: Path) -> None:
    (record,) = (demo / "derivatives").rglob("run.json")
    inputs = json.loads(record.read_text(encoding="utf-8"))["inputs"]
    assert {"acq-sag_T2w", "acq-sag_T1w"} <= set(inputs)
    assert any("STIR" in name for name in inputs)


@pytest.mark.parametrize("quantity", CLOSE, ids="-".join)
def test_values_are_close_to_the_truth_of_the_geometry(
    quantity: tuple[str, str], values: dict[tuple[Any, ...], Measurement]
) -> None:
    truth = {(t.biomarker, t.method, t.level, t.side): t for t in make_phantom(1).truth()}
    pairs = [
        (found.value, truth[key].value)
        for key, found in values.items()
        if key[:2] == quantity and isinstance(truth.get(key), Measurement)
    ]
    assert pairs
    assert max(abs(found - true) for found, true in pairs) < CLOSE[quantity]


def test_nothing_that_names_the_patient_reaches_the_derivatives(demo: Path) -> None:
    scanned = [p for p in (demo / "derivatives").rglob("*") if p.suffix in {".tsv", ".json", ".html", ".md"}]
    assert len(scanned) > 10
    assert not [p for p in scanned if "PHANTOM01" in p.read_text(encoding="utf-8")]


def test_the_official_validator_finds_no_error_in_the_derivatives(demo: Path) -> None:
    command = [BIN / "bids-validator-deno", "--format", "json", demo / "derivatives"]
    done = subprocess.run(command, capture_output=True, text=True)
    issues = json.loads(done.stdout)["issues"]["issues"]
    assert not [issue for issue in issues if issue["severity"] == "error"]
    assert issues, "a validator that says nothing at all was not run on a dataset"


@pytest.fixture(scope="module")
def after_surgery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("operated")
    command = [BIN / "lumbomics", "demo", "--out", out, "--patients", "1", "--participants", "0"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out


def test_scar_disc_and_missing_arch_of_a_patient_after_surgery_are_found_where_they_are(after_surgery: Path) -> None:
    """Six series from DICOM, labels and tissue drawn by the software: the operated level and side, and no other."""
    (operated,) = (row.split("\t") for row in (after_surgery / "surgery.tsv").read_text("utf-8").splitlines()[1:])
    level, side = operated[2], operated[3]
    (table,) = (after_surgery / "derivatives").rglob("*_measurements.tsv")
    rows = [row.result for row in read_measurements(table)]
    found = {(r.biomarker, r.method, r.level, r.side): r for r in rows if isinstance(r, Measurement)}
    scar = {(at, where): r.value for (_, name, at, where), r in found.items() if name == "scar_volume"}
    assert scar[level, side] > 50
    assert max(volume for place, volume in scar.items() if place != (level, side)) < 0.2 * scar[level, side]
    displaced = {at: r.value for (_, name, at, _), r in found.items() if name == "fardon_2014_displaced_map"}
    assert {at for at, kind in displaced.items() if kind} == {level}
    arch = {(at, where): r.value for (_, name, at, where), r in found.items() if name == "mr_missing_fraction"}
    assert arch[level, side] > arch[level, "left" if side == "right" else "right"]


def test_the_page_of_a_patient_after_surgery_names_the_operated_level(after_surgery: Path) -> None:
    (page,) = (after_surgery / "derivatives").rglob("*_report.html")
    html = page.read_text(encoding="utf-8")
    assert "Operated levels" in html
    assert "Epidural fibrosis" in html
