"""Fine sections of the canal's tissue along a disc, and rows of true values."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import IN_CANAL
from lumbomics.core.grid import Grid
from lumbomics.core.measurement import Measurement
from lumbomics.phantom.canalmap import canal_tissue
from lumbomics.phantom.postoperative.place import Place
from lumbomics.phantom.scene import Scene

Mask = NDArray[np.bool_]
FloatArray = NDArray[np.float64]

STEP_MM = 1.0
_BEFORE_MM = 16.0


@dataclass(frozen=True, eq=False)
class Sections:
    """Canal tissue in planes along a disc.

    Parameters
    ----------
    fine_mm
        Pixel.
    kinds, numbers
        (columns, rows, planes) CanalTissue and tissue numbers.
    z
        (planes,) heights over the disc's middle, mm.
    x, y
        (columns, rows, planes) mm to the right and to the front of the canal's centroid in each plane.
    """

    fine_mm: float
    kinds: NDArray[np.uint8] = field(repr=False)
    numbers: NDArray[np.uint8] = field(repr=False)
    z: FloatArray = field(repr=False)
    x: FloatArray = field(repr=False)
    y: FloatArray = field(repr=False)

    def within(self, *kinds: int) -> Mask:
        """Mask of some tissues."""
        return np.isin(self.kinds, list(kinds))

    def volume(self, mask: Mask) -> float:
        """Volume of a mask, mm³."""
        return float(mask.sum()) * self.fine_mm**2 * STEP_MM

    def on(self, side: Side) -> Mask:
        """Mask of one side of the canal's centroid."""
        return self.x < 0 if side is Side.LEFT else self.x > 0


def sections(
    scene: Scene, level: str, *, low_mm: float, high_mm: float, fine_mm: float, behind_mm: float, aside_mm: float
) -> Sections:
    """Cut planes parallel to a disc and 1 mm apart, between two heights over its middle.

    They reach ``aside_mm`` to the sides, 16 mm in front of the canal's centre and ``behind_mm`` behind it.
    """
    place = Place.of(scene.anatomy, level)
    planes = int((high_mm - low_mm) / STEP_MM) + 1
    shape = (int(2 * aside_mm / fine_mm), int((_BEFORE_MM + behind_mm) / fine_mm), planes)
    origin = place.frame.to_world((-aside_mm, place.centre - behind_mm, low_mm))
    grid = Grid.from_spacing(shape, (fine_mm, fine_mm, STEP_MM), origin_mm=origin, axes=place.frame.rotation)
    numbers = scene.tissue(grid)
    kinds = canal_tissue(scene, numbers, scene.label_maps(grid))
    inside = np.isin(kinds, list(IN_CANAL))
    x = np.broadcast_to((np.arange(shape[0]) * fine_mm)[:, None, None], shape)
    y = np.broadcast_to((np.arange(shape[1]) * fine_mm)[None, :, None], shape)
    area = np.maximum(inside.sum(axis=(0, 1)), 1)
    z = np.asarray(low_mm + np.arange(planes) * STEP_MM, dtype=np.float64)
    return Sections(
        fine_mm, kinds, numbers, z, x - (x * inside).sum(axis=(0, 1)) / area, y - (y * inside).sum(axis=(0, 1)) / area
    )


def row(biomarker: str, method: str, unit: str, value: float, level: str, side: Side | None = None) -> Measurement:
    """Build one true value; its standard error is 0."""
    return Measurement(biomarker=biomarker, method=method, unit=unit, value=value, level=level, side=side, se=0.0)
