"""The dural sac on one slice: its own axes, its roots and its fluid."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumbomics.core.examination import CanalTissue, Scan
from lumbomics.core.measurement import Reason
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.slices import Mask
from lumbomics.measure.stenosis.canal_map import CanalMap

LEAST_ROOTS_MM2 = 1.5
"""Less root than this (one root's section) tells nothing about where the roots lie."""
EXITING_MM2 = 9.0
"""A cluster larger than this is no single root about to leave."""
EXITING_BESIDE = 0.45
"""A root about to leave lies farther to the side than this share of the sac's half-width,"""
EXITING_DORSAL = 0.35
"""and no farther behind its middle than this share of the half-depth; engineering defaults."""
_FLUID_VOXELS = 60
_FLUID_PERCENTILE = 80.0


@dataclass(frozen=True, eq=False)
class Sac:
    """The sac of one map in its own axes.

    Parameters
    ----------
    map
        The slice.
    centre_mm
        (2,) centroid along right and anterior.
    half_mm
        (2,) half-width and half-depth.
    """

    map: CanalMap
    centre_mm: FloatArray
    half_mm: FloatArray = field(repr=False)

    @classmethod
    def of(cls, found: CanalMap) -> Self:
        """Lay axes through the sac's centroid, along the level's right and anterior axes."""
        places = found.place_mm[found.sac]
        half = (places.max(axis=0) - places.min(axis=0) + found.pixel_mm) / 2
        return cls(found, places.mean(axis=0), half)

    @cached_property
    def own(self) -> FloatArray:
        """Coordinates (rows, columns, 2) of all pixels: right and dorsal, 1 at half-width and half-depth."""
        return np.asarray((self.map.place_mm - self.centre_mm) / self.half_mm * (1.0, -1.0))

    @property
    def area_mm2(self) -> float:
        """Area of the sac."""
        return self.map.area_mm2(self.map.sac)

    @cached_property
    def roots(self) -> Mask:
        """Pixels of roots."""
        return self.map.mask(CanalTissue.ROOT)

    @cached_property
    def clusters(self) -> tuple[NDArray[np.int32], FloatArray]:
        """Connected roots, numbered from 1 (rows, columns), and the area of each, mm²."""
        pieces, count = ndimage.label(self.roots, np.ones((3, 3)))
        areas = np.bincount(pieces.ravel(), minlength=count + 1)[1:] * self.map.pixel_mm2
        return np.asarray(pieces, dtype=np.int32), np.asarray(areas, dtype=np.float64)

    def exiting(self, sign: float) -> Mask:
        """Pixels of the root about to leave on a side (1 right, -1 left): the foremost single one beside the middle."""
        pieces, areas = self.clusters
        right, dorsal = self.cluster_places.T
        fitting = (areas <= EXITING_MM2) & (sign * right > EXITING_BESIDE) & (dorsal < EXITING_DORSAL)
        if not fitting.any():
            return np.zeros(pieces.shape, dtype=bool)
        return np.asarray(pieces == 1 + int(np.argmax(np.where(fitting, sign * right - dorsal, -np.inf))))

    @cached_property
    def cluster_places(self) -> FloatArray:
        """Centroid (n, 2) of every cluster in the sac's own axes."""
        pieces, areas = self.clusters
        at = pieces[self.roots] - 1
        count = np.maximum(np.bincount(at, minlength=len(areas)), 1)
        places = self.own[self.roots]
        sums = [np.bincount(at, axis, minlength=len(areas)) for axis in places.T]
        return np.asarray(np.stack(sums, axis=1) / count[:, None])

    @cached_property
    def resting(self) -> Mask:
        """Pixels of the roots but for the two about to leave."""
        return np.asarray(self.roots & ~self.exiting(1.0) & ~self.exiting(-1.0))

    def require_roots(self, mask: Mask, level: str) -> None:
        """Raise NotMeasurableError where a mask holds less than one root."""
        if self.map.area_mm2(mask) < LEAST_ROOTS_MM2:
            raise NotMeasurableError(
                Reason.STRUCTURE_NOT_LABELLED, f"hardly any root is labelled in the sac at {level}"
            )

    def bright(self, reference: float, share: float) -> Mask:
        """Pixels of the sac whose signal exceeds a share of the fluid's."""
        return np.asarray(self.map.sac & (self.map.signal > share * reference))


def fluid_signal(scan: Scan) -> float:
    """Return the signal of clear fluid: the 80th percentile of what is labelled fluid on a series.

    Raises
    ------
    NotMeasurableError
        If hardly any fluid is labelled.
    """
    fluid = np.zeros(0) if scan.tissue is None else scan.image.array[scan.tissue.array == CanalTissue.FLUID]
    if len(fluid) < _FLUID_VOXELS:
        raise NotMeasurableError(
            Reason.STRUCTURE_NOT_LABELLED, f"too little fluid is labelled on {scan.name} to compare signals with"
        )
    return float(np.percentile(fluid, _FLUID_PERCENTILE))
