"""Digital patients on axial slices: a plain one, one with a disc fragment after surgery, one with a collection."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import Scan
from lumbomics.core.image import Contrast
from lumbomics.core.labels import Segmentation
from lumbomics.core.visit import Plane
from lumbomics.phantom import Phantom, make_phantom
from lumbomics.phantom.canalmap import canal_tissue
from lumbomics.phantom.imaging import Acquisition
from lumbomics.phantom.parameters import PhantomParameters
from lumbomics.phantom.postoperative import DiscFragment, Displacement, Kind, draw_state, make_postoperative
from lumbomics.phantom.signal import Injection

LEVEL = "L4-L5"


@dataclass(frozen=True, eq=False)
class Patient:
    """Axial series of one patient, labels of another series, and the true maps."""

    scans: dict[str, Scan]
    segmentation: Segmentation
    tissue: NDArray[np.uint8]
    muscle: NDArray[np.uint8]


def take(phantom: Phantom, *, slices: int = 3) -> Patient:
    """Take axial T2, T1 and T1 after contrast through L4-L5, and imperfect labels on sagittal slices."""
    grid = phantom.axial_grid(LEVEL, in_plane_mm=0.6, slices=slices)
    scans = {}
    for name, contrast in (("t2", Contrast.T2), ("t1", Contrast.T1), ("post", Contrast.T1_POST)):
        acquisition = Acquisition(injection=Injection() if name == "post" else None)
        scans[name] = Scan(name=name, image=phantom.image(grid, contrast, acquisition=acquisition), plane=Plane.AXIAL)
    maps = phantom.scene.label_maps(grid)
    sagittal = phantom.sagittal_grid()
    return Patient(
        scans=scans,
        segmentation=phantom.segmentation(sagittal, boundary_sd_mm=0.5, rng=np.random.default_rng(0)),
        tissue=canal_tissue(phantom.scene, phantom.scene.tissue(grid), maps),
        muscle=maps["muscle"],
    )


@pytest.fixture(scope="session")
def plain() -> Patient:
    return take(make_phantom(1000))


@pytest.fixture(scope="session")
def operated() -> Patient:
    spine = PhantomParameters.random(1002)
    spine = replace(spine, herniations=(), canal_narrowing=dict.fromkeys(spine.canal_narrowing, 0.0))
    state = draw_state(np.random.default_rng(1002), Kind.PLAIN, level=LEVEL, side=Side.RIGHT)
    extruded = DiscFragment(
        level=LEVEL, side=Side.RIGHT, kind=Displacement.EXTRUSION, size_mm=8.5, t2_ms=60.0, rim_mm=0.4
    )
    return take(make_phantom(1002, spine, extras=(replace(state, fragments=(extruded,)),)), slices=5)


@pytest.fixture(scope="session")
def leaking() -> Patient:
    return take(make_postoperative(1005, Kind.COLLECTION, level=LEVEL, side=Side.LEFT))


def dice(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Overlap of two masks."""
    return 2 * float((first & second).sum()) / float(first.sum() + second.sum())


@pytest.fixture(scope="session")
def overlap():
    return dice


@pytest.fixture(scope="session")
def take_patient():
    return take
