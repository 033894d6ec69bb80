"""Painted canals of known sizes beside a straight analytic spine, and the mirror image of any examination."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest

from lumbomics.core.anatomy import CANAL, CORD, Numbering, Side
from lumbomics.core.examination import CanalTissue, Examination, Operation, Scan
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.measurement import Absent, Measurement, Result
from lumbomics.core.visit import Plane
from lumbomics.measure import ExaminedSpine, describe_spine, measure_examination

SIGNALS = {
    CanalTissue.FLUID: 1000,
    CanalTissue.ROOT: 200,
    CanalTissue.CORD: 300,
    CanalTissue.EPIDURAL_FAT: 700,
}
CANAL_Y = -27.0
PITCH_MM = 36.0
L45_MM = -1.5 * PITCH_MM + 18.0
"""Height of the disc L4-L5 when L1 to S1 are centred on the origin: L4 at -18 mm, L5 at -54 mm."""


@dataclass(frozen=True)
class Ellipse:
    """A painted ellipse: tissue, middle and half-axes across the canal (right and front of its middle), mm."""

    tissue: CanalTissue
    x: float = 0.0
    y: float = 0.0
    half_x: float = 0.75
    half_y: float = 0.75


def root(x: float, y: float, radius: float = 0.9) -> Ellipse:
    return Ellipse(CanalTissue.ROOT, x, y, radius, radius)


CANAL_AND_SAC = (
    Ellipse(CanalTissue.EPIDURAL_FAT, 0, 0, 12, 9.5),
    Ellipse(CanalTissue.FLUID, 0, 0.5, 8.5, 7.0),
)
DORSAL_ROOTS = tuple(root(x, -4.0) for x in (-3.5, -1.2, 1.2, 3.5))
LEAVING_ROOTS = (root(-6.5, 1.0), root(6.5, 1.0))


def paint(shapes: Iterable[Ellipse], grid: Grid) -> np.ndarray:
    points = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))
    tissue = np.zeros(grid.shape, dtype=np.uint8)
    for one in shapes:
        across = (points[..., 0] - one.x) / one.half_x
        along = (points[..., 1] - CANAL_Y - one.y) / one.half_y
        tissue[across**2 + along**2 <= 1] = one.tissue
    return tissue


def straight_segmentation(*, cord_end_mm: float | None = None) -> Segmentation:
    """Bodies L1 to S1, discs, canal, sac and, where asked, a cord that tapers to 10 mm2 at a height; 2 mm voxels."""
    grid = Grid.from_spacing((32, 52, 118), (2.0, 2.0, 2.0), origin_mm=(-31.0, -61.0, -117.0))
    x, y, z = np.moveaxis(grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1)), -1, 0)
    spine, sac = np.zeros(grid.shape, dtype=np.uint8), np.zeros(grid.shape, dtype=np.uint8)
    trunk = (np.abs(x) < 23) & (np.abs(y) < 17)
    spine[((x / 12) ** 2 + ((y - CANAL_Y) / 9.5) ** 2) <= 1] = CANAL
    sac[((x / 8.5) ** 2 + ((y - CANAL_Y) / 7.0) ** 2) <= 1] = 1
    if cord_end_mm is not None:
        radius = np.clip(np.sqrt(10 / np.pi) + 0.2 * (z - cord_end_mm), 0, 5)
        spine[(np.hypot(x, y - CANAL_Y) <= radius) & (radius > 0)] = CORD
    for index, number in enumerate((20, 21, 22, 23, 24, 26)):
        middle = (2.5 - index) * PITCH_MM
        spine[trunk & (np.abs(z - middle) <= 13)] = number
        if number != 26:
            spine[trunk & (np.abs(z - middle + PITCH_MM / 2) < 5)] = number + 100
    sd = 0.3
    return Segmentation(
        spine=Labels(spine, grid, boundary_sd_mm=sd, source="painted"),
        dural_sac=Labels(sac, grid, boundary_sd_mm=sd, source="painted"),
        numbering=Numbering(confidence=1.0),
    )


STRAIGHT = straight_segmentation()


def axial_scan(
    shapes: Iterable[Ellipse],
    *,
    height_mm: float = L45_MM,
    sd_mm: float = 0.1,
    contrast: Contrast = Contrast.T2,
    signals: Mapping[int, int] = SIGNALS,
    name: str = "axial",
) -> Scan:
    """Five slices of 0.5 x 0.5 x 4 mm with the same shapes on each."""
    grid = Grid.from_spacing((80, 96, 5), (0.5, 0.5, 4.0), origin_mm=(-19.75, -44.75, height_mm - 8.0))
    tissue = paint(shapes, grid)
    table = np.full(256, 100, dtype=np.int16)
    for kind, value in signals.items():
        table[kind] = value
    image = Image(table[tissue], grid, contrast=contrast)
    labels = Labels(tissue, grid, boundary_sd_mm=sd_mm, source="painted")
    return Scan(name=name, image=image, plane=Plane.AXIAL, tissue=labels)


def examine(
    *scans: Scan, segmentation: Segmentation = STRAIGHT, operations: tuple[Operation, ...] = ()
) -> ExaminedSpine:
    examination = Examination(segmentation=segmentation, scans=scans, operations=operations)
    return ExaminedSpine(spine=describe_spine(segmentation), examination=examination)


@dataclass(frozen=True)
class Table:
    """Results of one biomarker by method, level and side."""

    rows: Mapping[tuple[str, str | None, Side | None], Result]

    def value(self, method: str, level: str | None = "L4-L5", side: Side | None = None) -> float:
        found = self.rows[method, level, side]
        assert isinstance(found, Measurement), found
        assert found.value is not None
        return found.value

    def measurement(self, method: str, level: str | None = "L4-L5", side: Side | None = None) -> Measurement:
        found = self.rows[method, level, side]
        assert isinstance(found, Measurement), found
        return found

    def absent(self, method: str, level: str | None = "L4-L5", side: Side | None = None) -> Absent:
        found = self.rows[method, level, side]
        assert isinstance(found, Absent), found
        return found


def measured(examined: ExaminedSpine, biomarker: str) -> Table:
    results = measure_examination(examined, only=[biomarker])
    return Table({(r.method or "", r.level, r.side): r for r in results})


def mirrored(examined: ExaminedSpine) -> ExaminedSpine:
    """The mirror image: the same voxels, left and right exchanged in the grids."""

    def grid(one: Grid) -> Grid:
        return Grid(one.shape, np.diag([-1.0, 1.0, 1.0, 1.0]) @ one.affine, one.frame)

    def labels(one: Labels | None) -> Labels | None:
        if one is None:
            return None
        return Labels(one.array, grid(one.grid), one.names, one.source, one.boundary_sd_mm)

    def scan(one: Scan) -> Scan:
        image = Image(one.image.array, grid(one.image.grid), one.image.quantity, one.image.contrast)
        return replace(one, image=image, tissue=labels(one.tissue), obscured=labels(one.obscured))

    old = examined.examination.segmentation
    spine = labels(old.spine)
    assert spine is not None
    segmentation = Segmentation(spine=spine, dural_sac=labels(old.dural_sac), numbering=old.numbering)
    return examine(*(scan(one) for one in examined.examination.scans), segmentation=segmentation)


def assert_mirrored(examined: ExaminedSpine, biomarker: str, *, share: float = 0.0) -> None:
    """Every row of the mirror image equals the other side's row, within a share of its standard error.

    Bones are described from points taken in storage order, which mirroring changes: their frames move by hundredths.
    """
    plain, other = measured(examined, biomarker).rows, measured(mirrored(examined), biomarker).rows
    swap = {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT, None: None}
    assert len(plain) == len(other) > 0
    assert any(isinstance(result, Measurement) for result in plain.values())
    for (method, level, side), result in plain.items():
        twin = other[method, level, swap[side]]
        if isinstance(result, Absent):
            assert isinstance(twin, Absent)
            assert twin.reason is result.reason
            continue
        assert isinstance(twin, Measurement)
        assert twin.category == result.category
        tolerance = max(1e-6, share * (0.3 if result.se is None else max(result.se, 0.2)))
        assert twin.value == pytest.approx(result.value, abs=tolerance)
        assert twin.se == pytest.approx(result.se, abs=tolerance)


@pytest.fixture(scope="session")
def lab() -> SimpleNamespace:
    """What the tests of this folder build and read examinations with."""
    return SimpleNamespace(
        Ellipse=Ellipse,
        root=root,
        CANAL_AND_SAC=CANAL_AND_SAC,
        DORSAL_ROOTS=DORSAL_ROOTS,
        LEAVING_ROOTS=LEAVING_ROOTS,
        ORDINARY=(*CANAL_AND_SAC, *DORSAL_ROOTS, *LEAVING_ROOTS),
        L45_MM=L45_MM,
        axial_scan=axial_scan,
        straight_segmentation=straight_segmentation,
        examine=examine,
        measured=measured,
        mirrored=mirrored,
        assert_mirrored=assert_mirrored,
    )


@pytest.fixture(scope="session")
def ordinary(lab: SimpleNamespace) -> ExaminedSpine:
    """An ordinary canal with dorsal roots and two about to leave."""
    return examine(axial_scan(lab.ORDINARY))
