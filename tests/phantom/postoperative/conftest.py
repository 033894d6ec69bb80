"""Operated phantoms on small, fine grids about L4-L5."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from lumbomics.core.examination import IN_CANAL, IN_SAC
from lumbomics.core.grid import Grid
from lumbomics.phantom import Extra, Phantom, PhantomParameters, make_phantom

LEVEL = "L4-L5"


class Cut(NamedTuple):
    """One plane across the canal: tissue (columns, rows), canal coordinates x, y (columns, rows) mm, pixel area mm²."""

    tissue: NDArray[np.uint8]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    pixel_mm2: float

    def of(self, *kinds: int) -> NDArray[np.bool_]:
        return np.isin(self.tissue, kinds)

    @property
    def sac(self) -> NDArray[np.bool_]:
        return np.isin(self.tissue, list(IN_SAC))

    @property
    def canal(self) -> NDArray[np.bool_]:
        return np.isin(self.tissue, list(IN_CANAL))


def operate(*extras: Extra) -> Phantom:
    return make_phantom(0, PhantomParameters(), extras=extras)


def box(
    phantom: Phantom, *, mm: float, planes: int = 1, apart_mm: float = 1.0, half_mm=(18.0, 20.0), height_mm=0.0
) -> Grid:
    """Planes parallel to the disc, about the canal."""
    frame, canal = phantom.disc_frame(LEVEL), phantom.anatomy.canal
    middle = frame.to_local(canal.frame_at(canal.stations[LEVEL])[0])
    low = (middle[0] - half_mm[0], middle[1] - half_mm[1], height_mm - (planes - 1) / 2 * apart_mm)
    shape = (int(2 * half_mm[0] / mm), int(2 * half_mm[1] / mm), planes)
    return Grid.from_spacing(shape, (mm, mm, apart_mm), origin_mm=frame.to_world(low), axes=frame.rotation)


def cut_through(phantom: Phantom, *, mm: float = 0.25, height_mm: float = 0.0) -> Cut:
    grid = box(phantom, mm=mm, height_mm=height_mm, half_mm=(15.0, 14.0))
    tissue = phantom.canal_tissue(grid).array[..., 0]
    places = grid.to_world(np.stack(np.indices(grid.shape), axis=-1)).reshape(-1, 3)
    _, x, y = phantom.anatomy.canal.coordinates(places)
    return Cut(tissue, x.reshape(tissue.shape), y.reshape(tissue.shape), mm * mm)


@pytest.fixture(scope="session")
def cut() -> Callable[..., Cut]:
    """Cut a phantom across the canal at L4-L5."""
    return cut_through


@pytest.fixture(scope="session")
def operated() -> Callable[..., Phantom]:
    """Make a normal spine with the extras given."""
    return operate


@pytest.fixture(scope="session")
def planes() -> Callable[..., Grid]:
    """Lay planes parallel to L4-L5."""
    return box


@pytest.fixture(scope="session")
def untouched() -> Phantom:
    return operate()


@pytest.fixture(scope="session")
def untouched_cut(untouched: Phantom) -> Cut:
    return cut_through(untouched)
