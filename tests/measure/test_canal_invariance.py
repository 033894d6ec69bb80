"""Canal, sac, foramina and disc signal of one patient, however the image lies and is sampled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from lumbomics.core.grid import Grid
from lumbomics.core.labels import Segmentation
from lumbomics.core.measurement import Measurement
from lumbomics.measure import measure
from lumbomics.phantom import Phantom, make_phantom

OWN = ("bony_canal_dimensions", "dural_sac_area", "dural_sac_diameters", "foraminal_dimensions")
Rows = dict[tuple[str, str, str | None, str | None], Measurement]
TURN = Rotation.from_rotvec(np.radians(15) * np.array([0.8, 0.36, -0.48])).as_matrix()


@pytest.fixture(scope="module")
def patient() -> Phantom:
    return make_phantom(1002)


@pytest.fixture(scope="module")
def upright(patient: Phantom) -> Rows:
    return rows(patient.segmentation(patient.default_grid(1.2)))


def rows(segmentation: Segmentation) -> Rows:
    found = measure(segmentation, only=OWN)
    return {(r.biomarker, r.method, r.level, r.side): r for r in found if isinstance(r, Measurement)}


def deviations(first: Rows, second: Rows) -> np.ndarray:
    """Differences in standard errors of the difference; nearly every quantity is in both."""
    shared = first.keys() & second.keys()
    assert len(shared) > 0.9 * max(len(first), len(second))
    pairs = [(first[key], second[key]) for key in shared]
    return np.array([(a.value - b.value) / np.hypot(a.se, b.se) for a, b in pairs])


def test_a_grid_turned_by_15_degrees_changes_values_within_their_errors(patient: Phantom, upright: Rows) -> None:
    away = deviations(upright, rows(patient.segmentation(patient.default_grid(1.2, rotation=TURN))))
    assert np.mean(np.abs(away) < 1.96) > 0.93
    assert np.abs(away).max() < 4


def test_finer_voxels_change_values_within_their_errors(patient: Phantom, upright: Rows) -> None:
    away = deviations(upright, rows(patient.segmentation(patient.default_grid(0.9))))
    assert np.mean(np.abs(away) < 1.96) > 0.93
    assert np.abs(away).max() < 4


def test_a_patient_lying_15_degrees_askew_has_the_same_canal(patient: Phantom, upright: Rows) -> None:
    labels = patient.segmentation(patient.default_grid(1.2))
    motion = np.eye(4)
    motion[:3, :3] = TURN
    askew = rows(moved(labels, motion))
    away = np.abs(deviations(upright, askew))
    assert np.median(away) < 0.1
    assert away.max() < 1.5


def moved(labels: Segmentation, motion: np.ndarray) -> Segmentation:
    """The same voxels on a grid that is turned with the patient."""
    assert labels.dural_sac is not None
    grid = Grid(labels.spine.grid.shape, motion @ labels.spine.grid.affine)
    return Segmentation(spine=replace(labels.spine, grid=grid), dural_sac=replace(labels.dural_sac, grid=grid))
