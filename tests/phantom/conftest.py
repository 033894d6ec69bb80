from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from lumbomics.core.anatomy import Side
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Segmentation
from lumbomics.core.measurement import Measurement, Result
from lumbomics.phantom import Herniation, Phantom, PhantomParameters, Zone, make_phantom
from lumbomics.phantom.truth.alignment import alignment_truth
from lumbomics.phantom.truth.frames import defined_vertebrae

Truth = Mapping[tuple[str, str, str | None, Side | None], Result]

ASKED = PhantomParameters(
    disc_angle_deg={"L4-L5": 9.0, "L3-L4": 7.5},
    slip_mm={"L4-L5": 5.5, "L2-L3": -2.5},
    disc_height_mm={"L4-L5": 7.2, "L5-S1": 12.0},
    lateral_listhesis_mm={"L3-L4": 3.0},
    canal_narrowing={"L3-L4": 0.4},
    foraminal_narrowing={("L4-L5", Side.LEFT): 0.6},
    herniations=(Herniation(level="L5-S1", zone=Zone.SUBARTICULAR, side=Side.RIGHT, size_mm=6.0),),
    degeneration={"L4-L5": 0.9, "L2-L3": 0.1},
)


def index(results: tuple[Result, ...]) -> Truth:
    return {(r.biomarker, r.method or "", r.level, r.side): r for r in results}


def read_value(truth: Truth, biomarker: str, method: str, level: str | None = None, side: Side | None = None) -> float:
    result = truth[biomarker, method, level, side]
    assert isinstance(result, Measurement)
    assert result.value is not None
    return result.value


@pytest.fixture(scope="session")
def value() -> Callable[..., float]:
    """Read one true value: (truth, biomarker, method, level, side)."""
    return read_value


@pytest.fixture(scope="session")
def alignment() -> Callable[[PhantomParameters], Truth]:
    """Compute angles, slips and shifts alone, which is quick."""
    return align


def align(parameters: PhantomParameters) -> Truth:
    return index(tuple(alignment_truth(defined_vertebrae(make_phantom(0, parameters).anatomy))))


@pytest.fixture(scope="session")
def normal() -> Phantom:
    return make_phantom(0, PhantomParameters.typical(lordosis_l1_s1_deg=52.0))


@pytest.fixture(scope="session")
def normal_truth(normal: Phantom) -> Truth:
    return index(normal.truth())


@pytest.fixture(scope="session")
def asked() -> Phantom:
    return make_phantom(0, ASKED)


@pytest.fixture(scope="session")
def asked_truth(asked: Phantom) -> Truth:
    return index(asked.truth())


@pytest.fixture(scope="session")
def normal_grid(normal: Phantom) -> Grid:
    return normal.default_grid(1.0)


@pytest.fixture(scope="session")
def normal_maps(normal: Phantom, normal_grid: Grid) -> Segmentation:
    return normal.segmentation(normal_grid)
