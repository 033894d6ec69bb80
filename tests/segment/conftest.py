"""Recorded outputs of the tools, in their own numbers and file names, and a fake installation that hands them out."""

import json
import os
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest

from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image, Quantity

FAKE = Path(__file__).parent / "external" / "fake_tool.py"
COMMANDS = {"totalspineseg": "totalspineseg", "spineps": "spineps", "totalsegmentator": "TotalSegmentator"}
DIST_INFO = {
    "totalspineseg": "totalspineseg-20260807",
    "spineps": "spineps-2.1.3",
    "totalsegmentator": "totalsegmentator-2.18.0",
}
MODELS = {
    "totalspineseg": (
        "nnUNet/results/r20260730/Dataset101_TotalSpineSeg_step1",
        "nnUNet/results/r20260730/Dataset102_TotalSpineSeg_step2",
    ),
    "spineps": ("T2w_semantic_v1.0.9", "T1w_semantic_v1.0.9", "instance_sagittal_v1.2.0", "T2w_labeling_v1.4.0"),
    "totalsegmentator": (
        "Dataset292_TotalSegmentator_part2_vertebrae_1532subj",
        "Dataset294_TotalSegmentator_part4_muscles_1559subj",
        "Dataset298_TotalSegmentator_total_6mm_1559subj",
        "Dataset756_mri_vertebrae_1076subj",
        "Dataset850_TotalSegMRI_part1_organs_1088subj",
        "Dataset852_TotalSegMRI_total_3mm_1088subj",
    ),
}
# Rows of the recorded maps, head to tail: what the tools call L4, the disc below it, L5, the disc below it, sacrum.
# TotalSpineSeg: its label map tss_map.json; SPINEPS: VerSe's numbers, + 100 disc, + 200 endplate, and the parts in its
# README; TotalSegmentator: map_to_binary.py.
ROWS = {
    "totalspineseg": {"labels": (44, 95, 45, 100, 50), "behind": {"labels": 2}},
    "spineps": {"labels": (23, 123, 24, 124, 26), "second": (49, 100, 49, 100, 26), "behind": {"second": 61}},
    "total": {"total": (28, 0, 27, 0, 25), "behind": {"total": 79}},
    "mr": {"vertebrae_mr": (3, 0, 2, 0, 1), "total_mr": (19, 20, 19, 20, 18), "behind": {"total_mr": 21}},
}


def grid() -> Grid:
    """Sagittal, tilted by 10 degrees, stored to the left, back and down."""
    tilt = np.deg2rad(10)
    axes = np.array([[-1, 0, 0], [0, -np.cos(tilt), np.sin(tilt)], [0, -np.sin(tilt), -np.cos(tilt)]])
    return Grid.from_spacing((4, 6, 20), (4.0, 1.5, 1.5), origin_mm=(8, 20, 30), axes=axes, frame="1.2.3")


def rows(numbers, behind=0) -> np.ndarray:
    """Five blocks one below the other in front of a column ``behind``."""
    array = np.zeros(grid().shape, np.uint8)
    for place, number in enumerate(numbers):
        array[1:3, 1:4, 4 * place : 4 * place + 3] = number
    array[1:3, 4:5, :] = behind
    return array


def save(array, path: Path, affine=None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(array, grid().affine if affine is None else affine), path)
    return path


def image(contrast=Contrast.T2, *, ct=False) -> Image:
    values = np.random.default_rng(0).integers(0, 900, grid().shape).astype(np.int16)
    quantity = Quantity.HOUNSFIELD if ct else Quantity.ARBITRARY
    return Image(values, grid(), quantity, Contrast.CT if ct else contrast)


@pytest.fixture
def small_mr():
    return image


@pytest.fixture
def recorded(tmp_path):
    """Files of one tool's recorded output: output kind -> path."""

    def make(tool, **changed):
        facts = ROWS[tool]
        maps = {kind: rows(n, facts["behind"].get(kind, 0)) for kind, n in facts.items() if kind != "behind"} | changed
        return {kind: str(save(array, tmp_path / "recorded" / f"{kind}.nii.gz")) for kind, array in maps.items()}

    return make


class Installation:
    """A fake tool in a folder that looks like its virtual environment."""

    def __init__(self, name: str, folder: Path, monkeypatch) -> None:
        self.name = name
        self.executable = folder / "env" / "bin" / COMMANDS[name]
        self.packages = folder / "env" / "lib" / "python3.11" / "site-packages"
        self.weights = folder / "weights"
        self._saw = folder / "saw.jsonl"
        self._set = monkeypatch.setenv
        self.executable.parent.mkdir(parents=True)
        self.executable.write_text(f"#!{sys.executable} -SE\n{FAKE.read_text()}")
        self.executable.chmod(0o755)
        (self.packages / f"{DIST_INFO[name]}.dist-info").mkdir(parents=True)
        for model in MODELS[name]:
            (self.weights / model).mkdir(parents=True)
            (self.weights / model / "model.bin").write_bytes(b"12345")
            (self.weights / model / "inference_config.json").write_text("{}")

    def behave(self, **behaviour) -> None:
        self._set("FAKE_BEHAVIOUR", json.dumps({"saw": str(self._saw), **behaviour}))

    @property
    def saw(self) -> list[dict]:
        return [json.loads(line) for line in self._saw.read_text().splitlines()]


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Make a fake installation of a tool, its weights in a folder, both to be stated."""
    for variable in [
        name for name in os.environ if name.startswith(("LUMBOMICS_", "TOTALSEG", "TOTALSPINE", "SPINEPS"))
    ]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", str(tmp_path / "own-home"))

    def make(name):
        tool = Installation(name, tmp_path / name, monkeypatch)
        tool.behave()
        return tool

    return make
