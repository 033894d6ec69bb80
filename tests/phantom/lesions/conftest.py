from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.grid import Grid
from lumbomics.phantom import Acquisition, Phantom, PhantomParameters
from lumbomics.phantom.chain import disc_frame
from lumbomics.phantom.lesions import Lesions, make_worn_phantom

EVEN = Acquisition(noise=0.0, texture=0.0, coil_reach_mm=1e9, blur_voxels=0.0)


def worn(**changes) -> Phantom:
    return make_worn_phantom(0, PhantomParameters.typical(), lesions=Lesions(**changes))


def box_at(phantom: Phantom, disc: str, size_mm=(60.0, 60.0, 60.0), spacing_mm=1.0, back_mm=0.0) -> Grid:
    """Grid along a disc's axes, centred ``back_mm`` behind its middle."""
    frame = next(disc_frame(u, v) for name, u, v in phantom.anatomy.pairs if name == disc)
    spacing = np.broadcast_to(spacing_mm, 3)
    shape = tuple(int(n) for n in np.asarray(size_mm) / spacing)
    half = (np.array(shape) - 1) * spacing / 2
    origin = frame.to_world(-half - (0, back_mm, 0))
    return Grid.from_spacing(shape, spacing, origin_mm=origin, axes=frame.rotation)


@pytest.fixture(scope="session")
def make():
    return worn


@pytest.fixture(scope="session")
def around():
    return box_at


@pytest.fixture(scope="session")
def even():
    return EVEN


@pytest.fixture(scope="session")
def plain():
    return worn()
