"""A small study of one digital reference patient, as files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from lumbomics.core.image import Image
from lumbomics.core.labels import Segmentation
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
