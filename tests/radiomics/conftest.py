"""A small spine whose regions differ along every axis, on clinical voxels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lumbomics.core.anatomy import CANAL, Numbering
from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.core.labels import Labels, Muscle, Segmentation, Subregion

SHAPE = (11, 44, 76)  # sagittal slices of 4 mm, pixels of 1 mm; axes run right, forward, up


def ellipsoid(centre: tuple[float, ...], radii: tuple[float, ...]) -> np.ndarray:
    index = np.indices(SHAPE).transpose(1, 2, 3, 0)
    return np.asarray((((index - centre) / radii) ** 2).sum(axis=-1) <= 1)


@pytest.fixture(scope="session")
def spine_case() -> tuple[Image, Segmentation]:
    """Three vertebrae with bodies, a disc, a canal cut by the image's edge, both psoas muscles, on smooth texture."""
    grid = Grid.from_spacing(SHAPE, (4.0, 1.0, 1.0))
    spine, parts, muscle = (np.zeros(SHAPE, np.uint8) for _ in range(3))
    for number, height in ((22, 64), (23, 41), (24, 16)):
        body = ellipsoid((5, 26, height), (3, 9, 7))
        spine[body | ellipsoid((5, 12, height), (3, 4, 4))] = number
        parts[body] = Subregion.CORPUS
    spine[ellipsoid((5, 26, 28.5), (3.2, 9, 4.2)) & (spine == 0)] = 123
    spine[4:7, 14:17, :] = CANAL
    muscle[ellipsoid((1.5, 30, 40), (1.6, 6, 20))] = Muscle.PSOAS_LEFT
    muscle[ellipsoid((8.5, 30, 40), (1.6, 6, 20))] = Muscle.PSOAS_RIGHT
    muscle[spine > 0] = 0
    rng = np.random.default_rng(3)
    array = 200 + 30 * rng.standard_normal(SHAPE) + 3 * np.indices(SHAPE)[2] + 100 * (spine == 123)
    return Image(array, grid), Segmentation(
        spine=Labels(spine, grid), subregion=Labels(parts, grid), muscle=Labels(muscle, grid)
    )


@pytest.fixture(scope="session")
def unsure(spine_case: tuple[Image, Segmentation]) -> Callable[[float], Segmentation]:
    """The same labels with level numbers that are only so sure."""

    def make(confidence: float) -> Segmentation:
        labels = spine_case[1]
        return Segmentation(
            spine=labels.spine,
            subregion=labels.subregion,
            muscle=labels.muscle,
            numbering=Numbering(confidence=confidence),
        )

    return make
