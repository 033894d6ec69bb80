"""The sizes of a tube along its centreline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

import numpy as np

from lumbomics.core.measurement import Reason
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.section import Section
from lumbomics.measure.geometry.tube import Tube

STEP_MM = 2.0
"""Distance between stations of a profile."""
_GAP_MM = 1.6 * STEP_MM
_ROUNDING_MM = 1e-6

Cut = tuple[float, Section]
"""A station in mm and the section there."""


@dataclass(frozen=True, eq=False)
class Profile:
    """Perpendicular sections of a tube at evenly spaced stations; stations without a section are left out.

    Parameters
    ----------
    stations_mm
        (n,) arc length along the centreline, growing towards the head.
    sections
        The n sections.
    """

    stations_mm: FloatArray
    sections: tuple[Section, ...] = field(repr=False)

    @classmethod
    def along(cls, tube: Tube, stations_mm: FloatArray, anteriors: FloatArray) -> Self:
        """Cut a tube at stations (n,) in growing order, with the anterior directions (n, 3) there."""
        pairs = zip(stations_mm, anteriors, strict=True)
        found = [(station, cut) for station, front in pairs if (cut := _section(tube, station, front))]
        return cls(np.array([station for station, _ in found]), tuple(cut for _, cut in found))

    @cached_property
    def areas_mm2(self) -> FloatArray:
        """Area of every section, (n,) mm²."""
        return np.array([area(section) for section in self.sections])

    @property
    def depths_mm(self) -> FloatArray:
        """Extent along the anterior axis of every section, (n,) mm."""
        return np.array([depth(section) for section in self.sections])

    def between(self, first_mm: float, last_mm: float) -> list[Cut]:
        """Stations and sections from one station to another.

        Raises
        ------
        NotMeasurableError
            If the tube is not seen all the way.
        """
        ends = first_mm - _ROUNDING_MM, last_mm + _ROUNDING_MM
        found = [
            (float(s), cut) for s, cut in zip(self.stations_mm, self.sections, strict=True) if ends[0] <= s <= ends[1]
        ]
        stations = np.array([first_mm, *(station for station, _ in found), last_mm])
        if np.diff(stations).max() > _GAP_MM:
            raise NotMeasurableError(Reason.FIELD_OF_VIEW, "the sections do not reach from end to end of the level")
        return found

    def lowest_near(self, station_mm: float) -> float:
        """Station at the vertex of the parabola through the areas next to a station; the station itself without one."""
        nearest = int(np.argmin(np.abs(self.stations_mm - station_mm)))
        around = slice(max(nearest - 1, 0), nearest + 2)
        at, size = self.stations_mm[around] - station_mm, self.areas_mm2[around]
        if len(at) < 3:
            return station_mm
        bend, slope, _ = np.polyfit(at, size, 2)
        return station_mm + float(np.clip(-slope / (2 * bend), -STEP_MM, STEP_MM)) if bend > 0 else station_mm

    def slope_at(self, station_mm: float, size: Callable[[Section], float]) -> float:
        """Change of a section's size per mm of centreline at a station; 0 for a lone section."""
        if len(self.sections) < 2:
            return 0.0
        above = int(np.clip(np.searchsorted(self.stations_mm, station_mm), 1, len(self.sections) - 1))
        below = above - 1
        run = self.stations_mm[above] - self.stations_mm[below]
        return float((size(self.sections[above]) - size(self.sections[below])) / run)


def _section(tube: Tube, station_mm: float, anterior: FloatArray) -> Section | None:
    try:
        return tube.section(station_mm, anterior)
    except NotMeasurableError:
        return None


def area(section: Section) -> float:
    """Area of a section, mm²."""
    return section.area_mm2


def depth(section: Section) -> float:
    """Extent of a section along its anterior axis, mm."""
    return section.chord_along_anterior().length_mm
