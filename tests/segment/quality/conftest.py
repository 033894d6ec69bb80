"""One digital reference patient as an image with its label map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.prediction import Prediction
from lumbomics.core.quality import QualityReport
from lumbomics.phantom import make_phantom
from lumbomics.segment.quality import assess


@dataclass(frozen=True)
class Patient:
    image: Image
    segmentation: Segmentation

    @property
    def array(self) -> np.ndarray:
        """A copy of the spine map's values, to be spoiled."""
        return np.array(self.segmentation.spine.array)

    def prediction(self, array: np.ndarray | None = None, **known: Any) -> Prediction:
        labels = self.segmentation.spine if array is None else Labels(array, self.image.grid)
        return Prediction(segmentation=Segmentation(spine=labels), **known)

    def check(self, array: np.ndarray | None = None, **known: Any) -> QualityReport:
        return assess(self.prediction(array, **known), self.image)

    def height(self) -> np.ndarray:
        indices = np.moveaxis(np.indices(self.image.array.shape), 0, -1)
        return self.image.grid.to_world(indices)[..., 2]


@pytest.fixture(scope="session")
def patient() -> Patient:
    phantom = make_phantom(3)
    grid = phantom.sagittal_grid(in_plane_mm=1.2, thickness_mm=4.0)
    return Patient(phantom.image(grid, Contrast.T2), phantom.segmentation(grid))
