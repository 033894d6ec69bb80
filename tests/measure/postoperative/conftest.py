"""A canal painted in closed form behind an analytic disc L4-L5, with T2, T1 and post-contrast slices through it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from lumbomics.core.anatomy import CANAL, SACRUM, Side
from lumbomics.core.examination import CanalTissue, Examination, Operation, Scan
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Labels, Muscle, Segmentation
from lumbomics.core.measurement import Absent, Measurement, Result
from lumbomics.core.visit import Plane
from lumbomics.measure import ExaminedSpine, SpineGeometry, describe_spine, measure_examination

Region = Callable[[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]], NDArray[np.bool_]]
LEVEL = "L4-L5"
CANAL_RADIUS_MM, SAC_RADIUS_MM = 12.0, 7.0

# signal of the tissues: T2, T1, and the factor by which T1 rises after contrast
SIGNALS: Mapping[int, tuple[float, float, float]] = {
    0: (40, 60, 1.0),
    CanalTissue.FLUID: (1000, 100, 1.0),
    CanalTissue.ROOT: (300, 250, 1.0),
    CanalTissue.CORD: (350, 280, 1.0),
    CanalTissue.EPIDURAL_FAT: (700, 900, 1.0),
    CanalTissue.SCAR: (400, 300, 1.8),
    CanalTissue.DISC: (250, 300, 1.0),
    CanalTissue.COLLECTION: (1000, 100, 1.0),
    CanalTissue.HAEMATOMA: (300, 500, 1.0),
    CanalTissue.DEFECT: (500, 400, 1.5),
    CanalTissue.EPIDURAL_TISSUE: (300, 300, 1.0),
}
MUSCLE_SIGNAL = (150.0, 300.0, 1.0)


@cache
def _spine(radius_mm: float) -> SpineGeometry:
    """L1 to S1 as blocks in front of the canal, 26 mm high with discs of 10 mm, on sagittal slices."""
    grid = Grid.from_spacing((17, 70, 230), (4.0, 1.0, 1.0), origin_mm=(-32.0, -18.0, -85.0))
    x, y, z = np.moveaxis(grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1)), -1, 0)
    map_ = np.zeros(grid.shape, dtype=np.uint8)
    map_[np.hypot(x, y) < radius_mm] = CANAL
    front = (np.abs(x) <= 23) & (y > radius_mm) & (y <= radius_mm + 34)
    for number, middle in ((20, 126.0), (21, 90.0), (22, 54.0), (23, 18.0), (24, -18.0), (SACRUM, -54.0)):
        map_[front & (np.abs(z - middle) <= 13)] = number
    for number, middle in ((120, 108.0), (121, 72.0), (122, 36.0), (123, 0.0), (124, -36.0)):
        map_[front & (np.abs(z - middle) < 5)] = number
    return describe_spine(Segmentation(spine=Labels(map_, grid, boundary_sd_mm=0.0)))


@dataclass(frozen=True, eq=False)
class Scene:
    """A straight spine along z whose canal runs along x = y = 0; disc L4-L5 at z = 0, patient's right at x > 0.

    ``regions`` are painted in order over epidural fat and a round sac.
    """

    regions: tuple[tuple[CanalTissue, Region], ...] = ()
    operations: tuple[Operation, ...] = ()
    spacing_mm: tuple[float, float, float] = (0.5, 0.5, 4.0)
    contrasts: tuple[Contrast, ...] = (Contrast.T2, Contrast.T1, Contrast.T1_POST)
    gain: float = 1.0
    noise: float = 0.0
    sac_shift_mm: tuple[float, float] = (0.0, 0.0)
    canal_radius_mm: float = CANAL_RADIUS_MM
    obscured: Region | None = None
    fat_suppressed_post: bool = False
    slices: int = 5
    changes: Mapping[int, tuple[float, float, float]] = field(default_factory=dict)
    drawing_sd_mm: float | None = 0.0
    blur_pixels: float = 0.0

    @cached_property
    def grid(self) -> Grid:
        columns = 2 * int(35 / self.spacing_mm[0]) + 1
        shape = (columns, columns, self.slices)
        low = -(np.array(shape) - 1) / 2 * self.spacing_mm
        return Grid.from_spacing(shape, self.spacing_mm, origin_mm=low)

    @cached_property
    def places(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        x, y, z = np.moveaxis(self.grid.to_world(np.moveaxis(np.indices(self.grid.shape), 0, -1)), -1, 0)
        return x, y, z

    @cached_property
    def tissue(self) -> NDArray[np.uint8]:
        x, y, z = self.places
        map_ = np.zeros(self.grid.shape, dtype=np.uint8)
        map_[np.hypot(x, y) < self.canal_radius_mm] = CanalTissue.EPIDURAL_FAT
        map_[np.hypot(x - self.sac_shift_mm[0], y - self.sac_shift_mm[1]) < SAC_RADIUS_MM] = CanalTissue.FLUID
        for kind, region in self.regions:
            map_[region(x, y, z)] = kind
        return map_

    @cached_property
    def muscle(self) -> NDArray[np.uint8]:
        x, y, _ = self.places
        back = (y < -20) & (y > -32)
        map_ = np.zeros(self.grid.shape, dtype=np.uint8)
        map_[back & (x > 4) & (x < 20)] = Muscle.MULTIFIDUS_RIGHT
        map_[back & (x < -4) & (x > -20)] = Muscle.MULTIFIDUS_LEFT
        return map_

    def image(self, contrast: Contrast) -> Image:
        table = {**SIGNALS, **self.changes}
        column = 0 if contrast is Contrast.T2 else 1
        values = np.zeros(self.grid.shape)
        for kind, signals in table.items():
            rise = signals[2] if contrast is Contrast.T1_POST else 1.0
            values[self.tissue == kind] = signals[column] * rise
        values[self.muscle > 0] = MUSCLE_SIGNAL[column]
        values = gaussian_filter(values, (self.blur_pixels, self.blur_pixels, 0))
        rng = np.random.default_rng(list(Contrast).index(contrast))
        values = values * (self.gain if contrast is Contrast.T1_POST else 1.0)
        return Image(np.abs(values + rng.normal(0, 1, values.shape) * self.noise), self.grid, contrast=contrast)

    def scan(self, contrast: Contrast) -> Scan:
        sd = self.drawing_sd_mm
        obscured = None if self.obscured is None else Labels(self.obscured(*self.places).astype(np.uint8), self.grid)
        return Scan(
            name=f"acq-ax_{contrast.value}",
            image=self.image(contrast),
            plane=Plane.AXIAL,
            fat_suppressed=self.fat_suppressed_post and contrast is Contrast.T1_POST,
            tissue=Labels(self.tissue, self.grid, boundary_sd_mm=sd),
            muscle=Labels(self.muscle, self.grid, boundary_sd_mm=sd),
            obscured=obscured,
        )

    @property
    def spine(self) -> SpineGeometry:
        return _spine(self.canal_radius_mm)

    def examination(self) -> Examination:
        return Examination(
            segmentation=self.spine.segmentation,
            scans=tuple(self.scan(contrast) for contrast in self.contrasts),
            operations=self.operations,
        )

    def measure(self, *ids: str) -> Results:
        examined = ExaminedSpine(spine=self.spine, examination=self.examination())
        return Results(measure_examination(examined, only=ids))

    def with_(self, **changes: object) -> Scene:
        return replace(self, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Results:
    """Results of one call, looked up at the operated level."""

    every: tuple[Result, ...]

    def result(self, method: str, side: Side | None = None, level: str = LEVEL) -> Result:
        (found,) = [one for one in self.every if (one.method, one.level, one.side) == (method, level, side)]
        return found

    def value(self, method: str, side: Side | None = None) -> float:
        found = self.result(method, side)
        assert isinstance(found, Measurement), found
        assert found.value is not None
        return found.value

    def absent(self, method: str, side: Side | None = None, level: str = LEVEL) -> Absent:
        found = self.result(method, side, level)
        assert isinstance(found, Absent), found
        return found

    def measured(self, method: str, side: Side | None = None) -> Measurement:
        found = self.result(method, side)
        assert isinstance(found, Measurement), found
        return found


@pytest.fixture(scope="session")
def scene() -> Callable[..., Scene]:
    """Make a scene from tissue regions and anything else that differs."""

    def make(*regions: tuple[CanalTissue, Region], **changes: object) -> Scene:
        return Scene(regions=regions, **changes)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def ring() -> Callable[..., Region]:
    """The epidural space between two angles, degrees from the patient's right towards the front, below a radius."""

    def make(first: float, last: float, *, within_mm: float = CANAL_RADIUS_MM, slices_mm: float = 99.0) -> Region:
        def region(x: NDArray[np.float64], y: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.bool_]:
            angle, radius = np.degrees(np.arctan2(y, x)) % 360, np.hypot(x, y)
            ringed = (radius >= SAC_RADIUS_MM) & (radius < within_mm) & (np.abs(z) <= slices_mm)
            return ringed & (angle >= first) & (angle < last)

        return region

    return make


@pytest.fixture(scope="session")
def disc_at() -> Callable[..., Region]:
    """A ball-like blob: all slices, a circle about a point."""

    def make(x_mm: float, y_mm: float, radius_mm: float, *, slices_mm: float = 99.0) -> Region:
        def region(x: NDArray[np.float64], y: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.bool_]:
            return (np.hypot(x - x_mm, y - y_mm) < radius_mm) & (np.abs(z) <= slices_mm)

        return region

    return make
