"""A small study of one digital reference patient, as files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lumbomics.core.anatomy import Numbering, NumberingSource
from lumbomics.core.errors import InputError
from lumbomics.core.image import Image
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.prediction import Prediction
from lumbomics.core.provenance import Decision
from lumbomics.core.visit import Visit
from lumbomics.phantom import make_phantom
from lumbomics.run.bundle import write_segmentation
from lumbomics.write import write_image_nifti, write_labels_nifti


@dataclass(frozen=True)
class Study:
    image: Path
    spine: Path
    labels: Path
    segmentation: Segmentation


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A T2-like image (bright canal) on a coarse sagittal grid, its spine map alone, and all its maps."""
    root = tmp_path_factory.mktemp("study")
    phantom = make_phantom(3)
    grid = phantom.sagittal_grid(in_plane_mm=1.0, thickness_mm=4.0)
    segmentation = phantom.segmentation(grid)
    signal = np.full(256, 180, dtype=np.int16)
    signal[[0, 61]] = 20, 600
    write_image_nifti(Image(signal[segmentation.spine.array], grid), root / "T2w.nii.gz")
    write_labels_nifti(segmentation.spine, root / "spine.nii.gz")
    write_segmentation(root / "labels", Visit(participant="01"), "acq-sag_T2w", segmentation, desc="phantom")
    return Study(root / "T2w.nii.gz", root / "spine.nii.gz", root / "labels", segmentation)


class FakeEngine:
    """A segmenter that knows the answer: it hands back the phantom's own maps where the image is the phantom's."""

    name = "builtin"

    def __init__(self, segmentation: Segmentation, *, version: str = "1") -> None:
        self.segmentation = segmentation
        self.version = version
        self.calls = 0
        self.spoil: Callable[[np.ndarray], np.ndarray] = lambda array: array
        self.known: dict[str, Any] = {}

    def segment(self, image: Image) -> Prediction:
        self.calls += 1
        if image.array.shape != self.segmentation.spine.array.shape:
            raise InputError("the fake engine knows one image alone", hint="give that image")
        source = f"{self.name} {self.version}"
        array = self.spoil(np.array(self.segmentation.spine.array))
        spine = Labels(array, self.segmentation.spine.grid, source=source, boundary_sd_mm=0.3)
        numbering = Numbering(source=NumberingSource.SACRUM_ASSUMPTION, confidence=0.95)
        confidence = dict.fromkeys(spine.present, 0.9)
        return Prediction(
            segmentation=Segmentation(spine=spine, numbering=numbering),
            engine=source,
            decisions=(Decision(what="weights", choice="fake", because="a test"),),
            **({"confidence": confidence} | self.known),
        )


PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c020000000b4944415478da6364f80f00010501012718e3660000"
    "000049454e44ae426082"
)
"""The smallest PNG."""


@pytest.fixture
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports and pictures, drawn and tested elsewhere, cost most of a run's time."""
    monkeypatch.setattr("lumbomics.run.process.compose_report", lambda *_, **__: "<!doctype html>")
    monkeypatch.setattr("lumbomics.run.labelling.quality_picture", lambda *_, **__: PIXEL)


@pytest.fixture
def engine(study: Study, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """The fake engine in the place of the built-in one."""
    fake = FakeEngine(study.segmentation)
    for module in ("pipeline", "segment"):
        monkeypatch.setattr(f"lumbomics.run.{module}.load_engine", lambda *_, **__: fake)
    return fake
