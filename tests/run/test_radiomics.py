"""Files in, table, settings and stability out."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from lumbomics.cli.radiomics import radiomics
from lumbomics.core.errors import FaultsError, InputError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.core.labels import Labels
from lumbomics.core.measurement import Measurement
from lumbomics.read import read_nifti_image, read_nifti_labels
from lumbomics.run.radiomics import measure_radiomics
from lumbomics.write import read_measurements, write_image_nifti, write_labels_nifti

pytest.importorskip("zrad", reason="z-rad is not installed")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Four discs of different brightness and size in one image."""
    folder = tmp_path_factory.mktemp("radiomics")
    grid = Grid.from_spacing((9, 40, 90), (4.0, 1.0, 1.0))
    rng = np.random.default_rng(0)
    x, y, z = np.indices(grid.shape)
    array, labels = rng.normal(150, 10, grid.shape), np.zeros(grid.shape, np.uint8)
    for number, height in zip((120, 121, 122, 123), (80, 58, 36, 12), strict=True):
        inside = ((x - 4) / 2.6) ** 2 + ((y - 20) / (9 + number - 120)) ** 2 + ((z - height) / 6) ** 2 <= 1
        labels[inside] = number
        array[inside] += 80 * (number - 120)
    image, drawn = folder / "sub-01_T2w.nii.gz", folder / "sub-01_dseg.nii.gz"
    write_image_nifti(Image(array.astype(np.float32), grid), image)
    write_labels_nifti(Labels(labels, grid), drawn)
    return image, drawn


def test_the_table_reads_back_and_the_settings_stand_beside_it(files: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "features.tsv"
    found = measure_radiomics(
        files[0],
        labels=files[1],
        convention="lumbomics",
        out=out,
        contrast="T2w",
        family=("intensity_statistics",),
        bins=16,
        participant="07",
    )
    rows = read_measurements(out)
    assert len(rows) == len(found.results) == 4 * 18
    assert {row.participant for row in rows} == {"07"}
    assert {row.result.level for row in rows} == {"L1-L2", "L2-L3", "L3-L4", "L4-L5"}
    said = json.loads((tmp_path / "features_settings.json").read_text(encoding="utf-8"))
    assert said["settings"]["bins"] == 16
    assert said["normalisation"]["normalisation"] == "z_score"
    assert said["normalisation"]["voxels"] > 1000
    assert said["features"]["radiomics_stat_mean"]["ibsi"] == "Q4LE"
    assert set(said["inputs"]) == {"sub-01_T2w.nii.gz", "sub-01_dseg.nii.gz"}
    assert {path.name for path in found.files} == {"features.tsv", "features.json", "features_settings.json"}


def test_a_ct_is_read_in_hounsfield_units_without_normalisation(files: tuple[Path, Path], tmp_path: Path) -> None:
    found = measure_radiomics(
        files[0],
        labels=files[1],
        convention="lumbomics",
        out=tmp_path / "ct.tsv",
        contrast="CT",
        family=("intensity_statistics",),
    )
    means = {r.level: r for r in found.results if r.biomarker == "radiomics_stat_mean"}
    highest = means["L4-L5"]
    assert isinstance(highest, Measurement)
    assert highest.unit == "[hnsf'U]"
    assert highest.value == pytest.approx(150 + 3 * 80, abs=2)


def test_features_that_follow_the_signal_are_stable_and_those_that_follow_noise_are_not(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    found = measure_radiomics(
        files[0],
        labels=files[1],
        convention="lumbomics",
        out=tmp_path / "features.tsv",
        family=("intensity_statistics",),
        repetitions=4,
    )
    judged = {s.biomarker.removeprefix("radiomics_"): s for s in found.stability}
    assert judged["stat_median"].kept
    assert judged["stat_median"].value == pytest.approx(1.0, abs=0.02)
    assert not judged["stat_skew"].kept
    with (tmp_path / "features_stability.tsv").open(encoding="utf-8") as file:
        rows = {row["biomarker"]: row for row in csv.DictReader(file, delimiter="\t")}
    assert rows["radiomics_stat_median"]["kept"] == "true"
    assert rows["radiomics_stat_median"]["repetitions"] == "5"
    assert rows["radiomics_stat_cov"]["icc_2_1"] == "n/a"
    assert "too few" in rows["radiomics_stat_cov"]["detail"]


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"aggregation": "3D"}, "3D_avg"),
        ({"structure": ("discs",)}, "did you mean disc"),
        ({"normalisation": "zscore"}, "z_score"),
        ({"interpolation": "nearest"}, "linear"),
        ({"family": ("glcmm",)}, "glcm"),
        ({"repetitions": -1}, "negative"),
    ],
)
def test_words_and_numbers_without_sense_are_refused_before_anything_is_written(
    files: tuple[Path, Path], tmp_path: Path, wrong: dict[str, object], match: str
) -> None:
    with pytest.raises((InputError, FaultsError), match=match):
        measure_radiomics(
            files[0],
            labels=files[1],
            convention="lumbomics",
            out=tmp_path / "features.tsv",
            **wrong,  # type: ignore[arg-type]
        )
    assert not list(tmp_path.iterdir())


def test_the_command_is_the_call(files: tuple[Path, Path], tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(radiomics)
    given = [str(files[0]), "--labels", str(files[1]), "--convention", "lumbomics", "--family", "local_intensity"]
    done = CliRunner().invoke(app, [*given, "--out", str(tmp_path / "a.tsv"), "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["regions"], said["features"], said["measured"], said["absent"]) == (4, 2, 8, 0)
    assert (tmp_path / "a_settings.json").exists()
    wrong = CliRunner().invoke(app, [*given, "--out", str(tmp_path / "b.tsv"), "--bins", "8", "--bin-width", "2"])
    assert wrong.exit_code == 2
    assert "number of bins or their width" in wrong.output


@pytest.mark.realdata
def test_a_real_ct_in_another_orientation_gives_the_voxels_own_numbers(
    real_file: Callable[[str], Path], tmp_path: Path
) -> None:
    ct = real_file("verse014/sub-verse014_ct.nii.gz")
    drawn = real_file("verse014/sub-verse014_seg-vert_msk.nii.gz")
    found = measure_radiomics(
        ct,
        labels=drawn,
        convention="verse",
        out=tmp_path / "verse.tsv",
        contrast="CT",
        structure=("vertebra",),
        family=("intensity_statistics", "ngtdm"),
    )
    values = {(r.biomarker, r.level): r.value for r in found.results if isinstance(r, Measurement)}
    image, labels = read_nifti_image(ct).array, read_nifti_labels(drawn).array
    for number in range(20, 25):
        inside = image[labels == number]
        level = f"L{number - 19}"
        assert values["radiomics_stat_mean", level] == pytest.approx(inside.mean(dtype=float))
        assert values["radiomics_stat_p90", level] == pytest.approx(np.percentile(inside, 90))
        assert 50 < inside.mean() < 600  # bone: this is a CT in HU, and the mask lies on it
        coarseness = values["radiomics_ngt_coarseness", level]
        assert coarseness is not None
        assert 0 < coarseness < 1
