"""One phantom patient in two contrasts and planes, and the same patient moved by a known amount."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.phantom import Phantom, make_phantom

SHIFT_MM = np.array([4.0, -7.0, 9.0])
TURN_DEG = np.array([4.0, 5.0, -3.0])


@pytest.fixture(scope="session")
def patient() -> Phantom:
    return make_phantom(3)


@pytest.fixture(scope="session")
def sagittal(patient: Phantom) -> Image:
    return patient.image(patient.sagittal_grid(in_plane_mm=1.0, slices=13), Contrast.T2)


@pytest.fixture(scope="session")
def axial_grid(patient: Phantom) -> Grid:
    return patient.axial_grid(in_plane_mm=1.0, slices=14, width_mm=150.0)


@pytest.fixture(scope="session")
def motion(axial_grid: Grid) -> NDArray[np.float64]:
    """How the patient lies during the axial series, seen from the sagittal one; maps scanner to spine."""
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", TURN_DEG, degrees=True).as_matrix()
    matrix[:3, 3] = axial_grid.centre_mm + SHIFT_MM - matrix[:3, :3] @ axial_grid.centre_mm
    return matrix


@pytest.fixture(scope="session")
def moved_axial(patient: Phantom, axial_grid: Grid, motion: NDArray[np.float64]) -> Image:
    """Axial series taken after the patient moved, with the grid the scanner states."""
    seen = patient.image(Grid(axial_grid.shape, motion @ axial_grid.affine), Contrast.T2)
    return Image(seen.array, axial_grid, contrast=Contrast.T2)
