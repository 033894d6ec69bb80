"""A labelled tube (spinal canal, dural sac) with its centreline and its perpendicular sections."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from lumbomics.core.errors import InputError
from lumbomics.core.measurement import Reason
from lumbomics.measure.geometry.canal import Centreline
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.section import REACH_SD, SLAB_SD_MM, Crossings, Section, fit_section
from lumbomics.measure.geometry.surface import Solid
from lumbomics.measure.geometry.uncertainty import BoundaryError

_SPARE_MM = 1.5
_NEAR_MM = 3.0
_PROBE_MM = 1.5
_PROBE_SHARE = 0.6


@dataclass(frozen=True, eq=False)
class Tube:
    """A tube's voxels, centreline and boundary readings.

    Parameters
    ----------
    name
        What it is, for messages (``canal``).
    solid
        Its voxels.
    centreline
        Its smoothed centreline.
    crossings, crossing_stations_mm
        Boundary readings, sorted by their station (n,) mm.
    drawing
        Error of the drawn boundary.
    """

    name: str
    solid: Solid = field(repr=False)
    centreline: Centreline = field(repr=False)
    crossings: Crossings = field(repr=False)
    crossing_stations_mm: FloatArray = field(repr=False)
    drawing: BoundaryError = field(repr=False)

    @classmethod
    def of_solid(
        cls, solid: Solid, drawing: BoundaryError, *, name: str, superior: ArrayLike = (0.0, 0.0, 1.0)
    ) -> Self:
        """Follow a labelled tube; ``superior`` (3,) tells roughly where the head is.

        Raises
        ------
        NotMeasurableError
            If the labelled piece is too short to have a direction.
        """
        try:
            centreline = Centreline.through(solid.points_mm, superior=superior)
        except InputError as error:
            raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"the labelled {name} is too short to follow") from error
        crossings = Crossings.of_solid(solid)
        stations = centreline.station_of(crossings.points_mm)
        order = np.argsort(stations)
        return cls(name, solid, centreline, crossings.chosen(order), stations[order], drawing)

    def section(self, station_mm: float, anterior: ArrayLike) -> Section:
        """Perpendicular section at a station, with ``anterior`` (3,) projected into its plane.

        Raises
        ------
        NotMeasurableError
            If the tube's label ends there, or the image cuts it off, or its outline is no closed ring.
        """
        if not self.centreline.contains(station_mm):
            raise self._ends_here(station_mm)
        frame = self.centreline.frame(station_mm, anterior)
        section = fit_section(self._readings_near(station_mm), frame, self.drawing)
        if section is None or not self._goes_on(section):
            raise self._ends_here(station_mm)
        if not self._on_grid(section.polygon_mm):
            raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"the edge of the image cuts the {self.name} off here")
        return section

    def _readings_near(self, station_mm: float) -> Crossings:
        """Choose the readings that may count in the plane at a station; planes of a bent tube lie askew."""
        reach = REACH_SD * self._slab_sd_mm + _SPARE_MM
        first, last = np.searchsorted(self.crossing_stations_mm, [station_mm - reach, station_mm + reach])
        return self.crossings.chosen(slice(int(first), int(last)))

    @cached_property
    def _slab_sd_mm(self) -> float:
        """Widest slab that any plane of this tube uses: readings of slices across it spread over half a slice."""
        return max(SLAB_SD_MM, 0.5 * float(self.solid.grid.spacing_mm.max()))

    def _goes_on(self, section: Section) -> bool:
        """Whether the tube reaches through the plane: rings inside the outline on both sides lie in the mask."""
        ring = section.centroid_mm + _PROBE_SHARE * (section.polygon_mm[::15] - section.centroid_mm)
        step = _PROBE_MM * section.frame.superior
        inside = self.solid.value_at(np.array([ring - step, ring, ring + step])) >= 0.5
        return bool(inside.mean(axis=1).min() > 0.8)

    def _on_grid(self, polygon_mm: FloatArray) -> bool:
        index = self.solid.grid.to_index(polygon_mm)
        return bool(((index > -0.5) & (index < np.asarray(self.solid.grid.shape) - 0.5)).all())

    def _ends_here(self, station_mm: float) -> NotMeasurableError:
        """Tell a label that ends at the image's edge from one that ends inside the image."""
        around = self.centreline.at(station_mm) + np.array([[0.0], [8.0], [-8.0]]) * self.centreline.tangent(station_mm)
        if self._on_grid(around) and not self._cut_off(station_mm):
            return NotMeasurableError(
                Reason.STRUCTURE_NOT_LABELLED, f"the label of the {self.name} ends or is open here"
            )
        return NotMeasurableError(Reason.FIELD_OF_VIEW, f"the {self.name} leaves the image here")

    def _cut_off(self, station_mm: float) -> bool:
        """Whether the label reaches the image's outermost voxels near a station."""
        solid, near = self.solid, self.centreline.at(station_mm)
        index = np.argwhere(solid.mask) + solid.start
        edge = index[((index == 0) | (index == np.asarray(solid.grid.shape) - 1)).any(axis=1)]
        along = (solid.grid.to_world(edge) - near) @ self.centreline.tangent(station_mm)
        return bool((np.abs(along) < _NEAR_MM).any())
