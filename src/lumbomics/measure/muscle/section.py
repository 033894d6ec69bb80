"""A muscle's section on the axial slice nearest to a disc's middle."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import Scan
from lumbomics.core.image import Contrast
from lumbomics.core.labels import Muscle
from lumbomics.core.measurement import Drawing, Reason, Shape
from lumbomics.measure.examined import ExaminedSpine
from lumbomics.measure.geometry.frame import FloatArray, unit
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.slices import AxialSlice

MUSCLES = MappingProxyType(
    {
        ("psoas", Side.LEFT): Muscle.PSOAS_LEFT,
        ("psoas", Side.RIGHT): Muscle.PSOAS_RIGHT,
        ("multifidus", Side.LEFT): Muscle.MULTIFIDUS_LEFT,
        ("multifidus", Side.RIGHT): Muscle.MULTIFIDUS_RIGHT,
        ("erector_spinae", Side.LEFT): Muscle.ERECTOR_SPINAE_LEFT,
        ("erector_spinae", Side.RIGHT): Muscle.ERECTOR_SPINAE_RIGHT,
    }
)
"""Name and side -> number in the muscle map."""
NAMES = ("psoas", "multifidus", "erector_spinae")
BACK = ("multifidus", "erector_spinae")
PLAIN = (Contrast.T1, Contrast.T2, Contrast.T2_SPACE, Contrast.PD, Contrast.DIXON_WATER, Contrast.DIXON_FAT)
"""Contrasts on which a muscle map is read, best first."""
_NEAR_MM = 4.0
_AXIS_REACH_MM = 14.0
_LEAST_MM2 = 20.0
_WANDER_MM = 10.0
"""Length along an outline over which its error holds."""


@dataclass(frozen=True, eq=False)
class Section:
    """One muscle on one slice.

    Parameters
    ----------
    slice
        The slice.
    mask
        (rows, columns) pixels of the muscle.
    tilt
        Cosine of the angle between the slice's normal and the muscle's long axis.
    neighbours
        All slices of the series about the disc, this one among them.
    """

    slice: AxialSlice = field(repr=False)
    mask: NDArray[np.bool_] = field(repr=False)
    tilt: float
    neighbours: tuple[AxialSlice, ...] = field(repr=False)

    @property
    def area_mm2(self) -> float:
        """Area perpendicular to the muscle."""
        return float(self.mask.sum()) * self.slice.pixel_mm2 * self.tilt

    @property
    def area_se_mm2(self) -> float | None:
        """Standard error of the area from the outline's error; ``None`` where that is not known."""
        muscle = self.slice.scan.muscle
        if muscle is None or muscle.boundary_sd_mm is None:
            return None
        pixel = np.sqrt(self.slice.pixel_mm2)
        rim = float((self.mask & ~binary_erosion(self.mask)).sum()) * pixel
        # an error that holds over 10 mm of outline, and the rounding of every pixel by itself
        return float(
            np.hypot(muscle.boundary_sd_mm * np.sqrt(rim * _WANDER_MM), pixel / np.sqrt(12) * np.sqrt(rim * pixel))
        )

    def drawing(self, label: str) -> Drawing:
        """Pixels along the muscle's rim."""
        rim = self.slice.points_mm[self.mask & ~binary_erosion(self.mask)]
        return Drawing(Shape.POINTS, rim[:: max(1, len(rim) // 120)], label)


def level_slices(examined: ExaminedSpine, upper: str, lower: str, *contrasts: Contrast) -> tuple[AxialSlice, ...]:
    """Return the slices about a disc's middle of the first series that has a muscle map and passes there.

    Raises
    ------
    NotMeasurableError
        If no series has a muscle map, or none of those passes the disc.
    """
    obstacle = NotMeasurableError(Reason.NO_SUITABLE_SERIES, "no axial series of the examination has its muscles drawn")
    for scan in examined.examination.of(contrasts):
        if scan.muscle is None:
            continue
        try:
            return examined.slices(scan, upper, lower, half_height_mm=_AXIS_REACH_MM)
        except NotMeasurableError as found:
            obstacle = found
    raise obstacle


def find_section(
    examined: ExaminedSpine, slices: tuple[AxialSlice, ...], name: str, side: Side, superior: FloatArray
) -> Section:
    """Find a muscle's section on the slice nearest to the disc.

    Parameters
    ----------
    examined
        For its options.
    slices
        About the disc, of one series.
    name, side
        Which muscle.
    superior
        (3,) the segment's superior axis, the long axis where the muscle's own cannot be told.

    Raises
    ------
    NotMeasurableError
        If no slice is near, the muscle is not drawn, meets the edge of the image, or metal spoils too much of it.
    """
    nearest = min(slices, key=lambda one: abs(one.height_mm))
    what = f"{name.replace('_', ' ')} on the {side.value}"
    if abs(nearest.height_mm) > max(_NEAR_MM, nearest.spacing_mm / 2):
        raise NotMeasurableError(
            Reason.FIELD_OF_VIEW, f"the nearest slice passes {abs(nearest.height_mm):.0f} mm beside the disc's middle"
        )
    mask = _mask(nearest, MUSCLES[name, side])
    if mask.sum() * nearest.pixel_mm2 < _LEAST_MM2:
        examined.require_clear(nearest.obscured[_where_expected(slices, name, side)], f"where the {what} lies")
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, f"the {what} is not drawn on {nearest.scan.name}")
    if mask[[0, -1]].any() or mask[:, [0, -1]].any():
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"the edge of {nearest.scan.name} cuts the {what}")
    examined.require_clear(nearest.obscured[mask], f"the {what}")
    axis = _long_axis(slices, MUSCLES[name, side], superior)
    return Section(nearest, mask, float(abs(axis @ nearest.frame.superior)), slices)


def _mask(cut: AxialSlice, number: int) -> NDArray[np.bool_]:
    scan: Scan = cut.scan
    if scan.muscle is None:
        return np.zeros(cut.obscured.shape, dtype=bool)
    return np.asarray(cut.of(scan.muscle.array) == number)


def _where_expected(slices: tuple[AxialSlice, ...], name: str, side: Side) -> NDArray[np.bool_]:
    """Pixels the muscle takes on any of the neighbouring slices."""
    return np.asarray(np.any([_mask(one, MUSCLES[name, side]) for one in slices], axis=0))


def _long_axis(slices: tuple[AxialSlice, ...], number: int, superior: FloatArray) -> FloatArray:
    """Line through the centroids of the sections; the segment's axis where fewer than three are drawn."""
    centroids = [one.points_mm[mask].mean(axis=0) for one in slices if (mask := _mask(one, number)).sum() > 0]
    if len(centroids) < 3:
        return superior
    spread = np.array(centroids) - np.mean(centroids, axis=0)
    return unit(np.linalg.svd(spread, full_matrices=False)[2][0])
