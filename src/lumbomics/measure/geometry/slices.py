"""Slices of an axial stack through a level, as they were acquired: no resampling between slices."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.examination import IN_CANAL, IN_SAC, Scan
from lumbomics.core.measurement import Reason
from lumbomics.measure.geometry.frame import FloatArray, Frame, perpendicular
from lumbomics.measure.geometry.obstacle import NotMeasurableError

_MOST_TILT_DEG = 35.0
_AS_ONE = np.cos(np.deg2rad(5.0))

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class AxialSlice:
    """One acquired slice through a level.

    Parameters
    ----------
    scan
        The series.
    index
        Position along the slice axis.
    axis
        Storage axis across the slices.
    frame
        Origin at the middle of the level's disc projected into the slice; right and anterior lie in the slice.
    height_mm
        Signed distance of the slice from the middle of the disc along the segment's superior axis, in the canal where
        the slice is tilted against the disc.
    """

    scan: Scan = field(repr=False)
    index: int
    axis: int
    frame: Frame = field(repr=False)
    height_mm: float

    def tilted(self, segment: Frame) -> bool:
        """Whether the slice passes the canal beside a disc at another height than the disc itself."""
        return bool(self.frame.superior @ segment.superior < _AS_ONE)

    def of(self, array: NDArray[Any]) -> NDArray[Any]:
        """Cut the slice (rows, columns) out of an array on the scan's voxels."""
        return np.asarray(np.take(array, self.index, axis=self.axis))

    @cached_property
    def points_mm(self) -> FloatArray:
        """World points (rows, columns, 3) of the slice's pixels."""
        index = np.empty((*self._plane_shape, 3))
        first, second = (axis for axis in range(3) if axis != self.axis)
        index[..., self.axis] = self.index
        index[..., first] = np.arange(index.shape[0])[:, None]
        index[..., second] = np.arange(index.shape[1])
        return self.scan.image.grid.to_world(index)

    @cached_property
    def local_mm(self) -> FloatArray:
        """Coordinates (rows, columns, 3) along right, anterior and superior about the frame's origin."""
        return self.frame.to_local(self.points_mm)

    @property
    def pixel_mm2(self) -> float:
        """Area of one pixel."""
        spacing = np.delete(self.scan.image.grid.spacing_mm, self.axis)
        return float(spacing[0] * spacing[1])

    @property
    def spacing_mm(self) -> float:
        """Distance between neighbouring slices."""
        return float(self.scan.image.grid.spacing_mm[self.axis])

    @cached_property
    def signal(self) -> FloatArray:
        """Image values (rows, columns)."""
        return np.asarray(self.of(self.scan.image.array), dtype=np.float64)

    def tissue(self, *kinds: int) -> Mask:
        """Pixels of the tissue map that hold one of the kinds; NotMeasurableError where there is no map."""
        if self.scan.tissue is None:
            raise NotMeasurableError(
                Reason.STRUCTURE_NOT_LABELLED, f"no tissue of the canal is labelled on {self.scan.name}"
            )
        return np.isin(self.of(self.scan.tissue.array), list(kinds))

    @property
    def canal(self) -> Mask:
        """Pixels inside the spinal canal."""
        return self.tissue(*IN_CANAL)

    @property
    def sac(self) -> Mask:
        """Pixels inside the dural sac."""
        return self.tissue(*IN_SAC)

    @cached_property
    def obscured(self) -> Mask:
        """Pixels that metal spoils; none where it was not looked for."""
        if self.scan.obscured is None:
            return np.zeros(self._plane_shape, dtype=bool)
        return np.asarray(self.of(self.scan.obscured.array) > 0)

    @property
    def _plane_shape(self) -> tuple[int, ...]:
        return tuple(np.delete(self.scan.image.grid.shape, self.axis))


def slices_at(
    scan: Scan,
    segment: Frame,
    centre_mm: FloatArray,
    *,
    half_height_mm: float,
    level: str,
    canal_mm: FloatArray | None = None,
) -> tuple[AxialSlice, ...]:
    """Return the slices whose plane passes within ``half_height_mm`` of a disc's middle, from the feet to the head.

    Parameters
    ----------
    scan
        An axial series, angled or not.
    segment
        Frame of the disc: right, anterior, superior.
    centre_mm
        Middle of the disc, (3,) RAS+ mm.
    half_height_mm
        Reach along the segment's superior axis.
    level
        Name for messages.
    canal_mm
        Middle of the canal beside the disc, (3,) RAS+ mm: slices tilted by more than 5 degrees against the disc pass
        the canal at another height than the disc, and it is the canal's that is asked for.

    Raises
    ------
    NotMeasurableError
        If no slice passes there, or those that do are tilted by more than 35 degrees against the level.
    """
    grid = scan.image.grid
    axis = int(np.argmax(np.abs(grid.axes.T @ segment.superior)))
    normal = np.cross(grid.axes[:, (axis + 1) % 3], grid.axes[:, (axis + 2) % 3])
    normal = normal / np.linalg.norm(normal) * np.sign(normal @ segment.superior)
    tilt = float(np.degrees(np.arccos(np.clip(normal @ segment.superior, -1, 1))))
    if tilt > _MOST_TILT_DEG:
        raise NotMeasurableError(
            Reason.FIELD_OF_VIEW, f"the slices of {scan.name} are tilted by {tilt:.0f} degrees against {level}"
        )
    counted = centre_mm if canal_mm is None or normal @ segment.superior >= _AS_ONE else canal_mm
    found = []
    for index in range(grid.shape[axis]):
        corner = grid.to_world(np.eye(3)[axis] * index)
        # where the segment's axis through the disc's middle, and through the canal, meets the slice
        middle, height = ((corner - point) @ normal / (segment.superior @ normal) for point in (centre_mm, counted))
        origin = centre_mm + middle * segment.superior
        if abs(height) <= half_height_mm and _inside(scan, origin, axis):
            front = perpendicular(segment.anterior, normal)
            frame = Frame(origin, np.cross(front, normal), front, normal)
            found.append(AxialSlice(scan, index, axis, frame, float(height)))
    if not found:
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"no slice of {scan.name} passes through {level}")
    return tuple(sorted(found, key=lambda one: one.height_mm))


def _inside(scan: Scan, point: FloatArray, axis: int) -> bool:
    """Whether a point lies within the slices' area."""
    index = scan.image.grid.to_index(point)
    within = (index >= 0) & (index <= np.array(scan.image.grid.shape) - 1)
    return bool(np.delete(within, axis).all())
