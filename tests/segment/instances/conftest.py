from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from lumbomics.core.grid import Grid
from lumbomics.core.labels import Segmentation
from lumbomics.core.prediction import SemanticMap, Tissue
from lumbomics.phantom import Phantom, PhantomParameters, make_phantom

Classes = NDArray[np.uint8]


def classes_of(spine: NDArray[np.uint8]) -> Classes:
    """Tissue classes of an instance map: what a network that cannot count would draw."""
    classes = np.zeros(spine.shape, np.uint8)
    classes[((spine >= 1) & (spine <= 25)) | (spine == 28)] = Tissue.VERTEBRA
    classes[(spine > 100) & (spine < 134)] = Tissue.DISC
    classes[(spine == 60) | (spine == 61)] = Tissue.CANAL
    classes[np.isin(spine, (26, 27, 29, 30, 31, 32, 33))] = Tissue.SACRUM
    return classes


def semantic(classes: Classes, grid: Grid, *, probability: float = 0.9) -> SemanticMap:
    sure = np.full(grid.shape, probability, np.float16)
    return SemanticMap(labels=classes, probability=sure, metal=np.zeros(grid.shape, np.float16), grid=grid)


@pytest.fixture(scope="session")
def tools() -> tuple[Callable[..., Classes], Callable[..., SemanticMap]]:
    return classes_of, semantic


@pytest.fixture(scope="session")
def patient() -> Phantom:
    return make_phantom(7, PhantomParameters.typical())


@pytest.fixture(scope="session")
def stack(patient: Phantom) -> Grid:
    return patient.sagittal_grid(in_plane_mm=1.0, thickness_mm=3.0, slices=21)


@pytest.fixture(scope="session")
def truth(patient: Phantom, stack: Grid) -> Segmentation:
    return patient.segmentation(stack)


@pytest.fixture
def drawn(truth: Segmentation) -> Classes:
    """A fresh copy of the phantom's classes, to be spoiled by a test."""
    return classes_of(truth.spine.array)
