"""The sizes of a tube along its centreline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.signal import savgol_filter

from lumbomics.core.measurement import Reason
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.section import Section
from lumbomics.measure.geometry.tube import Tube

STEP_MM = 1.5
"""Distance between stations of a profile."""
_SMOOTHED_OVER = 5
_FINE_MM = 0.5
_GAP_MM = 1.6 * STEP_MM


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

    @property
    def areas_mm2(self) -> FloatArray:
        """Area of every section, (n,) mm²."""
        return np.array([area(section) for section in self.sections])

    @property
    def depths_mm(self) -> FloatArray:
        """Extent along the anterior axis of every section, (n,) mm."""
        return np.array([depth(section) for section in self.sections])

    def smallest(self, first_mm: float, last_mm: float, *, station_se_mm: float) -> tuple[float, Section, float]:
        """Smallest area between two stations, the section next to it, and the area's standard error.

        A minimum over noisy values is too low by about the noise, so the profile is smoothed first, by local parabolas
        over ±3 mm (Savitzky and Golay, Anal Chem 1964). ``station_se_mm`` is the standard error of both ends: it counts
        where the area still falls towards an end. What smoothing changed counts as error too.

        Raises
        ------
        NotMeasurableError
            If the tube is not seen all the way.
        """
        if not self._reaches(first_mm, last_mm):
            raise NotMeasurableError(Reason.FIELD_OF_VIEW, "the sections do not reach from end to end of the level")
        at = np.linspace(first_mm, last_mm, max(3, int((last_mm - first_mm) / _FINE_MM)))
        smooth = np.asarray(CubicSpline(self.stations_mm, self._smoothed())(at), dtype=np.float64)
        lowest = int(np.argmin(smooth))
        nearest = self.sections[int(np.argmin(np.abs(self.stations_mm - at[lowest])))]
        moved = station_se_mm * self.slope_at(at[lowest], area) if lowest in {0, len(at) - 1} else 0.0
        levelled = smooth[lowest] - float(np.interp(at[lowest], self.stations_mm, self.areas_mm2))
        return float(smooth[lowest]), nearest, float(np.linalg.norm([nearest.area_se_mm2, moved, levelled]))

    def _reaches(self, first_mm: float, last_mm: float) -> bool:
        """Whether sections lie at, between and beyond two stations without a gap."""
        start = int(np.searchsorted(self.stations_mm, first_mm, side="right")) - 1
        end = int(np.searchsorted(self.stations_mm, last_mm))
        if start < 0 or end >= len(self.stations_mm):
            return False
        return bool(np.diff(self.stations_mm[start : end + 1]).max(initial=0.0) <= _GAP_MM)

    def slope_at(self, station_mm: float, size: Callable[[Section], float]) -> float:
        """Change of a section's size per mm of centreline at a station; 0 for a lone section."""
        if len(self.sections) < 2:
            return 0.0
        above = int(np.clip(np.searchsorted(self.stations_mm, station_mm), 1, len(self.sections) - 1))
        below = above - 1
        run = self.stations_mm[above] - self.stations_mm[below]
        return float((size(self.sections[above]) - size(self.sections[below])) / run)

    def _smoothed(self) -> FloatArray:
        """Smoothed areas; each unbroken run of stations by itself."""
        breaks = np.flatnonzero(np.diff(self.stations_mm) > _GAP_MM) + 1
        runs = np.split(self.areas_mm2, breaks)
        return np.concatenate([savgol_filter(r, _SMOOTHED_OVER, 2) if len(r) >= _SMOOTHED_OVER else r for r in runs])


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
